#include <ftz/watch.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WAIT_S = 25,       // at the server; below the default deadline of a call
    CALL_MS = 40000,   //
    PAUSE_MIN_MS = 50, // between two tries while the server is away
    PAUSE_MAX_MS = 5000,
    SINCE_SIZE = 96,
};

struct ftz_watch {
    ftz_client *client;
    Ftz__V1__ListChangesRequest request; // its text is the watch's
    bool stop_at_end;
    void (*away)(void *context, bool is_away);
    void *away_context;
    bool is_away;
    Ftz__V1__ListChangesResponse *page; // NULL before the first
    size_t next;                        // change of the page
    char since[SINCE_SIZE];             // behind the last change returned
    char *place;                        // to ask behind next

    pthread_mutex_t lock; // guards what follows
    pthread_cond_t changed;
    bool cancelled;
    unsigned cancelling; // how many ftz_watch_cancel are using `call`
    bool ended;          // the call is
    nrpc_reply reply;
    nrpc_client_call *call;
};

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

static bool fill(ftz_watch *w, const ftz_watch_options *o)
{
    ftz__v1__list_changes_request__init(&w->request);
    w->place = copy(o->since);
    w->request.name_prefix = copy(o->name_prefix);
    w->request.include_resources = o->include_resources;
    w->stop_at_end = o->stop_at_end;
    w->away = o->away;
    w->away_context = o->away_context;
    if (o->resource_type_count)
        w->request.resource_types = calloc(o->resource_type_count, sizeof(char *));
    if (!w->place || !w->request.name_prefix ||
        (o->resource_type_count && !w->request.resource_types))
        return false;
    for (; w->request.n_resource_types < o->resource_type_count; w->request.n_resource_types++)
        if (!(w->request.resource_types[w->request.n_resource_types] =
                  copy(o->resource_types[w->request.n_resource_types])))
            return false;
    snprintf(w->since, sizeof(w->since), "%s", w->place);
    return true;
}

ftz_watch *ftz_watch_open(ftz_client *client, const ftz_watch_options *options, nrpc_status *status)
{
    static const ftz_watch_options defaults;
    ftz_watch *w = calloc(1, sizeof(*w));
    if (w) {
        w->client = client;
        pthread_mutex_init(&w->lock, NULL);
        pthread_condattr_t monotonic;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&w->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
    }
    if (!w || !fill(w, options ? options : &defaults)) {
        ftz_watch_close(w);
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
        return NULL;
    }
    return w;
}

void ftz_watch_close(ftz_watch *w)
{
    if (!w)
        return;
    ftz_free(w->page);
    for (size_t i = 0; i < w->request.n_resource_types; i++)
        free(w->request.resource_types[i]);
    free(w->request.resource_types);
    free(w->request.name_prefix);
    free(w->place);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static void on_reply(nrpc_reply *reply, void *context)
{
    ftz_watch *w = context;
    pthread_mutex_lock(&w->lock);
    nrpc_reply_take(&w->reply, reply);
    w->ended = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static nrpc_code set_cancelled(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_CANCELLED, "CANCELLED", "the watch was cancelled");
}

// One ListChanges. *reply is released by the caller.
static void ask(ftz_watch *w, nrpc_reply *reply)
{
    static Google__Protobuf__Duration wait = GOOGLE__PROTOBUF__DURATION__INIT;
    Google__Protobuf__Duration own = wait;
    own.seconds = WAIT_S;
    w->request.since = w->place;
    w->request.wait = w->stop_at_end ? NULL : &own;
    w->ended = false;
    nrpc_client_call *call = NULL;
    nrpc_channel_start_message(
        ftz_client_channel(w->client), "ftz.v1.RegistryService/ListChanges", &w->request.base,
        &(nrpc_call_options){.timeout_ms = CALL_MS, .idempotent = true}, on_reply, w, &call);
    pthread_mutex_lock(&w->lock);
    w->call = call;
    if (w->cancelled && !w->ended) {
        pthread_mutex_unlock(&w->lock);
        nrpc_client_call_cancel(call);
        pthread_mutex_lock(&w->lock);
    }
    while (!w->ended || w->cancelling)
        pthread_cond_wait(&w->changed, &w->lock);
    *reply = w->reply;
    w->call = NULL;
    pthread_mutex_unlock(&w->lock);
    nrpc_client_call_unref(call);
}

// False: cancelled.
static bool pause_ms(ftz_watch *w, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&w->lock);
    while (!w->cancelled && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
        ;
    bool go_on = !w->cancelled;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static bool is_cancelled(ftz_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool cancelled = w->cancelled;
    pthread_mutex_unlock(&w->lock);
    return cancelled;
}

// Another server, or the same one again, may answer what this one could not. A change too large for
// an answer stays so.
static bool passes(const nrpc_status *s)
{
    return s->code == NRPC_UNAVAILABLE || s->code == NRPC_DEADLINE_EXCEEDED ||
           (s->code == NRPC_RESOURCE_EXHAUSTED &&
            !(s->reason && strcmp(s->reason, "MESSAGE_TOO_LARGE") == 0));
}

static void note_away(ftz_watch *w, bool is_away)
{
    if (w->away && w->is_away != is_away)
        w->away(w->away_context, is_away);
    w->is_away = is_away;
}

static nrpc_code next_page(ftz_watch *w, nrpc_status *status)
{
    for (unsigned pause = PAUSE_MIN_MS;;) {
        nrpc_reply reply;
        ProtobufCMessage *message = NULL;
        ask(w, &reply);
        bool passing = passes(&reply.status);
        nrpc_code code = reply.status.code;
        if (!code)
            code = nrpc_reply_unpack(&reply, &ftz__v1__list_changes_response__descriptor, &message,
                                     status);
        else if (!passing && !is_cancelled(w))
            nrpc_status_move(status, &reply.status);
        nrpc_reply_fini(&reply);
        if (!code || (code == NRPC_UNAVAILABLE && !is_cancelled(w)))
            note_away(w, code != NRPC_OK);
        if (!code) {
            ftz_free(w->page);
            w->page = (Ftz__V1__ListChangesResponse *)message;
            w->next = 0;
            return NRPC_OK;
        }
        if (is_cancelled(w) || (passing && !pause_ms(w, pause)))
            return set_cancelled(status);
        if (!passing)
            return code;
        pause = pause < PAUSE_MAX_MS / 2 ? 2 * pause : PAUSE_MAX_MS;
    }
}

// "STORE:REVISION.INDEX", behind one change of a page.
static void note_place(ftz_watch *w, const Ftz__V1__Change *change)
{
    int store = (int)strcspn(w->page->next_since, ":");
    bool last = w->next == w->page->n_changes;
    if (last)
        snprintf(w->since, sizeof(w->since), "%s", w->page->next_since);
    else
        snprintf(w->since, sizeof(w->since), "%.*s:%" PRId64 ".%" PRId32, store,
                 w->page->next_since, change->revision, change->index);
}

const Ftz__V1__Change *ftz_watch_next(ftz_watch *w, nrpc_status *status)
{
    for (;;) {
        if (is_cancelled(w)) {
            set_cancelled(status);
            return NULL;
        }
        if (w->page && w->next < w->page->n_changes) {
            const Ftz__V1__Change *change = w->page->changes[w->next++];
            note_place(w, change);
            return change;
        }
        if (w->page) {
            char *place = copy(w->page->next_since);
            if (!place) {
                nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
                return NULL;
            }
            free(w->place);
            w->place = place;
            snprintf(w->since, sizeof(w->since), "%s", place);
            if (w->stop_at_end && !w->page->more)
                return NULL;
        }
        if (next_page(w, status))
            return NULL;
    }
}

const char *ftz_watch_since(const ftz_watch *w)
{
    return w->since;
}

size_t ftz_watch_pending(const ftz_watch *w)
{
    return w->page ? w->page->n_changes - w->next : 0;
}

void ftz_watch_cancel(ftz_watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->cancelled = true;
    nrpc_client_call *call = w->call;
    w->cancelling += call != NULL;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (!call)
        return;
    nrpc_client_call_cancel(call); // on_reply may run in here, and takes the lock
    pthread_mutex_lock(&w->lock);
    w->cancelling--;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}
