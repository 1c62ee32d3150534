#include "schema/schema_loader.h"

#include <stdlib.h>
#include <string.h>

static int compare_symbols(const void *a, const void *b)
{
    const schema_symbol *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool is_hidden(const schema_symbol *s)
{
    return s->kind == SCHEMA_KIND_MESSAGE && s->message->map_entry;
}

static bool resolve(loader *l, const link *wanted)
{
    const char *from = wanted->field ? wanted->field->full_name : wanted->method->full_name;
    const schema_symbol *s = wanted->target[0] == '.' ? schema_find(l->pool, wanted->target) : NULL;
    const schema_message *message = s && s->kind == SCHEMA_KIND_MESSAGE ? s->message : NULL;
    schema_field *field = wanted->field;
    if (field && field->type == SCHEMA_ENUM) {
        field->enumeration = s && s->kind == SCHEMA_KIND_ENUM ? s->enumeration : NULL;
        if (field->enumeration)
            return true;
    } else if (message && field) {
        if (message->map_entry && !field->repeated)
            return loader_malformed(l, from, "a map is not repeated");
        field->message = message;
        return true;
    } else if (message) {
        *(wanted->output ? &wanted->method->output : &wanted->method->input) = message;
        return true;
    }
    nrpc_status_set(l->status, NRPC_INVALID_ARGUMENT, "UNRESOLVED_SYMBOL",
                    "%s refers to %s, which is not declared", from, wanted->target);
    nrpc_status_add(l->status, "symbol", "%s", wanted->target);
    nrpc_status_add(l->status, "from", "%s", from);
    return false;
}

bool loader_resolve(loader *l)
{
    schema *pool = l->pool;
    size_t count = l->symbols.size / sizeof(schema_symbol);
    size_t link_count = l->links.size / sizeof(link);
    pool->symbols = loader_take(l, count, sizeof *pool->symbols);
    if (!pool->symbols)
        return false;
    if (count)
        memcpy(pool->symbols, l->symbols.data, l->symbols.size);
    pool->symbol_count = count;
    qsort(pool->symbols, count, sizeof *pool->symbols, compare_symbols);
    for (size_t i = 1; i < count; i++)
        if (compare_symbols(&pool->symbols[i - 1], &pool->symbols[i]) == 0)
            return loader_duplicate(l, pool->symbols[i].name);
    const link *links = (const link *)(const void *)l->links.data;
    for (size_t i = 0; i < link_count; i++)
        if (!resolve(l, &links[i]))
            return false;
    // Fields have found their map entries; nobody else looks for them.
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_hidden(&pool->symbols[i]))
            pool->symbols[kept++] = pool->symbols[i];
    pool->symbol_count = kept;
    return true;
}

static int compare_files(const void *a, const void *b)
{
    const schema_file *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

typedef struct import_walk {
    loader *l;
    const schema_file **by_name;
    uint8_t *state; // of by_name
} import_walk;

enum { UNSEEN, OPEN, FINISHED };

// Recursion is bounded by SCHEMA_MAX_FILES.
static bool visit(import_walk *w, size_t at)
{
    const schema_file *file = w->by_name[at];
    w->state[at] = OPEN;
    for (size_t i = 0; i < file->import_count; i++) {
        const schema_file wanted = {.name = file->imports[i]}, *key = &wanted;
        const schema_file **found =
            bsearch(&key, w->by_name, w->l->pool->file_count, sizeof(*w->by_name), compare_files);
        if (!found) {
            nrpc_status_set(w->l->status, NRPC_INVALID_ARGUMENT, "MISSING_IMPORT",
                            "%s imports %s, which is not in the descriptor set", file->name,
                            file->imports[i]);
            nrpc_status_add(w->l->status, "file", "%s", file->imports[i]);
            return false;
        }
        size_t next = (size_t)(found - w->by_name);
        if (w->state[next] == OPEN) {
            nrpc_status_set(w->l->status, NRPC_INVALID_ARGUMENT, "IMPORT_CYCLE",
                            "%s and %s import each other", file->name, file->imports[i]);
            nrpc_status_add(w->l->status, "file", "%s", file->imports[i]);
            return false;
        }
        if (w->state[next] == UNSEEN && !visit(w, next))
            return false;
    }
    w->state[at] = FINISHED;
    return true;
}

bool loader_check_imports(loader *l)
{
    schema *pool = l->pool;
    import_walk w = {l, loader_take(l, pool->file_count, sizeof(*w.by_name)),
                     loader_take(l, pool->file_count, sizeof(*w.state))};
    if (!w.by_name || !w.state)
        return false;
    for (size_t i = 0; i < pool->file_count; i++)
        w.by_name[i] = &pool->files[i];
    qsort(w.by_name, pool->file_count, sizeof(*w.by_name), compare_files);
    for (size_t i = 1; i < pool->file_count; i++)
        if (compare_files(&w.by_name[i - 1], &w.by_name[i]) == 0)
            return loader_duplicate(l, w.by_name[i]->name);
    for (size_t i = 0; i < pool->file_count; i++)
        if (w.state[i] == UNSEEN && !visit(&w, i))
            return false;
    return true;
}
