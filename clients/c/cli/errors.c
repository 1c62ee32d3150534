#include "errors.h"

#include "exit_codes.h"
#include "resource_types.h"
#include "width.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_safe(buffer *out, const char *text)
{
    if (text)
        text_put_safe(out, text, strlen(text));
}

enum { MAX_VIOLATIONS = 100 }; // that a status keeps

// Local failures of a file have no place among the codes of calls.
static bool is_local(const nrpc_status *status)
{
    return exit_code(status) == EXIT_LOCAL;
}

static void put_reason(buffer *out, const char *reason)
{
    if (!reason || !*reason)
        return;
    buffer_append_text(out, " (");
    put_safe(out, reason);
    buffer_append_byte(out, ')');
}

static void put_violation(buffer *out, const nrpc_violation *v)
{
    put_safe(out, v->field);
    buffer_append_text(out, v->field && *v->field ? ": " : "");
    put_safe(out, v->description);
    put_reason(out, v->reason);
}

// With violations the message is often the first of them.
static bool repeats_violation(const nrpc_status *status)
{
    const nrpc_violation *v = status->violations;
    return status->violation_count && status->message && v->field && v->description &&
           strstr(status->message, v->field) && strstr(status->message, v->description);
}

void error_put_text(buffer *out, const nrpc_status *status, const char *hint, bool color)
{
    bool repeats = repeats_violation(status);
    buffer_append_text(out, "ftz: ");
    if (!is_local(status))
        buffer_printf(out, color ? "\033[1;31m%s\033[0m: " : "%s: ", nrpc_code_name(status->code));
    if (repeats && status->violation_count == 1) {
        put_violation(out, status->violations);
    } else {
        if (repeats)
            buffer_printf(out, "%s%zu things are wrong",
                          status->violation_count < MAX_VIOLATIONS ? "" : "at least ",
                          status->violation_count);
        else
            put_safe(out, status->message ? status->message : "no message");
        if (!is_local(status))
            put_reason(out, status->reason);
    }
    buffer_append_byte(out, '\n');
    for (size_t i = 0; i < status->violation_count && (!repeats || status->violation_count > 1);
         i++) {
        buffer_append_text(out, "  ");
        put_violation(out, &status->violations[i]);
        buffer_append_byte(out, '\n');
    }
    if (status->retry_after_ms && exit_code(status) != EXIT_UNREACHABLE)
        buffer_printf(out, "  try again in %.3g s\n", (double)status->retry_after_ms / 1000);
    if (hint)
        buffer_printf(out, color ? "\033[36mnext step:\033[0m %s\n" : "next step: %s\n", hint);
}

// A new detail, owned by details.
static json_t *append_detail(json_t *details, const char *type_url)
{
    json_t *detail = json_object();
    json_object_set_new(detail, "@type", json_string(type_url));
    json_array_append_new(details, detail);
    return detail;
}

static json_t *text_json(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_string("");
}

static json_t *violations_json(const nrpc_status *status)
{
    json_t *violations = json_array();
    for (size_t i = 0; i < status->violation_count; i++) {
        const nrpc_violation *v = &status->violations[i];
        json_t *one = json_object();
        json_object_set_new(one, "field", text_json(v->field));
        json_object_set_new(one, "description", text_json(v->description));
        json_object_set_new(one, "reason", text_json(v->reason));
        json_array_append_new(violations, one);
    }
    return violations;
}

#define TYPE_URL(name) "type.googleapis.com/google.rpc." name

static json_t *details_json(const nrpc_status *status)
{
    json_t *details = json_array();
    if (status->reason) {
        json_t *info = append_detail(details, TYPE_URL("ErrorInfo")), *metadata = json_object();
        for (size_t i = 0; i < status->metadata_count; i++)
            json_object_set_new(metadata, status->metadata[i].key,
                                text_json(status->metadata[i].value));
        json_object_set_new(info, "reason", text_json(status->reason));
        json_object_set_new(info, "domain", text_json(status->domain));
        json_object_set_new(info, "metadata", metadata);
    }
    if (status->violation_count)
        json_object_set_new(append_detail(details, TYPE_URL("BadRequest")), "fieldViolations",
                            violations_json(status));
    if (status->retry_after_ms) {
        char delay[32];
        snprintf(delay, sizeof(delay), "%.3fs", (double)status->retry_after_ms / 1000);
        json_object_set_new(append_detail(details, TYPE_URL("RetryInfo")), "retryDelay",
                            json_string(delay));
    }
    if (status->resource_name) {
        json_t *resource = append_detail(details, TYPE_URL("ResourceInfo"));
        json_object_set_new(resource, "resourceType", text_json(status->resource_type));
        json_object_set_new(resource, "resourceName", text_json(status->resource_name));
    }
    return details;
}

void error_put_json(buffer *out, const nrpc_status *status)
{
    json_t *root = json_object();
    json_object_set_new(root, "code", json_integer(status->code));
    json_object_set_new(root, "status", json_string(nrpc_code_name(status->code)));
    json_object_set_new(root, "message", text_json(status->message));
    json_object_set_new(root, "details", details_json(status));
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    buffer_append_text(out, text ? text : "{}");
    buffer_append_byte(out, '\n');
    free(text);
    json_decref(root);
}

static const char *not_found_hint(const struct resource_type *resource)
{
    static const char *const hints[RESOURCE_TYPES] = {
        "`ftz zones list` shows what there is",   "`ftz areas list` shows what there is",
        "`ftz events list` shows what there is",  "`ftz delegations list` shows what there is",
        "`ftz sources list` shows what there is", "`ftz terms list` shows what there is",
    };
    return resource ? hints[resource - resource_types] : NULL;
}

const char *error_hint(const nrpc_status *status, const struct resource_type *resource)
{
    if (exit_code(status) == EXIT_UNREACHABLE)
        return "start a server with `ftzd`, or name one that runs with -s URL or FTZ_SERVER";
    const char *reason = status->reason ? status->reason : "";
    switch (status->code) {
    case NRPC_DEADLINE_EXCEEDED:
        return "allow more time: --timeout 2m";
    case NRPC_NOT_FOUND:
        if (resource && strcmp(reason, "PARENT_NOT_FOUND") == 0)
            resource = &resource_types[RESOURCE_ZONES];
        return strcmp(reason, "UNKNOWN_SYMBOL") == 0 ? "`ftz list` shows the server's services"
                                                     : not_found_hint(resource);
    case NRPC_OUT_OF_RANGE:
        return strcmp(reason, "RESYNC_REQUIRED") == 0
                   ? "take everything anew with `ftz export`, which says its revision, and watch "
                     "--since that"
                   : NULL;
    case NRPC_ABORTED:
        return strcmp(reason, "ETAG_MISMATCH") == 0
                   ? "get it again, look at what was changed, and use the new etag"
                   : NULL;
    case NRPC_FAILED_PRECONDITION:
        return strcmp(reason, "HAS_CHILDREN") == 0 ? "--force deletes what lies in it, too" : NULL;
    case NRPC_UNIMPLEMENTED:
        return "`ftz list` shows the services, `ftz list SERVICE` the methods of one";
    case NRPC_RESOURCE_EXHAUSTED:
        if (strcmp(reason, "IMPORT_TOO_LARGE") == 0)
            return "write it in several transactions: --batch 50000";
        return strcmp(reason, "MESSAGE_TOO_LARGE") == 0 ? "ask for less at once: --page-size N"
                                                        : NULL;
    default:
        return NULL;
    }
}
