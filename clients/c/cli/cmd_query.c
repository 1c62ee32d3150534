#include "cli.h"

#include "exit_codes.h"
#include "output.h"
#include "pages.h"
#include "request.h"
#include "resource_types.h"
#include "schema/json.h"
#include "width.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// "Area" for "areas"; NULL when a mistake has been reported.
static const char *type_name(const cli *c, const char *typed)
{
    const resource_type *type = resource_type_typed(typed);
    if (type)
        return resource_type_name(type);
    const char *near = suggest_word(typed, type_words);
    cli_usage(c, "there is no type %s%s%s%s", typed, near ? "; did you mean " : "",
              near ? near : " (Zone, Area, Event, PowerDelegation, Source, Term)", near ? "?" : "");
    return NULL;
}

bool option_types(const cli *c, option_list *out)
{
    *out = (option_list){.count = c->options.types.count};
    for (size_t i = 0; i < out->count; i++)
        if (!(out->items[i] = type_name(c, c->options.types.items[i])))
            return false;
    return true;
}

static void set_place(json_t *request, const char *name, const char *typed)
{
    char *place = typed ? request_place(typed) : NULL;
    request_set_text(request, name, place);
    free(place);
}

static int give_up(json_t *request)
{
    json_decref(request);
    return EXIT_USAGE;
}

int run_search(cli *c)
{
    const cli_options *o = &c->options;
    option_list types;
    if (!option_types(c, &types))
        return EXIT_USAGE;
    json_t *request = json_object();
    buffer words = {0};
    for (size_t i = 0; i < o->arg_count; i++)
        buffer_printf(&words, "%s%s", i ? " " : "", o->args[i]);
    json_object_set_new(request, "query", json_stringn((const char *)words.data, words.size));
    buffer_fini(&words);
    set_place(request, "parent", o->parent);
    request_set_text(request, "languageCode", o->language);
    request_set_text(request, "view", o->view);
    request_set_list(request, "resourceTypes", &types);
    return pages_print(c, request_method(c, "ftz.v1.QueryService/Search"), request, false, NULL,
                       NULL);
}

// --- timeline -----------------------------------------------------------------------------------

// "TIMELINE_KIND_AREA_OPENED" of "area_opened" or "area-opened".
static bool set_kinds(cli *c, json_t *request)
{
    const schema_enum *type = schema_find_enum(cli_known(c), "ftz.v1.TimelineKind");
    json_t *kinds = json_array();
    for (size_t i = 0; i < c->options.kinds.count; i++) {
        char name[64];
        const char *typed = c->options.kinds.items[i];
        int size = snprintf(name, sizeof(name), "TIMELINE_KIND_%s", typed);
        for (char *letter = name; *letter; letter++)
            *letter = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
        if (size >= (int)sizeof(name) || !schema_enum_by_name(type, name, strlen(name))) {
            const char *near = suggest_word(typed, timeline_kind_words);
            cli_usage(c, "there is no kind %s%s%s%s", typed, near ? "; did you mean " : "",
                      near ? near : "", near ? "?" : "");
            json_decref(kinds);
            return false;
        }
        json_array_append_new(kinds, json_string(name));
    }
    json_object_set_new(request, "kinds", kinds);
    return true;
}

int run_timeline(cli *c)
{
    const cli_options *o = &c->options;
    json_t *request = json_object();
    set_place(request, "parent", o->args[0]);
    request_set_flag(request, "descending", o->descending);
    if (!request_set_date(c, request, "startDate", o->from) ||
        !request_set_date(c, request, "endDate", o->to) || !set_kinds(c, request))
        return give_up(request);
    return pages_print(c, request_method(c, "ftz.v1.QueryService/ListTimeline"), request, false,
                       NULL, NULL);
}

// --- powers -------------------------------------------------------------------------------------

static void print_gaps(const cli *c, const json_t *rest)
{
    size_t i;
    const json_t *gap;
    buffer out = {0};
    json_array_foreach(json_object_get(rest, "gaps"), i, gap)
    {
        const char *text = json_string_value(json_object_get(gap, "text"));
        buffer safe = {0};
        text_put_safe(&safe, text ? text : "", text ? strlen(text) : 0);
        buffer_append_text(&out, i ? "  - " : "\nnot known:\n  - ");
        text_put_wrapped(&out, (const char *)safe.data, safe.size, 4, 4, c->terminal.width);
        buffer_append_byte(&out, '\n');
        buffer_fini(&safe);
    }
    fwrite(out.data, 1, out.size, stdout);
    buffer_fini(&out);
}

int run_powers(cli *c)
{
    const cli_options *o = &c->options;
    json_t *request = json_object();
    set_place(request, "resource", o->args[0]);
    request_set_list(request, "subjectCodes", &o->subjects);
    request_set_text(request, "text", o->text);
    request_set_flag(request, "excludeUnknown", o->exclude_unknown);
    request_set_flag(request, "excludeOutsideReceivers", o->exclude_outside);
    if (!request_set_date(c, request, "date", o->date))
        return give_up(request);
    return pages_print(c, request_method(c, "ftz.v1.QueryService/FindPowers"), request, false,
                       print_gaps, NULL);
}

// --- aggregate ----------------------------------------------------------------------------------

// A row for each sum of each bucket, or for a bucket without sums.
typedef struct bucket_rows {
    const json_t *by; // titles of the keys
    const schema_message *response;
    json_t *rows;
} bucket_rows;

static const char *const sum_keys[] = {"measure", "sum", "unit", "added", "unknown", "left_out"};

// Integers of 64 bits are text in JSON.
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void add_sum(json_t *row, const json_t *sum)
{
    static const char *const members[] = {"measure",  NULL,      "unit",
                                          "summands", "unknown", "leftOut"};
    for (size_t i = 0; i < sizeof(sum_keys) / sizeof(sum_keys[0]); i++) {
        const char *text =
            members[i] ? text_of(sum, members[i]) : text_of(json_object_get(sum, "value"), "value");
        json_object_set_new(row, sum_keys[i], json_string(text));
    }
}

static void add_bucket(const bucket_rows *b, const json_t *bucket)
{
    size_t i;
    json_t *row = json_object(), *key;
    json_array_foreach(b->by, i, key)
    {
        json_t *value = json_array_get(json_object_get(bucket, "keys"), i);
        json_object_set(row, json_string_value(key), value);
    }
    json_object_set_new(row, "count", json_string(text_of(bucket, "count")));
    const json_t *sums = json_object_get(bucket, "sums");
    if (!json_array_size(sums))
        json_array_append(b->rows, row);
    json_array_foreach(sums, i, key)
    {
        json_t *copy = json_copy(row);
        add_sum(copy, key);
        json_array_append_new(b->rows, copy);
    }
    json_decref(row);
}

static nrpc_code take_buckets(void *context, const nrpc_reply *reply, nrpc_status *status)
{
    const bucket_rows *b = context;
    json_t *response, *bucket;
    size_t i;
    if (wire_to_json_value(b->response, reply->payload, reply->payload_size, 0, &response, status))
        return status->code;
    json_array_foreach(json_object_get(response, "buckets"), i, bucket)
    {
        add_bucket(b, bucket);
    }
    json_decref(response);
    return NRPC_OK;
}

static int print_buckets(cli *c, const schema_method *method, json_t *request)
{
    enum { MAX_KEYS = 16 };
    const char *keys[MAX_KEYS];
    size_t count = 0, i;
    const json_t *by = json_object_get(request, "groupBy"), *key;
    bucket_rows b = {by, method->output, json_array()};
    nrpc_status status = {0};
    pages end;
    json_array_foreach(by, i, key)
    {
        if (count < MAX_KEYS / 2) // the server takes four
            keys[count++] = json_string_value(key);
    }
    keys[count++] = "count";
    for (i = 0; c->options.sum && i < sizeof(sum_keys) / sizeof(sum_keys[0]); i++)
        keys[count++] = sum_keys[i];
    if (!pages_walk(c, method, request, false, take_buckets, &b, &end, &status)) {
        output_rows(c, "buckets", keys, count, b.rows);
        pages_say_rest(c, &end);
    }
    pages_fini(&end);
    json_decref(b.rows);
    json_decref(request);
    return status.code ? cli_fail(c, &status) : cli_finish();
}

int run_aggregate(cli *c)
{
    const cli_options *o = &c->options;
    const schema_method *method = request_method(c, "ftz.v1.QueryService/Aggregate");
    output_format format = cli_output(c);
    const char *type = type_name(c, o->args[0]);
    if (!type)
        return EXIT_USAGE;
    json_t *request = json_object();
    request_set_text(request, "resourceType", type);
    set_place(request, "parent", o->parent);
    request_set_text(request, "filter", o->filter);
    request_set_words(request, "groupBy", o->by);
    request_set_words(request, "sum", o->sum);
    if (!request_set_date(c, request, "date", o->date))
        return give_up(request);
    return format == OUTPUT_TABLE || format == OUTPUT_CSV
               ? print_buckets(c, method, request)
               : pages_print(c, method, request, false, NULL, NULL);
}

// --- doubts and history -------------------------------------------------------------------------

int run_check(cli *c)
{
    const cli_options *o = &c->options;
    int64_t doubts = 0;
    json_t *request = json_object();
    set_place(request, "parent", o->arg_count ? o->args[0] : NULL);
    bool all = !o->limit && !o->page_size && !o->page_token;
    int code = pages_print(c, request_method(c, "ftz.v1.RegistryService/CheckData"), request, all,
                           NULL, &doubts);
    return code == EXIT_SUCCESS && o->fail && doubts ? EXIT_DOUBTS : code;
}

int run_history(cli *c)
{
    json_t *request = json_object();
    if (c->resource) {
        char *name = resource_typed_name(c, c->options.args[0]);
        if (!name)
            return give_up(request);
        request_set_text(request, "name", name);
        free(name);
    } else if (resource_type_of_name(c->options.args[0])) {
        request_set_text(request, "name", c->options.args[0]);
    } else {
        set_place(request, "name", c->options.args[0]);
    }
    request_set_text(request, "view", c->options.view);
    return pages_print(c, request_method(c, "ftz.v1.RegistryService/ListRevisions"), request, false,
                       NULL, NULL);
}
