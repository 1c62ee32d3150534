#include "request.h"

#include "base/buffer.h"
#include "resource_types.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void request_set_text(json_t *request, const char *name, const char *text)
{
    if (text)
        json_object_set_new(request, name, json_string(text));
}

void request_set_count(json_t *request, const char *name, int64_t count)
{
    if (count)
        json_object_set_new(request, name, json_integer(count));
}

void request_set_flag(json_t *request, const char *name, bool flag)
{
    if (flag)
        json_object_set_new(request, name, json_true());
}

void request_set_list(json_t *request, const char *name, const option_list *list)
{
    if (!list->count)
        return;
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, json_string(list->items[i]));
    json_object_set_new(request, name, items);
}

void request_set_words(json_t *request, const char *name, const char *words)
{
    if (!words)
        return;
    json_t *items = json_array();
    while (*words) {
        words += strspn(words, ", ");
        size_t size = strcspn(words, ", ");
        if (size)
            json_array_append_new(items, json_stringn(words, size));
        words += size;
    }
    json_object_set_new(request, name, items);
}

void request_set_etag(json_t *request, const char *etag)
{
    if (etag && etag[0] != '"')
        json_object_set_new(request, "etag", json_sprintf("\"%s\"", etag));
    else
        request_set_text(request, "etag", etag);
}

json_t *request_date(const char *text)
{
    unsigned year = 0, month = 0, day = 0;
    if (strcmp(text, "today") == 0) {
        time_t now = time(NULL);
        struct tm utc;
        gmtime_r(&now, &utc);
        return json_pack("{s:i,s:i,s:i}", "year", utc.tm_year + 1900, "month", utc.tm_mon + 1,
                         "day", utc.tm_mday);
    }
    size_t size = strlen(text);
    int end = -1;
    if (size == 4)
        sscanf(text, "%4u%n", &year, &end);
    else if (size == 7)
        sscanf(text, "%4u-%2u%n", &year, &month, &end);
    else if (size == 10)
        sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &end);
    if (end != (int)size || strspn(text, "0123456789-") != size || !year ||
        (size > 4 && (!month || month > 12)) || (size > 7 && (!day || day > 31)))
        return NULL;
    json_t *date = json_object();
    request_set_count(date, "year", year);
    request_set_count(date, "month", month);
    request_set_count(date, "day", day);
    return date;
}

bool request_set_date(const cli *c, json_t *request, const char *name, const char *text)
{
    if (!text)
        return true;
    json_t *date = request_date(text);
    if (!date) {
        cli_usage(c, "%s is no date; write 2023, 2023-11, 2023-11-01 or today", text);
        return false;
    }
    json_object_set_new(request, name, date);
    return true;
}

char *request_place(const char *typed)
{
    bool needs_parent;
    const char *slash = strchr(typed, '/');
    if (strncmp(typed, "zones/", strlen("zones/")) == 0)
        return strdup(typed);
    return resource_name(&resource_types[slash ? RESOURCE_AREAS : RESOURCE_ZONES], NULL, typed,
                         &needs_parent);
}

nrpc_code request_make_id(const cli *c, char out[REQUEST_ID_SIZE], nrpc_status *status)
{
    if (!c->options.request_id)
        return request_id_make(out, status);
    snprintf(out, REQUEST_ID_SIZE, "%s", c->options.request_id);
    return NRPC_OK;
}

nrpc_code request_call(cli *c, const schema_method *method, const json_t *request, unsigned flags,
                       nrpc_reply *reply)
{
    buffer bytes = {0};
    *reply = (nrpc_reply){0};
    nrpc_code code = json_value_to_wire(method->input, request, NULL, &bytes, &reply->status);
    if (!code)
        code = cli_call(c, method, bytes.data, bytes.size, flags, reply);
    buffer_fini(&bytes);
    return code;
}

const schema_method *request_method(cli *c, const char *name)
{
    return schema_find_method(cli_known(c), name);
}
