#include "nrpc/wirewalk.h"

#include "base/pbwire.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct step {
    const ProtobufCFieldDescriptor *field;
    size_t index; // of a repeated field
} step;

typedef struct walk {
    step path[WIREWALK_MAX_DEPTH + 1];
    size_t depth;
    size_t elements;
    nrpc_status *status;
} walk;

static nrpc_code refuse(walk *w, const char *reason, const char *what)
{
    char path[512] = "";
    size_t n = 0;
    for (size_t i = 0; i < w->depth && n < sizeof path - 1; i++) {
        const step *s = &w->path[i];
        int k = s->field->label == PROTOBUF_C_LABEL_REPEATED
                    ? snprintf(path + n, sizeof path - n, "%s%s[%zu]", i ? "." : "", s->field->name,
                               s->index)
                    : snprintf(path + n, sizeof path - n, "%s%s", i ? "." : "", s->field->name);
        n += k > 0 ? (size_t)k : 0;
    }
    nrpc_status_set(w->status, NRPC_INVALID_ARGUMENT, reason, "%s: %s",
                    *path ? path : "the request", what);
    nrpc_status_add(w->status, "field", "%s", path);
    return nrpc_status_violate(w->status, path, reason, "%s", what);
}

static nrpc_code too_many(walk *w)
{
    return refuse(w, "TOO_MANY_ELEMENTS", "the message has more than 100000 elements");
}

static uint8_t wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PBWIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PBWIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PBWIRE_BYTES;
    default:
        return PBWIRE_VARINT;
    }
}

static bool packed_is_sound(walk *w, const pbwire_field *f, uint8_t wire)
{
    size_t width = wire == PBWIRE_FIXED32 ? 4 : 8;
    if (wire != PBWIRE_VARINT) {
        w->elements += f->size / width;
        return f->size % width == 0;
    }
    pbwire_reader r = pbwire_read(f->data, f->size);
    uint64_t value;
    while (!pbwire_done(&r)) {
        w->elements++;
        if (!pbwire_varint(&r, &value))
            return false;
    }
    return true;
}

static nrpc_code walk_message(walk *w, const ProtobufCMessageDescriptor *type, const uint8_t *data,
                              size_t size);

static nrpc_code walk_field(walk *w, const ProtobufCFieldDescriptor *field, const pbwire_field *f)
{
    uint8_t wire = wire_type_of(field->type);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (f->type != wire) {
        if (!repeated || f->type != PBWIRE_BYTES || wire == PBWIRE_BYTES)
            return refuse(w, "MESSAGE_MALFORMED", "the wire type does not fit the field");
        if (!packed_is_sound(w, f, wire))
            return refuse(w, "MESSAGE_MALFORMED", "the packed values cannot be parsed");
    } else if (repeated || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        w->elements++;
    }
    if (w->elements > WIREWALK_MAX_ELEMENTS)
        return too_many(w);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        if (memchr(f->data, 0, f->size))
            return refuse(w, "NUL_IN_TEXT", "text must not hold a NUL character");
        if (!utf8_valid(f->data, f->size))
            return refuse(w, "INVALID_UTF8", "text must be UTF-8");
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (w->depth >= WIREWALK_MAX_DEPTH)
            return refuse(w, "TOO_DEEP", "messages are nested more than 64 deep");
        return walk_message(w, field->descriptor, f->data, f->size);
    }
    return NRPC_OK;
}

static nrpc_code walk_message(walk *w, const ProtobufCMessageDescriptor *type, const uint8_t *data,
                              size_t size)
{
    size_t singular = 0;
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    step *s = &w->path[w->depth];
    s->field = NULL;
    while (pbwire_next(&r, &f)) {
        const ProtobufCFieldDescriptor *field =
            s->field && s->field->id == f.number
                ? s->field
                : protobuf_c_message_descriptor_get_field(type, f.number);
        // protobuf-c allocates for each unknown field, and for each time a field is given.
        if (!field) {
            if (++w->elements > WIREWALK_MAX_ELEMENTS)
                return too_many(w);
            continue;
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED && ++singular > type->n_fields)
            w->elements++;
        // Elements of a repeated field normally follow each other; the index is for the message.
        s->index = field == s->field ? s->index + 1 : 0;
        s->field = field;
        w->depth++;
        nrpc_code code = walk_field(w, field, &f);
        w->depth--;
        if (code)
            return code;
    }
    if (!pbwire_done(&r))
        return refuse(w, "MESSAGE_MALFORMED", "the bytes are no protobuf message");
    return NRPC_OK;
}

nrpc_code wirewalk_check(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size,
                         nrpc_status *status)
{
    walk w = {.status = status};
    return walk_message(&w, type, data, size);
}
