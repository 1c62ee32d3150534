// Get, BatchGet and List of every resource type, and the table of all their methods.
#include "service/resources.h"

#include "base/buffer.h"
#include "base/pbwire.h"
#include "ftz/v1/area_service.pb-c.h"
#include "ftz/v1/event_service.pb-c.h"
#include "ftz/v1/power_delegation_service.pb-c.h"
#include "ftz/v1/source_service.pb-c.h"
#include "ftz/v1/term_service.pb-c.h"
#include "ftz/v1/zone_service.pb-c.h"
#include "registry/read/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCServiceDescriptor *const descriptors[RESOURCE_KINDS] = {
    [RESOURCE_SOURCE] = &ftz__v1__source_service__descriptor,
    [RESOURCE_TERM] = &ftz__v1__term_service__descriptor,
    [RESOURCE_ZONE] = &ftz__v1__zone_service__descriptor,
    [RESOURCE_AREA] = &ftz__v1__area_service__descriptor,
    [RESOURCE_EVENT] = &ftz__v1__event_service__descriptor,
    [RESOURCE_POWER_DELEGATION] = &ftz__v1__power_delegation_service__descriptor,
};

// --- Get -----------------------------------------------------------------------------------------

static void reply_result(const services *s, nrpc_call *call, registry_result *result)
{
    nrpc_slice pieces[ARRAY_LEN(result->pieces)];
    for (size_t i = 0; i < result->count; i++)
        pieces[i] = (nrpc_slice){result->pieces[i].data, result->pieces[i].size};
    service_note_revision(s, call, result->revision);
    nrpc_call_reply_bytes(call, pieces, result->count);
    registry_result_fini(result);
}

static void get_from_store(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    nrpc_status status = {0};
    store_context c;
    registry_result result = {0};
    if (service_context(rs->all, call, "", &c, &status) ||
        registry_get(rs->all->registry, &c, rs->type, resource_text(request, rs->get.name),
                     resource_number(request, rs->get.view), &result, &status))
        service_fail(call, &status);
    else
        reply_result(rs->all, call, &result);
}

static void get(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    nrpc_status status = {0};
    store_context c;
    registry_result result = {0};
    if (service_context(rs->all, call, "", &c, &status))
        service_fail(call, &status);
    else if (registry_get_cached(rs->all->registry, rs->type, resource_text(request, rs->get.name),
                                 resource_number(request, rs->get.view), c.min_revision, &result))
        reply_result(rs->all, call, &result);
    else
        nrpc_call_run_on_pool(call, get_from_store);
}

// --- BatchGet
// --------------------------------------------------------------------------------------

static void batch_get(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const batch_fields *f = &rs->batch;
    nrpc_status status = {0};
    store_context c;
    buffer rows = {0};
    int64_t revision;
    registry_batch_request query = {
        .type = rs->type,
        .parent = resource_text(request, f->parent),
        .names = *(const char *const *const *)((const char *)request + f->names),
        .name_count = *(const size_t *)((const char *)request + f->name_count),
        .view = resource_number(request, f->view),
        .row_field = f->rows,
        .max_size = nrpc_call_max_response(call),
    };
    if (service_context(rs->all, call, "", &c, &status) ||
        registry_batch_get(rs->all->registry, &c, &query, &rows, &revision, &status)) {
        service_fail(call, &status);
    } else {
        service_note_revision(rs->all, call, revision);
        nrpc_call_reply_bytes(call, &(nrpc_slice){rows.data, rows.size}, 1);
    }
    buffer_fini(&rows);
}

// --- List
// ------------------------------------------------------------------------------------------

enum { MAX_TRAILER = TOKEN_MAX_SIZE + 3 * (5 + PBWIRE_MAX_VARINT) };

static size_t put_trailer(const list_fields *f, const registry_page *page, uint8_t *out)
{
    uint8_t *end = out;
    if (page->next_page_token.size)
        end = pbwire_put_bytes(end, f->next_page_token, page->next_page_token.data,
                               page->next_page_token.size);
    if (page->total_size) {
        end = pbwire_put_tag(end, f->total_size, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)page->total_size);
    }
    if (page->revision) {
        end = pbwire_put_tag(end, f->revision, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)page->revision);
    }
    return (size_t)(end - out);
}

static void list(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const list_fields *f = &rs->list;
    size_t room = nrpc_call_max_response(call);
    nrpc_status status = {0};
    store_context c;
    buffer rows = {0};
    registry_page page = {0};
    registry_list_request query = {
        .type = rs->type,
        .parent = resource_text(request, f->parent),
        .page_size = resource_number(request, f->page_size),
        .page_token = resource_text(request, f->page_token),
        .filter = resource_text(request, f->filter),
        .order_by = resource_text(request, f->order_by),
        .view = resource_number(request, f->view),
        .show_deleted = resource_number(request, f->show_deleted),
        .include_total_size = resource_number(request, f->include_total_size),
        .row_field = f->rows,
        .max_size = room > MAX_TRAILER ? room - MAX_TRAILER : 0,
    };
    if (service_context(rs->all, call, "", &c, &status) ||
        registry_list(rs->all->registry, &c, &query, &rows, &page, &status)) {
        service_fail(call, &status);
    } else {
        uint8_t trailer[MAX_TRAILER];
        nrpc_slice pieces[2] = {{rows.data, rows.size}, {trailer, put_trailer(f, &page, trailer)}};
        service_note_revision(rs->all, call, page.revision);
        nrpc_call_reply_bytes(call, pieces, ARRAY_LEN(pieces));
    }
    registry_page_fini(&page);
    buffer_fini(&rows);
}

// --- at start
// --------------------------------------------------------------------------------------

static nrpc_code missing(const char *where, const char *what, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_INTERNAL, "SCHEMA_MISMATCH", "%s has no %s of the kind expected",
                    where, what);
    nrpc_status_add(status, "where", "%s", where);
    return nrpc_status_add(status, "what", "%s", what);
}

nrpc_code resource_look_up(const ProtobufCMessageDescriptor *m, const resource_wanted *fields,
                           size_t count, nrpc_status *status)
{
    for (size_t i = 0; i < count; i++) {
        const resource_wanted *w = &fields[i];
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(m, w->name);
        if (!f && w->optional)
            continue;
        if (!f || f->type != w->type || w->repeated != (f->label == PROTOBUF_C_LABEL_REPEATED))
            return missing(m->name, w->name, status);
        if (w->offset)
            *w->offset = f->offset;
        if (w->count)
            *w->count = f->quantifier_offset;
        if (w->number)
            *w->number = f->id;
    }
    return NRPC_OK;
}

static nrpc_code look_up_all(struct resource_service *rs,
                             const ProtobufCMethodDescriptor *const found[RESOURCE_METHODS],
                             nrpc_status *status)
{
    static const ProtobufCType TEXT = PROTOBUF_C_TYPE_STRING, ENUM = PROTOBUF_C_TYPE_ENUM,
                               INT32 = PROTOBUF_C_TYPE_INT32, INT64 = PROTOBUF_C_TYPE_INT64,
                               BOOL = PROTOBUF_C_TYPE_BOOL, MESSAGE = PROTOBUF_C_TYPE_MESSAGE;
    get_fields *g = &rs->get;
    batch_fields *b = &rs->batch;
    list_fields *l = &rs->list;
    const char *rows = rs->type->group;
    bool top = !rs->type->parent_collection;
    const resource_wanted get_request[] = {
        {.name = "name", .type = TEXT, .offset = &g->name},
        {.name = "view", .type = ENUM, .offset = &g->view},
    };
    const resource_wanted batch_request[] = {
        {.name = "parent", .type = TEXT, .optional = top, .offset = &b->parent},
        {.name = "names",
         .type = TEXT,
         .repeated = true,
         .offset = &b->names,
         .count = &b->name_count},
        {.name = "view", .type = ENUM, .offset = &b->view},
    };
    const resource_wanted batch_response[] = {
        {.name = rows, .type = MESSAGE, .repeated = true, .number = &b->rows},
    };
    const resource_wanted list_request[] = {
        {.name = "parent", .type = TEXT, .optional = top, .offset = &l->parent},
        {.name = "page_size", .type = INT32, .offset = &l->page_size},
        {.name = "page_token", .type = TEXT, .offset = &l->page_token},
        {.name = "filter", .type = TEXT, .offset = &l->filter},
        {.name = "order_by", .type = TEXT, .offset = &l->order_by},
        {.name = "view", .type = ENUM, .offset = &l->view},
        {.name = "show_deleted", .type = BOOL, .offset = &l->show_deleted},
        {.name = "include_total_size", .type = BOOL, .offset = &l->include_total_size},
    };
    const resource_wanted list_response[] = {
        {.name = rows, .type = MESSAGE, .repeated = true, .number = &l->rows},
        {.name = "next_page_token", .type = TEXT, .number = &l->next_page_token},
        {.name = "total_size", .type = INT64, .number = &l->total_size},
        {.name = "revision", .type = INT64, .number = &l->revision},
    };
    if (found[0]->output != rs->type->message)
        return missing(found[0]->name, rs->type->message->name, status);
    (void)(resource_look_up(found[0]->input, get_request, ARRAY_LEN(get_request), status) ||
           resource_look_up(found[1]->input, batch_request, ARRAY_LEN(batch_request), status) ||
           resource_look_up(found[1]->output, batch_response, ARRAY_LEN(batch_response), status) ||
           resource_look_up(found[2]->input, list_request, ARRAY_LEN(list_request), status) ||
           resource_look_up(found[2]->output, list_response, ARRAY_LEN(list_response), status) ||
           resource_write_look_up(rs, &found[RESOURCE_FIRST_WRITE], status));
    return status->code;
}

static nrpc_code add_type(services *s, const resource_type *type, nrpc_status *status)
{
    const ProtobufCServiceDescriptor *d = descriptors[type->kind];
    struct resource_service *rs = &s->resources[type->kind];
    const ProtobufCMethodDescriptor *found[RESOURCE_METHODS];
    const struct {
        const char *verb;
        bool plural;
        nrpc_handler handler;
        unsigned flags;
    } methods[RESOURCE_METHODS] = {
        {"Get", false, get, NRPC_METHOD_QUICK},
        {"BatchGet", true, batch_get, 0},
        {"List", true, list, 0},
        {"Create", false, resource_create, NRPC_METHOD_TAKES_TURNS},
        {"Update", false, resource_update, NRPC_METHOD_TAKES_TURNS},
        {"Delete", false, resource_delete, NRPC_METHOD_TAKES_TURNS},
        {"Undelete", false, resource_undelete, NRPC_METHOD_TAKES_TURNS},
    };
    rs->all = s;
    rs->type = type;
    for (size_t i = 0; i < RESOURCE_METHODS; i++) {
        snprintf(rs->names[i], sizeof rs->names[i], "%s%s", methods[i].verb,
                 methods[i].plural ? type->plural : type->singular);
        rs->methods[i] = (nrpc_method){rs->names[i], methods[i].handler, methods[i].flags};
        found[i] = protobuf_c_service_descriptor_get_method_by_name(d, rs->names[i]);
        if (!found[i])
            return missing(d->name, rs->names[i], status);
    }
    if (look_up_all(rs, found, status))
        return status->code;
    return nrpc_server_add_service(s->server, d, rs->methods, RESOURCE_METHODS, rs, status);
}

nrpc_code service_add_resources(services *s, nrpc_status *status)
{
    const resource_type *types = registry_types(s->registry);
    s->resources = calloc(RESOURCE_KINDS, sizeof *s->resources);
    if (!s->resources)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for the services");
    for (int kind = 0; kind < RESOURCE_KINDS; kind++)
        if (add_type(s, &types[kind], status))
            return status->code;
    return NRPC_OK;
}

void service_free_resources(services *s)
{
    free(s->resources);
}
