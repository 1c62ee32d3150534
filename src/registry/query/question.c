#include "registry/query/question.h"

#include "ftz/v1/common.pb-c.h"
#include "registry/body.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SCRATCH_LIMIT = 64 << 20,
    ELEMENT_HEAD = 8,     // tag and length of an element
    ANSWER_REST = 8 << 10 // what an answer holds beside its elements: a token, a revision
};

nrpc_code question_open(question *q, nrpc_status *status)
{
    return store_snapshot_open(q->registry->store, &q->context, &q->context.snapshot, &q->revision,
                               status);
}

void question_close(question *q)
{
    store_snapshot_close(q->registry->store, q->context.snapshot);
    q->context.snapshot = NULL;
}

void scratch_init(scratch *s)
{
    arena_init(&s->memory, s->room, sizeof s->room, SCRATCH_LIMIT, NULL);
}

void scratch_reset(scratch *s)
{
    scratch_fini(s);
    scratch_init(s);
}

void scratch_fini(scratch *s)
{
    arena_fini(&s->memory);
}

const resource_type *question_type(const question *q, resource_kind kind)
{
    return &q->registry->types[kind];
}

void *question_unpack(const question *q, resource_kind kind, const store_record *record,
                      arena *memory)
{
    const resource_type *type = question_type(q, kind);
    uint8_t tail[BODY_MAX_TAIL];
    size_t tail_size = body_tail(type, q->registry->store->id, record, tail);
    const store_bytes pieces[] = {record->body, record->extra, {tail, tail_size}};
    uint8_t *whole = arena_alloc(memory, record->body.size + record->extra.size + tail_size);
    size_t size = 0;
    if (!whole)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        if (pieces[i].size)
            memcpy(whole + size, pieces[i].data, pieces[i].size);
        size += pieces[i].size;
    }
    return protobuf_c_message_unpack(type->message, &memory->pb, size, whole);
}

typedef struct getting {
    const question *question;
    resource_kind kind;
    void *message;
    bool deleted;
} getting;

static bool take_row(void *context, const store_record *record)
{
    getting *g = context;
    g->deleted = record->delete_time_us != 0;
    if (!g->deleted)
        g->message = question_unpack(g->question, g->kind, record, g->question->memory);
    return false;
}

nrpc_code question_get(question *q, resource_kind kind, const char *name, void **out,
                       nrpc_status *status)
{
    getting g = {.question = q, .kind = kind};
    nrpc_code code =
        store_get(q->registry->store, &q->context, name, 0, true, take_row, &g, status);
    *out = g.message;
    if (code == NRPC_NOT_FOUND || (!code && g.deleted)) {
        const resource_type *type = question_type(q, kind);
        nrpc_status_set(status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "there is no %s '%s'",
                        type->noun, name);
        nrpc_status_add(status, "type", "%s", type->singular);
        nrpc_status_add(status, "name", "%s", name);
        return nrpc_status_resource(status, type->message->name, name);
    }
    return code || g.message ? code : question_no_memory(status);
}

void question_make_basic(const resource_type *type, ProtobufCMessage *message)
{
    for (const char *const *name = type->extra_names; *name; name++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(type->message, *name);
        *(size_t *)(void *)((char *)message + field->quantifier_offset) = 0;
    }
}

nrpc_code question_no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "ANSWER_MEMORY",
                           "the answer needs more memory than one question may have: ask for less "
                           "at a time");
}

nrpc_code question_fit(size_t max_size, ProtobufCMessage *const *messages, size_t count,
                       size_t *fit, nrpc_status *status)
{
    size_t room = max_size > ANSWER_REST ? max_size - ANSWER_REST : 0;
    for (*fit = 0; *fit < count; ++*fit) {
        size_t size = protobuf_c_message_get_packed_size(messages[*fit]) + ELEMENT_HEAD;
        if (size > room)
            break;
        room -= size;
    }
    if (*fit || !count)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the answer would exceed the message limit: %zu bytes are left for it, and not "
                    "even its first element fits",
                    max_size);
    return nrpc_status_add(status, "limit", "%zu", max_size);
}

nrpc_code question_make_token(const question *q, buffer *bound, buffer *payload, char **out,
                              nrpc_status *status)
{
    buffer token = {0};
    bool good = !bound->failed && !payload->failed &&
                token_make(q->registry->store, (store_bytes){bound->data, bound->size},
                           (store_bytes){payload->data, payload->size}, &token);
    char *text = good ? arena_strndup(q->memory, (const char *)token.data, token.size) : NULL;
    buffer_fini(&token);
    buffer_fini(payload);
    buffer_fini(bound);
    if (!text)
        return question_no_memory(status);
    *out = text;
    return NRPC_OK;
}

nrpc_code question_take_token(const question *q, buffer *bound, const char *token, char **payload,
                              size_t *size, nrpc_status *status)
{
    buffer found = {0};
    nrpc_code code = bound->failed
                         ? question_no_memory(status)
                         : token_parse(q->registry->store, (store_bytes){bound->data, bound->size},
                                       token, &found, status);
    *size = found.size;
    *payload = code ? NULL : arena_strndup(q->memory, (const char *)found.data, found.size);
    buffer_fini(&found);
    buffer_fini(bound);
    return code || *payload ? code : question_no_memory(status);
}

nrpc_code question_day(const Google__Type__Date *date, const char *field, date_span *out,
                       nrpc_status *status)
{
    *out = date_today();
    if (!date)
        return NRPC_OK;
    if (date_span_of(date, out) && out->precision == DATE_DAY)
        return NRPC_OK;
    char text[48];
    snprintf(text, sizeof text, "%" PRId32 "-%" PRId32 "-%" PRId32, date->year, date->month,
             date->day);
    return name_violate(status, field, "NOT_A_DAY", text,
                        "%s is no day of the calendar: year, month and day are needed", text);
}

Google__Type__Date *question_date(const question *q, int32_t day)
{
    Google__Type__Date *date = day ? arena_alloc(q->memory, sizeof *date) : NULL;
    if (!date)
        return NULL;
    google__type__date__init(date);
    date_set(&(date_span){day, day, DATE_DAY}, date);
    return date;
}
