#include "option_keys.h"
#include "options.h"

#include <stddef.h>

const char *const output_words[] = {"table", "json", "ndjson", "csv", NULL};
const char *const view_words[] = {"basic", "full", NULL};
const char *const form_words[] = {"json", "jsonl", NULL};
const char *const type_words[] = {"Zone",   "Area", "Event", "PowerDelegation",
                                  "Source", "Term", NULL};
const char *const timeline_kind_words[] = {
    "approval",
    "plan_dated",
    "plan_published",
    "launch",
    "size",
    "area_added",
    "area_opened",
    "event",
    "event_effective",
    "delegation_decided",
    "delegation_effective",
    "delegation_amended",
    NULL,
};

const char *const *option_words(const struct argp_option *option)
{
    switch (option->key) {
    case 'o':
        return output_words;
    case KEY_VIEW:
        return view_words;
    case KEY_FORMAT:
        return form_words;
    case KEY_TYPE:
        return type_words;
    case KEY_KIND:
        return timeline_kind_words;
    default:
        return NULL;
    }
}

#define PARENT_OF_SHORT_IDS                                                                        \
    {                                                                                              \
        "parent", KEY_PARENT, "NAME", 0, "What short ids lie below", 0                             \
    }
#define ALL                                                                                        \
    {                                                                                              \
        "all", KEY_ALL, NULL, 0, "Every page, not just the first", 0                               \
    }
#define LIMIT                                                                                      \
    {                                                                                              \
        "limit", KEY_LIMIT, "N", 0, "So many, over as many pages as that takes", 0                 \
    }
#define PAGE_SIZE                                                                                  \
    {                                                                                              \
        "page-size", KEY_PAGE_SIZE, "N", 0, "At most N in a page, 1 to 1000. Default: 50", 0       \
    }
#define PAGE_TOKEN                                                                                 \
    {                                                                                              \
        "page-token", KEY_PAGE_TOKEN, "TOKEN", 0, "Go on where the page before ended", 0           \
    }
#define PAGES ALL, LIMIT, PAGE_SIZE, PAGE_TOKEN
#define VIEW                                                                                       \
    {                                                                                              \
        "view", KEY_VIEW, "VIEW", 0, "basic: without citations and remarks; full (default)", 0     \
    }
#define FILTER                                                                                     \
    {                                                                                              \
        "filter", KEY_FILTER, "EXPRESSION", 0,                                                     \
            "Only what meets it, AIP-160: 'area_km2 >= 30 AND names.text:Khorgos'", 0              \
    }
#define DATA                                                                                       \
    {                                                                                              \
        "data", 'd', "JSON|@FILE|-", 0, "The resource as JSON, in a file, or on standard input", 0 \
    }
#define SET                                                                                        \
    {                                                                                              \
        "set", KEY_SET, "PATH=VALUE", 0,                                                           \
            "Set one field; may be repeated: area_km2=12.5, launch_date=2023-11-01, "              \
            "names.zh.text=...; "                                                                  \
            "no value clears it",                                                                  \
            0                                                                                      \
    }
#define ETAG                                                                                       \
    {                                                                                              \
        "etag", KEY_ETAG, "ETAG", 0, "Only if it has not changed since it had this etag", 0        \
    }
#define VALIDATE_ONLY                                                                              \
    {                                                                                              \
        "validate-only", KEY_VALIDATE_ONLY, NULL, 0, "Check everything, write nothing", 0          \
    }
#define REQUEST_ID                                                                                 \
    {                                                                                              \
        "request-id", KEY_REQUEST_ID, "UUID", 0,                                                   \
            "Makes a repeat get the first answer. Default: a new one each time", 0                 \
    }
#define DAY(what)                                                                                  \
    {                                                                                              \
        "date", KEY_DATE, "DATE", 0, what, 0                                                       \
    }

const struct argp_option global_options[] = {
    {"server", 's', "URL[,URL...]", 0,
     "Where the server is: tcp://HOST:PORT or ipc:///PATH. Default: FTZ_SERVER, else "
     "$XDG_RUNTIME_DIR/ftz.sock if it is there, else tcp://127.0.0.1:17966",
     90},
    {"output", 'o', "FORMAT", 0,
     "table, json, ndjson or csv. Default: table on a terminal, json elsewhere", 90},
    {"timeout", KEY_TIMEOUT, "DURATION", 0, "Of each call: 500ms, 5s, 2m. Default: 30s", 90},
    {"header", KEY_HEADER, "KEY=VALUE", 0, "Send this along with each call; may be repeated", 90},
    {"no-color", KEY_NO_COLOR, NULL, 0, "No colour; NO_COLOR=1 does the same", 90},
    {0},
};

const struct argp_option list_options[] = {
    {"parent", KEY_PARENT, "NAME", 0, "List only what lies below it. Default: everything", 0},
    FILTER,
    {"order-by", KEY_ORDER_BY, "FIELD[ desc],...", 0,
     "In this order: 'area_km2 desc, name'. Default: by name", 0},
    PAGES,
    VIEW,
    {"show-deleted", KEY_SHOW_DELETED, NULL, 0, "Deleted ones too", 0},
    {"total", KEY_TOTAL, NULL, 0, "Count all there are, on every page", 0},
    {0},
};

const struct argp_option get_options[] = {PARENT_OF_SHORT_IDS, VIEW, {0}};

const struct argp_option create_options[] = {
    PARENT_OF_SHORT_IDS, DATA, SET, VALIDATE_ONLY, REQUEST_ID, {0},
};

const struct argp_option update_options[] = {
    PARENT_OF_SHORT_IDS,
    DATA,
    SET,
    {"mask", KEY_MASK, "PATH,...", 0,
     "What to change. Default: what --set and --data name; '*': everything", 0},
    ETAG,
    {"allow-missing", KEY_ALLOW_MISSING, NULL, 0, "Create it if it does not exist", 0},
    VALIDATE_ONLY,
    REQUEST_ID,
    {0},
};

const struct argp_option edit_options[] = {PARENT_OF_SHORT_IDS, VALIDATE_ONLY, {0}};

#define DELETE_TAIL                                                                                \
    ETAG, {"allow-missing", KEY_ALLOW_MISSING, NULL, 0, "Nothing to delete is no error", 0},       \
        VALIDATE_ONLY, REQUEST_ID,                                                                 \
    {                                                                                              \
        0                                                                                          \
    }

const struct argp_option delete_options[] = {PARENT_OF_SHORT_IDS, DELETE_TAIL};

const struct argp_option delete_tree_options[] = {
    {"force", KEY_FORCE, NULL, 0, "Delete what lies in it, too", 0},
    DELETE_TAIL,
};

const struct argp_option undelete_options[] = {
    PARENT_OF_SHORT_IDS, ETAG, VALIDATE_ONLY, REQUEST_ID, {0},
};

const struct argp_option history_options[] = {PARENT_OF_SHORT_IDS, PAGES, VIEW, {0}};

const struct argp_option call_options[] = {
    {"data", 'd', "JSON|@FILE|-", 0,
     "The request as JSON, in a file, or on standard input. Default: {}", 0},
    {0},
};

const struct argp_option import_options[] = {
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Check and count, write nothing", 0},
    {"batch", KEY_BATCH, "N", 0,
     "A transaction for every N records, for more than the server takes in one", 0},
    {0},
};

const struct argp_option export_options[] = {
    {"parent", KEY_PARENT, "ZONE", 0,
     "Only this zone, what lies in it, the sources that it cites, and the terms of its units", 0},
    {"format", KEY_FORMAT, "FORM", 0,
     "json: one ftz.v1.Registry (default); jsonl: one ftz.v1.AnyResource a line. Default for a "
     "FILE ending in .jsonl: jsonl",
     0},
    {"server-fields", KEY_SERVER_FIELDS, NULL, 0, "With uid, etag, revision and times", 0},
    {0},
};

const struct argp_option generate_options[] = {
    {"events", KEY_EVENTS, "N", 0, "How many events: 1000, 50k, 10M. Default: 1000", 0},
    {"zones", KEY_ZONES, "N", 0, "How many zones. Default: what suits the events", 0},
    {"seed", KEY_SEED, "N", 0, "Same seed, same bytes. Default: 1", 0},
    {"format", KEY_FORMAT, "FORM", 0,
     "jsonl: one ftz.v1.AnyResource a line (default); json: one ftz.v1.Registry", 0},
    {0},
};

const struct argp_option search_options[] = {
    {"type", KEY_TYPE, "TYPE", 0,
     "Only of this type: Zone, Area, Event, PowerDelegation, Source, Term; may be repeated", 0},
    {"parent", KEY_PARENT, "ZONE", 0, "Only this zone and what lies in it", 0},
    {"language", KEY_LANGUAGE, "TAG", 0, "In which language to show what matches: en, zh-Hans", 0},
    PAGES,
    VIEW,
    {0},
};

const struct argp_option timeline_options[] = {
    {"from", KEY_FROM, "DATE", 0, "What may be of this day or later: 2023, 2023-11, 2023-11-01", 0},
    {"to", KEY_TO, "DATE", 0, "What may be of this day or earlier", 0},
    {"kind", KEY_KIND, "KIND", 0,
     "Only of this kind: approval, launch, size, area_opened, event, delegation_effective ...; "
     "may be repeated",
     0},
    {"desc", KEY_DESC, NULL, 0, "The latest first", 0},
    PAGES,
    {0},
};

const struct argp_option profile_options[] = {
    DAY("As it was on this day. Default: today"),
    {"events", KEY_EVENT_LIMIT, "N", 0, "How many of its latest events. Default: 5", 0},
    VIEW,
    {0},
};

const struct argp_option powers_options[] = {
    DAY("On which day. Default: today"),
    {"subject", KEY_SUBJECT, "CODE", 0, "Powers about this subject; may be repeated", 0},
    {"text", KEY_TEXT, "WORDS", 0, "Powers whose items or subjects have these words", 0},
    {"exclude-unknown", KEY_EXCLUDE_UNKNOWN, NULL, 0, "Only what surely is in force", 0},
    {"exclude-outside", KEY_EXCLUDE_OUTSIDE, NULL, 0,
     "Without powers of bodies that are not of the zone", 0},
    PAGES,
    {0},
};

const struct argp_option aggregate_options[] = {
    {"by", KEY_BY, "FIELD,...", 0, "Group by: zone, year, month, or the path of a field", 0},
    {"sum", KEY_SUM, "FIELD,...", 0, "What to add up: area_km2, quantities, item_count", 0},
    FILTER,
    {"parent", KEY_PARENT, "ZONE", 0, "Only of this zone", 0},
    DAY("As of which day; of zones and areas only"),
    PAGES,
    {0},
};

const struct argp_option check_options[] = {
    {"fail", KEY_FAIL, NULL, 0, "End with 4 if there is any doubt", 0},
    LIMIT,
    PAGE_SIZE,
    PAGE_TOKEN,
    {0},
};

const struct argp_option watch_options[] = {
    {"since", KEY_SINCE, "REVISION", 0,
     "Behind which revision to begin; 'start': with the oldest change kept. Default: now", 0},
    {"state", KEY_STATE, "FILE", 0, "Keep the place in this file, and go on from it", 0},
    {"prefix", KEY_PREFIX, "NAME", 0, "Only what has a name beginning so: zones/cn-xinjiang/", 0},
    {"type", KEY_TYPE, "TYPE", 0, "Only of this type; may be repeated", 0},
    {"full", KEY_FULL, NULL, 0, "With the resources as they became", 0},
    {"bookmarks", KEY_BOOKMARKS, NULL, 0,
     "A line {\"nextSince\": ...} behind the changes of each answer; of JSON only", 0},
    {"once", KEY_ONCE, NULL, 0, "What there is already, without waiting for more", 0},
    {"limit", KEY_LIMIT, "N", 0, "End after N changes", 0},
    {0},
};
