#include "cli.h"

#include "base/pbwire.h"
#include "export_file.h"
#include "pages.h"
#include "progress.h"
#include "record.h"
#include "record_spool.h"
#include "request.h"
#include "resource_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS "vocabularies/counts"

enum { SOURCES_AT_ONCE = 100 };

typedef struct exporting {
    cli *c;
    char *zone; // of --parent; NULL: everything
    const schema_message *registry;
    const schema_field *group; // being read
    record_spool spool;
    char *since;      // the revision that the spool with its changes is at; NULL: nothing was read
    bool moved;       // something was read at a later one
    json_t *cited;    // names of sources, with --parent: true when it has been read
    size_t cited_new; // of them not read
    int64_t in_all;   // records; 0: not known
    export_file file;
    progress progress;
} exporting;

static const schema_field *group_of(const exporting *e, const char *message)
{
    for (size_t i = 0; i < e->registry->field_count; i++)
        if (strcmp(e->registry->fields[i].message->full_name, message) == 0)
            return &e->registry->fields[i];
    return NULL;
}

// The revision a reply was read at. Everything read at the first one is of one state.
static nrpc_code note_revision(exporting *e, const nrpc_reply *reply, nrpc_status *status)
{
    const char *revision = nrpc_reply_metadata(reply, "revision", NULL);
    if (!revision)
        return nrpc_status_set(status, NRPC_INTERNAL, "REPLY_MALFORMED",
                               "the server does not say which revision it answers from");
    if (!e->since && !(e->since = strdup(revision)))
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    e->moved = e->moved || strcmp(e->since, revision) != 0;
    return NRPC_OK;
}

// --- cited sources, which go with a zone --------------------------------------------------------

static void note_citation(exporting *e, const schema_field *sources, const pbwire_field *citation)
{
    pbwire_reader reader = pbwire_read(citation->data, citation->size);
    pbwire_field field;
    while (pbwire_next(&reader, &field)) {
        if (field.number != sources->number || field.type != PBWIRE_BYTES)
            continue;
        if (json_object_getn(e->cited, (const char *)field.data, field.size))
            continue;
        json_object_setn_new(e->cited, (const char *)field.data, field.size, json_false());
        e->cited_new++;
    }
}

static void note_citations(exporting *e, const schema_message *type, const void *record,
                           size_t size)
{
    const schema_field *citations = schema_message_field(type, "citations", strlen("citations"));
    if (!e->zone || !citations)
        return;
    const schema_field *sources =
        schema_message_field(citations->message, "sources", strlen("sources"));
    pbwire_reader reader = pbwire_read(record, size);
    pbwire_field field;
    while (pbwire_next(&reader, &field))
        if (field.number == citations->number && field.type == PBWIRE_BYTES)
            note_citation(e, sources, &field);
}

static nrpc_code take_sources(exporting *e, const nrpc_reply *reply, nrpc_status *status)
{
    const schema_field *group = group_of(e, "ftz.v1.Source");
    pbwire_reader reader = pbwire_read(reply->payload, reply->payload_size);
    pbwire_field field;
    while (!status->code && pbwire_next(&reader, &field)) {
        size_t size;
        const char *name = record_name(field.data, field.size, &size);
        char *copy = strndup(name, size);
        if (field.number == 1 && copy)
            record_spool_change(&e->spool, group->number, copy, field.data, field.size, status);
        free(copy);
    }
    return status->code;
}

static nrpc_code read_cited(exporting *e, nrpc_status *status)
{
    const schema_method *method = request_method(e->c, "ftz.v1.SourceService/BatchGetSources");
    while (e->cited_new && !status->code) {
        json_t *names = json_array(), *request = json_pack("{s:o}", "names", names), *read;
        const char *name;
        json_object_foreach(e->cited, name, read)
        {
            if (json_is_false(read) && json_array_size(names) < SOURCES_AT_ONCE)
                json_array_append_new(names, json_string(name));
        }
        e->cited_new -= json_array_size(names);
        nrpc_reply reply;
        if (request_call(e->c, method, request, FTZ_IDEMPOTENT, &reply))
            nrpc_status_move(status, &reply.status);
        else if (!note_revision(e, &reply, status))
            take_sources(e, &reply, status);
        size_t i;
        json_t *one;
        json_array_foreach(names, i, one)
        {
            json_object_set_new(e->cited, json_string_value(one), json_true());
        }
        nrpc_reply_fini(&reply);
        json_decref(request);
    }
    return status->code;
}

// --- reading ------------------------------------------------------------------------------------

static nrpc_code take_record(exporting *e, const schema_field *group, const void *record,
                             size_t size, nrpc_status *status)
{
    note_citations(e, group->message, record, size);
    record_spool_add(&e->spool, group->number, record, size, status);
    progress_show(&e->progress, e->spool.count,
                  e->in_all ? (double)e->spool.count / (double)e->in_all : -1);
    return status->code;
}

static nrpc_code take_page(void *context, const nrpc_reply *reply, nrpc_status *status)
{
    exporting *e = context;
    pbwire_reader reader = pbwire_read(reply->payload, reply->payload_size);
    pbwire_field field;
    if (note_revision(e, reply, status))
        return status->code;
    while (!status->code && pbwire_next(&reader, &field))
        if (field.number == 1 && field.type == PBWIRE_BYTES)
            take_record(e, e->group, field.data, field.size, status);
    return status->code;
}

// What of this type to list; NULL: nothing, a zone alone is got. With a zone goes the vocabulary
// that units of quantities are terms of.
static json_t *list_request(const exporting *e, const resource_type *type)
{
    bool units = e->zone && type == &resource_types[RESOURCE_TERMS];
    if (e->zone && !units && (!type->parent || strcmp(type->parent, "zones") != 0))
        return NULL;
    char *parent = resource_parent(type, units ? UNITS : e->zone);
    json_t *request = json_object();
    request_set_text(request, "parent", parent);
    free(parent);
    return request;
}

static nrpc_code read_zone(exporting *e, nrpc_status *status)
{
    nrpc_reply reply;
    json_t *request = json_pack("{s:s}", "name", e->zone);
    if (request_call(e->c, request_method(e->c, "ftz.v1.ZoneService/GetZone"), request,
                     FTZ_IDEMPOTENT, &reply))
        nrpc_status_move(status, &reply.status);
    else if (!note_revision(e, &reply, status))
        take_record(e, e->group, reply.payload, reply.payload_size, status);
    nrpc_reply_fini(&reply);
    json_decref(request);
    return status->code;
}

static nrpc_code read_group(exporting *e, const schema_field *group, nrpc_status *status)
{
    const resource_type *type = resource_type_of(group->message->full_name);
    json_t *request = list_request(e, type);
    pages end;
    e->group = group;
    if (request) {
        pages_walk(e->c, resource_method(cli_known(e->c), type, "List"), request, true, take_page,
                   e, &end, status);
        pages_fini(&end);
        json_decref(request);
    } else if (type == &resource_types[RESOURCE_ZONES]) {
        read_zone(e, status);
    }
    return status->code;
}

static nrpc_code ignore_page(void *context, const nrpc_reply *reply, nrpc_status *status)
{
    (void)context;
    (void)reply;
    return status->code;
}

// Only for the time left: what cannot be counted is not.
static void count_records(exporting *e)
{
    for (size_t i = 0; i < e->registry->field_count && e->progress.shown; i++) {
        const resource_type *type = resource_type_of(e->registry->fields[i].message->full_name);
        json_t *request = list_request(e, type);
        nrpc_status status = {0};
        pages end;
        if (!request)
            continue;
        request_set_flag(request, "includeTotalSize", true);
        request_set_text(request, "view", "RESOURCE_VIEW_BASIC");
        e->c->options.page_size = 1;
        pages_walk(e->c, resource_method(cli_known(e->c), type, "List"), request, false,
                   ignore_page, NULL, &end, &status);
        e->c->options.page_size = 0;
        e->in_all += (int64_t)end.total;
        pages_fini(&end);
        nrpc_status_fini(&status);
        json_decref(request);
    }
}

// --- what changed meanwhile ---------------------------------------------------------------------

static bool is_wanted(const exporting *e, const char *name)
{
    if (!e->zone || json_object_get(e->cited, name) || !strncmp(name, UNITS "/", sizeof(UNITS)))
        return true;
    size_t size = strlen(e->zone);
    return strncmp(name, e->zone, size) == 0 && (!name[size] || name[size] == '/');
}

static nrpc_code take_change(exporting *e, const Ftz__V1__Change *change, nrpc_status *status)
{
    if (!is_wanted(e, change->name))
        return NRPC_OK;
    bool gone = change->type == FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_DELETED ||
                change->type == FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_PURGED;
    const ProtobufCMessage *resource =
        change->resource && change->resource->kind_case
            ? &change->resource->zone->base // any member: all of them are messages
            : NULL;
    if (gone || !resource)
        return record_spool_change(&e->spool, 0, change->name, NULL, 0, status);
    size_t size = protobuf_c_message_get_packed_size(resource);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    protobuf_c_message_pack(resource, bytes);
    const schema_field *group = group_of(e, resource->descriptor->name);
    note_citations(e, group->message, bytes, size);
    record_spool_change(&e->spool, group->number, change->name, bytes, size, status);
    free(bytes);
    return status->code;
}

static nrpc_code catch_up(exporting *e, nrpc_status *status)
{
    bool more = true;
    while (more && !status->code) {
        Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
        request.since = e->since;
        request.include_resources = true;
        request.page_size = 1000;
        Ftz__V1__ListChangesResponse *response = (Ftz__V1__ListChangesResponse *)ftz_call_message(
            e->c->client, "ftz.v1.RegistryService/ListChanges", &request.base,
            &ftz__v1__list_changes_response__descriptor, FTZ_IDEMPOTENT, status);
        if (!response)
            break;
        for (size_t i = 0; i < response->n_changes && !status->code; i++)
            take_change(e, response->changes[i], status);
        more = response->more;
        free(e->since);
        e->since = strdup(response->next_since);
        if (!e->since)
            nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
        ftz_free(response);
    }
    e->moved = false;
    return status->code;
}

static nrpc_code read_all(exporting *e, nrpc_status *status)
{
    progress_begin(&e->progress, e->c, "read");
    count_records(e);
    for (size_t i = 0; i < e->registry->field_count && !status->code; i++)
        read_group(e, &e->registry->fields[i], status);
    do {
        if (!status->code)
            read_cited(e, status);
        if (!status->code && e->moved)
            catch_up(e, status);
    } while (!status->code && (e->moved || e->cited_new));
    progress_end(&e->progress);
    return status->code;
}

// --- the command --------------------------------------------------------------------------------

static nrpc_code write_record(void *context, uint32_t group, const void *record, size_t size,
                              nrpc_status *status)
{
    exporting *e = context;
    export_file_add(&e->file, schema_message_number(e->registry, group), record, size, status);
    progress_show(&e->progress, e->file.count, (double)e->file.count / (double)e->spool.count);
    return status->code;
}

static nrpc_code write_all(exporting *e, nrpc_status *status)
{
    const cli_options *o = &e->c->options;
    const char *path = o->arg_count ? o->args[0] : NULL;
    size_t size = path ? strlen(path) : 0;
    bool lines = o->format ? strcmp(o->format, "jsonl") == 0
                           : size > 6 && strcmp(path + size - 6, ".jsonl") == 0;
    if (export_file_open(&e->file, cli_known(e->c), path, lines, o->server_fields, status))
        return status->code;
    progress_begin(&e->progress, e->c, "written");
    if (!record_spool_each(&e->spool, write_record, e, status))
        export_file_commit(&e->file, status);
    progress_end(&e->progress);
    return status->code;
}

static void print_result(const exporting *e)
{
    if (!e->file.path)
        return;
    if (cli_output(e->c) == OUTPUT_TABLE)
        printf("%" PRId64 " records at revision %s in %s\n", e->file.count, e->since, e->file.path);
    else
        printf("{\"records\":\"%" PRId64 "\",\"revision\":\"%s\"}\n", e->file.count, e->since);
}

int run_export(cli *c)
{
    nrpc_status status = {0};
    exporting e = {
        .c = c,
        .registry = schema_find_message(cli_known(c), "ftz.v1.Registry"),
        .cited = json_object(),
    };
    if (c->options.parent && strcmp(c->options.parent, "zones/-") != 0)
        e.zone = request_place(c->options.parent);
    if (!record_spool_init(&e.spool, &status) && !cli_client(c, &status) &&
        !read_all(&e, &status) && !write_all(&e, &status))
        print_result(&e);
    export_file_fini(&e.file);
    record_spool_fini(&e.spool);
    json_decref(e.cited);
    free(e.since);
    free(e.zone);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
