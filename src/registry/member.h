// Members of unpacked messages, by their descriptors. Repeated and singular members are told apart
// by the caller; of a message without the field asked for there is nothing to ask.
//
// Pure functions over borrowed messages, any thread.
#ifndef REGISTRY_MEMBER_H
#define REGISTRY_MEMBER_H

#include "google/type/date.pb-c.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline const void *member_at(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->offset;
}

static inline size_t member_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return *(const size_t *)((const char *)m + f->quantifier_offset);
}

static inline const ProtobufCMessage *member_message(const ProtobufCMessage *m,
                                                     const ProtobufCFieldDescriptor *f)
{
    return *(const ProtobufCMessage *const *)member_at(m, f);
}

static inline const ProtobufCMessage *member_element(const ProtobufCMessage *m,
                                                     const ProtobufCFieldDescriptor *f, size_t i)
{
    return (*(const ProtobufCMessage *const *const *)member_at(m, f))[i];
}

static inline const char *member_text(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *text = *(const char *const *)member_at(m, f);
    return text ? text : "";
}

static inline const ProtobufCFieldDescriptor *member_field(const ProtobufCMessage *m,
                                                           const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
}

static inline const char *member_id(const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *id = member_field(m, "id");
    return id && id->type == PROTOBUF_C_TYPE_STRING ? member_text(m, id) : "";
}

static inline const Google__Type__Date *member_date(const ProtobufCMessage *m, const char *name)
{
    return (const Google__Type__Date *)member_message(m, member_field(m, name));
}

static inline bool member_is_date(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE && f->descriptor == &google__type__date__descriptor;
}

// Bytes that one value takes, in a list or alone.
static inline size_t member_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default: // protobuf-c's booleans are ints
        return 4;
    }
}

// Whether a member of a oneof is the one that is set; true of all others.
static inline bool member_is_chosen(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
           *(const uint32_t *)((const char *)m + f->quantifier_offset) == f->id;
}

static inline bool member_is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return member_count(m, f) > 0;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *member_text(m, f);
    case PROTOBUF_C_TYPE_MESSAGE:
        return member_message(m, f);
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *)member_at(m, f) != 0;
    default: // enums, booleans and numbers of 32 bits
        return *(const int32_t *)member_at(m, f) != 0;
    }
}

#endif
