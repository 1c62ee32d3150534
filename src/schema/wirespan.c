#include "schema/wirespan.h"

static bool fits(const schema_field *f, uint8_t wire_type)
{
    uint8_t own = schema_wire_type(f->type);
    return wire_type == own || (f->repeated && wire_type == PBWIRE_BYTES);
}

bool wirespan_scan(const schema_message *type, const wirespans *in, wirespan_slot *slots)
{
    for (size_t s = 0; s < in->count; s++) {
        pbwire_reader r = pbwire_read(in->at[s].data, in->at[s].size);
        pbwire_field f;
        for (const uint8_t *at = r.next; pbwire_next(&r, &f); at = r.next) {
            const schema_field *field = schema_message_number(type, f.number);
            if (!field || !fits(field, f.type))
                continue;
            wirespan_slot *seen = &slots[field->index];
            if (!seen->count) {
                seen->span = s;
                seen->first = at;
                // The last member of a oneof wins, and what came before it is gone.
                for (size_t i = 0; field->oneof && i < type->field_count; i++)
                    if (i != field->index && type->fields[i].oneof == field->oneof)
                        slots[i].count = 0;
            }
            seen->last = f;
            seen->count++;
        }
        if (!pbwire_done(&r))
            return false;
    }
    return true;
}

wirespan_reader wirespan_read(const schema_field *field, const wirespan_slot *seen,
                              const wirespans *in)
{
    if (!seen->count)
        return (wirespan_reader){0};
    const wirespan *first = &in->at[seen->span];
    return (wirespan_reader){
        field,
        in,
        seen->count,
        seen->span,
        {seen->first, first->data ? first->data + first->size : NULL},
    };
}

bool wirespan_next(wirespan_reader *r, pbwire_field *f)
{
    if (!r->left)
        return false;
    for (;;) {
        while (pbwire_next(&r->reader, f))
            if (f->number == r->field->number && fits(r->field, f->type)) {
                r->left--;
                return true;
            }
        r->span++;
        r->reader = pbwire_read(r->in->at[r->span].data, r->in->at[r->span].size);
    }
}

bool wirespan_is_packed(const schema_field *field, const pbwire_field *f)
{
    return f->type == PBWIRE_BYTES && schema_wire_type(field->type) != PBWIRE_BYTES;
}

bool wirespan_next_packed(pbwire_reader *run, schema_type type, pbwire_field *f)
{
    size_t width = schema_wire_type(type) == PBWIRE_FIXED64 ? 8 : 4;
    if (schema_wire_type(type) == PBWIRE_VARINT)
        return pbwire_varint(run, &f->value);
    if ((size_t)(run->end - run->next) < width)
        return false;
    f->value = 0;
    for (size_t i = width; i--;)
        f->value = f->value << 8 | run->next[i];
    run->next += width;
    return true;
}

static uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

uint64_t wirespan_number(schema_type type, uint64_t value)
{
    switch (type) {
    case SCHEMA_INT32:
    case SCHEMA_SFIXED32:
    case SCHEMA_ENUM:
        return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    case SCHEMA_SINT32:
        return (uint64_t)(int64_t)(int32_t)(uint32_t)unzigzag((uint32_t)value);
    case SCHEMA_UINT32:
        return (uint32_t)value;
    case SCHEMA_SINT64:
        return unzigzag(value);
    case SCHEMA_BOOL:
        return value != 0;
    default:
        return value;
    }
}
