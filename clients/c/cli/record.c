#include "record.h"

#include "base/pbwire.h"

#include <string.h>

const char *record_name(const void *record, size_t record_size, size_t *size)
{
    pbwire_reader reader = pbwire_read(record, record_size);
    pbwire_field field;
    *size = 0;
    while (pbwire_next(&reader, &field))
        if (field.number == 1 && field.type == PBWIRE_BYTES) {
            *size = field.size;
            return (const char *)field.data;
        }
    return "";
}

bool record_is_server_set(const schema_field *field)
{
    return field->behaviors & SCHEMA_OUTPUT_ONLY || strcmp(field->name, "etag") == 0;
}

bool record_put_own(buffer *out, const schema_message *type, const void *record, size_t size)
{
    pbwire_reader reader = pbwire_read(record, size);
    pbwire_field field;
    for (;;) {
        const uint8_t *start = reader.next;
        if (!pbwire_next(&reader, &field))
            return !out->failed;
        const schema_field *known = schema_message_number(type, field.number);
        if (!known || !record_is_server_set(known))
            buffer_append(out, start, (size_t)(reader.next - start));
    }
}
