// Reads one message from wire bytes that may come in pieces, as a schema means them.
//
// Protobuf merges the occurrences of a singular submessage, and that is to read their bytes one
// behind the other. So a message here is a list of spans. Per field only its place and count are
// noted; lists are read by walking the spans once more, which costs no memory for what hostile
// bytes may hold.
//
// Pure functions, no allocation; everything is borrowed from the input. Fields that the schema does
// not know, or that have another wire type than it says, are passed over.
#ifndef SCHEMA_WIRESPAN_H
#define SCHEMA_WIRESPAN_H

#include "base/pbwire.h"
#include "schema/schema.h"

typedef struct wirespan {
    const uint8_t *data;
    size_t size;
} wirespan;

typedef struct wirespans {
    const wirespan *at;
    size_t count;
} wirespans;

// What is known of one field of a message after the first walk.
typedef struct wirespan_slot {
    pbwire_field last;
    size_t count; // occurrences, a packed run being one
    size_t span;  // where the first stands
    const uint8_t *first;
} wirespan_slot;

// Goes over the occurrences of one field from the first on.
typedef struct wirespan_reader {
    const schema_field *field;
    const wirespans *in;
    size_t left;
    size_t span;
    pbwire_reader reader;
} wirespan_reader;

// Fills slots[type->field_count], which are zeroed. Of a oneof only the last member counts. False
// if the bytes are malformed.
bool wirespan_scan(const schema_message *type, const wirespans *in, wirespan_slot *slots);

wirespan_reader wirespan_read(const schema_field *field, const wirespan_slot *seen,
                              const wirespans *in);
// A packed run comes as one field of PBWIRE_BYTES.
bool wirespan_next(wirespan_reader *r, pbwire_field *f);
// Whether this occurrence is a packed run.
bool wirespan_is_packed(const schema_field *field, const pbwire_field *f);
// The next number of a packed run; false if it is cut off. Not to be called at its end.
bool wirespan_next_packed(pbwire_reader *run, schema_type type, pbwire_field *f);

// A number as its type means it, signed ones in two's complement of 64 bits.
uint64_t wirespan_number(schema_type type, uint64_t value);

#endif
