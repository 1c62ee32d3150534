// The texts of a resource that Search looks at: which fields they stand in, in what role, and under
// which path. The table of the fields is in texts.c.
//
// Pure functions over borrowed messages, any thread.
#ifndef REGISTRY_TEXTS_H
#define REGISTRY_TEXTS_H

#include "ftz/v1/common.pb-c.h"
#include "registry/type.h"

// From the most telling to the least.
typedef enum text_role {
    TEXT_NAME,    // a name of the resource itself
    TEXT_MENTION, // a name of something that stands in it: a party, a place
    TEXT_TITLE,   // a title of it, or of a document in it
    TEXT_PROSE,   // everything else that is words
} text_role;

enum { TEXT_MAX_DEPTH = 8 };

typedef struct text_at {
    text_role role;
    const char *text;          // never empty
    const char *language_code; // of a Name; "" if not known
    // Fields from the root, and of those that are lists the id of the element.
    size_t depth;
    const char *fields[TEXT_MAX_DEPTH]; // the last is NULL for the text of a Name
    const char *ids[TEXT_MAX_DEPTH];    // NULL: no list
} text_at;

// Return false to stop.
typedef bool (*text_fn)(void *context, const text_at *at);

// In the order of the fields; names before prose within a message. False: it was stopped.
bool texts_visit(const resource_type *type, const ProtobufCMessage *message, text_fn fn,
                 void *context);
// The path as citations write it; the text of a Name goes by the path of the name:
// "names.zh-official". False: it does not fit in size bytes with its NUL.
bool text_path(const text_at *at, char *out, size_t size);

#endif
