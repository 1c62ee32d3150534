// A whole message as a person reads it: a field a line, what lies inside indented, dates as
// 2023-11-01, lists with a dash an element; fields that are not set are left out.
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

// width: columns at which long text goes on in the next line; 0: none. color: names of fields are
// coloured. folded: NULL, or lists of this message of which only the length is told; ended by NULL.
void tree_write(const schema_message *type, const json_t *object, size_t width, bool color,
                const char *const *folded, buffer *out);

#endif
