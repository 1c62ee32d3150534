#include "registry/query/search.h"

#include "base/pbwire.h"
#include "ftz/v1/query_service.pb-c.h"
#include "registry/body.h"
#include "registry/index/tokens.h"
#include "registry/names.h"
#include "registry/query/match.h"
#include "registry/read/rows.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"
#include "schema/suggest.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BASIC = FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC,
    MAX_MEMORY = 1 << 20,      // of a question
    MAX_ROW_MEMORY = 64 << 20, // of one record unpacked
    MAX_CLAUSES = 4,
    PLACE_SIZE = 2 + 8,
};

// Where a search stands: what it goes on behind.
typedef struct place {
    int tier;
    size_t type; // which of the types
    int64_t id;
} place;

typedef struct searching {
    registry *r;
    const registry_search_request *request;
    buffer *rows;
    size_t end; // of rows
    size_t limit, count, looked;
    search_words words;
    arena memory;
    buffer bound;                               // what a page token is bound to
    const resource_type *types[RESOURCE_KINDS]; // in the order of `order`
    size_t type_count;
    const char *zone; // its token; NULL: everything
    place at;
    bool more;
    bool too_large;
    bool no_memory;
} searching;

// --- the request ---------------------------------------------------------------------------------

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a search");
}

static void check_query(searching *s, nrpc_status *status)
{
    const char *query = s->request->query;
    switch (search_words_make(query, s->request->language_code, &s->memory, &s->words)) {
    case SEARCH_GOOD:
        break;
    case SEARCH_NO_WORD:
        if (!*query)
            name_violate(status, "query", "REQUIRED", query, "is required: what to search for");
        else
            name_violate(status, "query", "NO_WORD", query,
                         "'%.64s' has no letter or digit to search for", query);
        break;
    case SEARCH_TOO_LONG:
        name_violate(status, "query", "QUERY_TOO_LONG", NULL,
                     "has more than %d characters: search for fewer words", SEARCH_MAX_POINTS);
        break;
    case SEARCH_TOO_MANY_WORDS:
        name_violate(status, "query", "TOO_MANY_WORDS", NULL,
                     "has more than %d words: all of them must match", SEARCH_MAX_WORDS);
        break;
    case SEARCH_NO_MEMORY:
        s->no_memory = true;
        break;
    }
}

static bool note_type(const registry *r, const char *name, unsigned *asked, suggestion *near)
{
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        if (!strcmp(r->types[kind].singular, name)) {
            *asked |= 1u << kind;
            return true;
        }
        suggest_offer(near, r->types[kind].singular);
    }
    return false;
}

static void check_types(searching *s, nrpc_status *status)
{
    // Places before what is told of them, and that before what explains it.
    static const resource_kind order[RESOURCE_KINDS] = {
        RESOURCE_ZONE,  RESOURCE_AREA, RESOURCE_POWER_DELEGATION,
        RESOURCE_EVENT, RESOURCE_TERM, RESOURCE_SOURCE};
    unsigned asked = 0;
    for (size_t i = 0; i < s->request->type_count; i++) {
        const char *name = s->request->resource_types[i];
        suggestion near = suggest_begin(name, strlen(name));
        char field[40];
        if (note_type(s->r, name, &asked, &near))
            continue;
        snprintf(field, sizeof field, "resource_types[%zu]", i);
        name_violate(status, field, "UNKNOWN_TYPE", name,
                     "'%.64s' is no type of resource: Zone, Area, Event, PowerDelegation, Source "
                     "or Term%s%s%s",
                     name, near.best ? "; did you mean '" : "", near.best ? near.best : "",
                     near.best ? "'?" : "");
    }
    for (size_t i = 0; i < RESOURCE_KINDS; i++)
        if (!asked || asked & 1u << order[i])
            s->types[s->type_count++] = &s->r->types[order[i]];
}

static void check_zone(searching *s, nrpc_status *status)
{
    parent_name parent = {.all = true};
    if (*s->request->parent && name_parse_parent(&s->r->types[RESOURCE_AREA], s->request->parent,
                                                 "parent", &parent, status))
        return;
    if (!parent.all && !tokens_of_zone(s->request->parent, &s->memory, &s->zone))
        s->no_memory = true;
}

static void bind(searching *s)
{
    const registry_search_request *q = s->request;
    token_bind_text(&s->bound, "ftz.v1.QueryService/Search");
    token_bind_text(&s->bound, q->query);
    token_bind_int(&s->bound, (int64_t)s->type_count);
    for (size_t i = 0; i < s->type_count; i++)
        token_bind_text(&s->bound, s->types[i]->singular);
    token_bind_text(&s->bound, s->zone);
    token_bind_text(&s->bound, q->language_code);
    token_bind_int(&s->bound, q->view == BASIC);
    s->no_memory |= s->bound.failed;
}

static nrpc_code read_token(searching *s, nrpc_status *status)
{
    buffer payload = {0};
    if (!*s->request->page_token)
        return NRPC_OK;
    store_bytes bound = {s->bound.data, s->bound.size};
    if (!token_parse(s->r->store, bound, s->request->page_token, &payload, status) &&
        payload.size == PLACE_SIZE) {
        s->at.tier = payload.data[0];
        s->at.type = payload.data[1];
        for (int i = 7; i >= 0; i--)
            s->at.id = (int64_t)((uint64_t)s->at.id << 8 | payload.data[2 + i]);
    }
    buffer_fini(&payload);
    return status->code;
}

static bool write_token(const searching *s, buffer *out)
{
    uint8_t payload[PLACE_SIZE] = {(uint8_t)s->at.tier, (uint8_t)s->at.type};
    for (int i = 0; i < 8; i++)
        payload[2 + i] = (uint8_t)((uint64_t)s->at.id >> (8 * i));
    return token_make(s->r->store, (store_bytes){s->bound.data, s->bound.size},
                      (store_bytes){payload, sizeof payload}, out);
}

static nrpc_code check(searching *s, nrpc_status *status)
{
    const registry_search_request *q = s->request;
    check_query(s, status);
    check_types(s, status);
    check_zone(s, status);
    view_check(q->view, status);
    s->limit = page_limit(q->page_size, SEARCH_DEFAULT_PAGE, SEARCH_MAX_PAGE, "page_size", status);
    if (status->code)
        return status->code;
    bind(s);
    if (s->no_memory)
        return no_memory(status);
    return read_token(s, status);
}

typedef struct existence {
    bool deleted;
} existence;

static bool note_existence(void *context, const store_record *record)
{
    existence *e = context;
    e->deleted = record->delete_time_us != 0;
    return false;
}

static nrpc_code zone_exists(const searching *s, const store_context *c, nrpc_status *status)
{
    existence e = {0};
    if (!s->zone)
        return NRPC_OK;
    const char *name = s->request->parent;
    nrpc_code code = store_get(s->r->store, c, name, 0, false, note_existence, &e, status);
    if (code ? code != NRPC_NOT_FOUND : !e.deleted)
        return code;
    nrpc_status_set(status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND",
                    "there is no '%s' that could be searched", name);
    nrpc_status_add(status, "parent", "%s", name);
    return nrpc_status_resource(status, "ftz.v1.Zone", name);
}

// --- rows ----------------------------------------------------------------------------------------

static const double scores[SEARCH_TIERS] = {
    [SEARCH_WHOLE] = 1,   [SEARCH_NAMES] = 0.8, [SEARCH_TITLES] = 0.6,
    [SEARCH_PROSE] = 0.4, [SEARCH_PARTS] = 0.2,
};

// The SearchResult: the resource in its bytes as they are stored, then the rest.
static bool append_result(searching *s, const resource_type *type, const store_record *record,
                          const search_match *match)
{
    const ProtobufCFieldDescriptor *kind = protobuf_c_message_descriptor_get_field_by_name(
        &ftz__v1__any_resource__descriptor, type->record);
    uint8_t tail[BODY_MAX_TAIL];
    store_bytes pieces[] = {record->body,
                            s->request->view == BASIC ? (store_bytes){0} : record->extra,
                            {tail, body_tail(type, s->r->store->id, record, tail)}};
    Ftz__V1__SearchResult rest = FTZ__V1__SEARCH_RESULT__INIT;
    char fragment[4 * MATCH_MAX_POINTS + 1];
    memcpy(fragment, match->fragment, match->fragment_size);
    fragment[match->fragment_size] = '\0';
    rest.path = (char *)(uintptr_t)match->path;
    rest.fragment = fragment;
    rest.match_offsets = (int32_t *)(uintptr_t)match->offsets;
    rest.n_match_offsets = match->offset_count;
    rest.score = scores[s->at.tier];
    size_t resource = pieces[0].size + pieces[1].size + pieces[2].size;
    size_t any = pbwire_bytes_size(kind->id, resource);
    size_t rest_size = protobuf_c_message_get_packed_size(&rest.base);
    size_t size = pbwire_bytes_size(1, any) + rest_size;
    size_t whole = pbwire_bytes_size(s->request->row_field, size);
    if (s->rows->size > s->end || whole > s->end - s->rows->size) {
        s->too_large = true;
        return false;
    }
    uint8_t *next = buffer_reserve(s->rows, whole);
    if (!next) {
        s->no_memory = true;
        return false;
    }
    next = pbwire_put_varint(pbwire_put_tag(next, s->request->row_field, PBWIRE_BYTES), size);
    next = pbwire_put_varint(pbwire_put_tag(next, 1, PBWIRE_BYTES), any);
    next = pbwire_put_varint(pbwire_put_tag(next, kind->id, PBWIRE_BYTES), resource);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        if (pieces[i].size)
            memcpy(next, pieces[i].data, pieces[i].size);
        next += pieces[i].size;
    }
    protobuf_c_message_pack(&rest.base, next);
    s->rows->size += whole;
    return true;
}

// Whether to go on. A record that does not answer is only passed over.
static bool take_record(searching *s, const resource_type *type, const store_record *record,
                        arena *memory)
{
    size_t size = record->body.size + record->extra.size;
    uint8_t *whole = arena_alloc(memory, size + 1);
    search_match match;
    if (!whole) {
        s->no_memory = true;
        return false;
    }
    if (record->body.size)
        memcpy(whole, record->body.data, record->body.size);
    if (record->extra.size)
        memcpy(whole + record->body.size, record->extra.data, record->extra.size);
    const ProtobufCMessage *message =
        protobuf_c_message_unpack(type->message, &memory->pb, size, whole);
    s->no_memory = !message;
    match_result result = message ? search_match_resource(&s->words, (search_tier)s->at.tier, type,
                                                          record->name, message, &match)
                                  : MATCH_NO_MEMORY;
    if (result == MATCH_NO_MEMORY)
        s->no_memory = true;
    if (result != MATCH_FOUND)
        return result == MATCH_NONE;
    if (s->count == s->limit || !append_result(s, type, record, &match)) {
        s->more = true;
        return false;
    }
    s->count++;
    return true;
}

static bool take_row(void *context, const store_record *record)
{
    searching *s = context;
    if (s->looked++ == SEARCH_MAX_LOOKED) {
        s->more = true;
        return false;
    }
    arena memory;
    arena_init(&memory, NULL, 0, MAX_ROW_MEMORY, NULL);
    bool go_on = take_record(s, s->types[s->at.type], record, &memory);
    arena_fini(&memory);
    if (go_on)
        s->at.id = record->id;
    return go_on;
}

// --- tiers ---------------------------------------------------------------------------------------

typedef struct clauses {
    store_clause clause[MAX_CLAUSES];
    size_t count;
} clauses;

static void add_clause(clauses *out, unsigned columns, const token_list *list)
{
    if (list->count)
        out->clause[out->count++] = (store_clause){columns, list->tokens, list->count};
}

// Parts of words of names; the characters of runs, whatever stands between them; and words of one
// letter, which have no parts.
static bool ask_for_parts(searching *s, clauses *out, bool *any)
{
    buffer letters = {0}, characters = {0};
    token_list parts, ones, singles;
    buffer longer = {0};
    for (size_t i = 0; i < s->words.count; i++) {
        const search_word *w = &s->words.words[i];
        buffer *to = w->run ? &characters : w->points == 1 ? &letters : &longer;
        *any |= w->points > 1;
        for (size_t j = 0; j < w->size; j++) {
            // A blank before each character keeps it from pairing with the one before.
            if (!j || (w->run && ((uint8_t)w->text[j] & 0xC0) != 0x80))
                buffer_append_byte(to, ' ');
            buffer_append_byte(to, (uint8_t)w->text[j]);
        }
    }
    bool good =
        !letters.failed && !characters.failed && !longer.failed &&
        tokens_of_part((const char *)longer.data, longer.size, &s->memory, &parts) &&
        tokens_of_query(TOKENS_TITLES, (const char *)characters.data, characters.size, &s->memory,
                        &singles) &&
        tokens_of_query(TOKENS_WORDS, (const char *)letters.data, letters.size, &s->memory, &ones);
    if (good) {
        add_clause(out, TOKENS_PARTS, &parts);
        add_clause(out, TOKENS_TITLES, &singles);
        add_clause(out, TOKENS_WORDS, &ones);
    }
    buffer_fini(&letters);
    buffer_fini(&characters);
    buffer_fini(&longer);
    return good;
}

static const unsigned columns[SEARCH_PARTS] = {
    [SEARCH_WHOLE] = TOKENS_WHOLE,
    [SEARCH_NAMES] = TOKENS_NAMES,
    [SEARCH_TITLES] = TOKENS_TITLES,
    [SEARCH_PROSE] = TOKENS_WORDS,
};

// The clause that finds what answers in a tier.
static bool ask_for_tier(searching *s, int tier, clauses *out)
{
    const char *query = s->request->query;
    size_t size = strlen(query);
    token_list list = {0};
    if (tier == SEARCH_WHOLE) {
        const char **whole = arena_alloc(&s->memory, sizeof *whole);
        if (!whole || !tokens_of_name(query, size, &s->memory, whole))
            return false;
        list = (token_list){whole, 1};
    } else if (!tokens_of_query(columns[tier], query, size, &s->memory, &list)) {
        return false;
    }
    add_clause(out, columns[tier], &list);
    return true;
}

// What is asked of the store: the clause of a tier finds all that the one before does, and more,
// but for whole names that are parted into words otherwise than the question is; match.h passes
// those over.
static nrpc_code ask(searching *s, const store_context *c, int64_t *revision, nrpc_status *status)
{
    clauses must = {0}, must_not = {0};
    bool any = s->at.tier != SEARCH_PARTS, good;
    if (any)
        good = ask_for_tier(s, s->at.tier, &must);
    else
        good = ask_for_parts(s, &must, &any);
    if (good && s->at.tier != SEARCH_WHOLE)
        good = ask_for_tier(s, s->at.tier - 1, &must_not);
    const char *narrow[2];
    token_list narrowing = {narrow, 0};
    good = good && tokens_of_type(s->types[s->at.type], &s->memory, &narrow[narrowing.count++]);
    if (!good)
        return no_memory(status);
    if (!any)
        return NRPC_OK;
    if (s->zone)
        narrow[narrowing.count++] = s->zone;
    add_clause(&must, TOKENS_PARTS, &narrowing);
    store_search_query query = {.must = must.clause,
                                .must_count = must.count,
                                .must_not = must_not.count ? must_not.clause : NULL,
                                .after_id = s->at.id,
                                .with_extra = true};
    return store_search(s->r->store, c, &query, take_row, s, revision, status);
}

static nrpc_code ask_all(searching *s, const store_context *c, int64_t *revision,
                         nrpc_status *status)
{
    for (; s->at.tier < SEARCH_TIERS; s->at.tier++, s->at.type = 0) {
        for (; s->at.type < s->type_count; s->at.type++, s->at.id = 0) {
            nrpc_code code = ask(s, c, revision, status);
            if (!code && s->no_memory)
                code = no_memory(status);
            if (code || s->more)
                return code;
        }
    }
    return NRPC_OK;
}

nrpc_code registry_search(registry *r, const store_context *c, const registry_search_request *q,
                          buffer *rows, buffer *next_page_token, int64_t *revision,
                          nrpc_status *status)
{
    size_t start = rows->size;
    searching s = {.r = r, .request = q, .rows = rows, .end = start + q->max_size};
    store_context at = *c;
    arena_init(&s.memory, NULL, 0, MAX_MEMORY, NULL);
    nrpc_code code = check(&s, status);
    if (!code)
        code = store_snapshot_open(r->store, c, &at.snapshot, revision, status);
    if (!code)
        code = zone_exists(&s, &at, status);
    if (!code)
        code = ask_all(&s, &at, revision, status);
    store_snapshot_close(r->store, at.snapshot);
    if (!code && s.too_large && !s.count) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                        "the answer would exceed the message limit: %zu bytes are left for it, and "
                        "not even one result fits",
                        q->max_size);
        code = nrpc_status_add(status, "limit", "%zu", q->max_size);
    }
    if (!code && s.more && !write_token(&s, next_page_token))
        code = no_memory(status);
    if (code)
        rows->size = start;
    arena_fini(&s.memory);
    buffer_fini(&s.bound);
    return code;
}
