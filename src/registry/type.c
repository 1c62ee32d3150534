#include "registry/type.h"

#include "ftz/v1/registry.pb-c.h"
#include "ftz/v1/resources.pb-c.h"

#include <string.h>

static const char *const no_extra[] = {NULL};
static const char *const proof[] = {"citations", "remarks", NULL};
static const char *const proof_and_items[] = {"items", "citations", "remarks", NULL};

static const resource_type table[RESOURCE_KINDS] = {
    [RESOURCE_SOURCE] = {.singular = "Source",
                         .plural = "Sources",
                         .noun = "source",
                         .pattern = "sources/{source}",
                         .collection = "sources",
                         .group = "sources",
                         .record = "source",
                         .message = &ftz__v1__source__descriptor,
                         .extra_names = no_extra},
    [RESOURCE_TERM] = {.singular = "Term",
                       .plural = "Terms",
                       .noun = "term",
                       .pattern = "vocabularies/{vocabulary}/terms/{term}",
                       .collection = "terms",
                       .parent_collection = "vocabularies",
                       .id_is_code = true,
                       .group = "terms",
                       .record = "term",
                       .message = &ftz__v1__term__descriptor,
                       .extra_names = no_extra},
    [RESOURCE_ZONE] = {.singular = "Zone",
                       .plural = "Zones",
                       .noun = "zone",
                       .pattern = "zones/{zone}",
                       .collection = "zones",
                       .group = "zones",
                       .record = "zone",
                       .message = &ftz__v1__zone__descriptor,
                       .extra_names = proof},
    [RESOURCE_AREA] = {.singular = "Area",
                       .plural = "Areas",
                       .noun = "area",
                       .pattern = "zones/{zone}/areas/{area}",
                       .collection = "areas",
                       .parent_collection = "zones",
                       .parent_is_resource = true,
                       .group = "areas",
                       .record = "area",
                       .message = &ftz__v1__area__descriptor,
                       .extra_names = proof},
    [RESOURCE_EVENT] = {.singular = "Event",
                        .plural = "Events",
                        .noun = "event",
                        .pattern = "zones/{zone}/events/{event}",
                        .collection = "events",
                        .parent_collection = "zones",
                        .parent_is_resource = true,
                        .group = "events",
                        .record = "event",
                        .message = &ftz__v1__event__descriptor,
                        .extra_names = proof},
    [RESOURCE_POWER_DELEGATION] = {.singular = "PowerDelegation",
                                   .plural = "PowerDelegations",
                                   .noun = "power delegation",
                                   .pattern = "zones/{zone}/powerDelegations/{power_delegation}",
                                   .collection = "powerDelegations",
                                   .parent_collection = "zones",
                                   .parent_is_resource = true,
                                   .group = "power_delegations",
                                   .record = "power_delegation",
                                   .message = &ftz__v1__power_delegation__descriptor,
                                   .extra_names = proof_and_items},
};

static nrpc_code find(const resource_type *t, const char *name,
                      const ProtobufCFieldDescriptor **out, nrpc_status *status)
{
    *out = protobuf_c_message_descriptor_get_field_by_name(t->message, name);
    if (*out && (*out)->id < RESOURCE_MAX_FIELD)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_INTERNAL, "SCHEMA_MISMATCH",
                    "message %s has no field %s with a number below %d", t->message->name, name,
                    RESOURCE_MAX_FIELD);
    nrpc_status_add(status, "message", "%s", t->message->name);
    return nrpc_status_add(status, "field", "%s", name);
}

nrpc_code resource_types_init(resource_type *out, nrpc_status *status)
{
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        resource_type *t = &out[kind];
        *t = table[kind];
        t->kind = (resource_kind)kind;
        const struct {
            const char *name;
            uint32_t *number;
        } own[] = {
            {"uid", &t->uid},
            {"etag", &t->etag},
            {"revision", &t->revision},
            {"create_time", &t->create_time},
            {"update_time", &t->update_time},
            {"delete_time", &t->delete_time},
            {"purge_time", &t->purge_time},
        };
        const ProtobufCFieldDescriptor *field;
        for (size_t i = 0; i < ARRAY_LEN(own); i++) {
            if (find(t, own[i].name, &field, status))
                return status->code;
            *own[i].number = field->id;
            t->server_set |= UINT64_C(1) << field->id;
        }
        for (const char *const *name = t->extra_names; *name; name++) {
            if (find(t, *name, &field, status))
                return status->code;
            t->extra |= UINT64_C(1) << field->id;
        }
        if (find(t, "name", &field, status))
            return status->code;
        t->name_offset = field->offset;
    }
    return NRPC_OK;
}

const resource_type *resource_type_of_record(const resource_type *types,
                                             const ProtobufCMessage *record,
                                             const ProtobufCMessage **message)
{
    const Ftz__V1__AnyResource *any = (const Ftz__V1__AnyResource *)record;
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(record->descriptor, any->kind_case);
    for (int kind = 0; f && kind < RESOURCE_KINDS; kind++) {
        if (types[kind].message == f->descriptor) {
            *message = *(const ProtobufCMessage *const *)((const char *)record + f->offset);
            return &types[kind];
        }
    }
    return NULL;
}

const resource_type *resource_parent_type(const resource_type *types, const resource_type *type)
{
    for (int kind = 0; type->parent_is_resource && kind < RESOURCE_KINDS; kind++)
        if (!strcmp(types[kind].collection, type->parent_collection))
            return &types[kind];
    return NULL;
}

const resource_type *resource_type_named(const resource_type *types, const char *singular)
{
    for (int kind = 0; kind < RESOURCE_KINDS; kind++)
        if (!strcmp(types[kind].singular, singular))
            return &types[kind];
    return NULL;
}
