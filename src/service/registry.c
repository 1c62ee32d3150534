#include "ftz/v1/registry_service.pb-c.h"
#include "service/service_private.h"

static const nrpc_method methods[] = {
    {"BatchWrite", service_batch_write, NRPC_METHOD_TAKES_TURNS},
    {"ListChanges", service_list_changes, NRPC_METHOD_WAITS},
    {"ListRevisions", service_list_revisions, 0},
    {"CheckData", service_check_data, 0},
    {"CreateImport", service_create_import, 0},
    {"AppendImport", service_append_import, 0},
    {"CommitImport", service_commit_import, NRPC_METHOD_TAKES_TURNS},
};

nrpc_code service_add_registry(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &ftz__v1__registry_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
