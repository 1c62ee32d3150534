#include "record_spool.h"

#include "base/pbwire.h"
#include "exit_codes.h"
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

static nrpc_code fail(const char *what, nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot %s a temporary file: %s",
                           what, strerror(errno));
}

nrpc_code record_spool_init(record_spool *s, nrpc_status *status)
{
    *s = (record_spool){.file = tmpfile()};
    return s->file ? NRPC_OK : fail("make", status);
}

void record_spool_fini(record_spool *s)
{
    if (s->file)
        fclose(s->file);
    for (size_t i = 0; i < s->change_count; i++) {
        free(s->changes[i].name);
        buffer_fini(&s->changes[i].record);
    }
    free(s->changes);
}

nrpc_code record_spool_add(record_spool *s, uint32_t group, const void *record, size_t size,
                           nrpc_status *status)
{
    uint64_t head[2] = {group, size};
    if (fwrite(head, sizeof(head), 1, s->file) != 1 ||
        (size && fwrite(record, size, 1, s->file) != 1))
        return fail("write", status);
    s->count++;
    return NRPC_OK;
}

// Where the name is among the changes, or would be.
static size_t find(const record_spool *s, const char *name, size_t size, bool *found)
{
    size_t low = 0, high = s->change_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *at = s->changes[middle].name;
        int order = strncmp(at, name, size);
        if (order == 0 && at[size])
            order = 1;
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static spool_change *insert(record_spool *s, size_t at, const char *name)
{
    if (s->change_count == s->change_capacity) {
        size_t capacity = s->change_capacity ? s->change_capacity * 2 : 64;
        spool_change *changes = reallocarray(s->changes, capacity, sizeof(*changes));
        if (!changes)
            return NULL;
        s->changes = changes;
        s->change_capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return NULL;
    memmove(&s->changes[at + 1], &s->changes[at], (s->change_count - at) * sizeof(*s->changes));
    s->change_count++;
    s->changes[at] = (spool_change){.name = copy};
    return &s->changes[at];
}

nrpc_code record_spool_change(record_spool *s, uint32_t group, const char *name, const void *record,
                              size_t size, nrpc_status *status)
{
    bool found;
    size_t at = find(s, name, strlen(name), &found);
    spool_change *change = found ? &s->changes[at] : insert(s, at, name);
    if (!change)
        return out_of_memory(status);
    change->group = group;
    buffer_clear(&change->record);
    if (record && !buffer_append(&change->record, record, size))
        return out_of_memory(status);
    return NRPC_OK;
}

// A walk over the file with the changes mixed in.
typedef struct walk {
    record_spool *spool;
    spool_fn take;
    void *context;
    nrpc_status *status;
    size_t next; // change that may still belong before a record of the group
} walk;

static nrpc_code take_change(const walk *w, spool_change *change)
{
    change->written = true;
    return change->record.size ? w->take(w->context, change->group, change->record.data,
                                         change->record.size, w->status)
                               : NRPC_OK;
}

static nrpc_code take_changes(const walk *w, uint32_t group, size_t from, size_t to)
{
    record_spool *s = w->spool;
    for (size_t i = from; i < to && !w->status->code; i++)
        if (!s->changes[i].written && s->changes[i].group == group)
            take_change(w, &s->changes[i]);
    return w->status->code;
}

static nrpc_code take_record(walk *w, uint32_t group, const buffer *record)
{
    if (w->spool->change_count) {
        size_t size;
        bool found;
        const char *name = record_name(record->data, record->size, &size);
        size_t at = find(w->spool, name, size, &found);
        if (take_changes(w, group, w->next, at)) // new ones, before this name
            return w->status->code;
        w->next = at > w->next ? at : w->next;
        if (found)
            return w->spool->changes[at].written ? NRPC_OK : take_change(w, &w->spool->changes[at]);
    }
    return w->take(w->context, group, record->data, record->size, w->status);
}

static nrpc_code read_record(FILE *file, uint32_t *group, buffer *record, bool *end,
                             nrpc_status *status)
{
    uint64_t head[2];
    *end = fread(head, sizeof(head), 1, file) != 1;
    if (*end)
        return ferror(file) ? fail("read", status) : NRPC_OK;
    buffer_clear(record);
    uint8_t *room = buffer_reserve(record, head[1] ? head[1] : 1);
    if (!room)
        return out_of_memory(status);
    if (head[1] && fread(room, head[1], 1, file) != 1)
        return fail("read", status);
    record->size = head[1];
    *group = (uint32_t)head[0];
    return NRPC_OK;
}

// What is left of a group, and groups that only changes have.
static nrpc_code take_groups_until(walk *w, uint32_t from, uint32_t to)
{
    w->next = 0;
    for (;;) {
        uint32_t next = to;
        for (size_t i = 0; i < w->spool->change_count; i++) {
            const spool_change *change = &w->spool->changes[i];
            if (!change->written && change->group >= from && change->group < next)
                next = change->group;
        }
        if (next == to || take_changes(w, next, 0, w->spool->change_count))
            return w->status->code;
        from = next + 1;
    }
}

nrpc_code record_spool_each(record_spool *s, spool_fn take, void *context, nrpc_status *status)
{
    walk w = {s, take, context, status, 0};
    buffer record = {0};
    uint32_t group = 0, current = 0;
    bool end = false;
    if (fflush(s->file) || fseek(s->file, 0, SEEK_SET))
        return fail("read", status);
    while (!status->code) {
        if (read_record(s->file, &group, &record, &end, status) || end)
            break;
        if (group != current)
            take_groups_until(&w, current, group);
        current = group;
        if (!status->code)
            take_record(&w, group, &record);
    }
    if (!status->code)
        take_groups_until(&w, current, UINT32_MAX);
    buffer_fini(&record);
    return status->code;
}
