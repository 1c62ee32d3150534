#include "import_plan.h"

#include "base/pbwire.h"
#include "lib/violation.h"
#include "schema/json.h"
#include "schema/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void import_plan_init(import_plan *plan, const schema *pool)
{
    *plan = (import_plan){
        .registry = schema_find_message(pool, "ftz.v1.Registry"),
        .any = schema_find_message(pool, "ftz.v1.AnyResource"),
    };
}

void import_plan_fini(import_plan *plan)
{
    for (size_t i = 0; i < plan->file_count; i++)
        json_decref(plan->files[i].root);
    free(plan->files);
    free(plan->records);
    free(plan->runs);
    buffer_fini(&plan->packed);
}

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

// Adds what one failure said about one place to what is wrong in all.
static void take_failure(nrpc_status *status, const char *file, nrpc_status *failure)
{
    for (size_t i = 0; i < failure->violation_count; i++) {
        const nrpc_violation *v = &failure->violations[i];
        char *field;
        if (asprintf(&field, "%s: %s", file, v->field ? v->field : "") < 0)
            continue;
        nrpc_status_violate(status, field, v->reason, "%s", v->description ? v->description : "");
        free(field);
    }
    if (!failure->violation_count)
        nrpc_status_violate(status, file, failure->reason, "%s",
                            failure->message ? failure->message : "");
    nrpc_status_fini(failure);
}

// The member of AnyResource that holds what this group of Registry holds.
static const schema_field *member_for(const import_plan *plan, const schema_field *group)
{
    for (size_t i = 0; i < plan->any->field_count; i++)
        if (plan->any->fields[i].message == group->message)
            return &plan->any->fields[i];
    return NULL;
}

static import_record *new_record(import_plan *plan)
{
    if (plan->record_count == plan->record_capacity) {
        size_t capacity = plan->record_capacity ? plan->record_capacity * 2 : 256;
        import_record *records = reallocarray(plan->records, capacity, sizeof(*records));
        if (!records)
            return NULL;
        plan->records = records;
        plan->record_capacity = capacity;
    }
    return &plan->records[plan->record_count];
}

static void add_record(import_plan *plan, import_record record, const json_t *value,
                       nrpc_status *status)
{
    const char *file = plan->files[record.file].name;
    char path[320];
    snprintf(path, sizeof(path), "%s[%zu]", record.key, record.index);
    buffer message = {0};
    nrpc_status failure = {0};
    const schema_field *member = member_for(plan, record.group);
    import_record *kept = new_record(plan);
    uint8_t *room = NULL;
    if (json_value_to_wire(record.group->message, value, path, &message, &failure)) {
        take_failure(status, file, &failure);
    } else if (!kept || !(room = buffer_reserve(&plan->packed,
                                                pbwire_bytes_size(member->number, message.size)))) {
        out_of_memory(status);
    } else {
        record.offset = plan->packed.size;
        record.size = pbwire_bytes_size(member->number, message.size);
        pbwire_put_bytes(room, member->number, message.data, message.size);
        plan->packed.size += record.size;
        *kept = record;
        plan->record_count++;
    }
    buffer_fini(&message);
}

static void violate(nrpc_status *status, const char *file, const char *key, const char *reason,
                    const char *text, const char *near)
{
    char *field;
    if (asprintf(&field, "%s: %s", file, key) < 0)
        return;
    nrpc_status_violate(status, field, reason, "%s%s%s%s", text, near ? "; did you mean " : "",
                        near ? near : "", near ? "?" : "");
    free(field);
}

static void add_group(import_plan *plan, const char *key, const json_t *value, nrpc_status *status)
{
    const char *file = plan->files[plan->file_count - 1].name;
    const schema_field *group = schema_message_field(plan->registry, key, strlen(key));
    if (!group || !member_for(plan, group)) {
        suggestion s = suggest_begin(key, strlen(key));
        for (size_t i = 0; i < plan->registry->field_count; i++)
            suggest_offer(&s, plan->registry->fields[i].json_name);
        violate(status, file, key, "UNKNOWN_FIELD", "ftz.v1.Registry has no such field", s.best);
        return;
    }
    if (json_is_null(value))
        return; // as if it were not there
    if (!json_is_array(value)) {
        violate(status, file, key, "WRONG_TYPE", "must be a list of records", NULL);
        return;
    }
    size_t i;
    const json_t *element;
    json_array_foreach(value, i, element)
    {
        import_record record = {
            .file = plan->file_count - 1, .group = group, .key = key, .index = i};
        add_record(plan, record, element, status);
    }
}

nrpc_code import_plan_add(import_plan *plan, const char *file, const char *text, size_t size,
                          nrpc_status *status)
{
    json_t *root;
    nrpc_status failure = {0};
    if (json_parse(text, size, &root, &failure)) {
        take_failure(status, file, &failure);
        return status->code;
    }
    import_file *files = reallocarray(plan->files, plan->file_count + 1, sizeof(*files));
    if (!files) {
        json_decref(root);
        return out_of_memory(status);
    }
    plan->files = files;
    plan->files[plan->file_count++] = (import_file){file, root};
    if (!json_is_object(root)) {
        violate(status, file, "", "WRONG_TYPE", "must be an object, of ftz.v1.Registry", NULL);
        return status->code;
    }
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        add_group(plan, key, value, status);
    }
    return status->code;
}

// --- lines --------------------------------------------------------------------------------------

static size_t skip_blanks(const char *text, size_t size, size_t at)
{
    while (at < size && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at;
}

bool import_is_lines(const import_plan *plan, const char *text, size_t size)
{
    size_t at = skip_blanks(text, size, 0);
    if (at == size || text[at] != '{')
        return false;
    at = skip_blanks(text, size, at + 1);
    if (at == size || text[at] != '"')
        return false;
    const char *key = text + at + 1, *end = memchr(key, '"', size - at - 1);
    return end && schema_message_field(plan->any, key, (size_t)(end - key));
}

// Only where a run begins something is kept, so that a million lines cost nothing.
static bool note_line(import_plan *plan, const char *file, size_t line)
{
    size_t number = plan->record_count + plan->line_count;
    const import_run *last = plan->run_count ? &plan->runs[plan->run_count - 1] : NULL;
    if (!last || last->file != file || last->line + (number - last->number) != line) {
        import_run *runs = reallocarray(plan->runs, plan->run_count + 1, sizeof(*runs));
        if (!runs)
            return false;
        plan->runs = runs;
        plan->runs[plan->run_count++] = (import_run){file, line, number};
    }
    plan->line_count++;
    return true;
}

nrpc_code import_plan_add_line(import_plan *plan, const char *file, size_t line, const char *text,
                               size_t size, buffer *out, nrpc_status *status)
{
    nrpc_status failure = {0};
    char where[4096];
    size_t before = out->size;
    snprintf(where, sizeof(where), "%s:%zu", file, line);
    if (json_to_wire(plan->any, text, size, out, &failure))
        take_failure(status, where, &failure);
    else if (out->size == before)
        nrpc_status_violate(
            status, where, "REQUIRED",
            "holds no resource: zone, area, event, powerDelegation, source or term");
    else if (!note_line(plan, file, line))
        out_of_memory(status);
    return status->code;
}

// --- from the server's paths to the files' ------------------------------------------------------

// One segment, "names[2]": appends it as the file writes it, and steps into what it names.
static const char *put_segment(buffer *out, const char *path, const schema_message **type,
                               const json_t **value)
{
    size_t size = strcspn(path, ".[");
    const schema_field *field = *type ? schema_message_field(*type, path, size) : NULL;
    buffer_append_byte(out, '.');
    if (field) {
        const json_t *written = json_object_get(*value, field->name);
        buffer_append_text(out, written ? field->name : field->json_name);
        *value = written ? written : json_object_get(*value, field->json_name);
    } else {
        buffer_append(out, path, size);
        *value = NULL;
    }
    *type = field ? field->message : NULL;
    path += size;
    unsigned long index;
    int length = 0;
    while (sscanf(path, "[%lu]%n", &index, &length) == 1 && length) {
        buffer_append(out, path, (size_t)length);
        *value = json_array_get(*value, index);
        path += length;
        length = 0;
    }
    return path;
}

// Behind "FILE: zones[3]", or "FILE:117: zone": the rest of a server's path.
static char *finish(buffer *out, const char *path, const schema_message *type, const json_t *value,
                    const char *name)
{
    while (*path == '.')
        path = put_segment(out, path + 1, &type, &value);
    buffer_append_text(out, path);
    if (name)
        buffer_printf(out, " (%s)", name);
    char *located = buffer_take(out, NULL);
    buffer_fini(out);
    return located;
}

static char *locate_line(const import_plan *plan, size_t number, const char *path)
{
    const import_run *run = plan->runs + plan->run_count;
    while (run-- > plan->runs && run->number > number)
        ;
    buffer out = {0};
    const schema_message *type = plan->any;
    const json_t *value = NULL;
    buffer_printf(&out, "%s:%zu", run->file, run->line + (number - run->number));
    if (*path == '.') { // the member of AnyResource stands behind a colon
        buffer_append_byte(&out, ':');
        size_t at = out.size;
        path = put_segment(&out, path + 1, &type, &value);
        out.data[at] = ' ';
    }
    return finish(&out, path, type, value, NULL);
}

char *import_plan_locate(const import_plan *plan, const char *path)
{
    size_t number;
    int length = 0;
    if (sscanf(path, "records[%zu]%n", &number, &length) != 1 || !length ||
        number >= plan->record_count + plan->line_count - plan->base)
        return NULL;
    number += plan->base;
    path += length;
    if (number >= plan->record_count)
        return locate_line(plan, number, path);
    const import_record *record = &plan->records[number];
    const import_file *file = &plan->files[record->file];
    const json_t *value = json_array_get(json_object_get(file->root, record->key), record->index);
    const char *name = json_string_value(json_object_get(value, "name"));
    buffer out = {0};
    buffer_printf(&out, "%s: %s[%zu]", file->name, record->key, record->index);
    if (*path == '.')
        path += 1 + strcspn(path + 1, "."); // the member of AnyResource
    return finish(&out, path, record->group->message, value, name);
}

void import_plan_locate_all(const import_plan *plan, nrpc_status *status)
{
    for (size_t i = 0; i < status->violation_count; i++) {
        char *field = status->violations[i].field;
        char *located = field ? import_plan_locate(plan, field) : NULL;
        if (located)
            violation_rename(status, i, located);
    }
}
