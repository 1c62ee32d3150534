#include "resource_types.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const resource_type resource_types[RESOURCE_TYPES] = {
    [RESOURCE_ZONES] =
        {
            .command = "zones",
            .service = "ftz.v1.ZoneService",
            .message = "ftz.v1.Zone",
            .collection = "zones",
            .list_examples = "  ftz zones list\n"
                             "  ftz zones list --all -o ndjson | jq -r .displayName\n",
            .get_examples = "  ftz zones get cn-xinjiang\n"
                            "  ftz zones get cn-xinjiang@17           as it was at revision 17\n"
                            "  ftz zones get cn-xinjiang -o json | jq .areaKm2\n",
            .columns = {{"ID", "name", 2},
                        {"NAME", "display_name", 0},
                        {"KM2", "area_km2", 0},
                        {"LAUNCHED", "launch_date", 0},
                        {"AREAS", "stated_area_count", 0},
                        {"STAGE", "stage", 0}},
        },
    [RESOURCE_AREAS] =
        {
            .command = "areas",
            .service = "ftz.v1.AreaService",
            .message = "ftz.v1.Area",
            .collection = "areas",
            .parent = "zones",
            .list_examples = "  ftz areas list                         of every zone\n"
                             "  ftz areas list --parent cn-xinjiang\n"
                             "  ftz areas list -o csv > areas.csv\n",
            .get_examples = "  ftz areas get cn-xinjiang/khorgos\n"
                            "  ftz areas get khorgos kashgar --parent cn-xinjiang\n"
                            "  ftz areas get zones/cn-xinjiang/areas/khorgos --view basic\n",
            .columns = {{"ZONE", "name", 2},
                        {"ID", "name", 4},
                        {"NAME", "display_name", 0},
                        {"KM2", "area_km2", 0},
                        {"SEAT", "seat", 0},
                        {"INDUSTRIES", "focus_industries", 0}},
        },
    [RESOURCE_EVENTS] =
        {
            .command = "events",
            .service = "ftz.v1.EventService",
            .message = "ftz.v1.Event",
            .collection = "events",
            .parent = "zones",
            .list_examples = "  ftz events list --parent cn-xinjiang\n"
                             "  ftz events list --all -o ndjson | jq -r .title\n",
            .get_examples = "  ftz events get cn-xinjiang/xj-e1\n"
                            "  ftz events get xj-e1 xj-e2 --parent cn-xinjiang -o json\n",
            .columns = {{"ZONE", "name", 2},
                        {"ID", "name", 4},
                        {"DATE", "date", 0},
                        {"TYPE", "type", 0},
                        {"TITLE", "title", 0}},
        },
    [RESOURCE_DELEGATIONS] =
        {
            .command = "delegations",
            .service = "ftz.v1.PowerDelegationService",
            .message = "ftz.v1.PowerDelegation",
            .collection = "powerDelegations",
            .parent = "zones",
            .list_examples = "  ftz delegations list\n"
                             "  ftz delegations list --parent cn-xinjiang -o json\n",
            .get_examples = "  ftz delegations get cn-xinjiang/xj-d2\n",
            .columns = {{"ZONE", "name", 2},
                        {"ID", "name", 4},
                        {"BATCH", "batch_number", 0},
                        {"ITEMS", "item_count", 0},
                        {"REVIEWED", "review_date", 0},
                        {"EFFECTIVE", "effective_date", 0},
                        {"NAME", "display_name", 0}},
        },
    [RESOURCE_SOURCES] =
        {
            .command = "sources",
            .service = "ftz.v1.SourceService",
            .message = "ftz.v1.Source",
            .collection = "sources",
            .list_examples = "  ftz sources list\n",
            .get_examples = "  ftz sources get seed\n",
            .columns = {{"ID", "name", 2},
                        {"KIND", "kind", 0},
                        {"LANGUAGE", "language_code", 0},
                        {"TITLE", "title", 0}},
        },
    [RESOURCE_TERMS] =
        {
            .command = "terms",
            .service = "ftz.v1.TermService",
            .message = "ftz.v1.Term",
            .collection = "terms",
            .parent = "vocabularies",
            .list_examples = "  ftz terms list --parent industries\n"
                             "  ftz terms list --all -o csv\n",
            .get_examples = "  ftz terms get industries/biomedicine\n"
                            "  ftz terms get biomedicine --parent industries\n",
            .columns = {{"VOCABULARY", "name", 2},
                        {"CODE", "name", 4},
                        {"NAME", "display_name", 0},
                        {"GROUP", "group", 0},
                        {"DEFINITION", "definition", 0}},
        },
};

const resource_type *resource_type_of(const char *message)
{
    for (size_t i = 0; i < RESOURCE_TYPES; i++)
        if (strcmp(resource_types[i].message, message) == 0)
            return &resource_types[i];
    return NULL;
}

const char *resource_type_name(const resource_type *type)
{
    return strrchr(type->message, '.') + 1;
}

const resource_type *resource_type_typed(const char *typed)
{
    size_t size = strlen(typed);
    for (size_t i = 0; i < RESOURCE_TYPES; i++) {
        const resource_type *type = &resource_types[i];
        if (strcasecmp(typed, resource_type_name(type)) == 0 ||
            strcasecmp(typed, type->command) == 0 || strcasecmp(typed, type->collection) == 0 ||
            (strncasecmp(typed, type->command, size) == 0 &&
             strcmp(type->command + size, "s") == 0)) // "area" of "areas"
            return type;
    }
    return NULL;
}

const resource_type *resource_type_of_name(const char *name)
{
    const char *slash = strchr(name, '/'), *second = slash ? strchr(slash + 1, '/') : NULL;
    const char *collection = second ? second + 1 : name, *end = strchr(collection, '/');
    for (size_t i = 0; end && i < RESOURCE_TYPES; i++) {
        const resource_type *type = &resource_types[i];
        size_t size = strlen(type->collection);
        if ((second != NULL) == (type->parent != NULL) && (size_t)(end - collection) == size &&
            strncmp(collection, type->collection, size) == 0 && end[1] && !strchr(end + 1, '/') &&
            (!second || ((size_t)(slash - name) == strlen(type->parent) &&
                         strncmp(name, type->parent, (size_t)(slash - name)) == 0)))
            return type;
    }
    return NULL;
}

const schema_method *resource_method(const schema *pool, const resource_type *type,
                                     const char *verb)
{
    const schema_service *service = schema_find_service(pool, type->service);
    for (size_t i = 0; service && i < service->method_count; i++)
        if (strncmp(service->methods[i].name, verb, strlen(verb)) == 0)
            return &service->methods[i];
    return NULL;
}

static char *make_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *make_text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text;
    int size = vasprintf(&text, format, args);
    va_end(args);
    return size < 0 ? NULL : text;
}

char *resource_parent(const resource_type *type, const char *typed)
{
    if (!type->parent)
        return NULL;
    if (typed && strchr(typed, '/'))
        return strdup(typed);
    return make_text("%s/%s", type->parent, typed ? typed : "-");
}

char *resource_name(const resource_type *type, const char *parent, const char *typed,
                    bool *needs_parent)
{
    *needs_parent = false;
    const char *slash = strchr(typed, '/');
    if (!type->parent)
        return slash ? strdup(typed) : make_text("%s/%s", type->collection, typed);
    if (slash && strchr(slash + 1, '/'))
        return strdup(typed);
    if (slash)
        return make_text("%s/%.*s/%s/%s", type->parent, (int)(slash - typed), typed,
                         type->collection, slash + 1);
    if (!parent) {
        *needs_parent = true;
        return NULL;
    }
    char *above = resource_parent(type, parent);
    char *name = above ? make_text("%s/%s/%s", above, type->collection, typed) : NULL;
    free(above);
    return name;
}
