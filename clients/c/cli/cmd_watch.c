#include "cli.h"

#include "columns.h"
#include "exit_codes.h"
#include "output.h"
#include "request.h"
#include "resource_types.h"
#include "schema/json.h"
#include "watch_state.h"
#include "width.h"

#include <errno.h>
#include <ftz/watch.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct watching {
    cli *c;
    const schema_message *change;
    char *since; // where to begin
    ftz_watch *watch;
    int64_t seen;
    column columns[COLUMNS_MAX]; // of CSV
    size_t column_count;
} watching;

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

// --- where to begin -----------------------------------------------------------------------------

// The revision that the registry is at, "STOREID:DECIMAL". It also tells whether anybody is there.
static char *current_revision(watching *w, nrpc_status *status)
{
    nrpc_reply reply;
    json_t *request = json_pack("{s:i,s:s}", "pageSize", 1, "view", "RESOURCE_VIEW_BASIC");
    char *revision = NULL;
    if (request_call(w->c, request_method(w->c, "ftz.v1.ZoneService/ListZones"), request,
                     FTZ_IDEMPOTENT, &reply)) {
        nrpc_status_move(status, &reply.status);
    } else {
        const char *text = nrpc_reply_metadata(&reply, "revision", NULL);
        revision = strdup(text ? text : "");
        if (!revision)
            out_of_memory(status);
    }
    nrpc_reply_fini(&reply);
    json_decref(request);
    return revision;
}

// What --since says: a number alone is a revision of this store.
static char *expand(const char *since, const char *current)
{
    char *full = NULL;
    if (strcmp(since, "start") == 0)
        return strdup("");
    if (!*since || strspn(since, "0123456789") != strlen(since))
        return strdup(since);
    return asprintf(&full, "%.*s:%s", (int)strcspn(current, ":"), current, since) < 0 ? NULL : full;
}

static nrpc_code find_start(watching *w, nrpc_status *status)
{
    const cli_options *o = &w->c->options;
    char *current = current_revision(w, status);
    if (!current)
        return status->code;
    if (o->state && watch_state_read(o->state, &w->since, status)) {
        free(current);
        return status->code;
    }
    if (!w->since)
        w->since = o->since ? expand(o->since, current) : strdup(current);
    free(current);
    return w->since ? NRPC_OK : out_of_memory(status);
}

// --- what is said -------------------------------------------------------------------------------

static void print_line(const watching *w, const json_t *change)
{
    static const char *const names[] = {"change_time", "revision", "type", "name", "actor"};
    buffer line = {0}, text = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        column cell = {.type = w->change, .path = names[i]};
        buffer_clear(&text);
        column_put(&text, &cell, change, false);
        buffer_append_text(&line, i ? "  " : "");
        text_put_safe(&line, (const char *)text.data, text.size);
    }
    buffer_clear(&text);
    column_put(&text, &(column){.type = w->change, .path = "changed_fields"}, change, false);
    if (text.size) {
        buffer_append_text(&line, "  (");
        text_put_safe(&line, (const char *)text.data, text.size);
        buffer_append_byte(&line, ')');
    }
    printf("%.*s\n", (int)line.size, (const char *)line.data);
    buffer_fini(&line);
    buffer_fini(&text);
}

// Of a change; of none, the titles.
static void print_csv(const watching *w, const json_t *change)
{
    buffer line = {0}, text = {0};
    for (size_t i = 0; i < w->column_count; i++) {
        buffer_clear(&text);
        if (change)
            column_put(&text, &w->columns[i], change, true);
        else
            buffer_append_text(&text, w->columns[i].title);
        buffer_append_text(&line, i ? "," : "");
        csv_put(&line, text.data ? (const char *)text.data : "", text.size);
    }
    printf("%.*s\r\n", (int)line.size, (const char *)line.data);
    buffer_fini(&line);
    buffer_fini(&text);
}

static nrpc_code print_packed(const watching *w, const uint8_t *bytes, size_t size,
                              nrpc_status *status)
{
    output_format format = cli_output(w->c);
    json_t *change;
    if (format == OUTPUT_JSON || format == OUTPUT_NDJSON) // a line each, since there is no end
        return output_message(w->c, OUTPUT_NDJSON, w->change, bytes, size, status);
    if (wire_to_json_value(w->change, bytes, size, 0, &change, status))
        return status->code;
    (format == OUTPUT_TABLE ? print_line : print_csv)(w, change);
    json_decref(change);
    return NRPC_OK;
}

static nrpc_code print_change(const watching *w, const Ftz__V1__Change *change, nrpc_status *status)
{
    size_t size = ftz__v1__change__get_packed_size(change);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return out_of_memory(status);
    ftz__v1__change__pack(change, bytes);
    print_packed(w, bytes, size, status);
    free(bytes);
    return status->code;
}

// What was printed is handed over before the place is kept.
static nrpc_code keep_place(const watching *w, nrpc_status *status)
{
    const cli_options *o = &w->c->options;
    const char *since = ftz_watch_since(w->watch);
    if (o->bookmarks && w->seen)
        printf("{\"nextSince\":\"%s\"}\n", since);
    if (fflush(stdout) || ferror(stdout))
        return nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot write the output: %s",
                               strerror(errno));
    return o->state && *since ? watch_state_write(o->state, since, status) : NRPC_OK;
}

static void say_place(const watching *w)
{
    const char *since = ftz_watch_since(w->watch);
    if (w->c->options.state)
        fprintf(stderr, "ftz: to go on: ftz watch --state %s\n", w->c->options.state);
    else if (*since)
        fprintf(stderr, "ftz: to go on: ftz watch --since %s\n", since);
}

static void say_away(void *context, bool away)
{
    (void)context;
    fputs(away ? "ftz: the server is away; going on when it is back\n"
               : "ftz: the server is back\n",
          stderr);
}

// --- signals ------------------------------------------------------------------------------------
//
// Every thread has them blocked, but for one that waits for them and ends the watch.

typedef struct signal_thread {
    pthread_t thread;
    sigset_t signals;
    ftz_watch *watch;
    int came; // 0: none; SIGUSR1: the watch has ended by itself
} signal_thread;

static void *wait_for_signal(void *context)
{
    signal_thread *s = context;
    sigwait(&s->signals, &s->came);
    ftz_watch_cancel(s->watch);
    return NULL;
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

// --- the command --------------------------------------------------------------------------------

static nrpc_code follow(watching *w, nrpc_status *status)
{
    const cli_options *o = &w->c->options;
    const Ftz__V1__Change *change;
    while ((!o->limit || w->seen < o->limit) && (change = ftz_watch_next(w->watch, status))) {
        w->seen++;
        if (print_change(w, change, status) ||
            (!ftz_watch_pending(w->watch) && keep_place(w, status)))
            break;
    }
    if (!status->code || status->code == NRPC_CANCELLED) {
        nrpc_status kept = {0};
        if (keep_place(w, &kept))
            nrpc_status_move(status, &kept);
        nrpc_status_fini(&kept);
    }
    return status->code;
}

static ftz_watch *open_watch(watching *w, nrpc_status *status)
{
    const cli_options *o = &w->c->options;
    option_list types;
    if (!option_types(w->c, &types))
        return NULL;
    return ftz_watch_open(w->c->client,
                          &(ftz_watch_options){.since = w->since,
                                               .name_prefix = o->prefix,
                                               .resource_types = types.items,
                                               .resource_type_count = types.count,
                                               .include_resources = o->full,
                                               .stop_at_end = o->once,
                                               .away = say_away},
                          status);
}

static int watch(watching *w, signal_thread *s)
{
    nrpc_status status = {0};
    if (cli_client(w->c, &status) || find_start(w, &status))
        return cli_fail(w->c, &status);
    w->watch = s->watch = open_watch(w, &status);
    if (!w->watch)
        return status.code ? cli_fail(w->c, &status) : EXIT_USAGE;
    if (cli_output(w->c) == OUTPUT_CSV)
        print_csv(w, NULL);
    fflush(stdout);
    pthread_create(&s->thread, NULL, wait_for_signal, s);
    follow(w, &status);
    if (!(status.code == NRPC_CANCELLED))
        pthread_kill(s->thread, SIGUSR1);
    pthread_join(s->thread, NULL);
    int code = EXIT_SUCCESS;
    if (status.code && status.code != NRPC_CANCELLED)
        code = cli_fail(w->c, &status);
    else
        say_place(w);
    nrpc_status_fini(&status);
    if (s->came && s->came != SIGUSR1)
        return 128 + s->came;
    return code ? code : cli_finish();
}

int run_watch(cli *c)
{
    watching w = {.c = c, .change = schema_find_message(cli_known(c), "ftz.v1.Change")};
    signal_thread s = {0};
    w.column_count = columns_of(w.change, true, w.columns);
    block_signals(&s.signals); // before there are threads
    int code = watch(&w, &s);
    ftz_watch_close(w.watch);
    free(w.since);
    return code;
}
