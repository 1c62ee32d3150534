// The status type stands in base because every module speaks it; see include/nrpc/status.h.
#include <nrpc/status.h>

#include "base/macros.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VIOLATIONS = 100, MAX_METADATA = 32 };

static const char *const code_names[] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

void nrpc_status_init(nrpc_status *status)
{
    *status = (nrpc_status){0};
}

void nrpc_status_fini(nrpc_status *status)
{
    if (!status)
        return;
    for (size_t i = 0; i < status->metadata_count; i++) {
        free(status->metadata[i].key);
        free(status->metadata[i].value);
    }
    for (size_t i = 0; i < status->violation_count; i++) {
        free(status->violations[i].field);
        free(status->violations[i].reason);
        free(status->violations[i].description);
    }
    free(status->metadata);
    free(status->violations);
    free(status->message);
    free(status->reason);
    free(status->domain);
    free(status->resource_type);
    free(status->resource_name);
    *status = (nrpc_status){0};
}

void nrpc_status_move(nrpc_status *to, nrpc_status *from)
{
    nrpc_status_fini(to);
    *to = *from;
    *from = (nrpc_status){0};
}

// Texts of others are shown up to a length, which may cut a character in two: the half is left out,
// or no strict reader of protobuf could read the error.
static char *mend(char *text)
{
    size_t size = text ? strlen(text) : 0, from = 0, to = 0;
    while (from < size) {
        size_t good = utf8_valid_prefix(text + from, size - from);
        memmove(text + to, text + from, good);
        to += good;
        from += good + 1;
    }
    if (text)
        text[to] = '\0';
    return text;
}

static char *dup_text(const char *text)
{
    return mend(strdup(text ? text : ""));
}

__attribute__((format(printf, 1, 0))) static char *print(const char *format, va_list args)
{
    char *text;
    return vasprintf(&text, format, args) < 0 ? NULL : mend(text);
}

nrpc_code nrpc_status_set(nrpc_status *status, nrpc_code code, const char *reason,
                          const char *format, ...)
{
    if (!status)
        return code;
    va_list args;
    va_start(args, format);
    char *message = print(format, args); // first: the arguments may lie in the old status
    va_end(args);
    nrpc_status_fini(status);
    status->code = code;
    status->message = message;
    if (reason) {
        status->reason = strdup(reason);
        status->domain = strdup("ftz");
    }
    return code;
}

// Room for one more element in an array that doubles; NULL when memory has run out.
static void *grow(void *array, size_t count, size_t element_size)
{
    if (count && (count & (count - 1)))
        return array; // only full at powers of two
    return realloc(array, (count ? count * 2 : 1) * element_size);
}

nrpc_code nrpc_status_add(nrpc_status *status, const char *key, const char *format, ...)
{
    if (!status)
        return NRPC_UNKNOWN;
    if (status->metadata_count >= MAX_METADATA)
        return status->code;
    nrpc_status_entry *metadata =
        grow(status->metadata, status->metadata_count, sizeof *status->metadata);
    if (!metadata)
        return status->code;
    status->metadata = metadata;
    va_list args;
    va_start(args, format);
    nrpc_status_entry entry = {strdup(key), print(format, args)};
    va_end(args);
    if (entry.key && entry.value) {
        metadata[status->metadata_count++] = entry;
    } else {
        free(entry.key);
        free(entry.value);
    }
    return status->code;
}

nrpc_code nrpc_status_violate(nrpc_status *status, const char *field, const char *reason,
                              const char *format, ...)
{
    if (!status)
        return NRPC_INVALID_ARGUMENT;
    va_list args;
    va_start(args, format);
    char *description = print(format, args);
    va_end(args);
    if (!status->code)
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD", "%s: %s", field,
                        description ? description : "");
    nrpc_violation *violations =
        status->violation_count < MAX_VIOLATIONS
            ? grow(status->violations, status->violation_count, sizeof *status->violations)
            : NULL;
    if (violations)
        status->violations = violations;
    nrpc_violation v = {dup_text(field), dup_text(reason), description};
    if (violations && v.field && v.reason && v.description) {
        violations[status->violation_count++] = v;
    } else {
        free(v.field);
        free(v.reason);
        free(v.description);
    }
    return status->code;
}

nrpc_code nrpc_status_retry_after(nrpc_status *status, int64_t ms)
{
    if (!status)
        return NRPC_UNKNOWN;
    status->retry_after_ms = ms;
    return status->code;
}

nrpc_code nrpc_status_resource(nrpc_status *status, const char *type, const char *name)
{
    if (!status)
        return NRPC_UNKNOWN;
    free(status->resource_type);
    free(status->resource_name);
    status->resource_type = dup_text(type);
    status->resource_name = dup_text(name);
    return status->code;
}

const char *nrpc_status_get(const nrpc_status *status, const char *key)
{
    for (size_t i = 0; status && i < status->metadata_count; i++)
        if (strcmp(status->metadata[i].key, key) == 0)
            return status->metadata[i].value;
    return NULL;
}

const char *nrpc_code_name(nrpc_code code)
{
    return (unsigned)code < ARRAY_LEN(code_names) ? code_names[code] : "UNKNOWN";
}

int nrpc_code_from_name(const char *name, nrpc_code *code)
{
    for (size_t i = 0; i < ARRAY_LEN(code_names); i++) {
        if (strcmp(code_names[i], name) == 0) {
            *code = (nrpc_code)i;
            return 1;
        }
    }
    return 0;
}
