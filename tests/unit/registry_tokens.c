// How text becomes words, and words tokens.
#include "registry_support.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/index/texts.h"
#include "registry/index/tokens.h"
#include "registry/index/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// "word@first-end" for each word, "+" before a joined ideograph.
static void assert_words(const char *text, const char *expected)
{
    char found[1024] = "";
    word_cutter c;
    word w;
    word_cut(&c, text, strlen(text));
    while (word_next(&c, &w)) {
        size_t used = strlen(found);
        snprintf(found + used, sizeof found - used, "%s%s%s@%u-%u", used ? " " : "",
                 w.joined ? "+" : "", w.text, w.first, w.end);
    }
    assert_string_equal(found, expected);
}

static void case_marks_and_width_are_folded_away(void **state)
{
    (void)state;
    assert_words("Ürümqi URUMQI Urumqi", "urumqi@0-6 urumqi@7-13 urumqi@14-20");
    assert_words("U\xCC\x88rumqi", "urumqi@0-7"); // the mark by itself
    assert_words("Ｋｈｏｒｇｏｓ ﬁrst", "khorgos@0-7 first@8-12");
    assert_words("Straße ıstanbul İstanbul", "strasse@0-6 istanbul@7-15 istanbul@16-24");
    assert_words("Łódź Øresund", "lodz@0-4 oresund@5-12");
    assert_words("Нур-Султан Йошкар", "нур@0-3 султан@4-10 иошкар@11-17");
    assert_words("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ@0-7 σισυφοσ@8-15");
    assert_words("Qeshqer q\xCC\xA7", "qeshqer@0-7 q@8-10");
}

static void uyghur_and_arabic_are_found_without_their_signs(void **state)
{
    (void)state;
    assert_words("قەشقەر", "قەشقەر@0-6");
    // Hamza above the yeh, tatweel and a joiner leave the word as it is.
    assert_words("ئۈرۈمچى", "يۈرۈمچى@0-7");
    assert_words("كـاش\xE2\x80\x8Cغر", "كاشغر@0-7");
}

static void apostrophes_join_and_possessives_are_cut_off(void **state)
{
    (void)state;
    assert_words("Huo'erguosi", "huoerguosi@0-11");
    assert_words("Xi’an’s port", "xian@0-5 port@8-12");
    assert_words("the zone's plan", "the@0-3 zone@4-8 plan@11-15");
    assert_words("zones' 'quoted' rock 'n' roll",
                 "zones@0-5 quoted@8-14 rock@16-20 n@22-23 roll@25-29");
    assert_words("'", "");
}

static void punctuation_and_signs_part_words(void **state)
{
    (void)state;
    assert_words("119.95 km²; C6655, A/B_C", "119@0-3 95@4-6 km2@7-10 c6655@12-17 a@19-20 b@21-22 "
                                             "c@23-24");
    assert_words(" \t\n!?…—()", "");
    assert_words("", "");
}

static void ideographs_stand_alone_and_join_across_punctuation(void **state)
{
    (void)state;
    assert_words("中国（新疆）", "中@0-1 +国@1-2 +新@3-4 +疆@4-5");
    assert_words("喀什 FTZ 区", "喀@0-1 +什@1-2 ftz@3-6 区@7-8");
    assert_words("カザフ", "カ@0-1 +サ@1-2 +フ@2-3");
    assert_words("ガ\xEF\xA4\x80", "カ@0-1 +豈@1-2"); // a compatibility ideograph
    assert_words("〇々", "〇@0-1 +々@1-2");
    assert_words("𠀀a", "𠀀@0-1 a@1-2");
}

static void malformed_bytes_and_floods_end_quietly(void **state)
{
    (void)state;
    assert_words("good \xFF bad", "good@0-4");
    assert_words("ok \xE4\xB8", "ok@0-2");
    assert_words("\xEE\x80\x80kh\xEE\x80\x81", "kh@1-3"); // private use is no letter
    buffer flood = {0};
    buffer_append_text(&flood, "a");
    for (int i = 0; i < 200000; i++)
        buffer_append_text(&flood, i % 3 ? "\xCC\x81" : "'");
    for (int i = 0; i < 200000; i++)
        buffer_append_text(&flood, "z");
    word_cutter c;
    word w;
    size_t words = 0;
    word_cut(&c, (const char *)flood.data, flood.size);
    while (word_next(&c, &w)) {
        assert_true(w.points <= WORD_MAX_POINTS && w.size <= WORD_MAX_SIZE);
        words++;
    }
    assert_in_range(words, 1, 3);
    buffer_fini(&flood);
    // The longest decomposition there is.
    assert_words("\xEF\xB7\xBA", "صلى@0-1 الله@0-1 عليه@0-1 وسلم@0-1");
}

// What stands before the tokens of a column.
#define WHOLE "\xEE\x80\x85"
#define NAME  "\xEE\x80\x86"
#define TITLE "\xEE\x80\x87"
#define PART  "\xEE\x80\x88"

static void assert_list(token_list list, const char *expected)
{
    char found[2048] = "";
    for (size_t i = 0; i < list.count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "",
                 list.tokens[i]);
    assert_string_equal(found, expected);
}

static void a_question_asks_for_words_characters_and_pairs(void **state)
{
    (void)state;
    arena memory;
    token_list list;
    const char *one;
    arena_init(&memory, NULL, 0, 1 << 20, NULL);
    assert_true(tokens_of_query(TOKENS_WORDS, "Khorgos the Khorgos", 19, &memory, &list));
    assert_list(list, "khorgos the");
    assert_true(tokens_of_query(TOKENS_WORDS, "喀", 3, &memory, &list));
    assert_list(list, "喀");
    assert_true(tokens_of_query(TOKENS_WORDS, "新疆 喀 什么", 17, &memory, &list));
    assert_list(list, "什么 喀 新疆");
    assert_true(tokens_of_query(TOKENS_WORDS, "自由贸易 zone 区", 21, &memory, &list));
    assert_list(list, "zone 区 由贸 自由 贸易");
    assert_true(tokens_of_query(TOKENS_WORDS, "\"*^-()", 6, &memory, &list));
    assert_int_equal(list.count, 0);
    assert_true(tokens_of_name("Free-Trade Zone（区）", 23, &memory, &one));
    assert_string_equal(one, WHOLE "freetradezone区");
    assert_true(tokens_of_name("--", 2, &memory, &one));
    assert_null(one);
    assert_true(tokens_of_part("horgo", 5, &memory, &list));
    assert_list(list, PART "hor " PART "org " PART "rgo");
    assert_true(tokens_of_part("Kh", 2, &memory, &list));
    assert_list(list, "\xEE\x80\x80kh");
    assert_true(tokens_of_part("ürü", strlen("ürü"), &memory, &list));
    assert_list(list, PART "uru");
    assert_true(tokens_of_part("k", 1, &memory, &list));
    assert_int_equal(list.count, 0);
    arena_fini(&memory);
}

// Messages hold their text as if they could change it.
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static bool has_token(const store_index *index, int column, const char *token)
{
    char padded[512];
    buffer b = {0};
    buffer_append_byte(&b, ' ');
    buffer_append(&b, index->search[column].data, index->search[column].size);
    buffer_append_text(&b, " ");
    char *text = buffer_take(&b, NULL);
    snprintf(padded, sizeof padded, " %s ", token);
    bool found = strstr(text, padded);
    free(text);
    return found;
}

#define HAS(column, token)  assert_true(has_token(&index, column, token))
#define LACK(column, token) assert_false(has_token(&index, column, token))

static void fields_go_to_the_columns_of_their_roles(void **state)
{
    const world *w = *state;
    arena memory;
    store_index index = {0};
    arena_init(&memory, NULL, 0, 1 << 20, NULL);
    Ftz__V1__Event e = FTZ__V1__EVENT__INIT;
    Ftz__V1__Place place = FTZ__V1__PLACE__INIT, *places[] = {&place};
    Ftz__V1__Name name = FTZ__V1__NAME__INIT, *names[] = {&name};
    char *zones[] = {text_of("zones/cn-x_y")};
    name.id = text_of("zh");
    name.text = text_of("霍尔果斯");
    place.id = text_of("p");
    place.display_name = text_of("Khorgos");
    place.names = names;
    place.n_names = 1;
    e.title = text_of("Contracts signed");
    e.description = text_of("Twenty-six firms sign.");
    e.places = places;
    e.n_places = 1;
    e.zones = zones;
    e.n_zones = 1;
    assert_true(
        tokens_make(type_named(w, "Event"), "zones/cn-a/events/xj-e4", &e.base, &memory, &index));
    HAS(0, WHOLE "xje4");
    LACK(0, WHOLE "khorgos");
    assert_int_equal(index.search[1].size, 0);
    HAS(2, TITLE "contracts");
    HAS(2, TITLE "khorgos");
    HAS(2, TITLE "霍尔");
    HAS(2, TITLE "斯");
    HAS(3, "firms");
    LACK(2, TITLE "firms");
    HAS(3, "contracts");
    HAS(4, PART "rgo");
    LACK(4, PART "con"); // of a title
    HAS(4, "\xEE\x80\x80kh");
    HAS(4, "\xEE\x80\x81"
           "event");
    HAS(4, "\xEE\x80\x82"
           "cn\xEE\x80\x83"
           "a");
    HAS(4, "\xEE\x80\x82"
           "cn\xEE\x80\x83"
           "x\xEE\x80\x84"
           "y");

    Ftz__V1__Area a = FTZ__V1__AREA__INIT;
    a.display_name = text_of("Khorgos Area");
    a.names = names;
    a.n_names = 1;
    a.aim = text_of("Grow.");
    assert_true(
        tokens_make(type_named(w, "Area"), "zones/cn-a/areas/khorgos", &a.base, &memory, &index));
    HAS(0, WHOLE "khorgos");
    HAS(0, WHOLE "khorgosarea");
    HAS(0, WHOLE "霍尔果斯");
    HAS(1, NAME "area");
    HAS(1, NAME "尔果");
    HAS(2, TITLE "area");
    HAS(3, "尔果");
    HAS(3, "grow");
    arena_fini(&memory);
}

// The store's contract: no ASCII but letters and digits; ours: each once, bounded.
static void every_token_keeps_to_the_form_and_comes_once(void **state)
{
    const world *w = *state;
    arena memory;
    store_index index = {0};
    buffer text = {0};
    srand(7);
    for (int i = 0; i < 400000; i++) {
        uint32_t c = (uint32_t)rand() % 0x3000 + 1;
        if (c < 0x80) {
            buffer_append_byte(&text, (uint8_t)c);
        } else if (c < 0x800) {
            buffer_append_byte(&text, (uint8_t)(0xC0 | c >> 6));
            buffer_append_byte(&text, (uint8_t)(0x80 | (c & 63)));
        } else {
            buffer_append_byte(&text, (uint8_t)(0xE0 | c >> 12));
            buffer_append_byte(&text, (uint8_t)(0x80 | (c >> 6 & 63)));
            buffer_append_byte(&text, (uint8_t)(0x80 | (c & 63)));
        }
    }
    char *all = buffer_take(&text, NULL);
    arena_init(&memory, NULL, 0, 64 << 20, NULL);
    Ftz__V1__Area a = FTZ__V1__AREA__INIT;
    a.display_name = all;
    a.aim = all;
    assert_true(tokens_make(type_named(w, "Area"), "zones/z/areas/a", &a.base, &memory, &index));
    for (int i = 0; i < STORE_SEARCH_COLUMNS; i++) {
        const uint8_t *bytes = index.search[i].data;
        char before[4096] = "";
        assert_true(index.search[i].size < 4 << 20);
        for (size_t at = 0; at < index.search[i].size;) {
            char token[4096];
            size_t n = 0;
            for (; at < index.search[i].size && bytes[at] != ' '; at++) {
                uint8_t c = bytes[at];
                assert_true(c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
                token[n++] = (char)c;
                assert_true(n < sizeof token);
            }
            at++;
            token[n] = '\0';
            assert_true(n > 0);
            assert_true(strcmp(before, token) < 0);
            memcpy(before, token, n + 1);
        }
    }
    arena_fini(&memory);
    free(all);
}

typedef struct expected_path {
    const char *text, *path;
} expected_path;

static bool note_path(void *context, const text_at *at)
{
    expected_path *e = context;
    char path[256];
    if (strcmp(at->text, e->text) != 0)
        return true;
    assert_true(text_path(at, path, sizeof path));
    e->path = strdup(path);
    assert_false(text_path(at, path, strlen(path)));
    return false;
}

static void texts_say_where_they_stand(void **state)
{
    const world *w = *state;
    Ftz__V1__Zone z = FTZ__V1__ZONE__INIT;
    Ftz__V1__Region region = FTZ__V1__REGION__INIT;
    Ftz__V1__Name name = FTZ__V1__NAME__INIT, *names[] = {&name};
    Ftz__V1__Document plan = FTZ__V1__DOCUMENT__INIT;
    Ftz__V1__Party issuer = FTZ__V1__PARTY__INIT, *issuers[] = {&issuer};
    Ftz__V1__Citation citation = FTZ__V1__CITATION__INIT, *citations[] = {&citation};
    Ftz__V1__StatedValue value = FTZ__V1__STATED_VALUE__INIT;
    name.id = text_of("en");
    name.text = text_of("Xinjiang");
    region.names = names;
    region.n_names = 1;
    issuer.id = text_of("sc");
    issuer.display_name = text_of("State Council");
    plan.issuers = issuers;
    plan.n_issuers = 1;
    value.kind_case = FTZ__V1__STATED_VALUE__KIND_TEXT;
    value.text = text_of("Other");
    citation.id = text_of("c");
    citation.stated_value = &value;
    z.region = &region;
    z.plan = &plan;
    z.citations = citations;
    z.n_citations = 1;
    z.positioning_text = text_of("Bridge");
    expected_path cases[] = {
        {"Xinjiang", "region.names.en"},
        {"State Council", "plan.issuers.sc.display_name"},
        {"Other", "citations.c.stated_value.text"},
        {"Bridge", "positioning_text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        expected_path found = {cases[i].text, NULL};
        assert_false(texts_visit(type_named(w, "Zone"), &z.base, note_path, &found));
        assert_string_equal(found.path, cases[i].path);
        free((char *)(uintptr_t)found.path);
    }
    value.kind_case = FTZ__V1__STATED_VALUE__KIND_NUMBER; // a pointer of another type now
    value.number = NULL;
    expected_path none = {"Other", NULL};
    assert_true(texts_visit(type_named(w, "Zone"), &z.base, note_path, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_marks_and_width_are_folded_away),
        cmocka_unit_test(uyghur_and_arabic_are_found_without_their_signs),
        cmocka_unit_test(apostrophes_join_and_possessives_are_cut_off),
        cmocka_unit_test(punctuation_and_signs_part_words),
        cmocka_unit_test(ideographs_stand_alone_and_join_across_punctuation),
        cmocka_unit_test(malformed_bytes_and_floods_end_quietly),
        cmocka_unit_test(a_question_asks_for_words_characters_and_pairs),
        cmocka_unit_test(fields_go_to_the_columns_of_their_roles),
        cmocka_unit_test(every_token_keeps_to_the_form_and_comes_once),
        cmocka_unit_test(texts_say_where_they_stand),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
