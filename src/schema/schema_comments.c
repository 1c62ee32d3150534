#include "base/utf8.h"
#include "schema/schema_loader.h"

// The comment a source location's path leads to; NULL if it is none that is kept.
static schema_comment *commented(const schema_file *file, const uint64_t *path, size_t n)
{
    const schema_message *message = NULL;
    while (n >= 2) {
        uint64_t kind = path[0], i = path[1];
        path += 2;
        n -= 2;
        if (kind == (message ? MESSAGE_NESTED : FILE_MESSAGE)) {
            if (i >= (message ? message->message_count : file->message_count))
                return NULL;
            message = message ? &message->messages[i] : &file->messages[i];
            if (!n)
                return (schema_comment *)&message->comment;
        } else if (kind == (message ? MESSAGE_ENUM : FILE_ENUM)) {
            if (i >= (message ? message->enum_count : file->enum_count))
                return NULL;
            const schema_enum *type = message ? &message->enums[i] : &file->enums[i];
            if (n == 2 && path[0] == ENUM_VALUE && path[1] < type->value_count)
                return (schema_comment *)&type->values[path[1]].comment;
            return n ? NULL : (schema_comment *)&type->comment;
        } else if (message && kind == MESSAGE_FIELD) {
            if (n || i >= message->field_count)
                return NULL;
            return (schema_comment *)&message->declared[i]->comment;
        } else if (message && kind == MESSAGE_ONEOF) {
            if (n || i >= message->oneof_count)
                return NULL;
            return (schema_comment *)&message->oneofs[i].comment;
        } else if (!message && kind == FILE_SERVICE && i < file->service_count) {
            const schema_service *service = &file->services[i];
            if (n == 2 && path[0] == SERVICE_METHOD && path[1] < service->method_count)
                return (schema_comment *)&service->methods[path[1]].comment;
            return n ? NULL : (schema_comment *)&service->comment;
        } else {
            return NULL;
        }
    }
    return NULL;
}

// Drops the blank each line begins with, control characters, and the last newlines.
static const char *take_comment(loader *l, const pbwire_field *f)
{
    if (!utf8_valid(f->data, f->size)) {
        loader_malformed(l, l->file->name, "a comment is not UTF-8");
        return NULL;
    }
    char *text = arena_strndup(&l->pool->memory, (const char *)f->data, f->size);
    if (!text) {
        loader_too_large(l);
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < f->size; i++) {
        uint8_t c = f->data[i];
        bool line_start = i == 0 || f->data[i - 1] == '\n';
        if (c == 0xC2 && f->data[i + 1] < 0xA0) // C1 controls
            i++;
        else if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7F && !(line_start && c == ' ')))
            text[n++] = (char)c;
    }
    while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    text[n] = 0;
    return text;
}

bool loader_comments(loader *l, const pbwire_field *info)
{
    pbwire_reader r = pbwire_read(info->data, info->size);
    pbwire_field f, inner;
    while (pbwire_next(&r, &f)) {
        if (!is_bytes(&f, INFO_LOCATION))
            continue;
        uint64_t path[MAX_PATH];
        size_t n = 0;
        pbwire_reader location = pbwire_read(f.data, f.size), all = location;
        while (pbwire_next(&location, &inner)) {
            if (!is_bytes(&inner, LOCATION_PATH))
                continue;
            pbwire_reader numbers = pbwire_read(inner.data, inner.size);
            while (n < MAX_PATH && pbwire_varint(&numbers, &path[n]))
                n++;
            if (!pbwire_done(&numbers))
                return loader_malformed(l, l->file->name,
                                        "a source location is garbled or too long");
        }
        if (!pbwire_done(&location))
            return loader_malformed(l, l->file->name, "a source location is garbled");
        schema_comment *comment = commented(l->file, path, n);
        if (!comment)
            continue;
        while (pbwire_next(&all, &inner)) {
            if (is_bytes(&inner, LOCATION_LEADING) && !(comment->leading = take_comment(l, &inner)))
                return false;
            if (is_bytes(&inner, LOCATION_TRAILING) &&
                !(comment->trailing = take_comment(l, &inner)))
                return false;
        }
    }
    return pbwire_done(&r) || loader_malformed(l, l->file->name, "garbled source locations");
}
