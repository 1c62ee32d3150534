// Following a registry: its changes one after another, for as long as wanted.
//
//     ftz_watch *watch = ftz_watch_open(client, &(ftz_watch_options){.since = place}, &status);
//     const Ftz__V1__Change *change;
//     while ((change = ftz_watch_next(watch, &status)))
//         printf("%s %s\n", change->name, ftz_watch_since(watch));
//     ftz_watch_close(watch);
//
// A watch asks RegistryService.ListChanges, which waits at the server. When the server is away it
// tries again, more and more slowly, and goes on where it was: nothing is missed, nothing comes
// twice.
//
// Ownership: changes are borrowed from the watch until the next call on it.
// Threads: a watch by one at a time, except ftz_watch_cancel.
// Lifetime: a watch ends before its client.
#ifndef FTZ_WATCH_H
#define FTZ_WATCH_H

#include <ftz/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ftz_watch ftz_watch;

// {0} is the default of each. Text is copied.
typedef struct ftz_watch_options {
    const char *since; // behind which place, as ftz_watch_since tells it; NULL: from the oldest
                       // change kept
    const char *name_prefix;           // only names that begin so: "zones/cn-xinjiang/"; NULL: any
    const char *const *resource_types; // only these: "Zone", "Event" ...
    size_t resource_type_count;        // 0: any
    bool include_resources;            // the resources too, as they became
    bool stop_at_end;                  // end where there is nothing more yet, rather than wait
    // Told from inside ftz_watch_next when the server is away, and when it is back; may be NULL.
    void (*away)(void *context, bool is_away);
    void *away_context;
} ftz_watch_options;

// Asks nobody yet. NULL: RESOURCE_EXHAUSTED.
ftz_watch *ftz_watch_open(ftz_client *client, const ftz_watch_options *options,
                          nrpc_status *status);
// NULL is allowed.
void ftz_watch_close(ftz_watch *watch);

// The next change; waits for it. NULL at the end (status is left alone) and on failure: CANCELLED;
// OUT_OF_RANGE, reason RESYNC_REQUIRED, when changes in between are no longer kept: list
// everything, and watch from the revision of that. Being unavailable is no failure.
const Ftz__V1__Change *ftz_watch_next(ftz_watch *watch, nrpc_status *status);
// The place behind the change that was returned last: keep it, and a later watch goes on there.
// "" before the first answer. Borrowed until the next call.
const char *ftz_watch_since(const ftz_watch *watch);
// How many changes ftz_watch_next will return without asking.
size_t ftz_watch_pending(const ftz_watch *watch);
// Ends ftz_watch_next, on whichever thread it is, and every later one.
void ftz_watch_cancel(ftz_watch *watch);

#ifdef __cplusplus
}
#endif

#endif
