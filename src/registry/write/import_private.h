// The table of imports under way, for registry_open and registry_close.
#ifndef REGISTRY_IMPORT_PRIVATE_H
#define REGISTRY_IMPORT_PRIVATE_H

#include "registry/registry.h"

typedef struct import_table import_table;

MUST_USE nrpc_code import_table_create(import_table **out, const registry_options *options,
                                       nrpc_status *status);
void import_table_free(import_table *t);

#endif
