#include "lib/request_id.h"
#include "lib/standard.h"

#include <stdio.h>

static const ftz_write_options defaults;

// What every write has: an id, so that sending it again is safe, and whether it is only tried.
typedef struct write {
    standard_request request;
    char id[REQUEST_ID_SIZE];
} write;

static nrpc_code choose_id(const ftz_write_options *o, char made[REQUEST_ID_SIZE], const char **id,
                           nrpc_status *status)
{
    *id = o->request_id ? o->request_id : made;
    return o->request_id ? NRPC_OK : request_id_make(made, status);
}

static nrpc_code begin(write *w, ftz_type type, const char *verb, const ftz_write_options *o,
                       nrpc_status *status)
{
    const standard_type *kind = standard_type_of(type);
    const char *id;
    nrpc_code code = choose_id(o, w->id, &id, status);
    if (!code)
        code = standard_begin(&w->request, kind, verb, kind->singular, status);
    if (code)
        return code;
    standard_set_text(&w->request, "request_id", id);
    standard_set_bool(&w->request, "validate_only", o->validate_only);
    return NRPC_OK;
}

ProtobufCMessage *ftz_create(ftz_client *client, ftz_type type, const char *parent, const char *id,
                             const ProtobufCMessage *resource, const ftz_write_options *options,
                             nrpc_status *status)
{
    const standard_type *kind = standard_type_of(type);
    char id_field[64];
    write w;
    if (begin(&w, type, "Create", options ? options : &defaults, status))
        return NULL;
    snprintf(id_field, sizeof(id_field), "%s_id", kind->record);
    standard_set_text(&w.request, "parent", parent);
    standard_set_text(&w.request, id_field, id);
    standard_set_message(&w.request, kind->record, resource);
    return standard_send(&w.request, client, status);
}

ProtobufCMessage *ftz_update(ftz_client *client, ftz_type type, const ProtobufCMessage *resource,
                             const ftz_write_options *options, nrpc_status *status)
{
    const ftz_write_options *o = options ? options : &defaults;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    write w;
    if (begin(&w, type, "Update", o, status))
        return NULL;
    mask.paths = (char **)o->update_mask; // read only
    while (o->update_mask && o->update_mask[mask.n_paths])
        mask.n_paths++;
    standard_set_message(&w.request, standard_type_of(type)->record, resource);
    standard_set_message(&w.request, "update_mask", o->update_mask ? &mask : NULL);
    standard_set_bool(&w.request, "allow_missing", o->allow_missing);
    return standard_send(&w.request, client, status);
}

ProtobufCMessage *ftz_delete(ftz_client *client, ftz_type type, const char *name,
                             const ftz_write_options *options, nrpc_status *status)
{
    const ftz_write_options *o = options ? options : &defaults;
    write w;
    if (begin(&w, type, "Delete", o, status))
        return NULL;
    standard_set_text(&w.request, "name", name);
    standard_set_text(&w.request, "etag", o->etag);
    standard_set_bool(&w.request, "force", o->force);
    standard_set_bool(&w.request, "allow_missing", o->allow_missing);
    return standard_send(&w.request, client, status);
}

ProtobufCMessage *ftz_undelete(ftz_client *client, ftz_type type, const char *name,
                               const ftz_write_options *options, nrpc_status *status)
{
    const ftz_write_options *o = options ? options : &defaults;
    write w;
    if (begin(&w, type, "Undelete", o, status))
        return NULL;
    standard_set_text(&w.request, "name", name);
    standard_set_text(&w.request, "etag", o->etag);
    return standard_send(&w.request, client, status);
}

Ftz__V1__BatchWriteResponse *ftz_batch_write(ftz_client *client,
                                             Ftz__V1__WriteOperation *const *writes, size_t count,
                                             const ftz_write_options *options, nrpc_status *status)
{
    const ftz_write_options *o = options ? options : &defaults;
    Ftz__V1__BatchWriteRequest request = FTZ__V1__BATCH_WRITE_REQUEST__INIT;
    char made[REQUEST_ID_SIZE];
    const char *id;
    if (choose_id(o, made, &id, status))
        return NULL;
    request.writes = (Ftz__V1__WriteOperation **)writes; // read only
    request.n_writes = count;
    request.request_id = (char *)id;
    request.validate_only = o->validate_only;
    return (Ftz__V1__BatchWriteResponse *)ftz_call_message(
        client, "ftz.v1.RegistryService/BatchWrite", &request.base,
        &ftz__v1__batch_write_response__descriptor, FTZ_IDEMPOTENT, status);
}
