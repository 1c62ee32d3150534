// The services through a real server and the bundled client.
#include "service_support.h"

#include "base/clock.h"
#include "descriptor_set.h"
#include "ftz/v1/area_service.pb-c.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "ftz/v1/zone_service.pb-c.h"
#include "nrpc/v1/batch.pb-c.h"
#include "nrpc/v1/control.pb-c.h"
#include "nrpc/v1/echo.pb-c.h"
#include "nrpc/v1/health.pb-c.h"
#include "nrpc/v1/reflection.pb-c.h"
#include "schema/schema.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <nrpc/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_zone_is_got_cold_and_warm_with_its_revision(void **state)
{
    site *s = *state;
    Ftz__V1__GetZoneRequest request = FTZ__V1__GET_ZONE_REQUEST__INIT;
    request.name = (char *)"zones/cn-xinjiang";
    char expected[REGISTRY_REVISION_SIZE];
    registry_format_revision(s->w.registry, 1, expected);
    uint8_t *first = NULL;
    size_t first_size = 0;
    for (int i = 0; i < 3; i++) {
        nrpc_reply reply;
        nrpc_channel_call_message(s->tcp, "ftz.v1.ZoneService/GetZone", &request.base, NULL,
                                  &reply);
        assert_ok(reply.status.code, &reply.status);
        const char *revision = nrpc_reply_metadata(&reply, "revision", NULL);
        assert_non_null(revision);
        assert_string_equal(revision, expected);
        if (!first) {
            first_size = reply.payload_size;
            first = malloc(first_size);
            memcpy(first, reply.payload, first_size);
        }
        assert_int_equal(reply.payload_size, first_size);
        assert_memory_equal(reply.payload, first, first_size);
        nrpc_reply_fini(&reply);
    }
    Ftz__V1__Zone *zone = ftz__v1__zone__unpack(NULL, first_size, first);
    assert_non_null(zone);
    assert_true(zone->area_km2 == 179.66);
    ftz__v1__zone__free_unpacked(zone, NULL);
    free(first);
    cache_stats stats;
    registry_cache_stats(s->w.registry, &stats);
    assert_true(stats.hits >= 2);
}

static void the_revision_asked_for_is_honoured(void **state)
{
    site *s = *state;
    char reached[REGISTRY_REVISION_SIZE], ahead[REGISTRY_REVISION_SIZE];
    registry_format_revision(s->w.registry, 1, reached);
    registry_format_revision(s->w.registry, 2, ahead);
    const struct {
        const char *revision, *reason;
        nrpc_code code;
    } cases[] = {
        {reached, NULL, NRPC_OK},
        {ahead, "REVISION_NOT_REACHED", NRPC_UNAVAILABLE},
        {"0000000000000000:1", "STORE_MISMATCH", NRPC_FAILED_PRECONDITION},
        {"x", "REVISION_MALFORMED", NRPC_INVALID_ARGUMENT},
    };
    Ftz__V1__GetZoneRequest request = FTZ__V1__GET_ZONE_REQUEST__INIT;
    request.name = (char *)"zones/cn-xinjiang";
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        nrpc_status status = {0};
        nrpc_metadata entry = {"revision", cases[i].revision, 0};
        nrpc_call_options options = {.metadata = &entry, .metadata_count = 1};
        void *zone = ask_with(s->tcp, "ftz.v1.ZoneService/GetZone", &request.base,
                              &ftz__v1__zone__descriptor, &options, &status);
        if (cases[i].code)
            assert_status(&status, cases[i].code, cases[i].reason);
        else
            assert_ok(status.code, &status), drop(zone);
    }
}

static void areas_are_listed_and_got_in_batches(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__ListAreasRequest request = FTZ__V1__LIST_AREAS_REQUEST__INIT;
    char token[400] = "";
    double sum = 0;
    size_t pages = 0;
    request.parent = (char *)"zones/-";
    request.page_size = 2;
    request.include_total_size = true;
    do {
        request.page_token = token;
        Ftz__V1__ListAreasResponse *page =
            ask(s->tcp, "ftz.v1.AreaService/ListAreas", &request.base,
                &ftz__v1__list_areas_response__descriptor, &status);
        assert_ok(status.code, &status);
        assert_int_equal(page->total_size, 3);
        assert_int_equal(page->revision, 1);
        for (size_t i = 0; i < page->n_areas; i++)
            sum += page->areas[i]->area_km2;
        strcpy(token, page->next_page_token);
        drop(page);
        pages++;
    } while (*token);
    assert_int_equal(pages, 2);
    assert_true(sum > 179.659 && sum < 179.661);

    Ftz__V1__BatchGetAreasRequest batch = FTZ__V1__BATCH_GET_AREAS_REQUEST__INIT;
    char *names[] = {(char *)"zones/cn-xinjiang/areas/urumqi",
                     (char *)"zones/cn-xinjiang/areas/khorgos"};
    batch.parent = (char *)"zones/cn-xinjiang";
    batch.names = names;
    batch.n_names = 2;
    Ftz__V1__BatchGetAreasResponse *got =
        ask(s->tcp, "ftz.v1.AreaService/BatchGetAreas", &batch.base,
            &ftz__v1__batch_get_areas_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(got->n_areas, 2);
    assert_string_equal(got->areas[0]->name, names[0]);
    assert_string_equal(got->areas[1]->name, names[1]);
    drop(got);
    names[1] = (char *)"zones/cn-xinjiang/areas/none";
    assert_null(ask(s->tcp, "ftz.v1.AreaService/BatchGetAreas", &batch.base,
                    &ftz__v1__batch_get_areas_response__descriptor, &status));
    assert_violation(&status, "names[1]", "RESOURCE_NOT_FOUND");
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
}

static void writes_are_for_those_who_may(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__CreateImportRequest request = FTZ__V1__CREATE_IMPORT_REQUEST__INIT;
    request.request_id = (char *)"11111111-1111-4111-8111-111111111111";
    const char *create = "ftz.v1.RegistryService/CreateImport";
    assert_null(ask(s->tcp, create, &request.base, &ftz__v1__import__descriptor, &status));
    assert_non_null(nrpc_status_get(&status, "peer"));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    Ftz__V1__Import *import =
        ask(s->ipc, create, &request.base, &ftz__v1__import__descriptor, &status);
    assert_ok(status.code, &status);

    Ftz__V1__AppendImportRequest append = FTZ__V1__APPEND_IMPORT_REQUEST__INIT;
    Ftz__V1__AnyResource any = FTZ__V1__ANY_RESOURCE__INIT, *records[] = {&any};
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    any.kind_case = FTZ__V1__ANY_RESOURCE__KIND_SOURCE;
    any.source = &source;
    source.name = (char *)"sources/seed";
    append.name = import->name;
    append.sequence = 1;
    append.records = records;
    append.n_records = 1;
    assert_null(ask(s->ipc, "ftz.v1.RegistryService/AppendImport", &append.base,
                    &ftz__v1__import__descriptor, &status));
    assert_violation(&status, "records[0].source.title", "REQUIRED");
    nrpc_status_fini(&status);
    source.title = (char *)"Another title";
    Ftz__V1__Import *after = ask(s->ipc, "ftz.v1.RegistryService/AppendImport", &append.base,
                                 &ftz__v1__import__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(after->records, 1);
    drop(after);
    Ftz__V1__CommitImportRequest commit = FTZ__V1__COMMIT_IMPORT_REQUEST__INIT;
    commit.name = import->name;
    commit.request_id = (char *)"22222222-2222-4222-8222-222222222222";
    assert_null(ask(s->tcp, "ftz.v1.RegistryService/CommitImport", &commit.base,
                    &ftz__v1__import__descriptor, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    for (int i = 0; i < 2; i++) {
        after = ask(s->ipc, "ftz.v1.RegistryService/CommitImport", &commit.base,
                    &ftz__v1__import__descriptor, &status);
        assert_ok(status.code, &status);
        assert_int_equal(after->updated, 1);
        assert_int_equal(after->revision, 2);
        drop(after);
    }
    drop(import);
}

static void anonymous_writes_are_taken_where_allowed(void **state)
{
    (void)state;
    site s;
    nrpc_status status = {0};
    site_open(&s, &(service_options){.allow_anonymous_writes = true});
    Ftz__V1__CreateImportRequest request = FTZ__V1__CREATE_IMPORT_REQUEST__INIT;
    request.request_id = (char *)"11111111-1111-4111-8111-111111111111";
    drop(ask(s.tcp, "ftz.v1.RegistryService/CreateImport", &request.base,
             &ftz__v1__import__descriptor, &status));
    assert_ok(status.code, &status);
    // Echo was not asked for.
    Nrpc__V1__EchoRequest echo = NRPC__V1__ECHO_REQUEST__INIT;
    assert_null(ask(s.tcp, "nrpc.v1.EchoService/Echo", &echo.base,
                    &nrpc__v1__echo_response__descriptor, &status));
    assert_int_equal(status.code, NRPC_UNIMPLEMENTED);
    nrpc_status_fini(&status);
    site_close(&s);
}

static void health_knows_the_services(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    static const char *const names[] = {"", "ftz.v1.ZoneService", "nrpc.v1.HealthService"};
    Nrpc__V1__CheckRequest request = NRPC__V1__CHECK_REQUEST__INIT;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        request.service = (char *)(uintptr_t)names[i];
        Nrpc__V1__CheckResponse *r = ask(s->tcp, "nrpc.v1.HealthService/Check", &request.base,
                                         &nrpc__v1__check_response__descriptor, &status);
        assert_ok(status.code, &status);
        assert_int_equal(r->status, NRPC__V1__SERVING_STATUS__SERVING_STATUS_SERVING);
        drop(r);
    }
    request.service = (char *)"ftz.v1.NoService";
    assert_null(ask(s->tcp, "nrpc.v1.HealthService/Check", &request.base,
                    &nrpc__v1__check_response__descriptor, &status));
    assert_status(&status, NRPC_NOT_FOUND, "SERVICE_NOT_FOUND");
}

static void reflection_tells_services_and_definitions(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__ListServicesRequest request = NRPC__V1__LIST_SERVICES_REQUEST__INIT;
    Nrpc__V1__ListServicesResponse *found =
        ask(s->tcp, "nrpc.v1.ReflectionService/ListServices", &request.base,
            &nrpc__v1__list_services_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(found->n_services, 13);
    assert_string_equal(found->services[0], "ftz.v1.AreaService");
    for (size_t i = 1; i < found->n_services; i++)
        assert_true(strcmp(found->services[i - 1], found->services[i]) < 0);
    drop(found);

    static const char *const symbols[] = {
        "ftz.v1.Zone",        "ftz.v1.ZoneService",     "ftz.v1.ZoneService.GetZone",
        "ftz.v1.Zone.kind",   "ftz.v1.STANCE_CORRECTS", "ftz.v1.Stance",
        "ftz.v1.StatedValue", "nrpc.v1.HealthService"};
    Nrpc__V1__GetFileDescriptorSetRequest get = NRPC__V1__GET_FILE_DESCRIPTOR_SET_REQUEST__INIT;
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        get.symbol = (char *)(uintptr_t)symbols[i];
        Nrpc__V1__GetFileDescriptorSetResponse *r =
            ask(s->tcp, "nrpc.v1.ReflectionService/GetFileDescriptorSet", &get.base,
                &nrpc__v1__get_file_descriptor_set_response__descriptor, &status);
        assert_ok(status.code, &status);
        assert_true(r->file_descriptor_set.len < ftz_descriptor_set_size());
        // Complete: it loads, so every import is there, and the symbol is in it.
        schema *pool;
        assert_ok(
            schema_load(r->file_descriptor_set.data, r->file_descriptor_set.len, &pool, &status),
            &status);
        if (i < 3)
            assert_non_null(schema_find(pool, symbols[i]));
        schema_free(pool);
        drop(r);
    }
    get.symbol = (char *)"";
    Nrpc__V1__GetFileDescriptorSetResponse *all =
        ask(s->tcp, "nrpc.v1.ReflectionService/GetFileDescriptorSet", &get.base,
            &nrpc__v1__get_file_descriptor_set_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(all->file_descriptor_set.len, ftz_descriptor_set_size());
    assert_memory_equal(all->file_descriptor_set.data, ftz_descriptor_set_data(),
                        ftz_descriptor_set_size());
    drop(all);
    static const char *const unknown[] = {"ftz.v1.Zoned", ".ftz.v1.Zone", "x", ".", "ftz.v1."};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        get.symbol = (char *)(uintptr_t)unknown[i];
        assert_null(ask(s->tcp, "nrpc.v1.ReflectionService/GetFileDescriptorSet", &get.base,
                        &nrpc__v1__get_file_descriptor_set_response__descriptor, &status));
        assert_status(&status, NRPC_NOT_FOUND, "SYMBOL_NOT_FOUND");
    }
}

static void echo_sends_back_what_was_asked(void **state)
{
    site *s = *state;
    static const struct {
        uint32_t size, delay_ms;
    } cases[] = {{0, 0}, {3, 0}, {5, 0}, {200000, 0}, {0, 30}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        nrpc_status status = {0};
        Nrpc__V1__EchoRequest request = NRPC__V1__ECHO_REQUEST__INIT;
        request.data = (ProtobufCBinaryData){5, (uint8_t *)"hello"};
        request.reply_size = cases[i].size;
        request.delay_ms = cases[i].delay_ms;
        Nrpc__V1__EchoResponse *r = ask(s->tcp, "nrpc.v1.EchoService/Echo", &request.base,
                                        &nrpc__v1__echo_response__descriptor, &status);
        assert_ok(status.code, &status);
        size_t size = cases[i].size ? cases[i].size : 5;
        assert_int_equal(r->data.len, size);
        assert_memory_equal(r->data.data, "hello", size < 5 ? size : 5);
        for (size_t at = 5; at < size; at++)
            assert_int_equal(r->data.data[at], 0);
        drop(r);
    }
    nrpc_status status = {0};
    Nrpc__V1__EchoRequest request = NRPC__V1__ECHO_REQUEST__INIT;
    request.reply_size = 1 << 20;
    assert_null(ask(s->tcp, "nrpc.v1.EchoService/Echo", &request.base,
                    &nrpc__v1__echo_response__descriptor, &status));
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    request.reply_size = 0;
    request.delay_ms = 60000;
    nrpc_call_options options = {.timeout_ms = 100};
    assert_null(ask_with(s->tcp, "nrpc.v1.EchoService/Echo", &request.base,
                         &nrpc__v1__echo_response__descriptor, &options, &status));
    assert_int_equal(status.code, NRPC_DEADLINE_EXCEEDED);
    nrpc_status_fini(&status);
}

static void cancelling_what_is_not_there_is_no_error(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__CancelRequest request = NRPC__V1__CANCEL_REQUEST__INIT;
    request.id = 0x80000000;
    drop(ask(s->tcp, "nrpc.v1.ControlService/Cancel", &request.base,
             &nrpc__v1__cancel_response__descriptor, &status));
    assert_ok(status.code, &status);
}

// --- batch
// -----------------------------------------------------------------------------------------

static void make_call(Nrpc__V1__Call *call, const char *method, const ProtobufCMessage *request)
{
    nrpc__v1__call__init(call);
    call->method = (char *)(uintptr_t)method;
    call->payload.len = protobuf_c_message_get_packed_size(request);
    call->payload.data = malloc(call->payload.len + 1);
    protobuf_c_message_pack(request, call->payload.data);
}

static Nrpc__V1__RunResponse *run(site *s, Nrpc__V1__Call **calls, size_t count,
                                  nrpc_status *status)
{
    Nrpc__V1__RunRequest request = NRPC__V1__RUN_REQUEST__INIT;
    request.calls = calls;
    request.n_calls = count;
    return ask(s->tcp, "nrpc.v1.BatchService/Run", &request.base,
               &nrpc__v1__run_response__descriptor, status);
}

static int code_of(const Nrpc__V1__Reply *reply)
{
    return reply->status ? reply->status->code : 0;
}

static void a_batch_answers_each_call_in_order(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__GetZoneRequest zone = FTZ__V1__GET_ZONE_REQUEST__INIT;
    Ftz__V1__GetZoneRequest none = FTZ__V1__GET_ZONE_REQUEST__INIT;
    Ftz__V1__ListAreasRequest areas = FTZ__V1__LIST_AREAS_REQUEST__INIT;
    Nrpc__V1__EchoRequest echo = NRPC__V1__ECHO_REQUEST__INIT;
    Nrpc__V1__RunRequest nested = NRPC__V1__RUN_REQUEST__INIT;
    zone.name = (char *)"zones/cn-xinjiang";
    none.name = (char *)"zones/none";
    areas.parent = (char *)"zones/-";
    echo.delay_ms = 20;
    echo.data = (ProtobufCBinaryData){2, (uint8_t *)"hi"};
    Nrpc__V1__Call calls[6], *list[6];
    make_call(&calls[0], "ftz.v1.ZoneService/GetZone", &zone.base);
    make_call(&calls[1], "ftz.v1.ZoneService/GetZone", &none.base);
    make_call(&calls[2], "nrpc.v1.BatchService/Run", &nested.base);
    make_call(&calls[3], "nrpc.v1.EchoService/Echo", &echo.base);
    make_call(&calls[4], "no.such/Method", &zone.base);
    make_call(&calls[5], "ftz.v1.AreaService/ListAreas", &areas.base);
    for (size_t i = 0; i < 6; i++)
        list[i] = &calls[i];
    static const int codes[] = {NRPC_OK, NRPC_NOT_FOUND,     NRPC_INVALID_ARGUMENT,
                                NRPC_OK, NRPC_UNIMPLEMENTED, NRPC_OK};
    Nrpc__V1__RunResponse *r = run(s, list, 6, &status);
    assert_ok(status.code, &status);
    assert_int_equal(r->n_replies, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(code_of(r->replies[i]), codes[i]);
    Nrpc__V1__EchoResponse *said = nrpc__v1__echo_response__unpack(NULL, r->replies[3]->payload.len,
                                                                   r->replies[3]->payload.data);
    assert_int_equal(said->data.len, 2);
    drop(said);
    drop(r);
    for (size_t i = 0; i < 6; i++)
        free(calls[i].payload.data);
}

static void a_batch_may_be_empty_or_full_but_not_more(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__CheckRequest check = NRPC__V1__CHECK_REQUEST__INIT;
    Nrpc__V1__Call call, *list[1001];
    make_call(&call, "nrpc.v1.HealthService/Check", &check.base);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        list[i] = &call;
    Nrpc__V1__RunResponse *r = run(s, list, 0, &status);
    assert_ok(status.code, &status);
    assert_int_equal(r->n_replies, 0);
    drop(r);
    // An OK reply without payload has no bytes, and is a reply all the same.
    Nrpc__V1__EchoRequest nothing = NRPC__V1__ECHO_REQUEST__INIT;
    Nrpc__V1__Call empty, *empties[2] = {&empty, &empty};
    make_call(&empty, "nrpc.v1.EchoService/Echo", &nothing.base);
    r = run(s, empties, 2, &status);
    assert_ok(status.code, &status);
    assert_int_equal(r->n_replies, 2);
    assert_int_equal(code_of(r->replies[1]), NRPC_OK);
    drop(r);
    free(empty.payload.data);
    r = run(s, list, 900, &status);
    assert_ok(status.code, &status);
    assert_int_equal(r->n_replies, 900);
    for (size_t i = 0; i < r->n_replies; i++)
        assert_int_equal(code_of(r->replies[i]), NRPC_OK);
    drop(r);
    assert_null(run(s, list, 1001, &status));
    assert_violation(&status, "calls", "COUNT_OUT_OF_RANGE");
    nrpc_status_fini(&status);
    free(call.payload.data);
}

static void a_batch_ends_with_its_deadline(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__EchoRequest slow = NRPC__V1__ECHO_REQUEST__INIT;
    slow.delay_ms = 60000;
    Nrpc__V1__Call call, *list[3] = {&call, &call, &call};
    make_call(&call, "nrpc.v1.EchoService/Echo", &slow.base);
    Nrpc__V1__RunRequest request = NRPC__V1__RUN_REQUEST__INIT;
    request.calls = list;
    request.n_calls = ARRAY_LEN(list);
    nrpc_call_options options = {.timeout_ms = 100};
    int64_t start = clock_now_ns();
    assert_null(ask_with(s->tcp, "nrpc.v1.BatchService/Run", &request.base,
                         &nrpc__v1__run_response__descriptor, &options, &status));
    assert_int_equal(status.code, NRPC_DEADLINE_EXCEEDED);
    assert_true(clock_now_ns() - start < INT64_C(5000000000));
    nrpc_status_fini(&status);
    // An element's own deadline is its own affair.
    call.timeout_ms = 50;
    Nrpc__V1__RunResponse *r = run(s, list, 2, &status);
    assert_ok(status.code, &status);
    assert_int_equal(code_of(r->replies[0]), NRPC_DEADLINE_EXCEEDED);
    assert_int_equal(code_of(r->replies[1]), NRPC_DEADLINE_EXCEEDED);
    drop(r);
    free(call.payload.data);
}

static void replies_that_do_not_fit_a_batch_say_so_one_by_one(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__EchoRequest large = NRPC__V1__ECHO_REQUEST__INIT;
    Nrpc__V1__EchoRequest small = NRPC__V1__ECHO_REQUEST__INIT;
    large.reply_size = 200000; // two fit into 512 KiB
    small.reply_size = 10;
    Nrpc__V1__Call calls[2], *list[6];
    make_call(&calls[0], "nrpc.v1.EchoService/Echo", &large.base);
    make_call(&calls[1], "nrpc.v1.EchoService/Echo", &small.base);
    for (size_t i = 0; i < 6; i++)
        list[i] = &calls[i == 5];
    Nrpc__V1__RunResponse *r = run(s, list, 6, &status);
    assert_ok(status.code, &status);
    assert_int_equal(r->n_replies, 6);
    static const int codes[] = {0, 0, 8, 8, 8, 0};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(code_of(r->replies[i]), codes[i]);
    drop(r);
    free(calls[0].payload.data);
    free(calls[1].payload.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_is_got_cold_and_warm_with_its_revision),
        cmocka_unit_test(the_revision_asked_for_is_honoured),
        cmocka_unit_test(areas_are_listed_and_got_in_batches),
        cmocka_unit_test(health_knows_the_services),
        cmocka_unit_test(reflection_tells_services_and_definitions),
        cmocka_unit_test(echo_sends_back_what_was_asked),
        cmocka_unit_test(cancelling_what_is_not_there_is_no_error),
        cmocka_unit_test(a_batch_answers_each_call_in_order),
        cmocka_unit_test(a_batch_may_be_empty_or_full_but_not_more),
        cmocka_unit_test(a_batch_ends_with_its_deadline),
        cmocka_unit_test(replies_that_do_not_fit_a_batch_say_so_one_by_one),
        cmocka_unit_test(writes_are_for_those_who_may),
        cmocka_unit_test(anonymous_writes_are_taken_where_allowed),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
