#include "registry/check/doubts_private.h"

#include "ftz/v1/common.pb-c.h"
#include "registry/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_SIZE = 160 };

static void format_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                         char out[VALUE_SIZE])
{
    char number[DOUBT_NUMBER_SIZE], date[DATE_TEXT_SIZE];
    out[0] = '\0';
    if (f->label == PROTOBUF_C_LABEL_REPEATED || !member_is_set(m, f))
        return;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        snprintf(out, VALUE_SIZE, "'%.120s'", member_text(m, f));
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        doubt_format_number(*(const double *)member_at(m, f), number);
        snprintf(out, VALUE_SIZE, "%s", number);
        break;
    case PROTOBUF_C_TYPE_INT32:
        snprintf(out, VALUE_SIZE, "%" PRId32, *(const int32_t *)member_at(m, f));
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)member_at(m, f));
        snprintf(out, VALUE_SIZE, "%s", value ? value->name : "");
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        if (member_is_date(f)) {
            doubt_format_date((const Google__Type__Date *)member_message(m, f), date);
            snprintf(out, VALUE_SIZE, "%s", date);
        } else if (f->descriptor == &google__type__decimal__descriptor) {
            const Google__Type__Decimal *d = (const Google__Type__Decimal *)member_message(m, f);
            snprintf(out, VALUE_SIZE, "%.120s", d->value);
        }
        break;
    default:
        break;
    }
}

static bool is_segment(const char *path, size_t size, const char *name)
{
    return strlen(name) == size && !strncmp(path, name, size);
}

// The value at a path, as text; "" where it is no single value, or is not set.
static void value_at(const ProtobufCMessage *m, const char *path, char out[VALUE_SIZE])
{
    out[0] = '\0';
    while (m) {
        size_t size = strcspn(path, ".");
        const ProtobufCFieldDescriptor *f = NULL;
        for (unsigned i = 0; i < m->descriptor->n_fields && !f; i++)
            if (is_segment(path, size, m->descriptor->fields[i].name))
                f = &m->descriptor->fields[i];
        if (!f || !member_is_chosen(m, f))
            return;
        path += size;
        if (!*path) {
            format_value(m, f, out);
            return;
        }
        path++;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            return;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            m = member_message(m, f);
            continue;
        }
        size_t count = member_count(m, f);
        const ProtobufCMessage *found = NULL;
        path += *path == '`';
        size = strcspn(path, ".`");
        for (size_t i = 0; i < count && !found; i++)
            if (is_segment(path, size, member_id(member_element(m, f, i))))
                found = member_element(m, f, i);
        path += size;
        path += *path == '`';
        m = *path ? found : NULL;
        path += *path == '.';
    }
}

void doubt_claims(doubt_walk *w, const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *f = member_field(m, "citations");
    for (size_t i = 0; f && i < member_count(m, f) && !w->stopped; i++) {
        const Ftz__V1__Citation *c = (const Ftz__V1__Citation *)member_element(m, f, i);
        if (c->stance != FTZ__V1__STANCE__STANCE_CONTRADICTS || !c->stated_value)
            continue;
        char held[VALUE_SIZE], stated[VALUE_SIZE] = "";
        value_at(m, c->path, held);
        for (unsigned j = 0; j < c->stated_value->base.descriptor->n_fields; j++) {
            const ProtobufCFieldDescriptor *kind = &c->stated_value->base.descriptor->fields[j];
            if (kind->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
                member_is_chosen(&c->stated_value->base, kind))
                format_value(&c->stated_value->base, kind, stated);
        }
        doubt_report(w, "CLAIMS_CONFLICT", c->path, "held is %s; %s%s says %s (citation %s)",
                     *held ? held : "something else", c->n_sources ? c->sources[0] : "somebody",
                     c->n_sources > 1 ? " and others" : "", stated, c->id);
    }
}
