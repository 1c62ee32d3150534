// What the .proto files say, at run time: an immutable pool made from a packed
// google.protobuf.FileDescriptorSet, with names, JSON names, options, comments and resolved links.
//
// The bytes may come from anyone: sizes, depths, names, references and cycles are checked, and
// every control character is taken out of comments, so all text here may go to a terminal.
// Understood: files of syntax proto2 and proto3. Extensions and groups are left out.
//
// Ownership: schema_load makes the pool, schema_free ends it; everything else here is borrowed
// from the pool and lives as long as it.
// Threads: after schema_load any threads may read.
// Errors: INVALID_ARGUMENT with reason MALFORMED_DESCRIPTOR, DUPLICATE_SYMBOL, UNRESOLVED_SYMBOL,
// MISSING_IMPORT, IMPORT_CYCLE or UNSUPPORTED_DESCRIPTOR; RESOURCE_EXHAUSTED with reason
// DESCRIPTOR_TOO_LARGE.
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <nrpc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct schema schema;
typedef struct schema_file schema_file;
typedef struct schema_message schema_message;
typedef struct schema_oneof schema_oneof;
typedef struct schema_field schema_field;
typedef struct schema_enum schema_enum;
typedef struct schema_enum_value schema_enum_value;
typedef struct schema_service schema_service;
typedef struct schema_method schema_method;

enum {
    SCHEMA_MAX_SIZE = 16 << 20,  // bytes of a descriptor set
    SCHEMA_MAX_FILES = 4096,     //
    SCHEMA_MAX_NESTING = 32,     // of message declarations
    SCHEMA_MAX_IDENTIFIER = 255, // bytes of one name
    SCHEMA_MAX_NAME = 1023,      // bytes of a full name
};

// The numbers of google.protobuf.FieldDescriptorProto.Type; 10 (group) does not occur.
typedef enum schema_type {
    SCHEMA_DOUBLE = 1,
    SCHEMA_FLOAT = 2,
    SCHEMA_INT64 = 3,
    SCHEMA_UINT64 = 4,
    SCHEMA_INT32 = 5,
    SCHEMA_FIXED64 = 6,
    SCHEMA_FIXED32 = 7,
    SCHEMA_BOOL = 8,
    SCHEMA_STRING = 9,
    SCHEMA_MESSAGE = 11,
    SCHEMA_BYTES = 12,
    SCHEMA_UINT32 = 13,
    SCHEMA_ENUM = 14,
    SCHEMA_SFIXED32 = 15,
    SCHEMA_SFIXED64 = 16,
    SCHEMA_SINT32 = 17,
    SCHEMA_SINT64 = 18,
} schema_type;

// google.api.FieldBehavior, as bits of schema_field.behaviors.
enum {
    SCHEMA_OPTIONAL = 1 << 1,
    SCHEMA_REQUIRED = 1 << 2,
    SCHEMA_OUTPUT_ONLY = 1 << 3,
    SCHEMA_INPUT_ONLY = 1 << 4,
    SCHEMA_IMMUTABLE = 1 << 5,
    SCHEMA_UNORDERED_LIST = 1 << 6,
    SCHEMA_NON_EMPTY_DEFAULT = 1 << 7,
    SCHEMA_IDENTIFIER = 1 << 8,
};

// Messages whose JSON is not that of their fields.
typedef enum schema_well_known {
    SCHEMA_ORDINARY,
    SCHEMA_TIMESTAMP,
    SCHEMA_DURATION,
    SCHEMA_FIELD_MASK,
    SCHEMA_ANY,
    SCHEMA_UNSUPPORTED_JSON, // Struct, Value, ListValue and the wrappers
} schema_well_known;

// The text of the comments before and behind a declaration: lines without comment marks and
// without the blank that follows them, no newline at the end. "" where there is none.
typedef struct schema_comment {
    const char *leading;
    const char *trailing;
} schema_comment;

struct schema_file {
    const char *name;    // "ftz/v1/zone.proto"
    const char *package; // "ftz.v1", or ""
    bool proto3;
    const schema *pool;
    const char *const *imports;
    size_t import_count;
    const schema_message *messages;
    size_t message_count;
    const schema_enum *enums;
    size_t enum_count;
    const schema_service *services;
    size_t service_count;
};

struct schema_message {
    const char *name;
    const char *full_name; // "ftz.v1.Zone"
    const schema_file *file;
    const schema_message *parent;        // NULL at the top level
    const schema_field *fields;          // by number
    const schema_field *const *declared; // the same fields in the order of the file
    size_t field_count;
    const schema_oneof *oneofs; // real ones, in the order of the file
    size_t oneof_count;
    const schema_message *messages; // declared inside, map entries among them
    size_t message_count;
    const schema_enum *enums;
    size_t enum_count;
    schema_comment comment;
    schema_well_known well_known;
    bool map_entry; // the hidden element of a map: fields[0] is the key, fields[1] the value
    bool deprecated;
    const struct schema_name *names; // for schema_message_field
    size_t name_count;
};

struct schema_oneof {
    const char *name;
    size_t index; // in its message's oneofs
    schema_comment comment;
};

struct schema_field {
    const char *name;      // "area_km2"
    const char *full_name; // "ftz.v1.Zone.area_km2"
    const char *json_name; // "areaKm2"
    uint32_t number;
    size_t index; // in its message's fields
    schema_type type;
    bool repeated; // maps too
    bool required; // proto2's
    bool packed;
    bool presence; // singular, and unset differs from default
    bool deprecated;
    uint32_t behaviors;             // bits, see above
    const schema_oneof *oneof;      // NULL if none; never the hidden one of `optional`
    const schema_message *parent;   // declares it
    const schema_message *message;  // type SCHEMA_MESSAGE, else NULL
    const schema_enum *enumeration; // type SCHEMA_ENUM, else NULL
    schema_comment comment;
};

struct schema_enum {
    const char *name;
    const char *full_name;
    const schema_file *file;
    const schema_enum_value *values; // in the order of the file; at least one
    size_t value_count;
    const schema_enum_value *const *by_number; // one for each number: the first declared
    size_t number_count;
    const schema_enum_value *const *by_name;
    schema_comment comment;
    bool deprecated;
};

struct schema_enum_value {
    const char *name;
    int32_t number;
    bool deprecated;
    schema_comment comment;
};

struct schema_service {
    const char *name;
    const char *full_name; // "ftz.v1.ZoneService"
    const schema_file *file;
    const schema_method *methods;
    size_t method_count;
    schema_comment comment;
    bool deprecated;
};

struct schema_method {
    const char *name;
    const char *full_name; // "ftz.v1.ZoneService.GetZone"
    const schema_service *service;
    const schema_message *input;
    const schema_message *output;
    bool client_streaming;
    bool server_streaming;
    bool deprecated;
    schema_comment comment;
};

typedef enum schema_kind {
    SCHEMA_KIND_MESSAGE,
    SCHEMA_KIND_ENUM,
    SCHEMA_KIND_SERVICE,
    SCHEMA_KIND_METHOD,
} schema_kind;

typedef struct schema_symbol {
    const char *name; // full name
    schema_kind kind;
    union {
        const schema_message *message;
        const schema_enum *enumeration;
        const schema_service *service;
        const schema_method *method;
    };
} schema_symbol;

// data is only read during the call.
nrpc_code schema_load(const void *data, size_t size, schema **out, nrpc_status *status);
void schema_free(schema *pool);

// Everything declared, sorted by name (map entries are left out), and the files as given.
const schema_symbol *schema_symbols(const schema *pool, size_t *count);
const schema_file *schema_files(const schema *pool, size_t *count);

// By full name; a leading dot is allowed, and a method may be written with a slash before its
// name. NULL if there is none.
const schema_symbol *schema_find(const schema *pool, const char *name);
const schema_symbol *schema_find_n(const schema *pool, const char *name, size_t size);
const schema_message *schema_find_message(const schema *pool, const char *name);
const schema_enum *schema_find_enum(const schema *pool, const char *name);
const schema_service *schema_find_service(const schema *pool, const char *name);
const schema_method *schema_find_method(const schema *pool, const char *name);
// The full name most like this one, for "did you mean"; NULL if none is near.
const char *schema_suggest(const schema *pool, const char *name);

// By proto name or JSON name. NULL if there is none.
const schema_field *schema_message_field(const schema_message *message, const char *name,
                                         size_t size);
const schema_field *schema_message_number(const schema_message *message, uint32_t number);
const schema_enum_value *schema_enum_by_name(const schema_enum *type, const char *name,
                                             size_t size);
const schema_enum_value *schema_enum_by_number(const schema_enum *type, int32_t number);

static inline bool schema_field_is_map(const schema_field *field)
{
    return field->message && field->message->map_entry;
}

// The wire type (base/pbwire.h) one value of this type is written with.
uint8_t schema_wire_type(schema_type type);
// "int64", "message"...
const char *schema_type_name(schema_type type);

#endif
