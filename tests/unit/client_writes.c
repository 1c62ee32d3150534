// Writes through libftz and a real server.
#include "service_support.h"

#include <ftz/client.h>
#include <nrpc/v1/batch.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE "zones/cn-xinjiang"

typedef struct desk {
    site site;
    ftz_client *client; // may write
} desk;

static int setup(void **state)
{
    desk *d = calloc(1, sizeof *d);
    nrpc_status status = {0};
    char ipc[128];
    site_open(&d->site, &(service_options){.echo = true});
    snprintf(ipc, sizeof ipc, "ipc://%s/socket", d->site.w.directory);
    assert_ok(ftz_client_open(&d->client, ipc, NULL, &status), &status);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk *d = *state;
    ftz_client_close(d->client);
    site_close(&d->site);
    free(d);
    return 0;
}

static void a_resource_is_created_changed_deleted_and_brought_back(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Area area = FTZ__V1__AREA__INIT;
    area.display_name = (char *)"X";
    area.area_km2 = 2.5;
    Ftz__V1__Area *made = ftz_create_area(d->client, ZONE, "x", &area, NULL, &status);
    assert_ok(status.code, &status);
    assert_string_equal(made->name, ZONE "/areas/x");
    assert_true(made->area_km2 == 2.5);

    const char *mask[] = {"area_km2", "group", NULL};
    area.name = made->name;
    area.etag = made->etag;
    area.area_km2 = 3;
    area.display_name = (char *)"not in the mask";
    area.group = (char *)"g";
    Ftz__V1__Area *changed =
        ftz_update_area(d->client, &area, &(ftz_write_options){.update_mask = mask}, &status);
    assert_ok(status.code, &status);
    assert_true(changed->area_km2 == 3);
    assert_string_equal(changed->group, "g");
    assert_string_equal(changed->display_name, "X");
    assert_string_equal(changed->uid, made->uid);

    assert_null(
        ftz_delete_area(d->client, made->name, &(ftz_write_options){.etag = made->etag}, &status));
    assert_status(&status, NRPC_ABORTED, "ETAG_MISMATCH");
    Ftz__V1__Area *deleted = ftz_delete_area(d->client, made->name,
                                             &(ftz_write_options){.etag = changed->etag}, &status);
    assert_ok(status.code, &status);
    assert_non_null(deleted->delete_time);
    Ftz__V1__Area *back = ftz_undelete_area(d->client, made->name, NULL, &status);
    assert_ok(status.code, &status);
    assert_null(back->delete_time);
    assert_true(back->area_km2 == 3);
    ftz_free(made);
    ftz_free(changed);
    ftz_free(deleted);
    ftz_free(back);
}

static void every_type_can_be_written(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Zone zone = FTZ__V1__ZONE__INIT;
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    Ftz__V1__Term term = FTZ__V1__TERM__INIT;
    Ftz__V1__Event event = FTZ__V1__EVENT__INIT;
    Ftz__V1__PowerDelegation delegation = FTZ__V1__POWER_DELEGATION__INIT;
    Google__Type__Date date = GOOGLE__TYPE__DATE__INIT;
    char text[] = "T";
    date.year = 2024;
    zone.display_name = source.title = term.display_name = event.title = delegation.display_name =
        text;
    event.date = &date;
    ftz_free(ftz_create_zone(d->client, "z", &zone, NULL, &status));
    assert_ok(status.code, &status);
    ftz_free(ftz_create_source(d->client, "s", &source, NULL, &status));
    assert_ok(status.code, &status);
    ftz_free(ftz_create_term(d->client, "vocabularies/v", "t", &term, NULL, &status));
    assert_ok(status.code, &status);
    ftz_free(ftz_create_event(d->client, "zones/z", "e", &event, NULL, &status));
    assert_ok(status.code, &status);
    ftz_free(ftz_create_power_delegation(d->client, "zones/z", "d", &delegation, NULL, &status));
    assert_ok(status.code, &status);
    assert_null(ftz_delete_zone(d->client, "zones/z", NULL, &status));
    assert_string_equal(nrpc_status_get(&status, "power_delegations"), "1");
    assert_status(&status, NRPC_FAILED_PRECONDITION, "HAS_CHILDREN");
    ftz_free(ftz_delete_zone(d->client, "zones/z", &(ftz_write_options){.force = true}, &status));
    assert_ok(status.code, &status);
    Ftz__V1__PowerDelegation *gone =
        ftz_get_power_delegation(d->client, "zones/z/powerDelegations/d", &status);
    assert_ok(status.code, &status);
    assert_non_null(gone->delete_time);
    ftz_free(gone);
}

static void an_id_of_ones_own_makes_a_repeat_safe(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    const ftz_write_options options = {.request_id = "22222222-2222-4222-8222-222222222222"};
    source.title = (char *)"T";
    Ftz__V1__Source *first = ftz_create_source(d->client, "s", &source, &options, &status);
    assert_ok(status.code, &status);
    Ftz__V1__Source *again = ftz_create_source(d->client, "s", &source, &options, &status);
    assert_ok(status.code, &status);
    assert_string_equal(first->uid, again->uid);
    assert_string_equal(first->etag, again->etag);
    // Without one, each call is a write of its own.
    assert_null(ftz_create_source(d->client, "s", &source, NULL, &status));
    assert_status(&status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
    assert_null(ftz_create_source(d->client, "t", &source, &options, &status));
    assert_status(&status, NRPC_ALREADY_EXISTS, "REQUEST_ID_REUSED");
    ftz_free(first);
    ftz_free(again);
}

static void a_trial_writes_nothing(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    source.title = (char *)"T";
    Ftz__V1__Source *tried = ftz_create_source(
        d->client, "s", &source, &(ftz_write_options){.validate_only = true}, &status);
    assert_ok(status.code, &status);
    assert_string_equal(tried->name, "sources/s");
    assert_null(ftz_get_source(d->client, "sources/s", &status));
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    ftz_free(tried);
}

static void a_batch_is_one_revision(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    Ftz__V1__AnyResource any = FTZ__V1__ANY_RESOURCE__INIT;
    Ftz__V1__CreateOperation create = FTZ__V1__CREATE_OPERATION__INIT;
    Ftz__V1__DeleteOperation delete = FTZ__V1__DELETE_OPERATION__INIT;
    Ftz__V1__WriteOperation first = FTZ__V1__WRITE_OPERATION__INIT, second = first;
    source.name = (char *)"sources/s";
    source.title = (char *)"T";
    any.kind_case = FTZ__V1__ANY_RESOURCE__KIND_SOURCE;
    any.source = &source;
    create.resource = &any;
    first.operation_case = FTZ__V1__WRITE_OPERATION__OPERATION_CREATE;
    first.create = &create;
    delete.name = source.name;
    second.operation_case = FTZ__V1__WRITE_OPERATION__OPERATION_DELETE;
    second.delete_ = &delete;
    Ftz__V1__WriteOperation *writes[] = {&first, &second};
    Ftz__V1__BatchWriteResponse *done = ftz_batch_write(d->client, writes, 2, NULL, &status);
    assert_ok(status.code, &status);
    assert_int_equal(done->n_results, 2);
    assert_int_equal(done->revision, 2);
    assert_int_equal(done->results[1]->revision, 2);
    ftz_free(done);
    assert_null(ftz_batch_write(d->client, writes, 2, NULL, &status));
    assert_violation(&status, "writes[0].create.resource.source.name", "RESOURCE_EXISTS");
    assert_status(&status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
}

// --- what only the wire shows --------------------------------------------------------------------

static Ftz__V1__UpdateZoneRequest update_request(Ftz__V1__Zone *zone, char *request_id)
{
    Ftz__V1__UpdateZoneRequest request = FTZ__V1__UPDATE_ZONE_REQUEST__INIT;
    ftz__v1__zone__init(zone);
    zone->name = (char *)ZONE;
    zone->location_text = request_id;
    request.zone = zone;
    request.request_id = request_id;
    return request;
}

static void a_reader_who_names_the_revision_sees_the_write(void **state)
{
    desk *d = *state;
    Ftz__V1__Zone zone;
    char id[] = "33333333-3333-4333-8333-333333333330";
    for (int i = 0; i < 10; i++) {
        nrpc_reply written, read;
        id[35] = (char)('0' + i);
        Ftz__V1__UpdateZoneRequest request = update_request(&zone, id);
        nrpc_channel_call_message(d->site.ipc, "ftz.v1.ZoneService/UpdateZone", &request.base, NULL,
                                  &written);
        assert_ok(written.status.code, &written.status);
        const char *revision = nrpc_reply_metadata(&written, "revision", NULL);
        assert_non_null(revision);
        Ftz__V1__GetZoneRequest get = FTZ__V1__GET_ZONE_REQUEST__INIT;
        get.name = (char *)ZONE;
        nrpc_metadata entry = {"revision", revision, 0};
        nrpc_call_options options = {.metadata = &entry, .metadata_count = 1};
        nrpc_channel_call_message(d->site.tcp, "ftz.v1.ZoneService/GetZone", &get.base, &options,
                                  &read);
        assert_ok(read.status.code, &read.status);
        assert_string_equal(nrpc_reply_metadata(&read, "revision", NULL), revision);
        assert_int_equal(read.payload_size, written.payload_size);
        assert_memory_equal(read.payload, written.payload, read.payload_size);
        nrpc_reply_fini(&written);
        nrpc_reply_fini(&read);
    }
}

static void writes_can_be_sent_in_a_batch_of_calls(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    Ftz__V1__Zone zone;
    char id[] = "44444444-4444-4444-8444-444444444440";
    uint8_t payloads[3][256];
    Nrpc__V1__Call calls[3], *list[3];
    for (int i = 0; i < 3; i++) {
        id[35] = (char)('0' + i);
        Ftz__V1__UpdateZoneRequest request = update_request(&zone, id);
        nrpc__v1__call__init(&calls[i]);
        calls[i].method = (char *)"ftz.v1.ZoneService/UpdateZone";
        calls[i].payload.data = payloads[i];
        calls[i].payload.len = ftz__v1__update_zone_request__pack(&request, payloads[i]);
        list[i] = &calls[i];
    }
    calls[1].method = (char *)"ftz.v1.ZoneService/DeleteZone"; // its request is no deletion
    Nrpc__V1__RunRequest run = NRPC__V1__RUN_REQUEST__INIT;
    run.calls = list;
    run.n_calls = 3;
    Nrpc__V1__RunResponse *done = ask(d->site.ipc, "nrpc.v1.BatchService/Run", &run.base,
                                      &nrpc__v1__run_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(done->n_replies, 3);
    assert_true(!done->replies[0]->status || !done->replies[0]->status->code);
    assert_int_equal(done->replies[1]->status->code, NRPC_INVALID_ARGUMENT);
    Ftz__V1__Zone *last =
        ftz__v1__zone__unpack(NULL, done->replies[2]->payload.len, done->replies[2]->payload.data);
    assert_non_null(last);
    assert_string_equal(last->location_text, id);
    assert_int_equal(last->revision, 3);
    ftz_free(last);
    drop(done);
}

static void a_stranger_may_not_write(void **state)
{
    desk *d = *state;
    nrpc_status status = {0};
    ftz_client *stranger;
    Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
    source.title = (char *)"T";
    assert_ok(ftz_client_open(&stranger, nrpc_server_address(d->site.server, 0), NULL, &status),
              &status);
    assert_null(ftz_create_source(stranger, "s", &source, NULL, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    assert_null(ftz_update_source(stranger, &source, NULL, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    assert_null(ftz_delete_source(stranger, "sources/seed", NULL, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    assert_null(ftz_undelete_source(stranger, "sources/seed", NULL, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    assert_null(ftz_batch_write(stranger, NULL, 0, NULL, &status));
    assert_status(&status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED");
    ftz_client_close(stranger);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_resource_is_created_changed_deleted_and_brought_back),
        TEST(every_type_can_be_written),
        TEST(an_id_of_ones_own_makes_a_repeat_safe),
        TEST(a_trial_writes_nothing),
        TEST(a_batch_is_one_revision),
        TEST(a_reader_who_names_the_revision_sees_the_write),
        TEST(writes_can_be_sent_in_a_batch_of_calls),
        TEST(a_stranger_may_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
