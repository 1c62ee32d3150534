// What the files of this folder share of a registry.
#ifndef REGISTRY_PRIVATE_H
#define REGISTRY_PRIVATE_H

#include "registry/registry.h"

struct registry {
    store_observer observer; // the cache's, and the listener
    registry_listener listener;
    void *listener_context;
    store *store;
    schema *schema;
    cache *cache;
    resource_type types[RESOURCE_KINDS];
    const schema_message *messages[RESOURCE_KINDS]; // theirs
    registry_options options;
    struct validator *validator;
    struct import_table *imports;
};

#endif
