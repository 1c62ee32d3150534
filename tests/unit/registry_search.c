// What is found by which words, in which order, and what is shown of it.
#include "registry_support.h"

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/match.h"
#include "registry/query/search.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4 << 20 };

static void import(world *w, const char *json)
{
    nrpc_status status = {0};
    registry_import result;
    assert_ok(registry_import_json(w->registry, &no_hurry, "records", json, strlen(json), &result,
                                   &status),
              &status);
}

static registry_search_request for_words(const char *query)
{
    return (registry_search_request){.query = query,
                                     .parent = "",
                                     .language_code = "",
                                     .page_token = "",
                                     .row_field = 1,
                                     .max_size = ROOM};
}

static Ftz__V1__SearchResponse *search(world *w, const registry_search_request *q)
{
    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    int64_t revision = 0;
    assert_ok(registry_search(w->registry, &no_hurry, q, &rows, &token, &revision, &status),
              &status);
    assert_true(revision > 0);
    Ftz__V1__SearchResponse *answer = ftz__v1__search_response__unpack(NULL, rows.size, rows.data);
    assert_non_null(answer);
    if (token.size)
        answer->next_page_token = strdup((const char *)token.data);
    buffer_fini(&rows);
    buffer_fini(&token);
    return answer;
}

static void drop(Ftz__V1__SearchResponse *answer)
{
    ftz__v1__search_response__free_unpacked(answer, NULL);
}

static const char *name_of(const Ftz__V1__SearchResult *result)
{
    // Every resource begins with its name.
    assert_non_null(result->resource);
    assert_non_null(result->resource->zone);
    return result->resource->zone->name;
}

// The fragment with its marks: "the «border» gate".
static void mark(const Ftz__V1__SearchResult *r, buffer *out)
{
    size_t next = 0;
    int32_t point = 0;
    assert_int_equal(r->n_match_offsets % 2, 0);
    for (const char *c = r->fragment;; c++) {
        if (((uint8_t)*c & 0xC0) != 0x80) {
            if (next < r->n_match_offsets && r->match_offsets[next] == point)
                buffer_append_text(out, next++ % 2 ? "»" : "«");
            if (next < r->n_match_offsets && r->match_offsets[next] == point)
                buffer_append_text(out, next++ % 2 ? "»" : "«");
            point++;
        }
        if (!*c)
            break;
        buffer_append_byte(out, (uint8_t)*c);
    }
    assert_int_equal(next, r->n_match_offsets);
}

// "score name path fragment" for each result, of all pages.
static char *lines_with(world *w, registry_search_request q)
{
    buffer out = {0};
    char *token = strdup("");
    do {
        q.page_token = token;
        Ftz__V1__SearchResponse *answer = search(w, &q);
        for (size_t i = 0; i < answer->n_results; i++) {
            const Ftz__V1__SearchResult *r = answer->results[i];
            buffer_printf(&out, "%.1f %s %s ", r->score, name_of(r), r->path);
            mark(r, &out);
            buffer_append_byte(&out, '\n');
        }
        free(token);
        token = strdup(answer->next_page_token);
        drop(answer);
    } while (*token);
    free(token);
    buffer_append_byte(&out, '\0');
    return buffer_take(&out, NULL);
}

static char *lines(world *w, const char *query)
{
    return lines_with(w, for_words(query));
}

static void assert_lines(world *w, const char *query, const char *expected)
{
    char *found = lines(w, query);
    assert_string_equal(found, expected);
    free(found);
}

static void assert_first(world *w, const char *query, double score, const char *name)
{
    registry_search_request q = for_words(query);
    Ftz__V1__SearchResponse *answer = search(w, &q);
    if (!answer->n_results)
        fail_msg("nothing is found for %s", query);
    assert_string_equal(name_of(answer->results[0]), name);
    assert_true(answer->results[0]->score == score);
    drop(answer);
}

static void a_place_is_found_by_every_spelling(void **state)
{
    world *w = *state;
    static const char *const urumqi[] = {
        "Urumqi", "Ürümqi", "URUMQI", "U\xCC\x88ru\xCC\x88mqi", "ＵＲＵＭＱＩ", " urumqi! "};
    static const char *const khorgos[] = {"Khorgos", "Horgos", "Huoerguosi", "Huo'erguosi",
                                          "huo’er’guosi"};
    for (size_t i = 0; i < ARRAY_LEN(urumqi); i++)
        assert_first(w, urumqi[i], 1, "zones/cn-xinjiang/areas/urumqi");
    for (size_t i = 0; i < ARRAY_LEN(khorgos); i++)
        assert_first(w, khorgos[i], 1, "zones/cn-xinjiang/areas/khorgos");
}

static void chinese_is_found_at_any_length(void **state)
{
    world *w = *state;
    assert_first(w, "喀", 0.8, "zones/cn-xinjiang/areas/kashgar");
    assert_first(w, "喀什", 0.8, "zones/cn-xinjiang/areas/kashgar");
    assert_first(w, "喀什片区", 1, "zones/cn-xinjiang/areas/kashgar");
    import(w, "{\"zones\": [{\"name\": \"zones/k\", \"displayName\": \"K\", \"names\":"
              " [{\"id\": \"zh\", \"text\": \"塔什库尔干（红其拉甫）边境合作区\"}]}]}");
    assert_lines(w, "甫", "0.8 zones/k names.zh 塔什库尔干（红其拉«甫»）边境合作区\n");
    assert_lines(w, "库尔干", "0.8 zones/k names.zh 塔什«库尔干»（红其拉甫）边境合作区\n");
    assert_lines(w, "干红", "0.8 zones/k names.zh 塔什库尔«干（红»其拉甫）边境合作区\n");
    assert_lines(w, "塔什 边境合作", "0.8 zones/k names.zh «塔什»库尔干（红其拉甫）«边境合作»区\n");
    assert_lines(w, "塔什库尔干红其拉甫边境合作区",
                 "1.0 zones/k names.zh «塔什库尔干（红其拉甫）边境合作区»\n");
    assert_first(w, "中国（新疆）自由贸易试验区", 1, "zones/cn-xinjiang");
    assert_first(w, "中国新疆自由贸易试验区", 1, "zones/cn-xinjiang");
    assert_first(w, "自由贸易", 0.8, "zones/cn-xinjiang");
    assert_first(w, "新疆 试验", 0.8, "zones/cn-xinjiang");
    assert_lines(w, "喀疆", "");
    // Shortened, as Chinese shortens: characters left out, their order kept.
    assert_lines(w, "塔县甫", "");
    assert_lines(w, "塔甫合区", "0.2 zones/k names.zh «塔»什库尔干（红其拉«甫»）边境«合»作«区»\n");
    assert_lines(w, "合甫", "");
}

static const char ranked[] =
    "{\"zones\": [{\"name\": \"zones/t\", \"displayName\": \"Quokka Harbour\"},"
    " {\"name\": \"zones/u\", \"displayName\": \"Elsewhither\"}],"
    " \"events\": ["
    "{\"name\": \"zones/t/events/e1\", \"title\": \"Something\", \"date\": {\"year\": 2020},"
    " \"description\": \"A quokka is seen.\"},"
    "{\"name\": \"zones/t/events/e2\", \"title\": \"Quokka counted\", \"date\": {\"year\": 2020}},"
    "{\"name\": \"zones/u/events/e3\", \"title\": \"Joint quokka day\", \"date\": {\"year\": 2020},"
    " \"zones\": [\"zones/t\"]},"
    "{\"name\": \"zones/u/events/e4\", \"title\": \"Signing\", \"date\": {\"year\": 2020},"
    " \"parties\": [{\"id\": \"p\", \"displayName\": \"Quokkaworks Ltd\"}]}],"
    " \"areas\": [{\"name\": \"zones/t/areas/a\", \"displayName\": \"Quokka\"},"
    " {\"name\": \"zones/t/areas/b\", \"displayName\": \"Old Quokka Yard\","
    "  \"names\": [{\"id\": \"de\", \"text\": \"Alter Quokka-Hof\", \"languageCode\": \"de-AT\"},"
    "   {\"id\": \"en\", \"text\": \"Quokka Court\", \"languageCode\": \"en\"},"
    "   {\"id\": \"bad\", \"text\": \"Quokah Yard\", \"kind\": \"NAME_KIND_MISPRINT\"}]}]}";

static void the_best_matches_come_first(void **state)
{
    world *w = *state;
    import(w, ranked);
    assert_lines(w, "quokka",
                 "1.0 zones/t/areas/a display_name «Quokka»\n"
                 "0.8 zones/t display_name «Quokka» Harbour\n"
                 "0.8 zones/t/areas/b display_name Old «Quokka» Yard\n"
                 "0.6 zones/t/events/e2 title «Quokka» counted\n"
                 "0.6 zones/u/events/e3 title Joint «quokka» day\n"
                 "0.4 zones/t/events/e1 description A «quokka» is seen.\n"
                 "0.2 zones/u/events/e4 parties.p.display_name «Quokka»works Ltd\n");
}

// Whatever was written first.
static void places_come_before_what_is_told_of_them(void **state)
{
    world *w = *state;
    import(w, "{\"sources\": [{\"name\": \"sources/s\", \"title\": \"Bilby News\"}]}");
    import(w, "{\"zones\": [{\"name\": \"zones/t\", \"displayName\": \"T\"}]}");
    import(w, "{\"events\": [{\"name\": \"zones/t/events/e\", \"title\": \"Bilby Day\","
              " \"date\": {\"year\": 2020}}]}");
    import(w, "{\"terms\": [{\"name\": \"vocabularies/v/terms/t\", \"displayName\": \"a bilby\"}],"
              "\"powerDelegations\": [{\"name\": \"zones/t/powerDelegations/d\","
              " \"displayName\": \"Bilby powers\"}]}");
    import(w, "{\"areas\": [{\"name\": \"zones/t/areas/a\", \"displayName\": \"Bilby Park\"}]}");
    import(w, "{\"zones\": [{\"name\": \"zones/z\", \"displayName\": \"Bilby Zone\"}]}");
    assert_lines(w, "bilby",
                 "0.8 zones/z display_name «Bilby» Zone\n"
                 "0.8 zones/t/areas/a display_name «Bilby» Park\n"
                 "0.8 zones/t/powerDelegations/d display_name «Bilby» powers\n"
                 "0.8 vocabularies/v/terms/t display_name a «bilby»\n"
                 "0.6 zones/t/events/e title «Bilby» Day\n"
                 "0.6 sources/s title «Bilby» News\n");
}

static void all_words_must_match_wherever_they_stand(void **state)
{
    world *w = *state;
    import(w, ranked);
    assert_lines(w, "yard old", "0.8 zones/t/areas/b display_name «Old» Quokka «Yard»\n");
    assert_lines(w, "joint elsewhither", "");
    assert_lines(w, "quokka counted nothing", "");
    assert_lines(w, "something seen", "0.4 zones/t/events/e1 title «Something»\n");
}

static void parts_of_words_of_names_are_found_last(void **state)
{
    world *w = *state;
    import(w, ranked);
    assert_lines(w, "arbou", "0.2 zones/t display_name Quokka H«arbou»r\n");
    assert_lines(w, "kkawo", "0.2 zones/u/events/e4 parties.p.display_name Quo«kkawo»rks Ltd\n");
    assert_lines(w, "ha", "0.2 zones/t display_name Quokka «Ha»rbour\n");
    assert_lines(w, "kk", ""); // two letters only where a word begins
    assert_lines(w, "harkka", "");
    // All trigrams of it stand there, but not side by side.
    import(w, "{\"zones\": [{\"name\": \"zones/v\", \"displayName\": \"abcx bcdx\"}]}");
    assert_lines(w, "abcd", "");
    assert_lines(w, "abcx bcd", "0.2 zones/v display_name «abcx» «bcd»x\n");
}

static void misprints_former_names_and_ids_are_found(void **state)
{
    world *w = *state;
    import(w, ranked);
    assert_lines(w, "Quokah", "0.8 zones/t/areas/b names.bad «Quokah» Yard\n");
    assert_lines(w, "xj-e4", "1.0 zones/cn-xinjiang/events/xj-e4 name «xj-e4»\n");
    assert_first(w, "cn-xinjiang", 1, "zones/cn-xinjiang");
    assert_lines(w, "quokkayard old", "");
    assert_lines(w, "old-quokka yard", "1.0 zones/t/areas/b display_name «Old Quokka Yard»\n");
    assert_lines(w, "oldquokkayard", "1.0 zones/t/areas/b display_name «Old Quokka Yard»\n");
}

static void names_of_the_language_asked_for_are_shown(void **state)
{
    world *w = *state;
    import(w, ranked);
    static const struct {
        const char *language, *path;
    } cases[] = {
        {"de", "names.de"},     {"de-AT", "names.de"}, {"de-CH", "names.de"}, {"EN", "names.en"},
        {"fr", "display_name"}, {"", "display_name"},  {"d", "display_name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        registry_search_request q = for_words("quokka");
        static const char *const types[] = {"Area"};
        q.resource_types = types;
        q.type_count = 1;
        q.language_code = cases[i].language;
        Ftz__V1__SearchResponse *answer = search(w, &q);
        assert_int_equal(answer->n_results, 2);
        assert_string_equal(answer->results[1]->path, cases[i].path);
        drop(answer);
    }
}

static void types_and_parents_narrow_the_search(void **state)
{
    world *w = *state;
    import(w, ranked);
    static const char *const types[] = {"Event", "Area", "Event"};
    registry_search_request q = for_words("quokka");
    q.resource_types = types;
    q.type_count = 3;
    q.page_size = 1;
    char *found = lines_with(w, q);
    assert_string_equal(found, "1.0 zones/t/areas/a display_name «Quokka»\n"
                               "0.8 zones/t/areas/b display_name Old «Quokka» Yard\n"
                               "0.6 zones/t/events/e2 title «Quokka» counted\n"
                               "0.6 zones/u/events/e3 title Joint «quokka» day\n"
                               "0.4 zones/t/events/e1 description A «quokka» is seen.\n"
                               "0.2 zones/u/events/e4 parties.p.display_name «Quokka»works Ltd\n");
    free(found);
    // What lies in the zone, and the joint events it takes part in.
    q = for_words("quokka");
    q.parent = "zones/t";
    q.resource_types = types;
    q.type_count = 1;
    found = lines_with(w, q);
    assert_string_equal(found, "0.6 zones/t/events/e2 title «Quokka» counted\n"
                               "0.6 zones/u/events/e3 title Joint «quokka» day\n"
                               "0.4 zones/t/events/e1 description A «quokka» is seen.\n");
    free(found);
    q = for_words("elsewhither");
    q.parent = "zones/t";
    found = lines_with(w, q);
    assert_string_equal(found, "");
    free(found);
    q.parent = "zones/-";
    found = lines_with(w, q);
    assert_string_equal(found, "1.0 zones/u display_name «Elsewhither»\n");
    free(found);
}

static void changed_and_deleted_records_are_found_as_they_are(void **state)
{
    world *w = *state;
    import(w, ranked);
    import(w, "{\"zones\": [{\"name\": \"zones/u\", \"displayName\": \"Numbat\"}]}");
    assert_lines(w, "elsewhither", "");
    assert_lines(w, "numbat", "1.0 zones/u display_name «Numbat»\n");
}

static void views_give_the_resource_whole_or_without_its_proof(void **state)
{
    world *w = *state;
    registry_search_request q = for_words("Khorgos");
    for (int view = 0; view <= 2; view++) {
        q.view = view;
        Ftz__V1__SearchResponse *answer = search(w, &q);
        const Ftz__V1__AnyResource *any = answer->results[0]->resource;
        assert_int_equal(any->kind_case, FTZ__V1__ANY_RESOURCE__KIND_AREA);
        assert_int_equal(any->area->n_citations > 0, view != 1);
        assert_int_equal(strlen(any->area->uid), 36);
        assert_true(*any->area->etag && any->area->create_time);
        drop(answer);
    }
}

static void long_texts_are_cut_around_the_match(void **state)
{
    world *w = *state;
    buffer json = {0};
    buffer_append_text(&json, "{\"zones\": [{\"name\": \"zones/l\", \"displayName\": \"L\"}],"
                              "\"areas\": [{\"name\": \"zones/l/areas/x\", \"displayName\": \"X\","
                              "\"aim\": \"");
    for (int i = 0; i < 200; i++)
        buffer_append_text(&json, "vör ");
    buffer_append_text(&json, "the wombat's needle");
    for (int i = 0; i < 200; i++)
        buffer_append_text(&json, " nach");
    buffer_append_text(&json, "\", \"advantage\": \"");
    for (int i = 0; i < 300; i++)
        buffer_append_text(&json, "a\xCC\xB2\xCC\xB3"); // marks that compose with nothing
    buffer_append_text(&json, " bandicoot ");
    for (int i = 0; i < 300; i++)
        buffer_append_text(&json, "o\xCC\xB2\xCC\xB3");
    buffer_append_text(&json, "\"}]}");
    buffer_append_byte(&json, '\0');
    import(w, (const char *)json.data);
    buffer_fini(&json);

    registry_search_request q = for_words("needle wombat");
    Ftz__V1__SearchResponse *answer = search(w, &q);
    assert_int_equal(answer->n_results, 1);
    const Ftz__V1__SearchResult *r = answer->results[0];
    buffer shown = {0};
    mark(r, &shown);
    buffer_append_byte(&shown, '\0');
    assert_non_null(strstr((char *)shown.data, " the «wombat»'s «needle» nach "));
    assert_memory_equal(r->fragment, "vör ", 5);
    assert_string_equal(r->fragment + strlen(r->fragment) - 5, " nach");
    assert_in_range(strlen(r->fragment), 100, MATCH_MAX_POINTS + 40);
    buffer_fini(&shown);
    drop(answer);

    q = for_words("bandicoot");
    answer = search(w, &q);
    assert_int_equal(answer->n_results, 1);
    r = answer->results[0];
    assert_int_equal(r->fragment[0], 'a'); // not a mark without its letter
    assert_non_null(strstr(r->fragment, " bandicoot "));
    buffer_clear(&shown);
    mark(r, &shown);
    buffer_append_byte(&shown, '\0');
    assert_non_null(strstr((char *)shown.data, " «bandicoot» "));
    buffer_fini(&shown);
    drop(answer);
}

static void pages_of_any_size_give_the_same_results(void **state)
{
    world *w = *state;
    import(w, ranked);
    static const char *const queries[] = {"quokka", "the", "khorgos", "区", "zone", "re"};
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        char *whole = lines(w, queries[i]);
        for (int size = 1; size < 8; size++) {
            registry_search_request q = for_words(queries[i]);
            q.page_size = size;
            char *paged = lines_with(w, q);
            assert_string_equal(paged, whole);
            free(paged);
        }
        free(whole);
    }
}

static void *write_much(void *context)
{
    world *w = context;
    for (int i = 0; i < 20; i++) {
        char json[512];
        nrpc_status status = {0};
        registry_import result;
        snprintf(json, sizeof json,
                 "{\"zones\": [{\"name\": \"zones/t\", \"displayName\": \"Quokka %d\"},"
                 "{\"name\": \"zones/z%d\", \"displayName\": \"New Quokka Place %d\"}]}",
                 i, i, i);
        if (registry_import_json(w->registry, &no_hurry, "more", json, strlen(json), &result,
                                 &status))
            return status.reason;
    }
    return NULL;
}

// Nothing that was there all the time is missed or comes twice.
static void paging_is_steady_while_others_write(void **state)
{
    world *w = *state;
    import(w, ranked);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_much, w), 0);
    for (int round = 0; round < 10; round++) {
        registry_search_request q = for_words("quokka");
        q.page_size = 2;
        char *found = lines_with(w, q);
        static const char *const steady[] = {"zones/t/areas/a ",   "zones/t/areas/b ",
                                             "zones/t/events/e2 ", "zones/u/events/e3 ",
                                             "zones/t/events/e1 ", "zones/u/events/e4 "};
        const char *at = found;
        for (size_t i = 0; i < ARRAY_LEN(steady); i++) {
            at = strstr(at, steady[i]);
            assert_non_null(at);
            assert_null(strstr(at + 1, steady[i]));
        }
        free(found);
    }
    void *failure;
    assert_int_equal(pthread_join(writer, &failure), 0);
    assert_null(failure);
}

// Many records that nearly match: a page ends early, and the next goes on.
static void a_page_looks_at_so_many_records_only(void **state)
{
    world *w = *state;
    buffer json = {0};
    buffer_append_text(&json, "{\"zones\": [{\"name\": \"zones/m\", \"displayName\": \"M\"}],"
                              "\"areas\": [");
    for (int i = 0; i <= SEARCH_MAX_LOOKED; i++)
        buffer_printf(&json, "%s{\"name\": \"zones/m/areas/a%d\", \"displayName\": \"abcx bcdx\"}",
                      i ? "," : "", i);
    buffer_append_text(&json, ",{\"name\": \"zones/m/areas/z\", \"displayName\": \"xabcd\"}]}");
    buffer_append_byte(&json, '\0');
    import(w, (const char *)json.data);
    buffer_fini(&json);
    registry_search_request q = for_words("abcd");
    Ftz__V1__SearchResponse *answer = search(w, &q);
    assert_int_equal(answer->n_results, 0);
    assert_true(*answer->next_page_token);
    drop(answer);
    assert_lines(w, "abcd", "0.2 zones/m/areas/z display_name x«abcd»\n");
}

static void assert_refused(world *w, registry_search_request q, const char *field,
                           const char *violation)
{
    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    int64_t revision;
    assert_int_equal(registry_search(w->registry, &no_hurry, &q, &rows, &token, &revision, &status),
                     NRPC_INVALID_ARGUMENT);
    assert_violation(&status, field, violation);
    nrpc_status_fini(&status);
    assert_int_equal(rows.size + token.size, 0);
}

static void bad_requests_are_refused(void **state)
{
    world *w = *state;
    static const char *const empty[] = {" ", "\"", "*", "(-) ^ :", "\xCC\x81\xCC\x82", "。、"};
    registry_search_request q = for_words("");
    assert_refused(w, q, "query", "REQUIRED");
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        assert_refused(w, for_words(empty[i]), "query", "NO_WORD");
    char text[2048];
    memset(text, 'a', sizeof text);
    text[256] = '\0';
    q = for_words(text);
    drop(search(w, &q));
    text[256] = 'a';
    text[257] = '\0';
    assert_refused(w, for_words(text), "query", "QUERY_TOO_LONG");
    q = for_words("a b c d e f g h i j k l m n o p");
    drop(search(w, &q));
    assert_refused(w, for_words("a b c d e f g h i j k l m n o p q"), "query", "TOO_MANY_WORDS");
    static const char *const types[] = {"Zone", "Aera"};
    q = for_words("zone");
    q.resource_types = types;
    q.type_count = 2;
    assert_refused(w, q, "resource_types[1]", "UNKNOWN_TYPE");
    q = for_words("zone");
    q.parent = "areas/x";
    assert_refused(w, q, "parent", "NAME_MALFORMED");
    q = for_words("zone");
    q.view = 9;
    assert_refused(w, q, "view", "UNKNOWN_ENUM_VALUE");
    q = for_words("zone");
    q.page_size = -3;
    assert_refused(w, q, "page_size", "NEGATIVE");
    q = for_words("zone");
    q.page_token = "AAAA";
    assert_refused(w, q, "page_token", "PAGE_TOKEN_MISMATCH");

    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    int64_t revision;
    q = for_words("zone");
    q.parent = "zones/none";
    assert_true(registry_search(w->registry, &no_hurry, &q, &rows, &token, &revision, &status));
    assert_status(&status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND");
    q = for_words("zone");
    q.max_size = 10;
    assert_true(registry_search(w->registry, &no_hurry, &q, &rows, &token, &revision, &status));
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
}

static void a_page_token_belongs_to_its_question(void **state)
{
    world *w = *state;
    registry_search_request q = for_words("zone");
    q.page_size = 1;
    Ftz__V1__SearchResponse *first = search(w, &q);
    q.page_token = first->next_page_token;
    assert_true(*q.page_token);
    q.page_size = 3;
    drop(search(w, &q));
    static const char *const types[] = {"Zone"};
    registry_search_request other = q;
    other.query = "zones";
    assert_refused(w, other, "page_token", "PAGE_TOKEN_MISMATCH");
    other = q;
    other.language_code = "en";
    assert_refused(w, other, "page_token", "PAGE_TOKEN_MISMATCH");
    other = q;
    other.view = 1;
    assert_refused(w, other, "page_token", "PAGE_TOKEN_MISMATCH");
    other = q;
    other.parent = "zones/cn-xinjiang";
    assert_refused(w, other, "page_token", "PAGE_TOKEN_MISMATCH");
    other = q;
    other.resource_types = types;
    other.type_count = 1;
    assert_refused(w, other, "page_token", "PAGE_TOKEN_MISMATCH");
    drop(first);
}

// Operators of full-text engines, quotes, columns, wildcards: words, or nothing.
static void hostile_questions_are_only_words(void **state)
{
    world *w = *state;
    import(w, ranked);
    static const char *const hostile[] = {
        "quokka OR numbat",
        "quokka NOT harbour",
        "NEAR(quokka harbour)",
        "c1:quokka",
        "{c0 c1}:quokka",
        "quokka\" OR \"x",
        "quok*",
        "^quokka zzz",
        "quokka' --",
        "quokka + (harbour",
        "\xEE\x80\x81zone",
        "quokka AND AND",
    };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
        free(lines(w, hostile[i]));
    assert_lines(w, "quokka OR numbat", "");
    char *all = lines(w, "quokka"), *dressed = lines(w, "\"quokka\"*)");
    assert_string_equal(dressed, all);
    free(all);
    free(dressed);
    // Long runs, and marks on marks.
    buffer text = {0};
    for (int i = 0; i < 250; i++)
        buffer_append_text(&text, "新");
    buffer_append_byte(&text, '\0');
    assert_lines(w, (const char *)text.data, "");
    buffer_clear(&text);
    buffer_append_text(&text, "quokka");
    for (int i = 0; i < 240; i++)
        buffer_append_text(&text, "\xCC\x81");
    buffer_append_byte(&text, '\0');
    all = lines(w, "quokka");
    assert_lines(w, (const char *)text.data, all);
    free(all);
    buffer_clear(&text);
    for (int i = 0; i < 250; i++)
        buffer_append_text(&text, "\xEF\xB7\xBA"); // 18 letters each
    buffer_append_byte(&text, '\0');
    assert_refused(w, for_words((const char *)text.data), "query", "TOO_MANY_WORDS");
    buffer_fini(&text);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_place_is_found_by_every_spelling),
        EACH(chinese_is_found_at_any_length),
        EACH(the_best_matches_come_first),
        EACH(places_come_before_what_is_told_of_them),
        EACH(all_words_must_match_wherever_they_stand),
        EACH(parts_of_words_of_names_are_found_last),
        EACH(misprints_former_names_and_ids_are_found),
        EACH(names_of_the_language_asked_for_are_shown),
        EACH(types_and_parents_narrow_the_search),
        EACH(changed_and_deleted_records_are_found_as_they_are),
        EACH(views_give_the_resource_whole_or_without_its_proof),
        EACH(long_texts_are_cut_around_the_match),
        EACH(pages_of_any_size_give_the_same_results),
        EACH(paging_is_steady_while_others_write),
        EACH(a_page_looks_at_so_many_records_only),
        EACH(bad_requests_are_refused),
        EACH(a_page_token_belongs_to_its_question),
        EACH(hostile_questions_are_only_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
