// One field's value as text for a person, from the proto3-JSON value of its message.
// Appends to a buffer; the text is as the server sent it, not made safe for a terminal.
// Pure functions, any thread.
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

// The value of a field in a message's JSON object; NULL if it is not set.
const json_t *value_of(const json_t *object, const schema_field *field);

// True if every value of the field, or each of its elements, is written as one phrase: scalars,
// enums, dates, times, decimals, and messages with a headline.
bool value_is_short(const schema_field *field);
// True for numbers: they align to the right.
bool value_is_number(const schema_field *field);

// The phrase. Enums without their prefix in lower case; a list's elements with commas between them.
void value_put(buffer *out, const schema_field *field, const json_t *value);
// A list's codes, with commas between them; anything else as value_put.
void value_put_codes(buffer *out, const schema_field *field, const json_t *value);
// For machines: enums by their names, a list's elements with semicolons between them, of a coded
// element its code.
void value_put_plain(buffer *out, const schema_field *field, const json_t *value);

// True if messages of the type can be written as a phrase, see below.
bool value_has_headline(const schema_message *type);
// The headline of a message: what it is in a phrase, "17600000000 CNY, more than". False, and
// nothing written, for a type without one and where the fields it takes are not set.
bool value_put_headline(buffer *out, const schema_message *type, const json_t *object);
// True if the headline of its message says the field already.
bool value_in_headline(const schema_field *field);

#endif
