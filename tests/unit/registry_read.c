// Get, BatchGet and List over the article's data.
#include "registry_support.h"

#include "ftz/v1/resources.pb-c.h"
#include "ftz/v1/term_service.pb-c.h"
#include "registry/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const singulars[] = {"Source", "Term",  "Zone",
                                        "Area",   "Event", "PowerDelegation"};
enum { BASIC = 1, FULL = 2 };
static const size_t no_limit = 4u << 20;

static void get(world *w, const char *singular, const char *name, int view, uint8_t **bytes,
                size_t *size)
{
    nrpc_status status = {0};
    registry_result result = {0};
    assert_ok(
        registry_get(w->registry, &no_hurry, type_named(w, singular), name, view, &result, &status),
        &status);
    assert_int_equal(result.revision, 1);
    *bytes = result_bytes(&result, size);
    registry_result_fini(&result);
}

static void importing_twice_changes_nothing(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    size_t size;
    registry_import result;
    char *text = read_whole_file(FTZ_SOURCE_DIR "/data/xinjiang.json", &size);
    assert_ok(registry_import_json(w->registry, &no_hurry, "again", text, size, &result, &status),
              &status);
    free(text);
    assert_int_equal(result.records, 82);
    assert_int_equal(result.unchanged, 82);
    assert_int_equal(result.created, 0);
    assert_int_equal(result.updated, 0);
    assert_int_equal(result.revision, 1);
}

static void every_resource_is_got_the_same_cached_or_not(void **state)
{
    world *w = *state;
    for (size_t t = 0; t < ARRAY_LEN(singulars); t++) {
        const resource_type *type = type_named(w, singulars[t]);
        for (const char *const *name = names_of(singulars[t]); *name; name++) {
            for (int view = 0; view <= FULL; view++) {
                char at[256];
                uint8_t *first, *second, *past;
                size_t first_size, second_size, past_size;
                registry_result result;
                get(w, singulars[t], *name, view, &first, &first_size);
                assert_true(registry_get_cached(w->registry, type, *name, view, 1, &result));
                second = result_bytes(&result, &second_size);
                registry_result_fini(&result);
                snprintf(at, sizeof at, "%s@1", *name); // never through the cache
                get(w, singulars[t], at, view, &past, &past_size);
                assert_int_equal(first_size, second_size);
                assert_memory_equal(first, second, first_size);
                assert_int_equal(first_size, past_size);
                assert_memory_equal(first, past, first_size);
                free(first);
                free(second);
                free(past);
            }
        }
    }
}

static void a_zone_has_its_facts_and_the_registrys_own_fields(void **state)
{
    world *w = *state;
    uint8_t *bytes;
    size_t size;
    get(w, "Zone", "zones/cn-xinjiang", FULL, &bytes, &size);
    Ftz__V1__Zone *zone = ftz__v1__zone__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(zone);
    assert_string_equal(zone->name, "zones/cn-xinjiang");
    assert_true(zone->area_km2 == 179.66);
    assert_int_equal(strlen(zone->uid), 36);
    assert_int_equal(zone->uid[14], '4');
    assert_int_equal(zone->revision, 1);
    assert_int_equal(zone->etag[0], '"');
    assert_int_equal(strlen(zone->etag), 18);
    assert_non_null(zone->create_time);
    assert_true(zone->create_time->seconds > 1700000000);
    assert_true(zone->create_time->nanos >= 0 && zone->create_time->nanos < 1000000000);
    assert_non_null(zone->update_time);
    assert_null(zone->delete_time);
    assert_true(zone->n_citations > 0 && zone->n_remarks > 0);
    char *etag = strdup(zone->etag);
    ftz__v1__zone__free_unpacked(zone, NULL);

    get(w, "Zone", "zones/cn-xinjiang", BASIC, &bytes, &size);
    zone = ftz__v1__zone__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(zone);
    assert_int_equal(zone->n_citations, 0);
    assert_int_equal(zone->n_remarks, 0);
    assert_true(zone->n_names > 0);
    assert_string_equal(zone->etag, etag);
    ftz__v1__zone__free_unpacked(zone, NULL);
    free(etag);
}

static void a_cached_answer_is_of_the_type_asked_and_new_enough(void **state)
{
    world *w = *state;
    registry_result result = {0};
    uint8_t *bytes;
    size_t size;
    get(w, "Zone", "zones/cn-xinjiang", FULL, &bytes, &size);
    free(bytes);
    const resource_type *zone = type_named(w, "Zone"), *source = type_named(w, "Source");
    assert_true(registry_get_cached(w->registry, zone, "zones/cn-xinjiang", FULL, 1, &result));
    registry_result_fini(&result);
    assert_false(registry_get_cached(w->registry, source, "zones/cn-xinjiang", FULL, 1, &result));
    assert_false(registry_get_cached(w->registry, zone, "zones/cn-xinjiang", FULL, 2, &result));
    assert_false(registry_get_cached(w->registry, zone, "zones/cn-xinjiang", 3, 0, &result));
}

static void what_is_not_there_is_not_found(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    registry_result result = {0};
    const resource_type *zone = type_named(w, "Zone");
    assert_true(registry_get(w->registry, &no_hurry, zone, "zones/none", 0, &result, &status));
    assert_string_equal(nrpc_status_get(&status, "name"), "zones/none");
    assert_string_equal(status.resource_type, "ftz.v1.Zone");
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    assert_true(
        registry_get(w->registry, &no_hurry, zone, "zones/cn-xinjiang@9", 0, &result, &status));
    assert_status(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
    assert_true(registry_get(w->registry, &no_hurry, zone, "zones/none@1", 0, &result, &status));
    assert_status(&status, NRPC_NOT_FOUND, "REVISION_NOT_FOUND");
    assert_true(
        registry_get(w->registry, &no_hurry, zone, "zones/cn-xinjiang", 7, &result, &status));
    assert_violation(&status, "view", "UNKNOWN_ENUM_VALUE");
    nrpc_status_fini(&status);
    store_context later = no_hurry;
    later.min_revision = 2;
    assert_true(registry_get(w->registry, &later, zone, "zones/cn-xinjiang", 0, &result, &status));
    assert_status(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
}

static void bad_names_are_refused_with_what_was_expected(void **state)
{
    static const struct {
        const char *singular, *name, *reason, *suggestion;
    } cases[] = {
        {"Zone", "", "REQUIRED", NULL},
        {"Zone", "zones", "NAME_MALFORMED", NULL},
        {"Zone", "zones/", "NAME_MALFORMED", NULL},
        {"Zone", "/zones/x", "NAME_MALFORMED", NULL},
        {"Zone", "zones/x/", "NAME_MALFORMED", NULL},
        {"Zone", "zones/x/y", "NAME_MALFORMED", NULL},
        {"Zone", "zones/-", "NAME_MALFORMED", NULL},
        {"Zone", "zones/X", "NAME_MALFORMED", NULL},
        {"Zone", "zones/-x", "NAME_MALFORMED", NULL},
        {"Zone", "zones/\xc3\xbc", "NAME_MALFORMED", NULL},
        {"Zone", "zone/x", "NAME_MALFORMED", "zones/x"},
        {"Zone", "Zones/x", "NAME_MALFORMED", "zones/x"},
        {"Zone", "areas/x", "NAME_MALFORMED", NULL},
        {"Zone", "zones/a123456789a123456789a123456789a123456789a123456789a123456789a123",
         "NAME_MALFORMED", NULL},
        {"Zone", "zones/x@", "REVISION_MALFORMED", NULL},
        {"Zone", "zones/x@0", "REVISION_MALFORMED", NULL},
        {"Zone", "zones/x@-1", "REVISION_MALFORMED", NULL},
        {"Zone", "zones/x@01", "REVISION_MALFORMED", NULL},
        {"Zone", "zones/x@9223372036854775808", "REVISION_MALFORMED", NULL},
        {"Zone", "zones/x@1@2", "REVISION_MALFORMED", NULL},
        {"Area", "zones/x", "NAME_MALFORMED", NULL},
        {"Area", "zones/x/area/y", "NAME_MALFORMED", "zones/x/areas/y"},
        {"Area", "zones/x/events/y", "NAME_MALFORMED", NULL},
        {"Area", "zones//areas/y", "NAME_MALFORMED", NULL},
        {"Area", "zones/x/areas/y/z", "NAME_MALFORMED", NULL},
        {"PowerDelegation", "zones/x/power_delegations/y", "NAME_MALFORMED",
         "zones/x/powerDelegations/y"},
        {"Term", "vocabularies/a-b/terms/c", "NAME_MALFORMED", NULL},
        {"Term", "vocabularies/a/terms/9", "NAME_MALFORMED", NULL},
    };
    world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        nrpc_status status = {0};
        registry_result result = {0};
        assert_true(registry_get(w->registry, &no_hurry, type_named(w, cases[i].singular),
                                 cases[i].name, 0, &result, &status));
        assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
        assert_violation(&status, "name", cases[i].reason);
        assert_string_equal(nrpc_status_get(&status, "field"), "name");
        const char *suggestion = nrpc_status_get(&status, "suggestion");
        if (cases[i].suggestion)
            assert_string_equal(suggestion, cases[i].suggestion);
        else
            assert_null(suggestion);
        nrpc_status_fini(&status);
    }
}

// --- batch ---------------------------------------------------------------------------------------

static nrpc_code batch(world *w, const char *singular, const char *parent, const char *const *names,
                       size_t count, int view, size_t max_size, buffer *out, int64_t *revision,
                       nrpc_status *status)
{
    registry_batch_request request = {.type = type_named(w, singular),
                                      .parent = parent,
                                      .names = names,
                                      .name_count = count,
                                      .view = view,
                                      .row_field = 1,
                                      .max_size = max_size};
    return registry_batch_get(w->registry, &no_hurry, &request, out, revision, status);
}

static void a_batch_is_the_same_from_store_and_cache(void **state)
{
    world *w = *state;
    for (size_t t = 0; t < ARRAY_LEN(singulars); t++) {
        const char *const *names = names_of(singulars[t]);
        size_t count = 0;
        while (names[count])
            count++;
        for (int view = BASIC; view <= FULL; view++) {
            nrpc_status status = {0};
            buffer expected = {0}, cold = {0}, warm = {0};
            int64_t revision = 0;
            // Cold in the first round, but for what `get` has left in the cache.
            assert_ok(
                batch(w, singulars[t], "", names, count, view, no_limit, &cold, &revision, &status),
                &status);
            assert_int_equal(revision, 1);
            for (size_t i = 0; i < count; i++) {
                uint8_t *bytes, head[16], *end;
                size_t size;
                get(w, singulars[t], names[i], view, &bytes, &size);
                head[0] = 0x0a;
                end = head + 1;
                for (size_t rest = size;; rest >>= 7) {
                    *end++ = (uint8_t)(rest > 127 ? rest | 128 : rest);
                    if (rest <= 127)
                        break;
                }
                buffer_append(&expected, head, (size_t)(end - head));
                buffer_append(&expected, bytes, size);
                free(bytes);
            }
            revision = 0;
            assert_ok(batch(w, singulars[t], NULL, names, count, view, no_limit, &warm, &revision,
                            &status),
                      &status);
            assert_int_equal(revision, 1);
            assert_int_equal(cold.size, expected.size);
            assert_memory_equal(cold.data, expected.data, expected.size);
            assert_int_equal(warm.size, expected.size);
            assert_memory_equal(warm.data, expected.data, expected.size);
            buffer_fini(&expected);
            buffer_fini(&cold);
            buffer_fini(&warm);
        }
    }
}

static void a_batch_is_all_or_nothing(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer out = {0};
    int64_t revision;
    const char *names[] = {"zones/cn-xinjiang/areas/khorgos", "zones/cn-xinjiang/areas/none",
                           "zones/cn-xinjiang/areas/urumqi", "zones/none/areas/none"};
    assert_true(batch(w, "Area", "", names, 4, FULL, no_limit, &out, &revision, &status));
    assert_int_equal(out.size, 0);
    assert_int_equal(status.violation_count, 2);
    assert_violation(&status, "names[1]", "RESOURCE_NOT_FOUND");
    assert_violation(&status, "names[3]", "RESOURCE_NOT_FOUND");
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");

    assert_true(
        batch(w, "Area", "zones/cn-xinjiang", names, 4, FULL, no_limit, &out, &revision, &status));
    assert_violation(&status, "names[3]", "PARENT_MISMATCH");
    assert_int_equal(status.violation_count, 1);
    nrpc_status_fini(&status);
    assert_true(batch(w, "Area", "zone/x", names, 1, FULL, no_limit, &out, &revision, &status));
    assert_violation(&status, "parent", "NAME_MALFORMED");
    nrpc_status_fini(&status);
    assert_true(batch(w, "Area", "", names, 0, FULL, no_limit, &out, &revision, &status));
    assert_violation(&status, "names", "COUNT_OUT_OF_RANGE");
    nrpc_status_fini(&status);
    const char *at[] = {"zones/cn-xinjiang/areas/khorgos@1"};
    assert_true(batch(w, "Area", "", at, 1, FULL, no_limit, &out, &revision, &status));
    assert_violation(&status, "names[0]", "REVISION_NOT_ALLOWED");
    nrpc_status_fini(&status);
    const char *many[1001];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = names[0];
    assert_true(batch(w, "Area", "", many, 1001, FULL, no_limit, &out, &revision, &status));
    assert_violation(&status, "names", "COUNT_OUT_OF_RANGE");
    nrpc_status_fini(&status);
    assert_ok(batch(w, "Area", "zones/-", many, 1000, BASIC, no_limit, &out, &revision, &status),
              &status);
    out.size = 0;
    for (int warm = 0; warm < 2; warm++) {
        assert_true(batch(w, "Area", "", many, 1000, FULL, 10000, &out, &revision, &status));
        assert_int_equal(out.size, 0);
        assert_true(atoi(nrpc_status_get(&status, "names")) > 0);
        assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    }
    buffer_fini(&out);
}

// --- lists
// -----------------------------------------------------------------------------------------

static registry_list_request list_of(world *w, const char *singular, const char *parent)
{
    return (registry_list_request){.type = type_named(w, singular),
                                   .parent = parent,
                                   .page_token = "",
                                   .filter = "",
                                   .order_by = "",
                                   .row_field = 1,
                                   .max_size = no_limit};
}

// Moves the page's token, which ends the page.
static void take_token(registry_page *page, char token[TOKEN_MAX_SIZE])
{
    token[0] = '\0';
    if (page->next_page_token.size)
        strcpy(token, (const char *)page->next_page_token.data);
    assert_int_equal(strlen(token), page->next_page_token.size);
    registry_page_fini(page);
}

// All pages one behind the other; how many they were.
static size_t read_all(world *w, registry_list_request request, buffer *out)
{
    char token[TOKEN_MAX_SIZE] = "";
    size_t pages = 0;
    do {
        nrpc_status status = {0};
        registry_page page;
        request.page_token = token;
        assert_ok(registry_list(w->registry, &no_hurry, &request, out, &page, &status), &status);
        assert_int_equal(page.revision, 1);
        take_token(&page, token);
        assert_true(++pages < 200);
    } while (*token);
    return pages;
}

static const char *wildcard(const char *singular)
{
    return !strcmp(singular, "Term")                                          ? "vocabularies/-"
           : strcmp(singular, "Zone") != 0 && strcmp(singular, "Source") != 0 ? "zones/-"
                                                                              : "";
}

static void every_page_size_gives_the_same_list(void **state)
{
    world *w = *state;
    for (size_t t = 0; t < ARRAY_LEN(singulars); t++) {
        const char *const *names = names_of(singulars[t]);
        size_t count = 0;
        while (names[count])
            count++;
        for (int view = BASIC; view <= FULL; view++) {
            nrpc_status status = {0};
            buffer whole = {0};
            int64_t revision;
            assert_ok(batch(w, singulars[t], "", names, count, view, no_limit, &whole, &revision,
                            &status),
                      &status);
            for (int32_t size = 1; size <= (int32_t)count + 1; size++) {
                buffer pages = {0};
                registry_list_request request = list_of(w, singulars[t], wildcard(singulars[t]));
                request.view = view;
                request.page_size = size;
                size_t n = read_all(w, request, &pages);
                assert_int_equal(n, (count + (size_t)size - 1) / (size_t)size);
                assert_int_equal(pages.size, whole.size);
                assert_memory_equal(pages.data, whole.data, whole.size);
                buffer_fini(&pages);
            }
            buffer_fini(&whole);
        }
    }
}

static void a_list_reads_one_parent_and_counts(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    registry_list_request request = list_of(w, "Area", "zones/cn-xinjiang");
    request.page_size = 2;
    request.include_total_size = true;
    request.order_by = "name";
    assert_ok(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status), &status);
    assert_int_equal(page.total_size, 3);
    assert_true(page.next_page_token.size);
    registry_page_fini(&page);
    request = list_of(w, "Term", "vocabularies/none");
    request.include_total_size = true;
    rows.size = 0;
    assert_ok(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status), &status);
    assert_int_equal(page.total_size, 0);
    assert_int_equal(rows.size, 0);
    assert_int_equal(page.next_page_token.size, 0);
    request = list_of(w, "Term", "vocabularies/counts");
    assert_int_equal(read_all(w, request, &rows), 1);
    Ftz__V1__ListTermsResponse *list =
        ftz__v1__list_terms_response__unpack(NULL, rows.size, rows.data);
    assert_non_null(list);
    assert_int_equal(list->n_terms, 3);
    assert_string_equal(list->terms[0]->name, "vocabularies/counts/terms/company");
    ftz__v1__list_terms_response__free_unpacked(list, NULL);
    buffer_fini(&rows);
}

static void a_bad_list_request_is_refused(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    registry_list_request request = list_of(w, "Area", "zones/none");
    assert_true(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status));
    assert_status(&status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND");
    static const char *const parents[] = {"", "zone/x", "zones", "zones/X", "zones/x/areas/y", "-"};
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        request = list_of(w, "Area", parents[i]);
        request.page_size = -1;
        assert_true(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status));
        assert_violation(&status, "parent", i ? "NAME_MALFORMED" : "REQUIRED");
        assert_violation(&status, "page_size", "NEGATIVE");
        nrpc_status_fini(&status);
    }
    request = list_of(w, "Area", "zones");
    request.page_size = -1;
    request.filter = "wave = 1 AND kind = nothing";
    request.order_by = "wave";
    assert_true(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status));
    assert_violation(&status, "parent", "NAME_MALFORMED");
    assert_violation(&status, "page_size", "NEGATIVE");
    assert_violation(&status, "filter", "UNKNOWN_FIELD");
    assert_violation(&status, "order_by", "UNKNOWN_FIELD");
    assert_status(&status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD");
    assert_int_equal(rows.size, 0);
    buffer_fini(&rows);
}

static void a_token_belongs_to_its_query_and_is_not_to_be_touched(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    registry_list_request first = list_of(w, "Area", "zones/cn-xinjiang");
    first.page_size = 1;
    assert_ok(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status), &status);
    char token[TOKEN_MAX_SIZE];
    take_token(&page, token);
    registry_list_request other[] = {first, first, first, first, first};
    other[0].parent = "zones/-";
    other[1].view = BASIC;
    other[2].show_deleted = true;
    other[3].type = type_named(w, "Event");
    other[4].include_total_size = true;
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        other[i].page_token = token;
        assert_true(registry_list(w->registry, &no_hurry, &other[i], &rows, &page, &status));
        assert_violation(&status, "page_token", "PAGE_TOKEN_MISMATCH");
        assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    }
    // Another page size is no other query.
    first.page_token = token;
    first.page_size = 7;
    assert_ok(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status), &status);
    registry_page_fini(&page);
    size_t length = strlen(token);
    for (size_t i = 0; i < length; i++) {
        for (const char *c = "AZaz09-_=+/ "; *c; c++) {
            char was = token[i];
            token[i] = *c;
            if (*c != was) {
                assert_true(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status));
                assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
            }
            token[i] = was;
        }
    }
    for (size_t i = 1; i < length; i++) {
        first.page_token = token + i;
        assert_true(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status));
        assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    }
    first.page_token = token;
    token[length] = 'A';
    token[length + 1] = '\0';
    assert_true(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status));
    assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    char long_token[5000];
    memset(long_token, 'A', sizeof long_token - 1);
    long_token[sizeof long_token - 1] = '\0';
    first.page_token = long_token;
    assert_true(registry_list(w->registry, &no_hurry, &first, &rows, &page, &status));
    assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    buffer_fini(&rows);
}

static void a_list_that_would_grow_too_long_ends_early_with_a_token(void **state)
{
    world *w = *state;
    buffer whole = {0}, pages = {0};
    registry_list_request request = list_of(w, "Term", "vocabularies/-");
    request.page_size = 1000;
    assert_int_equal(read_all(w, request, &whole), 1);
    for (request.max_size = 600; request.max_size < whole.size; request.max_size += 333) {
        pages.size = 0;
        size_t n = read_all(w, request, &pages);
        assert_true(n > 1 && n >= whole.size / request.max_size);
        assert_int_equal(pages.size, whole.size);
        assert_memory_equal(pages.data, whole.data, whole.size);
    }
    nrpc_status status = {0};
    registry_page page;
    request.max_size = 50;
    pages.size = 0;
    assert_true(registry_list(w->registry, &no_hurry, &request, &pages, &page, &status));
    assert_int_equal(pages.size, 0);
    assert_string_equal(nrpc_status_get(&status, "name"), "vocabularies/area_kinds/terms/area");
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    buffer_fini(&whole);
    buffer_fini(&pages);
}

static void a_revision_travels_as_text_and_belongs_to_its_store(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    char text[REGISTRY_REVISION_SIZE], other[] = "0000000000000000:1";
    int64_t revision = 0;
    registry_format_revision(w->registry, INT64_MAX, text);
    assert_ok(registry_parse_revision(w->registry, text, strlen(text), &revision, &status),
              &status);
    assert_true(revision == INT64_MAX);
    assert_true(registry_parse_revision(w->registry, other, strlen(other), &revision, &status));
    assert_status(&status, NRPC_FAILED_PRECONDITION, "STORE_MISMATCH");
    const char *id = registry_store_id(w->registry);
    static const char *const tails[] = {
        "", ":", ":x", ":-1", ":1 ", ":99999999999999999999", ":9223372036854775808"};
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        snprintf(text, sizeof text, "%s%s", id, tails[i]);
        assert_true(registry_parse_revision(w->registry, text, strlen(text), &revision, &status));
        assert_status(&status, NRPC_INVALID_ARGUMENT, "REVISION_MALFORMED");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_the_same_from_store_and_cache),
        cmocka_unit_test(importing_twice_changes_nothing),
        cmocka_unit_test(every_resource_is_got_the_same_cached_or_not),
        cmocka_unit_test(a_zone_has_its_facts_and_the_registrys_own_fields),
        cmocka_unit_test(a_cached_answer_is_of_the_type_asked_and_new_enough),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(bad_names_are_refused_with_what_was_expected),
        cmocka_unit_test(a_batch_is_all_or_nothing),
        cmocka_unit_test(every_page_size_gives_the_same_list),
        cmocka_unit_test(a_list_reads_one_parent_and_counts),
        cmocka_unit_test(a_bad_list_request_is_refused),
        cmocka_unit_test(a_token_belongs_to_its_query_and_is_not_to_be_touched),
        cmocka_unit_test(a_list_that_would_grow_too_long_ends_early_with_a_token),
        cmocka_unit_test(a_revision_travels_as_text_and_belongs_to_its_store),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
