#include "registry_support.h"

#include "base/clock.h"
#include "base/pbwire.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const store_context no_hurry = {.deadline_ns = CLOCK_NEVER,
                                .actor = "test",
                                .request_id = "00000000-0000-4000-8000-000000000001"};

void assert_ok(nrpc_code code, nrpc_status *status)
{
    if (code) {
        for (size_t i = 0; i < status->violation_count; i++)
            print_error("  %s: %s %s\n", status->violations[i].field, status->violations[i].reason,
                        status->violations[i].description);
        fail_msg("%s %s: %s", nrpc_code_name(code), status->reason, status->message);
    }
}

void assert_status(nrpc_status *status, nrpc_code code, const char *reason)
{
    if (status->code != code || !status->reason || strcmp(status->reason, reason) != 0)
        fail_msg("%s %s: %s; expected %s %s", nrpc_code_name(status->code), status->reason,
                 status->message, nrpc_code_name(code), reason);
    assert_non_null(status->message);
    nrpc_status_fini(status);
}

void assert_violation(const nrpc_status *status, const char *field, const char *reason)
{
    for (size_t i = 0; i < status->violation_count; i++)
        if (!strcmp(status->violations[i].field, field) &&
            !strcmp(status->violations[i].reason, reason))
            return;
    for (size_t i = 0; i < status->violation_count; i++)
        print_error("  %s: %s %s\n", status->violations[i].field, status->violations[i].reason,
                    status->violations[i].description);
    fail_msg("no violation %s at %s among %zu; status %s %s", reason, field,
             status->violation_count, nrpc_code_name(status->code), status->message);
}

char *ids_of_rows(const buffer *rows)
{
    buffer out = {0};
    pbwire_reader r = pbwire_read(rows->data, rows->size);
    pbwire_field row, field;
    while (pbwire_next(&r, &row)) {
        pbwire_reader inside = pbwire_read(row.data, row.size);
        while (pbwire_next(&inside, &field)) {
            if (field.number != 1 || field.type != PBWIRE_BYTES)
                continue;
            const uint8_t *slash = memrchr(field.data, '/', field.size);
            assert_non_null(slash);
            const uint8_t *end = field.data + field.size;
            buffer_printf(&out, "%s%.*s", out.size ? ", " : "", (int)(end - slash - 1),
                          (const char *)slash + 1);
        }
    }
    return buffer_take(&out, NULL);
}

char *read_whole_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buffer b = {0};
    size_t n;
    do {
        assert_non_null(buffer_reserve(&b, 65536));
        n = fread(b.data + b.size, 1, 65536, f);
        b.size += n;
    } while (n);
    fclose(f);
    return buffer_take(&b, size);
}

void world_open_with(world *w, const registry_options *options)
{
    nrpc_status status = {0};
    char url[128];
    memset(w, 0, sizeof *w);
    snprintf(w->directory, sizeof w->directory, "/tmp/ftz-registry-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    snprintf(url, sizeof url, "sqlite:%s/store", w->directory);
    assert_ok(store_open(url, &w->store, &status), &status);
    assert_ok(registry_open(&w->registry, w->store, options, &status), &status);
}

void world_open(world *w)
{
    world_open_with(w, NULL);
}

void world_seed(world *w)
{
    nrpc_status status = {0};
    size_t size;
    registry_import result;
    char *text = read_whole_file(FTZ_SOURCE_DIR "/data/xinjiang.json", &size);
    assert_ok(
        registry_import_json(w->registry, &no_hurry, "xinjiang.json", text, size, &result, &status),
        &status);
    free(text);
}

void world_reopen(world *w)
{
    nrpc_status status = {0};
    char url[128];
    registry_close(w->registry);
    store_close(w->store);
    snprintf(url, sizeof url, "sqlite:%s/store", w->directory);
    assert_ok(store_open(url, &w->store, &status), &status);
    assert_ok(registry_open(&w->registry, w->store, NULL, &status), &status);
}

void world_close(world *w)
{
    registry_close(w->registry);
    store_close(w->store);
    DIR *d = opendir(w->directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", w->directory, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    rmdir(w->directory);
}

int world_setup(void **state)
{
    world *w = malloc(sizeof *w);
    world_open(w);
    world_seed(w);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

const resource_type *type_named(const world *w, const char *singular)
{
    const resource_type *types = registry_types(w->registry);
    for (int i = 0; i < RESOURCE_KINDS; i++)
        if (!strcmp(types[i].singular, singular))
            return &types[i];
    fail_msg("no type %s", singular);
    return NULL;
}

uint8_t *result_bytes(const registry_result *result, size_t *size)
{
    buffer b = {0};
    for (size_t i = 0; i < result->count; i++)
        assert_true(buffer_append(&b, result->pieces[i].data, result->pieces[i].size));
    return (uint8_t *)buffer_take(&b, size);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *names_of(const char *singular)
{
    static const struct {
        const char *singular, *group;
    } groups[] = {{"Source", "sources"}, {"Term", "terms"},
                  {"Zone", "zones"},     {"Area", "areas"},
                  {"Event", "events"},   {"PowerDelegation", "powerDelegations"}};
    static char *names[100];
    static char text[100][256];
    json_t *file = json_load_file(FTZ_SOURCE_DIR "/data/xinjiang.json", 0, NULL);
    assert_non_null(file);
    size_t count = 0;
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        size_t i;
        json_t *element;
        if (strcmp(groups[g].singular, singular) != 0)
            continue;
        json_array_foreach(json_object_get(file, groups[g].group), i, element)
        {
            assert_true(count < 99);
            snprintf(text[count], sizeof text[0], "%s",
                     json_string_value(json_object_get(element, "name")));
            names[count] = text[count];
            count++;
        }
    }
    json_decref(file);
    assert_true(count > 0);
    qsort(names, count, sizeof *names, by_text);
    names[count] = NULL;
    return (const char *const *)names;
}
