#include <ftz/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A row a resource: everything else is read from the descriptors, by the names that the standard
// methods have in common.
typedef struct resource {
    const ProtobufCServiceDescriptor *service;
    const char *get, *batch_get, *list;
    const char *any_parent;
} resource;

static const resource resources[] = {
    [FTZ_ZONE] = {&ftz__v1__zone_service__descriptor, "GetZone", "BatchGetZones", "ListZones",
                  NULL},
    [FTZ_AREA] = {&ftz__v1__area_service__descriptor, "GetArea", "BatchGetAreas", "ListAreas",
                  "zones/-"},
    [FTZ_EVENT] = {&ftz__v1__event_service__descriptor, "GetEvent", "BatchGetEvents", "ListEvents",
                   "zones/-"},
    [FTZ_POWER_DELEGATION] = {&ftz__v1__power_delegation_service__descriptor, "GetPowerDelegation",
                              "BatchGetPowerDelegations", "ListPowerDelegations", "zones/-"},
    [FTZ_SOURCE] = {&ftz__v1__source_service__descriptor, "GetSource", "BatchGetSources",
                    "ListSources", NULL},
    [FTZ_TERM] = {&ftz__v1__term_service__descriptor, "GetTerm", "BatchGetTerms", "ListTerms",
                  "vocabularies/-"},
};

enum { METHOD_NAME_SIZE = 128 };

// A request under construction. Its text is borrowed, so it is never freed as a message.
typedef struct request {
    char method_name[METHOD_NAME_SIZE];
    const ProtobufCMethodDescriptor *method;
    ProtobufCMessage *message;
} request;

static bool request_init(request *r, const resource *kind, const char *method_name)
{
    r->method = protobuf_c_service_descriptor_get_method_by_name(kind->service, method_name);
    r->message = calloc(1, r->method->input->sizeof_message);
    if (!r->message)
        return false;
    protobuf_c_message_init(r->method->input, r->message);
    snprintf(r->method_name, sizeof(r->method_name), "%s/%s", kind->service->name, method_name);
    return true;
}

static void *member(const ProtobufCMessage *message, const char *field_name, size_t **count)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field_name);
    if (count)
        *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
    return (char *)message + field->offset;
}

static void set_text(request *r, const char *field_name, const char *text)
{
    if (text)
        *(char **)member(r->message, field_name, NULL) = (char *)text; // read only
}

static ProtobufCMessage *request_send(request *r, ftz_client *client, nrpc_status *status)
{
    ProtobufCMessage *response = ftz_call_message(client, r->method_name, r->message,
                                                  r->method->output, FTZ_IDEMPOTENT, status);
    free(r->message);
    return response;
}

static void out_of_memory(nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

ProtobufCMessage *ftz_get(ftz_client *client, ftz_type type, const char *name, nrpc_status *status)
{
    request r;
    if (!request_init(&r, &resources[type], resources[type].get)) {
        out_of_memory(status);
        return NULL;
    }
    set_text(&r, "name", name);
    return request_send(&r, client, status);
}

ProtobufCMessage *ftz_batch_get(ftz_client *client, ftz_type type, const char *const *names,
                                size_t count, nrpc_status *status)
{
    request r;
    if (!request_init(&r, &resources[type], resources[type].batch_get)) {
        out_of_memory(status);
        return NULL;
    }
    size_t *size;
    *(const char *const **)member(r.message, "names", &size) = names;
    *size = count;
    return request_send(&r, client, status);
}

struct ftz_list {
    ftz_client *client;
    const resource *kind;
    ftz_list_options options;
    char *parent;
    ProtobufCMessage *page; // NULL before the first
    char *token;            // of the next page
    size_t next;            // element of the page
    bool ended;             // no page behind this one, or a failure
};

ftz_list *ftz_list_create(ftz_client *client, ftz_type type, const ftz_list_options *options)
{
    static const ftz_list_options defaults;
    if (!options)
        options = &defaults;
    ftz_list *list = calloc(1, sizeof(*list));
    if (!list)
        return NULL;
    *list = (ftz_list){.client = client, .kind = &resources[type], .options = *options};
    const char *parent = options->parent ? options->parent : list->kind->any_parent;
    list->parent = parent ? strdup(parent) : NULL;
    list->token = options->page_token ? strdup(options->page_token) : NULL;
    if ((parent && !list->parent) || (options->page_token && !list->token)) {
        ftz_list_free(list);
        return NULL;
    }
    return list;
}

static bool next_page(ftz_list *list, nrpc_status *status)
{
    request r;
    if (!request_init(&r, list->kind, list->kind->list)) {
        out_of_memory(status);
        return false;
    }
    if (list->kind->any_parent)
        set_text(&r, "parent", list->parent);
    set_text(&r, "page_token", list->token);
    *(int32_t *)member(r.message, "page_size", NULL) = list->options.page_size;
    *(Ftz__V1__ResourceView *)member(r.message, "view", NULL) = list->options.view;
    *(protobuf_c_boolean *)member(r.message, "show_deleted", NULL) = list->options.show_deleted;
    ProtobufCMessage *page = request_send(&r, list->client, status);
    if (!page)
        return false;
    ftz_free(list->page);
    list->page = page;
    list->next = 0;
    free(list->token);
    const char *token = *(char **)member(page, "next_page_token", NULL);
    list->token = *token ? strdup(token) : NULL;
    if (*token && !list->token) {
        out_of_memory(status);
        return false;
    }
    list->ended = !list->token;
    return true;
}

const ProtobufCMessage *ftz_next(ftz_list *list, nrpc_status *status)
{
    if (!list) {
        out_of_memory(status);
        return NULL;
    }
    for (;;) {
        if (list->page) {
            // The elements are the field of number 1 of every list's response.
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(list->page->descriptor, 1);
            size_t *count;
            ProtobufCMessage ***elements = member(list->page, field->name, &count);
            if (list->next < *count)
                return (*elements)[list->next++];
        }
        if (list->ended)
            return NULL;
        if (!next_page(list, status)) {
            list->ended = true;
            return NULL;
        }
    }
}

int64_t ftz_list_revision(const ftz_list *list)
{
    return list->page ? *(int64_t *)member(list->page, "revision", NULL) : 0;
}

void ftz_list_free(ftz_list *list)
{
    if (!list)
        return;
    ftz_free(list->page);
    free(list->parent);
    free(list->token);
    free(list);
}
