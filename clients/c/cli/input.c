#include "input.h"

#include "exit_codes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { STEP_SIZE = 64 * 1024 };

static nrpc_code fail(nrpc_status *status, const char *path)
{
    nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot read %s: %s", path, strerror(errno));
    return nrpc_status_add(status, "file", "%s", path);
}

static nrpc_code too_large(nrpc_status *status, const char *what)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "INPUT_TOO_LARGE", "%s is too large",
                           what);
}

FILE *input_open(const char *path, nrpc_status *status)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!file)
        fail(status, path);
    return file;
}

void input_close(FILE *file)
{
    if (file && file != stdin)
        fclose(file);
}

nrpc_code input_take(FILE *file, const char *path, buffer *out, nrpc_status *status)
{
    for (;;) {
        uint8_t *room = buffer_reserve(out, STEP_SIZE);
        if (!room)
            return too_large(status, file == stdin ? "the input" : path);
        size_t count = fread(room, 1, STEP_SIZE, file);
        out->size += count;
        if (count < STEP_SIZE)
            return ferror(file) ? fail(status, path) : NRPC_OK;
    }
}

nrpc_code input_read(const char *path, buffer *out, nrpc_status *status)
{
    FILE *file = input_open(path, status);
    if (!file)
        return status->code;
    nrpc_code code = input_take(file, path, out, status);
    input_close(file);
    return code;
}

nrpc_code input_argument(const char *argument, buffer *out, nrpc_status *status)
{
    if (strcmp(argument, "-") == 0)
        return input_read("-", out, status);
    if (argument[0] == '@')
        return input_read(argument + 1, out, status);
    return buffer_append_text(out, argument) ? NRPC_OK : too_large(status, "the argument");
}

void input_lines_init(input_lines *lines, FILE *file, const char *path, buffer *bytes)
{
    *lines = (input_lines){.file = file, .path = path, .bytes = *bytes};
    *bytes = (buffer){0};
}

void input_lines_fini(input_lines *lines)
{
    buffer_fini(&lines->bytes);
}

static bool read_more(input_lines *lines, nrpc_status *status)
{
    buffer_consume(&lines->bytes, lines->at);
    lines->at = 0;
    uint8_t *room =
        lines->bytes.size > INPUT_MAX_LINE ? NULL : buffer_reserve(&lines->bytes, STEP_SIZE);
    if (!room) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "INPUT_TOO_LARGE",
                        "%s:%zu: the line is too long", lines->path, lines->number + 1);
        return false;
    }
    size_t count = fread(room, 1, STEP_SIZE, lines->file);
    lines->bytes.size += count;
    lines->ended = count < STEP_SIZE;
    if (!ferror(lines->file))
        return true;
    fail(status, lines->path);
    return false;
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return false;
    return true;
}

bool input_lines_next(input_lines *lines, const char **text, size_t *size, nrpc_status *status)
{
    size_t searched = 0;
    for (;;) {
        const char *start = lines->bytes.data ? (const char *)lines->bytes.data + lines->at : NULL;
        size_t left = lines->bytes.size - lines->at;
        const char *end = left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
        if (!end && !lines->ended) {
            searched = left;
            if (!read_more(lines, status))
                return false;
            continue;
        }
        if (!left)
            return false;
        *text = start;
        *size = end ? (size_t)(end - start) : left;
        lines->at += end ? *size + 1 : left;
        lines->consumed += end ? *size + 1 : left;
        lines->number++;
        searched = 0;
        if (!is_blank(*text, *size))
            return true;
    }
}
