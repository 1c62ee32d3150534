// libftz and the command against a server in this process: imports in chunks, lists over pages,
// methods known only by reflection.
#include "support/test.h"

#include "cli_test.pb-c.h"

#include <ftz/client.h>
#include <nrpc/server.h>
#include <nrpc/v1/reflection.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MAX_CHUNKS = 64, ZONES = 5 };

// Between the test and the handlers, which a command in a process of its own has called.
static pthread_mutex_t meeting = PTHREAD_MUTEX_INITIALIZER;

typedef struct fixture {
    nrpc_server *server;
    ftz_client *client;
    int64_t sequences[MAX_CHUNKS];
    size_t sizes[MAX_CHUNKS], counts[MAX_CHUNKS], chunks;
    bool fail_append, fail_commit;
    unsigned pages;
    int32_t page_sizes[MAX_CHUNKS];
    char filter[64], order_by[64];
    bool total;
} fixture;

static void on_create(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    (void)context;
    char name[] = "imports/1";
    Ftz__V1__Import import = FTZ__V1__IMPORT__INIT;
    assert_int_equal(strlen(((const Ftz__V1__CreateImportRequest *)request)->request_id), 36);
    import.name = name;
    nrpc_call_reply(call, &import.base);
}

static void on_append(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    fixture *f = context;
    const Ftz__V1__AppendImportRequest *request = (const Ftz__V1__AppendImportRequest *)message;
    size_t n = f->chunks++;
    f->sequences[n] = request->sequence;
    f->sizes[n] = ftz__v1__append_import_request__get_packed_size(request);
    f->counts[n] = request->n_records;
    if (f->fail_append && request->sequence == 2) {
        nrpc_status status = {0};
        nrpc_status_violate(&status, "records[1].zone.name", "REQUIRED", "is required");
        nrpc_call_fail(call, &status);
        nrpc_status_fini(&status);
        return;
    }
    Ftz__V1__Import import = FTZ__V1__IMPORT__INIT;
    nrpc_call_reply(call, &import.base);
}

static void on_commit(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    fixture *f = context;
    (void)message;
    if (f->fail_commit) {
        nrpc_status status = {0};
        nrpc_status_violate(&status, "chunks[2].records[0].zone", "X", "is wrong");
        nrpc_status_violate(&status, "chunks[9].records[0].zone", "X", "is nowhere");
        nrpc_call_fail(call, &status);
        nrpc_status_fini(&status);
        return;
    }
    Ftz__V1__Import import = FTZ__V1__IMPORT__INIT;
    import.created = 7;
    nrpc_call_reply(call, &import.base);
}

// Two zones a page; the token is the number of the next.
static void on_list(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    fixture *f = context;
    const Ftz__V1__ListZonesRequest *request = (const Ftz__V1__ListZonesRequest *)message;
    int first = atoi(request->page_token);
    char names[2][32], token[16] = "", display_name[] = "Z";
    Ftz__V1__Zone zones[2] = {FTZ__V1__ZONE__INIT, FTZ__V1__ZONE__INIT}, *list[2];
    Ftz__V1__ListZonesResponse response = FTZ__V1__LIST_ZONES_RESPONSE__INIT;
    pthread_mutex_lock(&meeting);
    f->page_sizes[f->pages++ % MAX_CHUNKS] = request->page_size;
    snprintf(f->filter, sizeof(f->filter), "%s", request->filter);
    snprintf(f->order_by, sizeof(f->order_by), "%s", request->order_by);
    f->total = request->include_total_size;
    pthread_mutex_unlock(&meeting);
    response.total_size = request->include_total_size ? ZONES : 0;
    for (int i = 0; i < 2 && first + i < ZONES; i++) {
        snprintf(names[i], sizeof(names[i]), "zones/z%d", first + i);
        zones[i].name = names[i];
        zones[i].display_name = display_name;
        list[i] = &zones[i];
        response.n_zones++;
    }
    response.zones = list;
    if (first + 2 < ZONES)
        snprintf(token, sizeof(token), "%d", first + 2);
    response.next_page_token = token;
    response.revision = 9;
    nrpc_call_reply(call, &response.base);
}

static void on_describe(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    (void)request;
    (void)context;
    static uint8_t set[65536];
    FILE *file = fopen(CLI_TEST_SET, "rb");
    Nrpc__V1__GetFileDescriptorSetResponse response =
        NRPC__V1__GET_FILE_DESCRIPTOR_SET_RESPONSE__INIT;
    response.file_descriptor_set = (ProtobufCBinaryData){fread(set, 1, sizeof(set), file), set};
    fclose(file);
    nrpc_call_reply(call, &response.base);
}

static void on_hello(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    (void)context;
    char text[64];
    Cli__Test__HelloResponse response = CLI__TEST__HELLO_RESPONSE__INIT;
    snprintf(text, sizeof(text), "hello, %s", ((const Cli__Test__HelloRequest *)request)->who);
    response.text = text;
    nrpc_call_reply(call, &response.base);
}

static int start(void **state)
{
    static const nrpc_method import[] = {{"CreateImport", on_create, NRPC_METHOD_QUICK},
                                         {"AppendImport", on_append, NRPC_METHOD_QUICK},
                                         {"CommitImport", on_commit, NRPC_METHOD_QUICK}};
    static const nrpc_method zones[] = {{"ListZones", on_list, NRPC_METHOD_QUICK}};
    static const nrpc_method reflection[] = {
        {"GetFileDescriptorSet", on_describe, NRPC_METHOD_QUICK}};
    static const nrpc_method greeter[] = {{"Hello", on_hello, NRPC_METHOD_QUICK}};
    fixture *f = calloc(1, sizeof(*f));
    nrpc_server_options options;
    nrpc_status status = {0};
    nrpc_server_options_init(&options);
    assert_ok(nrpc_server_create(&f->server, &options, &status), &status);
    assert_ok(nrpc_server_add_service(f->server, &ftz__v1__registry_service__descriptor, import, 3,
                                      f, &status),
              &status);
    assert_ok(nrpc_server_add_service(f->server, &ftz__v1__zone_service__descriptor, zones, 1, f,
                                      &status),
              &status);
    assert_ok(nrpc_server_add_service(f->server, &nrpc__v1__reflection_service__descriptor,
                                      reflection, 1, f, &status),
              &status);
    assert_ok(
        nrpc_server_add_service(f->server, &cli__test__greeter__descriptor, greeter, 1, f, &status),
        &status);
    assert_ok(nrpc_server_listen(f->server, "tcp://127.0.0.1:0", &status), &status);
    assert_ok(ftz_client_open(&f->client, nrpc_server_address(f->server, 0), NULL, &status),
              &status);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    ftz_client_close(f->client);
    nrpc_server_free(f->server);
    free(f);
    return 0;
}

// Records of about 64 KiB: three and a bit to a chunk.
static nrpc_code add_records(ftz_import *import, size_t count, nrpc_status *status)
{
    char *text = malloc(65001);
    memset(text, 'x', 65000);
    text[65000] = '\0';
    Ftz__V1__Zone zone = FTZ__V1__ZONE__INIT;
    Ftz__V1__AnyResource record = FTZ__V1__ANY_RESOURCE__INIT;
    zone.location_text = text;
    record.kind_case = FTZ__V1__ANY_RESOURCE__KIND_ZONE;
    record.zone = &zone;
    for (size_t i = 0; i < count && !status->code; i++)
        ftz_import_add(import, &record, status);
    free(text);
    return status->code;
}

static void imports_go_in_numbered_chunks(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    ftz_import *import = ftz_import_begin(f->client, false, &status);
    assert_non_null(import);
    assert_ok(add_records(import, 10, &status), &status);
    Ftz__V1__Import *done = ftz_import_commit(import, &status);
    assert_non_null(done);
    assert_int_equal(done->created, 7);
    ftz_free(done);
    ftz_import_free(import);
    assert_int_equal(f->chunks, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(f->sequences[i], i + 1);
        assert_true(f->sizes[i] <= FTZ_IMPORT_CHUNK_SIZE + 100);
    }
    assert_int_equal(f->counts[0], 4);
    assert_int_equal(f->counts[1], 4);
    assert_int_equal(f->counts[2], 2);
}

static void violations_count_records_of_the_whole_import(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    f->fail_append = true;
    ftz_import *import = ftz_import_begin(f->client, false, &status);
    // A chunk's faults are told with the next one, or by the commit.
    if (!add_records(import, 10, &status))
        assert_null(ftz_import_commit(import, &status));
    assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.violations[0].field, "records[5].zone.name");
    assert_string_equal(status.message, "records[5].zone.name: is required");
    nrpc_status_fini(&status);
    ftz_import_free(import);
}

static void so_do_violations_of_the_commit(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    f->fail_commit = true;
    ftz_import *import = ftz_import_begin(f->client, false, &status);
    assert_ok(add_records(import, 10, &status), &status);
    assert_null(ftz_import_commit(import, &status));
    assert_string_equal(status.violations[0].field, "records[4].zone");
    assert_string_equal(status.violations[1].field, "chunks[9].records[0].zone");
    nrpc_status_fini(&status);
    ftz_import_free(import);
}

static void a_list_follows_its_pages(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    char expected[32];
    int seen = 0;
    ftz_list *list = ftz_list_zones(f->client, NULL);
    assert_int_equal(f->pages, 0); // nobody was asked yet
    const Ftz__V1__Zone *zone;
    while ((zone = ftz_next_zone(list, &status))) {
        snprintf(expected, sizeof(expected), "zones/z%d", seen++);
        assert_string_equal(zone->name, expected);
    }
    assert_int_equal(status.code, NRPC_OK);
    assert_int_equal(seen, ZONES);
    assert_int_equal(f->pages, 3);
    assert_int_equal(ftz_list_revision(list), 9);
    assert_null(ftz_next_zone(list, &status)); // the end stays the end
    ftz_list_free(list);
}

static void a_list_carries_its_filter_order_and_count_to_every_page(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    char filter[] = "area_km2 > 20", order_by[] = "area_km2 desc";
    ftz_list *list = ftz_list_zones(
        f->client,
        &(ftz_list_options){.filter = filter, .order_by = order_by, .include_total_size = true});
    memset(filter, 'x', sizeof(filter) - 1); // the list has copies
    memset(order_by, 'x', sizeof(order_by) - 1);
    assert_int_equal(ftz_list_total_size(list), 0);
    for (unsigned page = 1; page <= 3; page++) {
        while (f->pages < page)
            assert_non_null(ftz_next_zone(list, &status));
        assert_string_equal(f->filter, "area_km2 > 20");
        assert_string_equal(f->order_by, "area_km2 desc");
        assert_true(f->total);
        assert_int_equal(ftz_list_total_size(list), ZONES);
        f->filter[0] = f->order_by[0] = '\0';
        f->total = false;
    }
    ftz_list_free(list);
}

static void a_failure_ends_a_list(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    ftz_list *list = ftz_list_areas(f->client, NULL);
    assert_null(ftz_next_area(list, &status));
    assert_int_equal(status.code, NRPC_UNIMPLEMENTED);
    nrpc_status_fini(&status);
    assert_null(ftz_next_area(list, &status));
    ftz_list_free(list);
    assert_null(ftz_get_zone(f->client, "zones/x", &status));
    assert_int_equal(status.code, NRPC_UNIMPLEMENTED);
    nrpc_status_fini(&status);
}

// What one side has written the other sees.
static void meet(void)
{
    pthread_mutex_lock(&meeting);
    pthread_mutex_unlock(&meeting);
}

// Runs ftz with these arguments; both of its outputs in out. Returns its exit code.
static int run_ftz(const fixture *f, const char *arguments, char out[4096])
{
    char command[1024];
    meet();
    snprintf(command, sizeof(command), "%s -s %s %s 2>&1", FTZ_COMMAND,
             nrpc_server_address(f->server, 0), arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, 4095, pipe)] = '\0';
    int result = pclose(pipe);
    meet();
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static void methods_not_compiled_in_are_called_by_reflection(void **state)
{
    const fixture *f = *state;
    char out[4096];
    assert_int_equal(run_ftz(f, "call cli.test.Greeter/Hello -d '{\"who\": \"you\"}'", out), 0);
    assert_string_equal(out, "{\n  \"text\": \"hello, you\"\n}\n");
    assert_int_equal(run_ftz(f, "call Greeter.Hello -o ndjson -d '{}'", out), 0);
    assert_string_equal(out, "{\"text\":\"hello, \"}\n");
    assert_int_equal(run_ftz(f, "call Greeter/Hallo", out), 15);
    assert_non_null(strstr(out, "did you mean cli.test.Greeter.Hello?"));
    assert_int_equal(run_ftz(f, "describe cli.test.Greeter/Hello", out), 0);
    assert_non_null(strstr(out, "// Says hello to someone."));
    assert_non_null(strstr(out, "ftz call cli.test.Greeter/Hello -d '{\n  \"who\": \"\"\n}'"));
}

static void pages_are_joined_and_announced(void **state)
{
    const fixture *f = *state;
    char out[4096];
    assert_int_equal(run_ftz(f, "zones list --all -o table", out), 0);
    assert_string_equal(out, "ID  NAME\nz0  Z\nz1  Z\nz2  Z\nz3  Z\nz4  Z\n");
    assert_int_equal(run_ftz(f, "zones list -o ndjson", out), 0);
    assert_string_equal(out, "{\"name\":\"zones/z0\",\"displayName\":\"Z\"}\n"
                             "{\"name\":\"zones/z1\",\"displayName\":\"Z\"}\n"
                             "ftz: there is more: --all, or --page-token 2\n");
    assert_int_equal(run_ftz(f, "zones list --page-token 4", out), 0);
    assert_string_equal(out, "{\n"
                             "  \"zones\": [\n"
                             "    {\n"
                             "      \"name\": \"zones/z4\",\n"
                             "      \"displayName\": \"Z\"\n"
                             "    }\n"
                             "  ],\n"
                             "  \"revision\": \"9\"\n"
                             "}\n");
    assert_int_equal(run_ftz(f, "zones list --page-token 8 -o json", out), 0);
    assert_string_equal(out, "{\n  \"zones\": [],\n  \"revision\": \"9\"\n}\n");
}

static void a_limit_asks_for_no_more_than_it_needs(void **state)
{
    fixture *f = *state;
    char out[4096];
    assert_int_equal(run_ftz(f, "zones list --limit 3 -o ndjson", out), 0);
    assert_int_equal(f->pages, 2);
    assert_int_equal(f->page_sizes[0], 3);
    assert_int_equal(f->page_sizes[1], 1); // the server gave two of three
    f->pages = 0;
    assert_int_equal(run_ftz(f, "zones list --limit 2000 --page-size 7 -o ndjson", out), 0);
    assert_int_equal(f->pages, 3);
    assert_int_equal(f->page_sizes[2], 7);
    assert_null(strstr(out, "there is more"));
}

static void filter_order_and_total_are_sent(void **state)
{
    fixture *f = *state;
    char out[4096];
    assert_int_equal(run_ftz(f,
                             "zones list --filter 'area_km2 > 30' --order-by 'wave desc' --total "
                             "--all -o ndjson",
                             out),
                     0);
    assert_string_equal(f->filter, "area_km2 > 30");
    assert_string_equal(f->order_by, "wave desc");
    assert_true(f->total);
    assert_non_null(strstr(out, "ftz: 5 in all\n"));
}

static void mistakes_end_with_their_own_codes(void **state)
{
    const fixture *f = *state;
    char out[4096];
    assert_int_equal(run_ftz(f, "", out), 2);
    assert_int_equal(run_ftz(f, "zone list", out), 2);
    assert_string_equal(out, "ftz: there is no command zone; did you mean zones?\n"
                             "next step: see `ftz --help`\n");
    assert_int_equal(run_ftz(f, "zones list --outptu json", out), 2);
    assert_non_null(strstr(out, "did you mean --output?"));
    assert_int_equal(run_ftz(f, "zones list extra", out), 2);
    assert_int_equal(run_ftz(f, "zones get x", out), 22);
    assert_int_equal(run_ftz(f, "call ListZones -d '{'", out), 13);
    assert_int_equal(run_ftz(f, "call ListZones -d @/nonexistent", out), 1);
    assert_int_equal(run_ftz(f, "-s tcp://127.0.0.1:1 zones list", out), 3);
    assert_non_null(strstr(out, "next step: start a server with `ftzd`"));
    assert_int_equal(run_ftz(f, "zones list > /dev/full", out), 1);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(imports_go_in_numbered_chunks),
        WITH_SERVER(violations_count_records_of_the_whole_import),
        WITH_SERVER(so_do_violations_of_the_commit),
        WITH_SERVER(a_list_follows_its_pages),
        WITH_SERVER(a_list_carries_its_filter_order_and_count_to_every_page),
        WITH_SERVER(a_failure_ends_a_list),
        WITH_SERVER(methods_not_compiled_in_are_called_by_reflection),
        WITH_SERVER(pages_are_joined_and_announced),
        WITH_SERVER(a_limit_asks_for_no_more_than_it_needs),
        WITH_SERVER(filter_order_and_total_are_sent),
        WITH_SERVER(mistakes_end_with_their_own_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
