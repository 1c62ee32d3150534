#include "export_file.h"

#include "base/pbwire.h"
#include "exit_codes.h"
#include "record.h"
#include "schema/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static nrpc_code fail(const export_file *f, nrpc_status *status)
{
    const char *path = f->path ? f->path : "the output";
    nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot write %s: %s", path,
                    strerror(errno));
    return nrpc_status_add(status, "file", "%s", path);
}

static bool open_part(export_file *f)
{
    if (asprintf(&f->part, "%s.XXXXXX", f->path) < 0) {
        f->part = NULL;
        return false;
    }
    int fd = mkstemp(f->part);
    if (fd < 0) {
        free(f->part);
        f->part = NULL;
        return false;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    f->out = fdopen(fd, "w");
    if (!f->out)
        close(fd);
    return f->out != NULL;
}

nrpc_code export_file_open(export_file *f, const schema *pool, const char *path, bool lines,
                           bool server_fields, nrpc_status *status)
{
    struct stat info;
    *f = (export_file){
        .path = path && strcmp(path, "-") != 0 ? path : NULL,
        .lines = lines,
        .server_fields = server_fields,
        .registry = schema_find_message(pool, "ftz.v1.Registry"),
        .any = schema_find_message(pool, "ftz.v1.AnyResource"),
    };
    if (!f->path)
        f->out = stdout;
    else if (stat(f->path, &info) == 0 && !S_ISREG(info.st_mode))
        f->out = fopen(f->path, "w"); // a pipe or device stays what it is
    else
        open_part(f);
    if (!f->out)
        return fail(f, status);
    if (!f->lines)
        fputs("{", f->out);
    return NRPC_OK;
}

static const schema_field *member_of(const schema_message *any, const schema_message *type)
{
    for (size_t i = 0; i < any->field_count; i++)
        if (any->fields[i].message == type)
            return &any->fields[i];
    return NULL;
}

// The record as it is to be written, behind room for the head of an AnyResource.
static bool prepare(export_file *f, const schema_field *group, const void *record, size_t size)
{
    enum { HEAD_ROOM = 2 * PBWIRE_MAX_VARINT };
    uint8_t *room;
    buffer_clear(&f->record);
    if (f->server_fields ? !buffer_append(&f->record, record, size)
                         : !record_put_own(&f->record, group->message, record, size))
        return false;
    if (!f->lines)
        return true;
    size_t own = f->record.size;
    uint32_t number = member_of(f->any, group->message)->number;
    size_t head = pbwire_bytes_size(number, own) - own;
    if (!(room = buffer_reserve(&f->record, HEAD_ROOM)))
        return false;
    memmove(f->record.data + head, f->record.data, own);
    pbwire_put_varint(pbwire_put_tag(f->record.data, number, PBWIRE_BYTES), own);
    f->record.size += head;
    return true;
}

static void write_indented(export_file *f, const char *indent)
{
    const char *at = (const char *)f->json.data, *end = at + f->json.size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        fwrite(at, 1, (size_t)(next - at), f->out);
        if (newline)
            fputs(indent, f->out);
        at = next;
    }
}

static void write_in_group(export_file *f, const schema_field *group)
{
    if (f->group == group) {
        fputs(",\n    ", f->out);
    } else {
        fprintf(f->out, "%s\n  \"%s\": [\n    ", f->group ? "\n  ]," : "", group->json_name);
        f->group = group;
    }
    write_indented(f, "    ");
}

nrpc_code export_file_add(export_file *f, const schema_field *group, const void *record,
                          size_t size, nrpc_status *status)
{
    if (!prepare(f, group, record, size))
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    buffer_clear(&f->json);
    nrpc_code code =
        wire_to_json(f->lines ? f->any : group->message, f->record.data, f->record.size,
                     f->lines ? 0 : JSON_WIRE_PRETTY, &f->json, status);
    if (code)
        return code;
    while (f->json.size && f->json.data[f->json.size - 1] == '\n')
        f->json.size--;
    if (f->lines) {
        buffer_append_byte(&f->json, '\n');
        fwrite(f->json.data, 1, f->json.size, f->out);
    } else {
        write_in_group(f, group);
    }
    f->count++;
    return ferror(f->out) ? fail(f, status) : NRPC_OK;
}

nrpc_code export_file_commit(export_file *f, nrpc_status *status)
{
    if (!f->lines)
        fputs(f->group ? "\n  ]\n}\n" : "}\n", f->out);
    if (fflush(f->out) || ferror(f->out) || (f->part && fsync(fileno(f->out))))
        return fail(f, status);
    if (f->part && rename(f->part, f->path))
        return fail(f, status);
    free(f->part);
    f->part = NULL;
    return NRPC_OK;
}

void export_file_fini(export_file *f)
{
    if (f->out && f->out != stdout)
        fclose(f->out);
    if (f->part)
        unlink(f->part);
    free(f->part);
    buffer_fini(&f->record);
    buffer_fini(&f->json);
}
