#include "integration/vectors.h"

#include "support/test.h"

#include "schema/json.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vector_fail(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_msg("%s", text);
    abort(); // fail_msg does not return
}

void vector_keys(const json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0)
            k++;
        if (!*k)
            vector_fail("nobody knows the key \"%s\"", key);
    }
}

// --- files ---------------------------------------------------------------------------------------

static void add_case(vectors *v, const char *file, const json_t *json, bool ipc)
{
    v->cases = realloc(v->cases, (v->count + 1) * sizeof *v->cases);
    vector_case *c = &v->cases[v->count++];
    *c = (vector_case){.json = json, .ipc = ipc};
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || asprintf(&c->name, "%s/%s over %s", file, name, ipc ? "ipc" : "tcp") < 0) {
        fprintf(stderr, "%s: a case has no name\n", file);
        exit(EXIT_FAILURE);
    }
}

static bool runs_over(const json_t *json, const char *transport)
{
    const json_t *list = json_object_get(json, "transports"), *one;
    size_t i;
    if (!list)
        return true;
    json_array_foreach(list, i, one)
    {
        if (strcmp(json_string_value(one), transport) == 0)
            return true;
    }
    return false;
}

static void load_file(vectors *v, const char *path, const char *const *kinds, bool slow)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *one;
    const json_t *cases = json_object_get(file, "cases");
    const char *kind = json_string_value(json_object_get(file, "kind"));
    if (!kind || !json_array_size(cases)) {
        fprintf(stderr, "%s: %s\n", path, file ? "no kind, or no cases" : error.text);
        exit(EXIT_FAILURE);
    }
    json_array_append_new(v->files, file);
    while (*kinds && strcmp(*kinds, kind) != 0)
        kinds++;
    if (!*kinds)
        return;
    char stem[64];
    const char *base = strrchr(path, '/') + 1;
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
    size_t i;
    json_array_foreach(cases, i, one)
    {
        if (slow != (json_object_get(one, "seconds") != NULL))
            continue;
        if (runs_over(one, "tcp"))
            add_case(v, stem, one, false);
        if (runs_over(one, "ipc"))
            add_case(v, stem, one, true);
    }
}

void vectors_load(vectors *v, const char *const *kinds, bool slow)
{
    glob_t found;
    *v = (vectors){.files = json_array()};
    if (glob(FTZ_SOURCE_DIR "/tests/conformance/*.json", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            load_file(v, found.gl_pathv[i], kinds, slow);
        globfree(&found);
    }
    if (!v->count) {
        fprintf(stderr, "no cases in " FTZ_SOURCE_DIR "/tests/conformance\n");
        exit(EXIT_FAILURE);
    }
}

void vectors_free(vectors *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->cases[i].name);
    free(v->cases);
    json_decref(v->files);
}

// --- bytes
// -----------------------------------------------------------------------------------------

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void append_hex(const char *hex, buffer *out)
{
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        int high = hex_digit(hex[0]), low = high < 0 ? -1 : hex_digit(hex[1]);
        if (low < 0)
            vector_fail("\"%s\" is not hexadecimal", hex);
        buffer_append_byte(out, (uint8_t)(high << 4 | low));
        hex++;
    }
}

static void append_repeat(const json_t *e, const void *header, size_t header_size, buffer *out)
{
    vector_keys(e, (const char *const[]){"repeat", "count", NULL});
    buffer piece = {0};
    vector_bytes(json_object_get(e, "repeat"), header, header_size, &piece);
    json_int_t count = json_integer_value(json_object_get(e, "count"));
    if (count < 1)
        vector_fail("a repeat has no count");
    uint8_t *p = buffer_reserve(out, piece.size * (size_t)count);
    assert_non_null(p);
    for (json_int_t i = 0; i < count; i++)
        memcpy(p + (size_t)i * piece.size, piece.data, piece.size);
    out->size += piece.size * (size_t)count;
    buffer_fini(&piece);
}

void vector_bytes(const json_t *e, const void *header, size_t header_size, buffer *out)
{
    const json_t *part;
    size_t i;
    if (json_is_string(e)) {
        append_hex(json_string_value(e), out);
    } else if (json_is_array(e)) {
        json_array_foreach(e, i, part) vector_bytes(part, header, header_size, out);
    } else if ((part = json_object_get(e, "text"))) {
        buffer_append(out, json_string_value(part), json_string_length(part));
    } else if (json_object_get(e, "repeat")) {
        append_repeat(e, header, header_size, out);
    } else if (json_object_get(e, "header") && header) {
        buffer_append(out, header, header_size);
    } else {
        vector_fail("this is no bytes expression");
    }
}

// --- what a call came to
// -----------------------------------------------------------------------------

static bool mismatch(char path[256], const char *step, const char *why)
{
    char rest[256];
    snprintf(rest, sizeof rest, "%s", path);
    snprintf(path, 256, "%.60s%s%.120s%.60s", step, *rest && *rest != '[' && *step ? "." : "", rest,
             why);
    return false;
}

bool vector_matches(const json_t *expected, const json_t *got, char path[256])
{
    path[0] = 0;
    const char *key;
    json_t *value;
    if (json_is_null(expected))
        return !got || mismatch(path, "", " is there");
    if (!got)
        return mismatch(path, "", " is missing");
    if (json_is_string(expected) && strcmp(json_string_value(expected), "*") == 0) {
        bool empty = (json_is_string(got) && !json_string_length(got)) ||
                     (json_is_array(got) && !json_array_size(got));
        return !empty || mismatch(path, "", " is empty");
    }
    if (json_is_object(expected) && json_is_object(got)) {
        json_object_foreach((json_t *)(uintptr_t)expected, key, value)
        {
            if (!vector_matches(value, json_object_get(got, key), path))
                return mismatch(path, key, "");
        }
        return true;
    }
    if (json_is_array(expected) && json_is_array(got)) {
        if (json_array_size(expected) != json_array_size(got))
            return mismatch(path, "", " has another number of elements");
        for (size_t i = 0; i < json_array_size(expected); i++) {
            char index[32];
            snprintf(index, sizeof index, "[%zu]", i);
            if (!vector_matches(json_array_get(expected, i), json_array_get(got, i), path))
                return mismatch(path, index, "");
        }
        return true;
    }
    bool same = json_is_number(expected) && json_is_number(got)
                    ? json_number_value(expected) == json_number_value(got)
                    : json_equal(expected, got);
    return same || mismatch(path, "", " has another value");
}

static void check_text(const char *what, const json_t *expected, const char *got)
{
    if (expected && strcmp(json_string_value(expected), got ? got : "") != 0)
        vector_fail("%s is \"%s\", not \"%s\"", what, got ? got : "", json_string_value(expected));
}

static void check_violations(const json_t *expected, const nrpc_status *status)
{
    size_t i;
    const json_t *one;
    json_array_foreach(expected, i, one)
    {
        const char *field = json_string_value(json_object_get(one, "field"));
        const char *reason = json_string_value(json_object_get(one, "reason"));
        bool found = false;
        vector_keys(one, (const char *const[]){"field", "reason", NULL});
        for (size_t k = 0; k < status->violation_count; k++) {
            const nrpc_violation *v = &status->violations[k];
            found = found || ((!field || !strcmp(field, v->field)) &&
                              (!reason || !strcmp(reason, v->reason)));
        }
        if (!found)
            vector_fail("no violation %s %s; the first of %zu is %s %s", field ? field : "",
                        reason ? reason : "", status->violation_count,
                        status->violation_count ? status->violations[0].field : "-",
                        status->violation_count ? status->violations[0].reason : "-");
    }
}

static void check_status(const json_t *expect, const nrpc_status *status)
{
    const char *code = json_string_value(json_object_get(expect, "code")), *key;
    if (!code || strcmp(code, nrpc_code_name(status->code)) != 0)
        vector_fail("the code is %s (%s: %s), not %s", nrpc_code_name(status->code),
                    status->reason ? status->reason : "", status->message ? status->message : "",
                    code ? code : "given");
    check_text("the reason", json_object_get(expect, "reason"), status->reason);
    json_t *value;
    json_object_foreach(json_object_get(expect, "error_metadata"), key, value)
    {
        check_text(key, value, nrpc_status_get(status, key));
    }
    check_violations(json_object_get(expect, "violations"), status);
    const json_t *resource = json_object_get(expect, "resource");
    check_text("the resource's type", json_object_get(resource, "type"), status->resource_type);
    check_text("the resource's name", json_object_get(resource, "name"), status->resource_name);
    const json_t *retry = json_object_get(expect, "retry_after_ms");
    if (retry && json_integer_value(retry) != status->retry_after_ms)
        vector_fail("retry after %lld ms", (long long)status->retry_after_ms);
}

json_t *vector_check(const json_t *expect, const nrpc_reply *reply, const schema_message *output)
{
    static const char *const known[] = {
        "code",     "reason",  "error_metadata", "violations", "resource", "retry_after_ms",
        "metadata", "payload", "reply",          "header",     "max_size", NULL};
    const char *key;
    json_t *value, *got = NULL;
    vector_keys(expect, known);
    check_status(expect, &reply->status);
    json_object_foreach(json_object_get(expect, "metadata"), key, value)
    {
        const char *text = nrpc_reply_metadata(reply, key, NULL);
        if (!text || (strcmp(json_string_value(value), "*") != 0 &&
                      strcmp(json_string_value(value), text) != 0))
            vector_fail("the reply's metadata %s is %s", key, text ? text : "missing");
    }
    const json_t *payload = json_object_get(expect, "payload");
    if (payload) {
        buffer bytes = {0};
        vector_bytes(payload, NULL, 0, &bytes);
        bool same = bytes.size == reply->payload_size &&
                    (!bytes.size || memcmp(bytes.data, reply->payload, bytes.size) == 0);
        if (!same)
            vector_fail("another payload, of %zu bytes, not %zu", reply->payload_size, bytes.size);
        buffer_fini(&bytes);
    }
    if (output && reply->status.code == NRPC_OK) {
        nrpc_status status = {0};
        char path[256];
        assert_ok(wire_to_json_value(output, reply->payload, reply->payload_size, 0, &got, &status),
                  &status);
        const json_t *expected = json_object_get(expect, "reply");
        if (expected && !vector_matches(expected, got, path)) {
            char *text = json_dumps(got, JSON_COMPACT);
            vector_fail("in the reply: %s; it is %.600s", path, text);
        }
    }
    return got;
}
