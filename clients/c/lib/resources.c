#include "lib/standard.h"

#include <stdlib.h>
#include <string.h>

ProtobufCMessage *ftz_get(ftz_client *client, ftz_type type, const char *name, nrpc_status *status)
{
    const standard_type *kind = standard_type_of(type);
    standard_request r;
    if (standard_begin(&r, kind, "Get", kind->singular, status))
        return NULL;
    standard_set_text(&r, "name", name);
    return standard_send(&r, client, status);
}

ProtobufCMessage *ftz_batch_get(ftz_client *client, ftz_type type, const char *const *names,
                                size_t count, nrpc_status *status)
{
    const standard_type *kind = standard_type_of(type);
    standard_request r;
    if (standard_begin(&r, kind, "BatchGet", kind->plural, status))
        return NULL;
    size_t *size;
    *(const char *const **)standard_member(r.message, "names", &size) = names;
    *size = count;
    return standard_send(&r, client, status);
}

struct ftz_list {
    ftz_client *client;
    const standard_type *kind;
    ftz_list_options options;
    char *parent, *filter, *order_by;
    ProtobufCMessage *page; // NULL before the first
    char *token;            // of the next page
    size_t next;            // element of the page
    int64_t total_size;
    bool ended; // no page behind this one, or a failure
};

// NULL stays NULL. False: no memory.
static bool copy(const char *text, char **out)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

ftz_list *ftz_list_create(ftz_client *client, ftz_type type, const ftz_list_options *options)
{
    static const ftz_list_options defaults;
    if (!options)
        options = &defaults;
    ftz_list *list = calloc(1, sizeof(*list));
    if (!list)
        return NULL;
    *list = (ftz_list){.client = client, .kind = standard_type_of(type), .options = *options};
    if (!copy(options->parent ? options->parent : list->kind->any_parent, &list->parent) ||
        !copy(options->page_token, &list->token) || !copy(options->filter, &list->filter) ||
        !copy(options->order_by, &list->order_by)) {
        ftz_list_free(list);
        return NULL;
    }
    return list;
}

static bool next_page(ftz_list *list, nrpc_status *status)
{
    standard_request r;
    if (standard_begin(&r, list->kind, "List", list->kind->plural, status))
        return false;
    standard_set_text(&r, "parent", list->parent);
    standard_set_text(&r, "page_token", list->token);
    standard_set_text(&r, "filter", list->filter);
    standard_set_text(&r, "order_by", list->order_by);
    standard_set_bool(&r, "show_deleted", list->options.show_deleted);
    standard_set_bool(&r, "include_total_size", list->options.include_total_size);
    *(int32_t *)standard_member(r.message, "page_size", NULL) = list->options.page_size;
    *(Ftz__V1__ResourceView *)standard_member(r.message, "view", NULL) = list->options.view;
    ProtobufCMessage *page = standard_send(&r, list->client, status);
    if (!page)
        return false;
    ftz_free(list->page);
    list->page = page;
    list->next = 0;
    list->total_size = *(int64_t *)standard_member(page, "total_size", NULL);
    free(list->token);
    const char *token = *(char **)standard_member(page, "next_page_token", NULL);
    if (!copy(*token ? token : NULL, &list->token)) {
        standard_no_memory(status);
        return false;
    }
    list->ended = !list->token;
    return true;
}

const ProtobufCMessage *ftz_next(ftz_list *list, nrpc_status *status)
{
    if (!list) {
        standard_no_memory(status);
        return NULL;
    }
    for (;;) {
        if (list->page) {
            // The elements are the field of number 1 of every list's response.
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(list->page->descriptor, 1);
            size_t *count;
            ProtobufCMessage ***elements = standard_member(list->page, field->name, &count);
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
    return list->page ? *(int64_t *)standard_member(list->page, "revision", NULL) : 0;
}

int64_t ftz_list_total_size(const ftz_list *list)
{
    return list->total_size;
}

void ftz_list_free(ftz_list *list)
{
    if (!list)
        return;
    ftz_free(list->page);
    free(list->parent);
    free(list->filter);
    free(list->order_by);
    free(list->token);
    free(list);
}
