#include "commands.h"

#include "exit_codes.h"
#include "resource_types.h"
#include "schema/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY_NUMBER = 1000000 };

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

// The verbs of a resource. after: how many of an options table's first entries it does without:
// --parent, where nothing is above it. deletion: its options of `delete`.
#define VERBS(after, list_summary, deletion)                                                       \
    {                                                                                              \
        {.name = "list",                                                                           \
         .summary = list_summary,                                                                  \
         .options = &list_options[after],                                                          \
         .run = run_resource_list},                                                                \
            {.name = "get",                                                                        \
             .args = "NAME...",                                                                    \
             .min_args = 1,                                                                        \
             .max_args = 1000,                                                                     \
             .summary = "One in full, or several from one snapshot",                               \
             .options = &get_options[after],                                                       \
             .run = run_resource_get},                                                             \
            {.name = "create",                                                                     \
             .args = "NAME",                                                                       \
             .min_args = 1,                                                                        \
             .max_args = 1,                                                                        \
             .summary = "A new one, from JSON or field by field",                                  \
             .details = create_details,                                                            \
             .options = &create_options[after],                                                    \
             .run = run_resource_create},                                                          \
            {.name = "update",                                                                     \
             .args = "NAME",                                                                       \
             .min_args = 1,                                                                        \
             .max_args = 1,                                                                        \
             .summary = "Change fields of one",                                                    \
             .details = update_details,                                                            \
             .options = &update_options[after],                                                    \
             .run = run_resource_update},                                                          \
            {.name = "edit",                                                                       \
             .args = "NAME",                                                                       \
             .min_args = 1,                                                                        \
             .max_args = 1,                                                                        \
             .summary = "Change one in your editor",                                               \
             .details = edit_details,                                                              \
             .options = &edit_options[after],                                                      \
             .run = run_resource_edit},                                                            \
            {.name = "delete",                                                                     \
             .args = "NAME...",                                                                    \
             .min_args = 1,                                                                        \
             .max_args = ANY_NUMBER,                                                               \
             .summary = "Delete; for 30 days it can be brought back",                              \
             .details = delete_details,                                                            \
             .options = deletion,                                                                  \
             .run = run_resource_delete},                                                          \
            {.name = "undelete",                                                                   \
             .args = "NAME...",                                                                    \
             .min_args = 1,                                                                        \
             .max_args = ANY_NUMBER,                                                               \
             .summary = "Bring back what was deleted",                                             \
             .options = &undelete_options[after],                                                  \
             .details = undelete_details,                                                          \
             .run = run_resource_undelete},                                                        \
            {.name = "history",                                                                    \
             .args = "NAME",                                                                       \
             .min_args = 1,                                                                        \
             .max_args = 1,                                                                        \
             .summary = "What it was at each revision, who changed it, when",                      \
             .options = &history_options[after],                                                   \
             .details = history_details,                                                           \
             .run = run_history},                                                                  \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static const char create_details[] =
    "--data holds the resource as JSON (`ftz describe Area` shows its fields), --set single\n"
    "fields: text, numbers, dates as 2023-11-01, enum values by their end (operating), lists\n"
    "with commas, messages as JSON. A repeat with the same --request-id gets the first answer.\n"
    "\n"
    "Examples:\n"
    "  ftz areas create cn-xinjiang/new-area --set display_name='New Area' --set area_km2=12.5\n"
    "  ftz zones create cn-example -d @zone.json --validate-only\n"
    "  jq .zones[0] zones.json | ftz zones create cn-example -d -\n";
static const char update_details[] =
    "Changes what --set and the members of --data name, and nothing else; --mask says it\n"
    "otherwise. A field named and without value is cleared. Elements of lists are named by\n"
    "their id: names.zh.text. With --etag the write is refused if somebody was faster.\n"
    "\n"
    "Examples:\n"
    "  ftz areas update cn-xinjiang/khorgos --set area_km2=16.58 --set seat=Khorgos\n"
    "  ftz areas update cn-xinjiang/khorgos --set names.zh.text=霍尔果斯片区\n"
    "  ftz zones update cn-xinjiang --set location_text=              clears it\n"
    "  ftz events update cn-xinjiang/xj-e1 -d @event.json --mask title,date\n";
static const char edit_details[] =
    "Opens $VISUAL, else $EDITOR, else vi, on the resource as JSON, and writes the fields that\n"
    "came back changed, if nobody else has written it meanwhile. Refused text is kept, and can\n"
    "be edited again.\n"
    "\n"
    "Examples:\n"
    "  ftz zones edit cn-xinjiang\n"
    "  EDITOR='code --wait' ftz areas edit cn-xinjiang/khorgos\n";
static const char delete_details[] =
    "It is no longer listed, but can be got, and undeleted, for 30 days.\n"
    "\n"
    "Examples:\n"
    "  ftz events delete cn-xinjiang/xj-e7\n"
    "  ftz zones delete cn-example --force        with all that lies in it\n";
static const char undelete_details[] = "As it was when it was deleted.\n"
                                       "\n"
                                       "Examples:\n"
                                       "  ftz events list --show-deleted --filter 'delete_time:*'\n"
                                       "  ftz events undelete cn-xinjiang/xj-e7\n";
static const char history_details[] =
    "Newest first. JSON has the resource itself at each revision.\n"
    "\n"
    "Examples:\n"
    "  ftz history cn-xinjiang\n"
    "  ftz history zones/cn-xinjiang/events/xj-e1 -o json | jq '.revisions[0].resource'\n"
    "  ftz areas history cn-xinjiang/khorgos\n"
    "  ftz areas get cn-xinjiang/khorgos@17           as it was at revision 17\n";

// Of what lies below a parent, of what others lie in, and of what does neither.
static const command verbs_below[] =
    VERBS(0, "All of them, or those below a parent, page by page", delete_options);
static const command verbs_tree[] = VERBS(1, "All of them, page by page", delete_tree_options);
static const command verbs_top[] = VERBS(1, "All of them, page by page", &delete_options[1]);

static const char check_details[] =
    "Lists doubts and ends with 0; with --fail, ends with 4 if there is one.\n"
    "\n"
    "  AREAS_DO_NOT_ADD_UP    the areas of a zone are not together what it measures\n"
    "  AREA_COUNT_DIFFERS     a zone is said to have another number of areas\n"
    "  SIZE_HISTORY_MISMATCH  a zone is not as large as its size history says\n"
    "  DATES_OUT_OF_ORDER     it ends before it begins, or begins undecided\n"
    "  EVENT_BEFORE_PLAN      an event is older than the first decision on its zone\n"
    "  CLAIMS_CONFLICT        sources disagree, or a part exceeds its whole\n"
    "  ITEM_COUNT_DIFFERS     a list of powers has another length than is stated\n"
    "  NO_SOURCE              a statement without citation, or with none read\n"
    "  UNKNOWN_CODE           a code has no term\n"
    "  DANGLING_REFERENCE     what is referred to has been deleted\n"
    "\n"
    "Examples:\n"
    "  ftz check\n"
    "  ftz check cn-fujian --fail\n"
    "  ftz check -o ndjson | jq -r .code | sort | uniq -c\n";

#define RESOURCE_COMMAND(command_name, what, place, type)                                          \
    {                                                                                              \
        .name = command_name, .summary = what, .verbs = verbs_##place,                             \
        .resource = &resource_types[type]                                                          \
    }

const command commands[] = {
    RESOURCE_COMMAND("zones", "Free-trade zones", tree, RESOURCE_ZONES),
    RESOURCE_COMMAND("areas", "The areas that zones consist of", below, RESOURCE_AREAS),
    RESOURCE_COMMAND("events", "What happened in zones, and when", below, RESOURCE_EVENTS),
    RESOURCE_COMMAND("delegations", "Administrative powers delegated to zones", below,
                     RESOURCE_DELEGATIONS),
    RESOURCE_COMMAND("sources", "What citations name", top, RESOURCE_SOURCES),
    RESOURCE_COMMAND("terms", "What codes mean, by vocabulary", below, RESOURCE_TERMS),
    {.name = "search",
     .args = "WORDS...",
     .min_args = 1,
     .max_args = 100,
     .summary = "Find anything by name, in any script, or by words",
     .details =
         "Names in Latin script are found with and without diacritics and in other spellings,\n"
         "Chinese ones by any part. All words must match; the best comes first.\n"
         "\n"
         "Examples:\n"
         "  ftz search urumqi\n"
         "  ftz search 霍尔果斯 --type area --type event\n"
         "  ftz search freight train --parent cn-xinjiang -o ndjson\n",
     .options = search_options,
     .run = run_search},
    {.name = "timeline",
     .args = "ZONE|AREA|zones/-",
     .min_args = 1,
     .max_args = 1,
     .summary = "What happened, in order of time",
     .details =
         "Events, and the dates that zones, areas and delegations state of themselves. A date\n"
         "of which only the month is known is of every day of it.\n"
         "\n"
         "Examples:\n"
         "  ftz timeline cn-xinjiang\n"
         "  ftz timeline cn-xinjiang/khorgos --desc --limit 10\n"
         "  ftz timeline zones/- --from 2023-11 --to 2023-12 --kind launch --kind approval\n",
     .options = timeline_options,
     .run = run_timeline},
    {.name = "profile",
     .args = "ZONE",
     .min_args = 1,
     .max_args = 1,
     .summary = "A zone on one page: sizes, areas, events, powers",
     .details = "Examples:\n"
                "  ftz profile cn-xinjiang\n"
                "  ftz profile cn-shanghai --date 2016-01-01       as it was then\n"
                "  ftz profile cn-xinjiang -o json | jq .areasSumKm2\n",
     .options = profile_options,
     .run = run_profile},
    {.name = "powers",
     .args = "ZONE|AREA",
     .min_args = 1,
     .max_args = 1,
     .summary = "Who may do what there, on a day, and what nobody knows",
     .details =
         "The delegations that reach the zone or area and are in force, or may be: nothing says\n"
         "so for sure. REASON says why; JSON has the proof.\n"
         "\n"
         "Examples:\n"
         "  ftz powers cn-xinjiang/khorgos\n"
         "  ftz powers cn-xinjiang --date 2024-06-01 --exclude-unknown\n"
         "  ftz powers cn-xinjiang --subject land_use --text 'land use'\n",
     .options = powers_options,
     .run = run_powers},
    {.name = "aggregate",
     .args = "TYPE",
     .min_args = 1,
     .max_args = 1,
     .summary = "Count and add up, by groups",
     .details =
         "TYPE is zones, areas, events or delegations. Nothing is added twice: ADDED says how\n"
         "many numbers are in a sum, UNKNOWN how many resources state none, LEFT OUT how many\n"
         "numbers must not be added.\n"
         "\n"
         "Examples:\n"
         "  ftz aggregate events --by type\n"
         "  ftz aggregate areas --by zone --sum area_km2\n"
         "  ftz aggregate events --by year,type --sum quantities --parent cn-fujian\n"
         "  ftz aggregate areas --by focus_industries.code --filter 'area_km2 >= 30'\n",
     .options = aggregate_options,
     .run = run_aggregate},
    {.name = "history",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .summary = "What a resource was at each revision, who changed it, when",
     .details = history_details,
     .options = &history_options[1],
     .run = run_history},
    {.name = "check",
     .args = "[ZONE]",
     .max_args = 1,
     .summary = "What is doubtful, though valid",
     .details = check_details,
     .options = check_options,
     .run = run_check},
    {.name = "watch",
     .summary = "Follow the changes of the registry as they happen",
     .details =
         "A line for each change; of JSON, always a line each. It waits for the next change, and\n"
         "goes on by itself when the server was away. At the end it says from which place to go\n"
         "on; with --state it keeps the place in a file: what was not handed over yet comes "
         "again.\n"
         "Ends with 21 (OUT_OF_RANGE, RESYNC_REQUIRED) when changes since the place are no longer\n"
         "kept, or it is another store: export or list everything, and watch from its revision.\n"
         "\n"
         "Examples:\n"
         "  ftz watch\n"
         "  ftz watch --since 17 --once                     what changed since revision 17\n"
         "  ftz watch --state place --full -o ndjson | while read -r line; do ...; done\n"
         "  ftz watch --prefix zones/cn-xinjiang/ --type event\n",
     .options = watch_options,
     .run = run_watch},
    {.name = "import",
     .args = "FILE...",
     .min_args = 1,
     .max_args = ANY_NUMBER,
     .summary = "Load files of records, all of them or none",
     .details =
         "FILE is the proto3-JSON of ftz.v1.Registry (`ftz describe ftz.v1.Registry`), or JSON\n"
         "Lines of ftz.v1.AnyResource, {\"zone\": {...}} a line, which are read as they come and\n"
         "may be any number; - is standard input. Records are checked here, sent in chunks, and\n"
         "written in one transaction, unless --batch says otherwise. The same file again changes\n"
         "nothing. What is wrong is told by file, path or line, field and reason.\n"
         "\n"
         "Examples:\n"
         "  ftz import data/xinjiang.json\n"
         "  ftz import --dry-run zones.json areas.json\n"
         "  ftz generate --events 1M | ftz import --batch 50k -\n",
     .options = import_options,
     .takes_files = true,
     .run = run_import},
    {.name = "export",
     .args = "[FILE]",
     .max_args = 1,
     .summary = "Write the registry to a file that import takes",
     .details =
         "The registry as it stood at one revision, also while others write to it; deleted\n"
         "resources are left out. Without FILE, or with -, to standard output; FILE appears when\n"
         "it is whole. What the server sets is left out, so that an export of what was imported\n"
         "is the same file again.\n"
         "\n"
         "Examples:\n"
         "  ftz export registry.json\n"
         "  ftz export | gzip > registry.json.gz\n"
         "  ftz export --format jsonl | jq -r 'keys[0]' | sort | uniq -c\n"
         "  ftz export --parent cn-xinjiang xinjiang.json\n",
     .options = export_options,
     .takes_files = true,
     .run = run_export},
    {.name = "generate",
     .summary = "A made-up registry of any size, for load tests",
     .details =
         "Writes records to standard output and asks no server. Sizes add up, references lead\n"
         "somewhere, and events fall off as 1/rank from zone to zone. The same seed gives the\n"
         "same bytes. Zones are called syn-00001 and so on, but the terms are those of real\n"
         "codes: load it into a registry of its own.\n"
         "\n"
         "Examples:\n"
         "  ftz generate --format json > small.json\n"
         "  ftz generate --events 1M --seed 7 | ftz import --batch 50k -\n"
         "  ftz generate --events 10M --zones 22 > huge.jsonl\n",
     .options = generate_options,
     .run = run_generate},
    {.name = "call",
     .args = "METHOD",
     .min_args = 1,
     .max_args = 1,
     .summary = "Call any method with a request in JSON",
     .details = "METHOD is package.Service/Method, or the end of it if only one has it. Methods\n"
                "this program was not built with are looked up on the server, by reflection.\n"
                "The answer is JSON on a terminal, too; -o table shows it as a page.\n"
                "\n"
                "Examples:\n"
                "  ftz call ZoneService/GetZone -d '{\"name\": \"zones/cn-xinjiang\"}'\n"
                "  ftz call ftz.v1.AreaService/ListAreas -d '{\"parent\": \"zones/-\"}' -o csv\n"
                "  ftz describe ZoneService/GetZone          what it takes, and a template\n"
                "  echo '{}' | ftz call HealthService/Check -d -\n",
     .options = call_options,
     .run = run_call},
    {.name = "list",
     .args = "[SERVICE]",
     .max_args = 1,
     .summary = "The services of the server, or the methods of one",
     .details = "Examples:\n"
                "  ftz list\n"
                "  ftz list ftz.v1.ZoneService\n",
     .run = run_list},
    {.name = "describe",
     .args = "SYMBOL",
     .min_args = 1,
     .max_args = 1,
     .summary = "What a message, enum, service or method means",
     .details = "Prints the declaration with its comments; for a method also a request to start\n"
                "from. SYMBOL is a full name, or the end of it if only one has it. What this\n"
                "program was built with needs no server.\n"
                "\n"
                "Examples:\n"
                "  ftz describe Zone\n"
                "  ftz describe ftz.v1.Quantity\n"
                "  ftz describe ZoneService/ListZones\n",
     .run = run_describe},
    {.name = "health",
     .args = "[SERVICE]",
     .max_args = 1,
     .summary = "Whether the server, or a service of it, takes calls",
     .details = "Ends with 0 if it does, and with 24 (UNAVAILABLE) if it does not.\n"
                "\n"
                "Examples:\n"
                "  ftz health\n"
                "  ftz health ftz.v1.ZoneService && echo open\n",
     .run = run_health},
    {.name = "completion",
     .args = "bash|zsh|fish",
     .min_args = 1,
     .max_args = 1,
     .summary = "A completion script for your shell",
     .details = "Examples:\n"
                "  . <(ftz completion bash)                  for this shell\n"
                "  ftz completion zsh > ~/.zfunc/_ftz\n"
                "  ftz completion fish > ~/.config/fish/completions/ftz.fish\n",
     .words = shells,
     .run = run_completion},
    {.name = "version", .summary = "What this program is", .run = run_version},
    {.name = "help",
     .args = "[COMMAND [VERB]]",
     .max_args = 2,
     .summary = "How a command is used",
     .run = run_help},
    {0},
};

const command *command_find(const command *list, const char *name)
{
    for (; list->name; list++)
        if (strcmp(list->name, name) == 0)
            return list;
    return NULL;
}

const char *command_suggest(const command *list, const char *name)
{
    suggestion s = suggest_begin(name, strlen(name));
    for (; list->name; list++)
        suggest_offer(&s, list->name);
    return s.best;
}

static void put_list_details(buffer *out, const resource_type *resource)
{
    if (resource->parent)
        buffer_printf(out, "--parent is %s/ID, or ID for short; without it, those of all %s.\n",
                      resource->parent, resource->parent);
    buffer_printf(out,
                  "One page of 50, unless --all is given. JSON and CSV hold more than the "
                  "table.\n\nExamples:\n%s",
                  resource->list_examples);
}

static void put_get_details(buffer *out, const resource_type *resource)
{
    if (resource->parent)
        buffer_printf(out, "NAME is %s/PARENT/%s/ID; PARENT/ID for short, or ID with --parent.\n",
                      resource->parent, resource->collection);
    else
        buffer_printf(out, "NAME is %s/ID, or ID for short.\n", resource->collection);
    buffer_printf(out,
                  "One is shown as a page, several as a table; a page counts citations and\n"
                  "remarks, and shows them with --view full. With @N behind the name: as it was\n"
                  "at revision N of the registry.\n\nExamples:\n%s",
                  resource->get_examples);
}

// argp breaks lines for its own width: lines of a paragraph are joined, those that begin with a
// blank stay as they are.
static void put_details(buffer *out, const char *text)
{
    bool kept = false; // this line begins with a blank
    for (const char *c = text; *c; c++) {
        bool begins = c == text || c[-1] == '\n';
        kept = begins ? *c == ' ' : kept;
        bool joins = *c == '\n' && !kept && !begins && c[1] && c[1] != '\n' && c[1] != ' ';
        buffer_append_byte(out, joins ? ' ' : (uint8_t)*c);
    }
}

void command_put_doc(buffer *out, const command *c, const command *verb)
{
    const command *leaf = verb ? verb : c;
    if (verb)
        buffer_printf(out, "%s. ", c->summary);
    buffer_printf(out, "%s.\v", leaf->summary);
    if (leaf->details)
        put_details(out, leaf->details);
    else if (verb)
        (verb->run == run_resource_list ? put_list_details : put_get_details)(out, c->resource);
    buffer_append_byte(out, '\0');
}

static void put_list(buffer *out, const command *list)
{
    for (; list->name; list++)
        buffer_printf(out, "  %-12s %s%s\n", list->name, list->summary,
                      list->verbs ? ": list, get ..." : "");
}

// "list|get|create..."
void command_put_verbs(buffer *out, const command *c)
{
    for (const command *verb = c->verbs; verb->name; verb++)
        buffer_printf(out, "%s|", verb->name);
    out->size--;
    buffer_append_text(out, " [ARGUMENT...]");
    buffer_append_byte(out, '\0');
}

void commands_put_doc(buffer *out)
{
    buffer_append_text(out, "Asks a registry of free-trade zones.\n\nCommands:\n");
    put_list(out, commands);
    buffer_append_text(out,
                       "\nExamples:\n"
                       "  ftz zones get cn-xinjiang\n"
                       "  ftz areas list --parent cn-xinjiang\n"
                       "  ftz search 喀什\n"
                       "  ftz profile cn-xinjiang\n"
                       "  ftz events list --filter 'type = \"signing\"' --order-by 'date desc'\n"
                       "  ftz import data/china.json\n"
                       "  ftz help zones get                        more about one\n"
                       "\v");
    buffer_append_text(out, exit_codes_help);
    buffer_append_byte(out, '\0');
}

void command_put_group_doc(buffer *out, const command *c)
{
    buffer_printf(out, "%s.\n\nVerbs:\n", c->summary);
    put_list(out, c->verbs);
    buffer_printf(out, "\nExamples:\n%s%s\vMore: ftz help %s list, ftz help %s get\n",
                  c->resource->list_examples, c->resource->get_examples, c->name, c->name);
    buffer_append_byte(out, '\0');
}

void command_print_help(FILE *out, const command *c, const command *verb)
{
    buffer doc = {0};
    char name[64];
    const struct argp_option *options = NULL;
    const char *args = NULL;
    buffer verbs = {0};
    if (!c) {
        commands_put_doc(&doc);
        args = "COMMAND [ARGUMENT...]";
        snprintf(name, sizeof(name), "ftz");
    } else if (c->verbs && !verb) {
        command_put_group_doc(&doc, c);
        command_put_verbs(&verbs, c);
        args = verbs.failed ? "" : (const char *)verbs.data;
        snprintf(name, sizeof(name), "ftz %s", c->name);
    } else {
        command_put_doc(&doc, c, verb);
        options = (verb ? verb : c)->options;
        args = (verb ? verb : c)->args;
        snprintf(name, sizeof(name), "ftz %s%s%s", c->name, verb ? " " : "",
                 verb ? verb->name : "");
    }
    options_help(out, options, name, args, doc.failed ? "" : (const char *)doc.data);
    buffer_fini(&doc);
    buffer_fini(&verbs);
}
