// What the parts of schema_load share: schema_load.c reads declarations, schema_comments.c puts
// comments to them, schema_link.c resolves names once all are known. Nothing else includes it.
//
// Every function that returns bool or a pointer has set the loader's status when it returns false
// or NULL.
#ifndef SCHEMA_SCHEMA_LOADER_H
#define SCHEMA_SCHEMA_LOADER_H

#include "base/buffer.h"
#include "base/pbwire.h"
#include "schema/schema_private.h"

// Field numbers of google/protobuf/descriptor.proto.
enum { SET_FILE = 1 };
enum {
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_DEPENDENCY = 3,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    FILE_SOURCE_INFO = 9,
    FILE_SYNTAX = 12,
};
enum {
    MESSAGE_NAME = 1,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    MESSAGE_OPTIONS = 7,
    MESSAGE_ONEOF = 8,
};
enum {
    FIELD_NAME = 1,
    FIELD_NUMBER = 3,
    FIELD_LABEL = 4,
    FIELD_TYPE = 5,
    FIELD_TYPE_NAME = 6,
    FIELD_OPTIONS = 8,
    FIELD_ONEOF_INDEX = 9,
    FIELD_JSON_NAME = 10,
    FIELD_PROTO3_OPTIONAL = 17,
};
enum { ONEOF_NAME = 1 };
enum { ENUM_NAME = 1, ENUM_VALUE = 2, ENUM_OPTIONS = 3 };
enum { VALUE_NAME = 1, VALUE_NUMBER = 2, VALUE_OPTIONS = 3 };
enum { SERVICE_NAME = 1, SERVICE_METHOD = 2, SERVICE_OPTIONS = 3 };
enum {
    METHOD_NAME = 1,
    METHOD_INPUT = 2,
    METHOD_OUTPUT = 3,
    METHOD_OPTIONS = 4,
    METHOD_CLIENT_STREAMING = 5,
    METHOD_SERVER_STREAMING = 6,
};
enum { INFO_LOCATION = 1 };
enum { LOCATION_PATH = 1, LOCATION_LEADING = 3, LOCATION_TRAILING = 4 };
enum { LABEL_REQUIRED = 2, LABEL_REPEATED = 3 };
enum { TYPE_GROUP = 10 };
// Options.
enum {
    FIELD_PACKED = 2,
    FIELD_DEPRECATED = 3,
    FIELD_BEHAVIOR = 1052, // google.api.field_behavior
    MESSAGE_DEPRECATED = 3,
    MESSAGE_MAP_ENTRY = 7,
    ENUM_DEPRECATED = 3,
    VALUE_DEPRECATED = 1,
    SERVICE_DEPRECATED = 33,
    METHOD_DEPRECATED = 33,
};

enum {
    MEMORY_LIMIT = 64 << 20,
    MAX_FIELD_NUMBER = (1 << 29) - 1,
    MAX_PATH = 2 * SCHEMA_MAX_NESTING + 4, // of a source location
};

// A name to be resolved when every declaration is known.
typedef struct link {
    const char *target; // as written: ".pkg.Message"
    schema_field *field;
    schema_method *method; // with no field
    bool output;           // of a method: its output, else its input
} link;

typedef struct loader {
    schema *pool;
    nrpc_status *status;
    buffer symbols; // of schema_symbol
    buffer links;   // of link
    const schema_file *file;
} loader;

static inline bool is_bytes(const pbwire_field *f, uint32_t number)
{
    return f->number == number && f->type == PBWIRE_BYTES;
}

bool loader_malformed(loader *l, const char *where, const char *what);
bool loader_too_large(loader *l);
bool loader_duplicate(loader *l, const char *name);
// Cleared memory of the pool.
void *loader_take(loader *l, size_t count, size_t size);

// The comments of a file's SourceCodeInfo, to what its paths lead to.
bool loader_comments(loader *l, const pbwire_field *info);
// Whether every import is there, and none leads back to its importer.
bool loader_check_imports(loader *l);
// Sorts the symbols and follows every link.
bool loader_resolve(loader *l);

#endif
