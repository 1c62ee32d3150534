#include "registry/write/mask.h"

#include "registry/member.h"
#include "registry/names.h"
#include "schema/fieldpath.h"

#include <stdio.h>
#include <string.h>

static bool is_whole(const mask *m)
{
    return m->count == 1 && !strcmp(m->paths[0], "*");
}

// Whether writes ignore this field of a resource.
static bool is_ignored(const resource_type *type, const schema_field *field)
{
    return field->number >= RESOURCE_MAX_FIELD || type->server_set >> field->number & 1 ||
           field->behaviors & (SCHEMA_OUTPUT_ONLY | SCHEMA_IDENTIFIER);
}

static void violate(const mask *m, size_t i, const char *reason, const char *text,
                    nrpc_status *status)
{
    char field[256];
    snprintf(field, sizeof field, "%s.paths[%zu]", m->field, i);
    name_violate(status, field, reason, m->paths[i], "%s", text);
}

nrpc_code mask_check(const schema_message *message, const mask *m, nrpc_status *status)
{
    if (m->count > MASK_MAX_PATHS) {
        char count[24];
        snprintf(count, sizeof count, "%zu", m->count);
        return name_violate(status, m->field, "TOO_MANY_PATHS", count,
                            "has %zu paths; at most %d are allowed", m->count, MASK_MAX_PATHS);
    }
    for (size_t i = 0; i < m->count; i++) {
        fieldpath path;
        nrpc_status why = {0};
        if (!strcmp(m->paths[i], "*")) {
            if (m->count > 1)
                violate(m, i, "PATH_MALFORMED", "'*' stands for every field, and so alone", status);
        } else if (fieldpath_resolve(message, m->paths[i], &path, &why)) {
            violate(m, i, "PATH_MALFORMED", why.message ? why.message : "is not a path", status);
        }
        nrpc_status_fini(&why);
    }
    return status->code;
}

// --- members of unpacked messages ----------------------------------------------------------------

static void *member(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (char *)(uintptr_t)m + f->offset;
}

static uint32_t *oneof_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (uint32_t *)(void *)((char *)(uintptr_t)m + f->quantifier_offset);
}

static size_t *list_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (size_t *)(void *)((char *)(uintptr_t)m + f->quantifier_offset);
}

static ProtobufCMessage ***list_elements(const ProtobufCMessage *m,
                                         const ProtobufCFieldDescriptor *f)
{
    return member(m, f);
}

static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    static const char zeros[sizeof(ProtobufCBinaryData)];
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return *list_count(m, f) > 0;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *oneof_case(m, f) == f->id;
    if (f->type == PROTOBUF_C_TYPE_STRING)
        return **(const char *const *)member(m, f) != '\0';
    if (f->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)member(m, f))->len > 0;
    return memcmp(member(m, f), zeros, member_value_size(f->type)) != 0;
}

static void copy_field(const ProtobufCMessage *from, ProtobufCMessage *into,
                       const ProtobufCFieldDescriptor *f)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        *list_count(into, f) = *list_count(from, f);
        memmove(member(into, f), member(from, f), sizeof(void *));
    } else if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) {
        memmove(member(into, f), member(from, f), member_value_size(f->type));
    } else if (*oneof_case(from, f) == f->id) {
        memmove(member(into, f), member(from, f), member_value_size(f->type));
        *oneof_case(into, f) = f->id;
    } else if (*oneof_case(into, f) == f->id) {
        *oneof_case(into, f) = 0;
    }
}

static const ProtobufCMessage *child(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *oneof_case(m, f) != f->id
               ? NULL
               : *(ProtobufCMessage **)member(m, f);
}

static char **id_of(const ProtobufCMessage *m)
{
    return member(m, protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "id"));
}

// The position of the element with this id; the count if there is none.
static size_t find_element(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                           const fieldpath_segment *id)
{
    size_t count = *list_count(m, f), i = 0;
    for (; i < count; i++) {
        const char *text = *id_of((*list_elements(m, f))[i]);
        if (strlen(text) == id->size && !memcmp(text, id->text, id->size))
            break;
    }
    return i;
}

// --- following a path ----------------------------------------------------------------------------

typedef enum outcome { APPLIED, NO_ELEMENT, NO_MEMORY } outcome;

static ProtobufCMessage *blank(const ProtobufCMessageDescriptor *d, arena *memory)
{
    ProtobufCMessage *m = arena_alloc(memory, d->sizeof_message);
    if (m)
        protobuf_c_message_init(d, m);
    return m;
}

static bool append(ProtobufCMessage *into, const ProtobufCFieldDescriptor *f,
                   ProtobufCMessage *element, arena *memory)
{
    size_t count = *list_count(into, f);
    ProtobufCMessage **elements = arena_alloc(memory, (count + 1) * sizeof(void *));
    if (!elements)
        return false;
    if (count)
        memcpy(elements, *list_elements(into, f), count * sizeof(void *));
    elements[count] = element;
    *list_elements(into, f) = elements;
    *list_count(into, f) = count + 1;
    return true;
}

// The path ends at this element: replaced, added or removed.
static outcome put_element(const ProtobufCMessage *from, ProtobufCMessage *into,
                           const ProtobufCFieldDescriptor *f, const fieldpath_segment *id,
                           arena *memory)
{
    size_t source = find_element(from, f, id), at = find_element(into, f, id);
    size_t count = *list_count(into, f);
    bool given = source < *list_count(from, f);
    if (!given && at == count)
        return NO_ELEMENT;
    if (!given) {
        // The list is into's own: one shared with `from` lacks what `from` lacks.
        ProtobufCMessage **elements = *list_elements(into, f);
        memmove(elements + at, elements + at + 1, (count - at - 1) * sizeof(void *));
        *list_count(into, f) = count - 1;
        return APPLIED;
    }
    ProtobufCMessage *element = (*list_elements(from, f))[source];
    if (at < count)
        (*list_elements(into, f))[at] = element;
    else if (!append(into, f, element, memory))
        return NO_MEMORY;
    return APPLIED;
}

// The element behind which the path goes on, on both sides; it is made where only `from` has it.
static outcome enter_element(const ProtobufCMessage **from, ProtobufCMessage **into,
                             const ProtobufCFieldDescriptor *f, const fieldpath_segment *id,
                             arena *memory)
{
    size_t source = find_element(*from, f, id), at = find_element(*into, f, id);
    bool given = source < *list_count(*from, f), there = at < *list_count(*into, f);
    if (!given && !there)
        return NO_ELEMENT;
    const ProtobufCMessage *source_element =
        given ? (*list_elements(*from, f))[source] : blank(f->descriptor, memory);
    ProtobufCMessage *element =
        there ? (*list_elements(*into, f))[at] : blank(f->descriptor, memory);
    if (!source_element || !element)
        return NO_MEMORY;
    if (!there) {
        *id_of(element) = *id_of(source_element);
        if (!append(*into, f, element, memory))
            return NO_MEMORY;
    }
    *from = source_element;
    *into = element;
    return APPLIED;
}

// The message behind which the path goes on. *into becomes NULL where there is nothing to clear.
static outcome enter_message(const ProtobufCMessage **from, ProtobufCMessage **into,
                             const ProtobufCFieldDescriptor *f, arena *memory)
{
    const ProtobufCMessage *source = child(*from, f);
    ProtobufCMessage *message = (ProtobufCMessage *)(uintptr_t)child(*into, f);
    if (!source && !message) {
        *into = NULL;
        return APPLIED;
    }
    if (!source)
        source = blank(f->descriptor, memory);
    if (source && !message && (message = blank(f->descriptor, memory))) {
        *(ProtobufCMessage **)member(*into, f) = message;
        if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            *oneof_case(*into, f) = f->id;
    }
    *from = source;
    *into = message;
    return source && message ? APPLIED : NO_MEMORY;
}

static outcome apply(const fieldpath *path, const ProtobufCMessage *from, ProtobufCMessage *into,
                     arena *memory)
{
    for (size_t i = 0; i < path->count; i++) {
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
            into->descriptor, path->segments[i].field->number);
        outcome result;
        if (i + 1 == path->count) {
            copy_field(from, into, f);
            return APPLIED;
        }
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            result = enter_message(&from, &into, f, memory);
        } else {
            const fieldpath_segment *id = &path->segments[++i];
            if (i + 1 == path->count)
                return put_element(from, into, f, id, memory);
            result = enter_element(&from, &into, f, id, memory);
        }
        if (result != APPLIED || !into)
            return result;
    }
    return APPLIED;
}

static void apply_all(const resource_type *type, const schema_message *message, bool only_set,
                      const ProtobufCMessage *from, ProtobufCMessage *into)
{
    const ProtobufCMessageDescriptor *d = from->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const schema_field *field = schema_message_number(message, f->id);
        if (field && !is_ignored(type, field) && (!only_set || is_set(from, f)))
            copy_field(from, into, f);
    }
    into->n_unknown_fields = from->n_unknown_fields; // for the validator to find
    into->unknown_fields = from->unknown_fields;
}

nrpc_code mask_apply(const resource_type *type, const schema_message *message, const mask *m,
                     const ProtobufCMessage *from, ProtobufCMessage *into, arena *memory,
                     nrpc_status *status)
{
    if (!m->count || is_whole(m)) {
        apply_all(type, message, !m->count, from, into);
        return NRPC_OK;
    }
    for (size_t i = 0; i < m->count; i++) {
        fieldpath path;
        nrpc_status why = {0};
        nrpc_code code = fieldpath_resolve(message, m->paths[i], &path, &why);
        nrpc_status_fini(&why);
        if (code || is_ignored(type, path.segments[0].field))
            continue;
        switch (apply(&path, from, into, memory)) {
        case APPLIED:
            break;
        case NO_ELEMENT:
            violate(m, i, "UNKNOWN_ID",
                    "names an element that neither the resource nor the request has", status);
            break;
        case NO_MEMORY:
            return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                                   "out of memory for merging a resource");
        }
    }
    return status->code;
}
