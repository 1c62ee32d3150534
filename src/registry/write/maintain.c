#include "registry/write/maintain.h"

#include "registry/names.h"
#include "registry/registry_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PURGED_AT_ONCE = 256, COMPACTED_AT_ONCE = 2000 };

void registry_upkeep_init(registry_upkeep *upkeep)
{
    *upkeep = (registry_upkeep){
        .changes_kept_us = 90 * REGISTRY_MIN_CHANGES_KEPT_US,
        .changes_kept = 1000000,
    };
}

typedef struct purge {
    int64_t now_us;
    size_t found;
    size_t purged;
    char names[PURGED_AT_ONCE][NAME_MAX_SIZE + 1];
} purge;

static bool note_expired(void *context, const store_record *row)
{
    purge *p = context;
    snprintf(p->names[p->found++], sizeof p->names[0], "%s", row->name);
    return p->found < PURGED_AT_ONCE;
}

typedef struct expired {
    int64_t now_us;
    bool still;
    char type[64], parent[NAME_MAX_SIZE + 1];
} expired;

static bool look_expired(void *context, const store_record *row)
{
    expired *e = context;
    e->still = row->purge_time_us && row->purge_time_us <= e->now_us;
    snprintf(e->type, sizeof e->type, "%s", row->type);
    snprintf(e->parent, sizeof e->parent, "%s", row->parent);
    return false;
}

// Somebody may have brought one back in the meantime.
static nrpc_code purge_names(store_tx *tx, void *context, nrpc_status *status)
{
    purge *p = context;
    p->purged = 0;
    for (size_t i = 0; i < p->found; i++) {
        expired e = {.now_us = p->now_us};
        nrpc_status why = {0};
        nrpc_code code = store_tx_get(tx, p->names[i], look_expired, &e, &why);
        if (code && code != NRPC_NOT_FOUND) {
            nrpc_status_move(status, &why);
            return code;
        }
        nrpc_status_fini(&why);
        if (!e.still)
            continue;
        store_record gone = {.type = e.type, .name = p->names[i], .parent = e.parent, .uid = ""};
        code = store_tx_put(tx, STORE_PURGED, &gone, status);
        if (code)
            return code;
        p->purged++;
    }
    return NRPC_OK;
}

static nrpc_code purge_all(registry *r, const store_context *c, purge *p, size_t *purged,
                           nrpc_status *status)
{
    do {
        int64_t revision;
        p->found = 0;
        nrpc_code code =
            store_expired(r->store, c, p->now_us, PURGED_AT_ONCE, note_expired, p, status);
        if (!code && p->found)
            code = store_write(r->store, c, purge_names, p, &revision, status);
        if (code)
            return code;
        *purged += p->found ? p->purged : 0;
    } while (p->found && p->purged);
    return NRPC_OK;
}

nrpc_code registry_maintain(registry *r, const store_context *c, int64_t now_us,
                            const registry_upkeep *upkeep, registry_upkeep_result *out,
                            nrpc_status *status)
{
    store_context own = *c;
    own.actor = "purge";
    own.request_id = "";
    *out = (registry_upkeep_result){0};
    purge *p = malloc(sizeof *p);
    if (!p)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for purging");
    p->now_us = now_us;
    nrpc_code code = purge_all(r, &own, p, &out->purged, status);
    free(p);
    store_retention keep = {.newer_than_us = now_us - upkeep->changes_kept_us,
                            .newest = upkeep->changes_kept};
    bool more = true;
    while (!code && more) {
        code = store_compact(r->store, &own, &keep, COMPACTED_AT_ONCE, &more, status);
        out->compact += !code && more;
    }
    return code;
}
