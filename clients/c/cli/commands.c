#include "commands.h"

#include "exit_codes.h"
#include "resource_types.h"
#include "schema/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY_NUMBER = 1000000 };

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

// Of what lies below a parent, and of what does not: then without the first option, --parent.
static const command verbs_below[] = {
    {.name = "list",
     .summary = "All of them, or those below a parent, page by page",
     .options = list_options,
     .run = run_resource_list},
    {.name = "get",
     .args = "NAME...",
     .min_args = 1,
     .max_args = 1000,
     .summary = "One in full, or several from one snapshot",
     .options = get_options,
     .run = run_resource_get},
    {0},
};

static const command verbs_top[] = {
    {.name = "list",
     .summary = "All of them, page by page",
     .options = &list_options[1],
     .run = run_resource_list},
    {.name = "get",
     .args = "NAME...",
     .min_args = 1,
     .max_args = 1000,
     .summary = "One in full, or several from one snapshot",
     .options = &get_options[1],
     .run = run_resource_get},
    {0},
};

#define RESOURCE_COMMAND(command_name, what, place, type)                                          \
    {                                                                                              \
        .name = command_name, .summary = what, .verbs = verbs_##place,                             \
        .resource = &resource_types[type]                                                          \
    }

const command commands[] = {
    RESOURCE_COMMAND("zones", "Free-trade zones", top, RESOURCE_ZONES),
    RESOURCE_COMMAND("areas", "The areas that zones consist of", below, RESOURCE_AREAS),
    RESOURCE_COMMAND("events", "What happened in zones, and when", below, RESOURCE_EVENTS),
    RESOURCE_COMMAND("delegations", "Administrative powers delegated to zones", below,
                     RESOURCE_DELEGATIONS),
    RESOURCE_COMMAND("sources", "What citations name", top, RESOURCE_SOURCES),
    RESOURCE_COMMAND("terms", "What codes mean, by vocabulary", below, RESOURCE_TERMS),
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

void command_put_doc(buffer *out, const command *c, const command *verb)
{
    const command *leaf = verb ? verb : c;
    if (verb)
        buffer_printf(out, "%s. ", c->summary);
    buffer_printf(out, "%s.\v", leaf->summary);
    if (leaf->details)
        buffer_append_text(out, leaf->details);
    else if (verb)
        (verb->run == run_resource_list ? put_list_details : put_get_details)(out, c->resource);
    buffer_append_byte(out, '\0');
}

static void put_list(buffer *out, const command *list)
{
    for (; list->name; list++)
        buffer_printf(out, "  %-12s %s%s\n", list->name, list->summary,
                      list->verbs ? ": list, get" : "");
}

void commands_put_doc(buffer *out)
{
    buffer_append_text(out, "Asks a registry of free-trade zones.\n\nCommands:\n");
    put_list(out, commands);
    buffer_append_text(out, "\nExamples:\n"
                            "  ftz zones get cn-xinjiang\n"
                            "  ftz areas list --parent cn-xinjiang\n"
                            "  ftz events list --all -o ndjson\n"
                            "  ftz import data/xinjiang.json\n"
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
    if (!c) {
        commands_put_doc(&doc);
        args = "COMMAND [ARGUMENT...]";
        snprintf(name, sizeof(name), "ftz");
    } else if (c->verbs && !verb) {
        command_put_group_doc(&doc, c);
        args = "list|get [ARGUMENT...]";
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
}
