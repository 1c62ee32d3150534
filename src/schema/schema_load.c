// Descriptors are read straight from their wire bytes: protobuf-c would unpack them by unbounded
// recursion into many times their size, and most of it is not needed.
#include "base/utf8.h"
#include "schema/schema_loader.h"

#include <stdlib.h>
#include <string.h>

bool loader_malformed(loader *l, const char *where, const char *what)
{
    nrpc_status_set(l->status, NRPC_INVALID_ARGUMENT, "MALFORMED_DESCRIPTOR",
                    "the descriptor set is malformed: %s: %s", where, what);
    nrpc_status_add(l->status, "where", "%s", where);
    return false;
}

bool loader_too_large(loader *l)
{
    nrpc_status_set(l->status, NRPC_RESOURCE_EXHAUSTED, "DESCRIPTOR_TOO_LARGE",
                    "the descriptor set is too large");
    return false;
}

bool loader_duplicate(loader *l, const char *name)
{
    nrpc_status_set(l->status, NRPC_INVALID_ARGUMENT, "DUPLICATE_SYMBOL",
                    "the descriptor set declares %s twice", name);
    nrpc_status_add(l->status, "symbol", "%s", name);
    return false;
}

void *loader_take(loader *l, size_t count, size_t size)
{
    void *p = count <= MEMORY_LIMIT ? arena_zalloc(&l->pool->memory, count * size) : NULL;
    if (!p)
        loader_too_large(l);
    return p;
}

// How many times a message holds this field, whose values are strings or messages.
static size_t count_of(pbwire_reader r, uint32_t number)
{
    pbwire_field f;
    size_t n = 0;
    while (pbwire_next(&r, &f))
        n += f.number == number && f.type == PBWIRE_BYTES;
    return n;
}

static bool is_number(const pbwire_field *f, uint32_t number)
{
    return f->number == number && f->type == PBWIRE_VARINT;
}

static bool has_control(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] == 0x7F ||
            (text[i] == 0xC2 && i + 1 < size && text[i + 1] < 0xA0))
            return true;
    return false;
}

// A line of printable text.
static const char *take_text(loader *l, const char *where, const pbwire_field *f)
{
    if (!f->size || f->size > SCHEMA_MAX_NAME || !utf8_valid(f->data, f->size) ||
        has_control(f->data, f->size)) {
        loader_malformed(l, where, "a name is empty, too long or not printable text");
        return NULL;
    }
    const char *text = arena_strndup(&l->pool->memory, (const char *)f->data, f->size);
    if (!text)
        loader_too_large(l);
    return text;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Identifiers joined by dots, of SCHEMA_MAX_IDENTIFIER bytes each.
static bool is_dotted(const char *name)
{
    size_t length = 0;
    for (;; name++) {
        if (letter(*name) || (length && *name >= '0' && *name <= '9')) {
            if (++length > SCHEMA_MAX_IDENTIFIER)
                return false;
        } else if (length && *name == '.') {
            length = 0;
        } else {
            return length && !*name;
        }
    }
}

static const char *take_identifier(loader *l, const char *where, const pbwire_field *f)
{
    const char *name = take_text(l, where, f);
    if (!name || (is_dotted(name) && !strchr(name, '.')))
        return name;
    loader_malformed(l, where, "a name is not an identifier");
    return NULL;
}

static const char *join(loader *l, const char *scope, const char *name)
{
    if (!name) {
        loader_malformed(l, *scope ? scope : l->file->name, "a declaration has no name");
        return NULL;
    }
    if (strlen(scope) + 1 + strlen(name) > SCHEMA_MAX_NAME) {
        loader_malformed(l, scope, "a full name is too long");
        return NULL;
    }
    const char *full = *scope ? arena_printf(&l->pool->memory, "%s.%s", scope, name) : name;
    if (!full)
        loader_too_large(l);
    return full;
}

// The name field of a declaration, looked for first: everything else speaks of it.
static bool take_names(loader *l, pbwire_reader r, const char *scope, const char **name,
                       const char **full_name)
{
    pbwire_field f;
    enum { ANY_NAME = 1 }; // of every descriptor with a name
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, ANY_NAME) &&
            !(*name = take_identifier(l, *scope ? scope : l->file->name, &f)))
            return false;
    if (!pbwire_done(&r))
        return loader_malformed(l, *scope ? scope : l->file->name, "cut off or garbled");
    *full_name = join(l, scope, *name);
    return *full_name != NULL;
}

static bool add_symbol(loader *l, schema_symbol symbol)
{
    return buffer_append(&l->symbols, &symbol, sizeof symbol) || loader_too_large(l);
}

static bool add_link(loader *l, link wanted)
{
    return buffer_append(&l->links, &wanted, sizeof wanted) || loader_too_large(l);
}

// One flag of an options message.
static bool option_set(const pbwire_field *options, uint32_t number, bool *out)
{
    pbwire_reader r = pbwire_read(options->data, options->size);
    pbwire_field f;
    while (pbwire_next(&r, &f))
        if (is_number(&f, number))
            *out = f.value != 0;
    return pbwire_done(&r);
}

static void add_behavior(schema_field *field, uint64_t number)
{
    if (number < 32)
        field->behaviors |= UINT32_C(1) << number;
}

static bool load_field_options(const pbwire_field *options, schema_field *field)
{
    pbwire_reader r = pbwire_read(options->data, options->size);
    pbwire_field f;
    while (pbwire_next(&r, &f)) {
        if (is_number(&f, FIELD_PACKED)) {
            field->packed = f.value != 0;
        } else if (is_number(&f, FIELD_DEPRECATED)) {
            field->deprecated = f.value != 0;
        } else if (is_number(&f, FIELD_BEHAVIOR)) {
            add_behavior(field, f.value);
        } else if (is_bytes(&f, FIELD_BEHAVIOR)) { // packed
            pbwire_reader values = pbwire_read(f.data, f.size);
            uint64_t number;
            while (pbwire_varint(&values, &number))
                add_behavior(field, number);
            if (!pbwire_done(&values))
                return false;
        }
    }
    return pbwire_done(&r);
}

// As protoc derives it: underscores go, and the letter behind one is upper case.
static const char *default_json_name(loader *l, const char *name)
{
    char *json = arena_strndup(&l->pool->memory, name, strlen(name));
    if (!json) {
        loader_too_large(l);
        return NULL;
    }
    char *out = json;
    bool upper = false;
    for (const char *p = name; *p; p++) {
        if (*p == '_') {
            upper = true;
            continue;
        }
        *out++ = upper && *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        upper = false;
    }
    *out = 0;
    return json;
}

static bool load_field(loader *l, schema_message *message, size_t oneof_count, size_t *real_oneofs,
                       const pbwire_field *bytes, schema_field *field)
{
    pbwire_reader r = pbwire_read(bytes->data, bytes->size);
    pbwire_field f;
    uint64_t type = 0, label = 0, oneof = UINT64_MAX;
    bool optional3 = false;
    const char *type_name = NULL;
    field->parent = message;
    field->comment = (schema_comment){"", ""};
    if (!take_names(l, r, message->full_name, &field->name, &field->full_name))
        return false;
    const char *where = field->full_name;
    while (pbwire_next(&r, &f)) {
        if (is_number(&f, FIELD_NUMBER)) {
            if (f.value < 1 || f.value > MAX_FIELD_NUMBER)
                return loader_malformed(l, where, "the field number is out of range");
            field->number = (uint32_t)f.value;
        } else if (is_number(&f, FIELD_LABEL)) {
            label = f.value;
        } else if (is_number(&f, FIELD_TYPE)) {
            type = f.value;
        } else if (is_bytes(&f, FIELD_TYPE_NAME)) {
            if (!(type_name = take_text(l, where, &f)))
                return false;
        } else if (is_number(&f, FIELD_ONEOF_INDEX)) {
            oneof = f.value;
            if (oneof >= oneof_count)
                return loader_malformed(l, where, "there is no such oneof");
        } else if (is_bytes(&f, FIELD_JSON_NAME)) {
            if (!(field->json_name = take_text(l, where, &f)))
                return false;
        } else if (is_number(&f, FIELD_PROTO3_OPTIONAL)) {
            optional3 = f.value != 0;
        }
    }
    if (type == TYPE_GROUP) {
        nrpc_status_set(l->status, NRPC_INVALID_ARGUMENT, "UNSUPPORTED_DESCRIPTOR",
                        "%s is a group, which is not supported", where);
        nrpc_status_add(l->status, "symbol", "%s", where);
        return false;
    }
    if (type < SCHEMA_DOUBLE || type > SCHEMA_SINT64 || !field->number)
        return loader_malformed(l, where, "a field needs a type and a number");
    if (!field->json_name && !(field->json_name = default_json_name(l, field->name)))
        return false;
    field->type = (schema_type)type;
    field->repeated = label == LABEL_REPEATED;
    field->required = label == LABEL_REQUIRED;
    bool scalar = schema_wire_type(field->type) != PBWIRE_BYTES;
    field->packed = field->repeated && scalar && l->file->proto3;
    field->presence = !field->repeated && (!l->file->proto3 || oneof != UINT64_MAX || optional3 ||
                                           field->type == SCHEMA_MESSAGE);
    r = pbwire_read(bytes->data, bytes->size);
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, FIELD_OPTIONS) && !load_field_options(&f, field))
            return loader_malformed(l, where, "garbled options");
    if (!field->repeated || !scalar)
        field->packed = false;
    if (oneof != UINT64_MAX) {
        if (field->repeated)
            return loader_malformed(l, where, "a repeated field is in a oneof");
        if (!optional3)
            field->oneof = &message->oneofs[oneof];
        else if (oneof < *real_oneofs) // descriptor.proto: hidden oneofs come last
            *real_oneofs = (size_t)oneof;
    }
    if (field->type != SCHEMA_MESSAGE && field->type != SCHEMA_ENUM)
        return true;
    if (!type_name)
        return loader_malformed(l, where, "the type has no name");
    return add_link(l, (link){.target = type_name, .field = field});
}

static int compare_names(const void *a, const void *b)
{
    const struct schema_name *x = a, *y = b;
    return schema_name_compare(x->text, x->size, y->text, y->size);
}

// Sorts the names and JSON names of the fields.
static bool index_names(loader *l, schema_message *message)
{
    struct schema_name *names = loader_take(l, message->field_count * 2, sizeof *names);
    if (!names)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < message->field_count; i++) {
        const schema_field *f = &message->fields[i];
        names[n++] = (struct schema_name){f->name, strlen(f->name), f};
        if (strcmp(f->json_name, f->name) != 0)
            names[n++] = (struct schema_name){f->json_name, strlen(f->json_name), f};
    }
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return loader_duplicate(l, names[i].field->full_name);
    message->names = names;
    message->name_count = n;
    return true;
}

// A field before it is read: enough to sort by number.
typedef struct raw_field {
    pbwire_field bytes;
    uint64_t number;
    size_t declared;
} raw_field;

static int compare_raw(const void *a, const void *b)
{
    const raw_field *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool load_fields(loader *l, schema_message *message, pbwire_reader all, size_t oneof_count)
{
    size_t count = count_of(all, MESSAGE_FIELD), n = 0, real_oneofs = oneof_count;
    schema_field *fields = loader_take(l, count, sizeof *fields);
    const schema_field **declared = loader_take(l, count, sizeof *declared);
    if (!fields || !declared)
        return false;
    raw_field *raw = calloc(count + 1, sizeof *raw);
    if (!raw)
        return loader_too_large(l);
    pbwire_field f;
    while (pbwire_next(&all, &f)) {
        if (!is_bytes(&f, MESSAGE_FIELD))
            continue;
        pbwire_reader r = pbwire_read(f.data, f.size);
        pbwire_field inner;
        raw[n] = (raw_field){.bytes = f, .declared = n};
        while (pbwire_next(&r, &inner))
            if (is_number(&inner, FIELD_NUMBER))
                raw[n].number = inner.value;
        n++;
    }
    qsort(raw, n, sizeof *raw, compare_raw);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        fields[i].index = i;
        declared[raw[i].declared] = &fields[i];
        ok = load_field(l, message, oneof_count, &real_oneofs, &raw[i].bytes, &fields[i]);
        if (ok && i && fields[i].number == fields[i - 1].number)
            ok = loader_malformed(l, fields[i].full_name, "another field has the same number");
    }
    free(raw);
    if (!ok)
        return false;
    for (size_t i = 0; i < n; i++)
        if (fields[i].oneof && fields[i].oneof->index >= real_oneofs)
            return loader_malformed(l, fields[i].full_name, "an optional field shares its oneof");
    message->fields = fields;
    message->declared = declared;
    message->field_count = n;
    message->oneof_count = real_oneofs;
    return index_names(l, message);
}

static int compare_value_names(const void *a, const void *b)
{
    const schema_enum_value *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int compare_value_numbers(const void *a, const void *b)
{
    const schema_enum_value *const *x = a, *const *y = b;
    if ((*x)->number != (*y)->number)
        return (*x)->number < (*y)->number ? -1 : 1;
    return (*x > *y) - (*x < *y); // as declared
}

static bool load_enum(loader *l, const char *scope, const pbwire_field *bytes, schema_enum *type)
{
    pbwire_reader r = pbwire_read(bytes->data, bytes->size);
    pbwire_field f, inner;
    type->file = l->file;
    type->comment = (schema_comment){"", ""};
    if (!take_names(l, r, scope, &type->name, &type->full_name))
        return false;
    size_t count = count_of(r, ENUM_VALUE), n = 0;
    schema_enum_value *values = loader_take(l, count, sizeof *values);
    const schema_enum_value **by_number = loader_take(l, count, sizeof *by_number);
    const schema_enum_value **by_name = loader_take(l, count, sizeof *by_name);
    if (!values || !by_number || !by_name)
        return false;
    if (!count)
        return loader_malformed(l, type->full_name, "an enum needs a value");
    while (pbwire_next(&r, &f)) {
        if (is_bytes(&f, ENUM_OPTIONS) && !option_set(&f, ENUM_DEPRECATED, &type->deprecated))
            return loader_malformed(l, type->full_name, "garbled options");
        if (!is_bytes(&f, ENUM_VALUE))
            continue;
        schema_enum_value *v = &values[n];
        const char *full_name;
        pbwire_reader value = pbwire_read(f.data, f.size);
        if (!take_names(l, value, type->full_name, &v->name, &full_name))
            return false;
        while (pbwire_next(&value, &inner)) {
            if (is_number(&inner, VALUE_NUMBER))
                v->number = (int32_t)(uint32_t)inner.value;
            if (is_bytes(&inner, VALUE_OPTIONS) &&
                !option_set(&inner, VALUE_DEPRECATED, &v->deprecated))
                return loader_malformed(l, full_name, "garbled options");
        }
        v->comment = (schema_comment){"", ""};
        by_number[n] = by_name[n] = v;
        n++;
    }
    qsort(by_name, n, sizeof(*by_name), compare_value_names);
    qsort(by_number, n, sizeof(*by_number), compare_value_numbers);
    for (size_t i = 1; i < n; i++)
        if (strcmp(by_name[i - 1]->name, by_name[i]->name) == 0)
            return loader_duplicate(l, by_name[i]->name);
    size_t unique = 1;
    for (size_t i = 1; i < n; i++)
        if (by_number[i]->number != by_number[unique - 1]->number)
            by_number[unique++] = by_number[i];
    type->values = values;
    type->value_count = n;
    type->by_name = by_name;
    type->by_number = by_number;
    type->number_count = unique;
    return add_symbol(
        l, (schema_symbol){.name = type->full_name, .kind = SCHEMA_KIND_ENUM, .enumeration = type});
}

static bool load_oneofs(loader *l, schema_message *message, pbwire_reader r, size_t count)
{
    schema_oneof *oneofs = loader_take(l, count, sizeof *oneofs);
    if (!oneofs)
        return false;
    pbwire_field f;
    size_t n = 0;
    while (pbwire_next(&r, &f)) {
        if (!is_bytes(&f, MESSAGE_ONEOF))
            continue;
        const char *full_name;
        oneofs[n].index = n;
        oneofs[n].comment = (schema_comment){"", ""};
        if (!take_names(l, pbwire_read(f.data, f.size), message->full_name, &oneofs[n].name,
                        &full_name))
            return false;
        n++;
    }
    message->oneofs = oneofs;
    return true;
}

static schema_well_known well_known(const char *name)
{
    static const struct {
        const char *name;
        schema_well_known kind;
    } known[] = {
        {"Any", SCHEMA_ANY},
        {"BoolValue", SCHEMA_UNSUPPORTED_JSON},
        {"BytesValue", SCHEMA_UNSUPPORTED_JSON},
        {"DoubleValue", SCHEMA_UNSUPPORTED_JSON},
        {"Duration", SCHEMA_DURATION},
        {"FieldMask", SCHEMA_FIELD_MASK},
        {"FloatValue", SCHEMA_UNSUPPORTED_JSON},
        {"Int32Value", SCHEMA_UNSUPPORTED_JSON},
        {"Int64Value", SCHEMA_UNSUPPORTED_JSON},
        {"ListValue", SCHEMA_UNSUPPORTED_JSON},
        {"StringValue", SCHEMA_UNSUPPORTED_JSON},
        {"Struct", SCHEMA_UNSUPPORTED_JSON},
        {"Timestamp", SCHEMA_TIMESTAMP},
        {"UInt32Value", SCHEMA_UNSUPPORTED_JSON},
        {"UInt64Value", SCHEMA_UNSUPPORTED_JSON},
        {"Value", SCHEMA_UNSUPPORTED_JSON},
    };
    static const char package[] = "google.protobuf.";
    if (strncmp(name, package, sizeof package - 1) != 0)
        return SCHEMA_ORDINARY;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name + sizeof package - 1, known[i].name) == 0)
            return known[i].kind;
    return SCHEMA_ORDINARY;
}

static bool is_map_entry(const schema_message *m)
{
    const schema_field *f = m->fields;
    return m->parent && m->field_count == 2 && !m->message_count && !m->oneof_count &&
           f[0].number == 1 && f[1].number == 2 && !f[0].repeated && !f[1].repeated &&
           f[0].type != SCHEMA_MESSAGE && f[0].type != SCHEMA_ENUM && f[0].type != SCHEMA_BYTES &&
           f[0].type != SCHEMA_DOUBLE && f[0].type != SCHEMA_FLOAT;
}

static bool load_messages(loader *l, const schema_message *parent, pbwire_reader r, uint32_t number,
                          unsigned nesting, const schema_message **out, size_t *out_count);

static bool load_enums(loader *l, const char *scope, pbwire_reader r, uint32_t number,
                       const schema_enum **out, size_t *out_count)
{
    size_t count = count_of(r, number), n = 0;
    schema_enum *enums = loader_take(l, count, sizeof *enums);
    if (!enums)
        return false;
    pbwire_field f;
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, number) && !load_enum(l, scope, &f, &enums[n++]))
            return false;
    *out = enums;
    *out_count = n;
    return true;
}

static bool load_message(loader *l, const schema_message *parent, const pbwire_field *bytes,
                         unsigned nesting, schema_message *message)
{
    const char *scope = parent ? parent->full_name : l->file->package;
    pbwire_reader r = pbwire_read(bytes->data, bytes->size);
    pbwire_field f;
    message->file = l->file;
    message->parent = parent;
    message->comment = (schema_comment){"", ""};
    if (!take_names(l, r, scope, &message->name, &message->full_name))
        return false;
    message->well_known = well_known(message->full_name);
    size_t oneof_count = count_of(r, MESSAGE_ONEOF);
    if (!load_oneofs(l, message, r, oneof_count) || !load_fields(l, message, r, oneof_count) ||
        !load_messages(l, message, r, MESSAGE_NESTED, nesting + 1, &message->messages,
                       &message->message_count) ||
        !load_enums(l, message->full_name, r, MESSAGE_ENUM, &message->enums, &message->enum_count))
        return false;
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, MESSAGE_OPTIONS) &&
            (!option_set(&f, MESSAGE_DEPRECATED, &message->deprecated) ||
             !option_set(&f, MESSAGE_MAP_ENTRY, &message->map_entry)))
            return loader_malformed(l, message->full_name, "garbled options");
    if (message->map_entry && !is_map_entry(message))
        return loader_malformed(l, message->full_name, "not a map entry, as its option says");
    return add_symbol(l, (schema_symbol){.name = message->full_name,
                                         .kind = SCHEMA_KIND_MESSAGE,
                                         .message = message});
}

static bool load_messages(loader *l, const schema_message *parent, pbwire_reader r, uint32_t number,
                          unsigned nesting, const schema_message **out, size_t *out_count)
{
    size_t count = count_of(r, number), n = 0;
    if (count && nesting > SCHEMA_MAX_NESTING)
        return loader_malformed(l, parent->full_name, "messages are nested too deep");
    schema_message *messages = loader_take(l, count, sizeof *messages);
    if (!messages)
        return false;
    pbwire_field f;
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, number) && !load_message(l, parent, &f, nesting, &messages[n++]))
            return false;
    *out = messages;
    *out_count = n;
    return true;
}

static bool load_method(loader *l, const schema_service *service, const pbwire_field *bytes,
                        schema_method *method)
{
    pbwire_reader r = pbwire_read(bytes->data, bytes->size);
    pbwire_field f;
    const char *input = NULL, *output = NULL;
    method->service = service;
    method->comment = (schema_comment){"", ""};
    if (!take_names(l, r, service->full_name, &method->name, &method->full_name))
        return false;
    const char *where = method->full_name;
    while (pbwire_next(&r, &f)) {
        if (is_bytes(&f, METHOD_INPUT)) {
            if (!(input = take_text(l, where, &f)))
                return false;
        } else if (is_bytes(&f, METHOD_OUTPUT)) {
            if (!(output = take_text(l, where, &f)))
                return false;
        } else if (is_bytes(&f, METHOD_OPTIONS)) {
            if (!option_set(&f, METHOD_DEPRECATED, &method->deprecated))
                return loader_malformed(l, where, "garbled options");
        } else if (is_number(&f, METHOD_CLIENT_STREAMING)) {
            method->client_streaming = f.value != 0;
        } else if (is_number(&f, METHOD_SERVER_STREAMING)) {
            method->server_streaming = f.value != 0;
        }
    }
    if (!input || !output)
        return loader_malformed(l, where, "a method needs an input and an output type");
    return add_link(l, (link){.target = input, .method = method}) &&
           add_link(l, (link){.target = output, .method = method, .output = true}) &&
           add_symbol(l,
                      (schema_symbol){.name = where, .kind = SCHEMA_KIND_METHOD, .method = method});
}

static bool load_service(loader *l, const pbwire_field *bytes, schema_service *service)
{
    pbwire_reader r = pbwire_read(bytes->data, bytes->size);
    pbwire_field f;
    service->file = l->file;
    service->comment = (schema_comment){"", ""};
    if (!take_names(l, r, l->file->package, &service->name, &service->full_name))
        return false;
    size_t count = count_of(r, SERVICE_METHOD), n = 0;
    schema_method *methods = loader_take(l, count, sizeof *methods);
    if (!methods)
        return false;
    while (pbwire_next(&r, &f)) {
        if (is_bytes(&f, SERVICE_METHOD) && !load_method(l, service, &f, &methods[n++]))
            return false;
        if (is_bytes(&f, SERVICE_OPTIONS) &&
            !option_set(&f, SERVICE_DEPRECATED, &service->deprecated))
            return loader_malformed(l, service->full_name, "garbled options");
    }
    service->methods = methods;
    service->method_count = n;
    return add_symbol(l, (schema_symbol){.name = service->full_name,
                                         .kind = SCHEMA_KIND_SERVICE,
                                         .service = service});
}

static bool load_file_names(loader *l, pbwire_reader r, schema_file *file)
{
    pbwire_field f;
    size_t imports = 0;
    const char **names = loader_take(l, count_of(r, FILE_DEPENDENCY), sizeof *names);
    if (!names)
        return false;
    file->package = "";
    file->name = NULL;
    while (pbwire_next(&r, &f)) {
        if (is_bytes(&f, FILE_NAME)) {
            if (!(file->name = take_text(l, "a file", &f)))
                return false;
        } else if (is_bytes(&f, FILE_PACKAGE) && f.size) {
            if (!(file->package = take_text(l, "a file", &f)))
                return false;
            if (!is_dotted(file->package))
                return loader_malformed(l, file->package, "the package is not a name");
        } else if (is_bytes(&f, FILE_DEPENDENCY)) {
            if (!(names[imports++] = take_text(l, "a file", &f)))
                return false;
        } else if (is_bytes(&f, FILE_SYNTAX)) {
            file->proto3 = f.size == 6 && memcmp(f.data, "proto3", 6) == 0;
            if (!file->proto3 && !(f.size == 6 && memcmp(f.data, "proto2", 6) == 0)) {
                nrpc_status_set(l->status, NRPC_INVALID_ARGUMENT, "UNSUPPORTED_DESCRIPTOR",
                                "%s is neither proto2 nor proto3",
                                file->name ? file->name : "a file");
                return false;
            }
        }
    }
    if (!pbwire_done(&r))
        return loader_malformed(l, file->name ? file->name : "a file", "cut off or garbled");
    if (!file->name)
        return loader_malformed(l, "a file", "it has no name");
    file->imports = names;
    file->import_count = imports;
    return true;
}

static bool load_file(loader *l, const pbwire_field *bytes, schema_file *file)
{
    pbwire_reader r = pbwire_read(bytes->data, bytes->size), again = r;
    pbwire_field f;
    file->pool = l->pool;
    l->file = file;
    if (!load_file_names(l, r, file) ||
        !load_messages(l, NULL, r, FILE_MESSAGE, 1, &file->messages, &file->message_count) ||
        !load_enums(l, file->package, r, FILE_ENUM, &file->enums, &file->enum_count))
        return false;
    size_t count = count_of(r, FILE_SERVICE), n = 0;
    schema_service *services = loader_take(l, count, sizeof *services);
    if (!services)
        return false;
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, FILE_SERVICE) && !load_service(l, &f, &services[n++]))
            return false;
    file->services = services;
    file->service_count = n;
    while (pbwire_next(&again, &f))
        if (is_bytes(&f, FILE_SOURCE_INFO) && !loader_comments(l, &f))
            return false;
    return true;
}

static bool load_set(loader *l, const void *data, size_t size)
{
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    size_t count = count_of(r, SET_FILE);
    if (size > SCHEMA_MAX_SIZE || count > SCHEMA_MAX_FILES)
        return loader_too_large(l);
    l->pool->files = loader_take(l, count, sizeof *l->pool->files);
    if (!l->pool->files)
        return false;
    while (pbwire_next(&r, &f))
        if (is_bytes(&f, SET_FILE) && !load_file(l, &f, &l->pool->files[l->pool->file_count++]))
            return false;
    if (!pbwire_done(&r))
        return loader_malformed(l, "the set", "cut off or garbled");
    return loader_check_imports(l) && loader_resolve(l);
}

nrpc_code schema_load(const void *data, size_t size, schema **out, nrpc_status *status)
{
    loader l = {
        .status = status, .symbols = {.limit = MEMORY_LIMIT}, .links = {.limit = MEMORY_LIMIT}};
    nrpc_status ignored = {0};
    if (!status)
        l.status = &ignored;
    *out = NULL;
    l.pool = calloc(1, sizeof *l.pool);
    if (!l.pool)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "memory has run out");
    arena_init(&l.pool->memory, NULL, 0, MEMORY_LIMIT, NULL);
    nrpc_code code = NRPC_OK;
    if (load_set(&l, data, size)) {
        *out = l.pool;
    } else {
        code = l.status->code;
        schema_free(l.pool);
    }
    buffer_fini(&l.symbols);
    buffer_fini(&l.links);
    nrpc_status_fini(&ignored);
    return code;
}
