// Writers inside the process: what a registry costs, without a network and without a client.
//
// usage: writers FILE WRITERS COUNT
//   FILE  a registry's SQLite file, closed, with events in it
// WRITERS threads together create COUNT events, copies of some that are there under names of their
// own, each with a request id. Prints one line, see samples.h.
#include "bench/samples.h"

#include "base/clock.h"
#include "base/macros.h"
#include "ftz/v1/event_service.pb-c.h"
#include "registry/read/read.h"
#include "registry/write/uuid.h"
#include "registry/write/write.h"

#include <pthread.h>
#include <string.h>

enum { MAX_THREADS = 256, COPIED = 256 };

static const store_context no_hurry = {.deadline_ns = CLOCK_NEVER, .actor = "bench"};
static samples latencies;
static registry *r;
static const resource_type *type;
static Ftz__V1__ListEventsResponse *originals;
static atomic_long turn;
static long limit;

static void check(nrpc_code code, const nrpc_status *status)
{
    if (!code)
        return;
    fprintf(stderr, "writers: %s: %s\n", nrpc_code_name(code),
            status->message ? status->message : "");
    exit(1);
}

static void read_originals(void)
{
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    const registry_list_request request = {.type = type,
                                           .parent = "zones/-",
                                           .page_size = COPIED,
                                           .page_token = "",
                                           .filter = "",
                                           .order_by = "",
                                           .row_field = 1,
                                           .max_size = 64u << 20};
    check(registry_list(r, &no_hurry, &request, &rows, &page, &status), &status);
    originals = ftz__v1__list_events_response__unpack(NULL, rows.size, rows.data);
    if (!originals || !originals->n_events)
        exit(1);
    registry_page_fini(&page);
    buffer_fini(&rows);
}

static void create_event(long n)
{
    nrpc_status status = {0};
    char id[64], uuid[UUID_SIZE], parent[128];
    int64_t revision;
    buffer out = {0};
    store_context c = no_hurry;
    Ftz__V1__Event event = *originals->events[(size_t)n % originals->n_events];
    Ftz__V1__CreateEventRequest message = FTZ__V1__CREATE_EVENT_REQUEST__INIT;
    snprintf(id, sizeof id, "bench-%ld", n);
    snprintf(parent, sizeof parent, "%.*s", (int)(strstr(event.name, "/events/") - event.name),
             event.name);
    if (!uuid_make(uuid))
        exit(1);
    message.parent = parent;
    message.event_id = id;
    message.event = &event;
    message.request_id = uuid;
    c.request_id = uuid;
    const registry_operation operation = {.action = REGISTRY_CREATE,
                                          .place = "",
                                          .type = type,
                                          .resource = &event.base,
                                          .resource_field = "event",
                                          .parent = parent,
                                          .id = id,
                                          .id_field = "event_id"};
    const registry_write_request request = {.method = "ftz.v1.EventService/CreateEvent",
                                            .message = &message.base,
                                            .operations = &operation,
                                            .count = 1};
    int64_t before = clock_now_ns();
    check(registry_write(r, &c, &request, &out, &revision, &status), &status);
    samples_add(&latencies, clock_now_ns() - before);
    buffer_fini(&out);
}

static void *work(void *arg)
{
    long n;
    while ((n = atomic_fetch_add(&turn, 1)) < limit)
        create_event(n);
    return arg;
}

int main(int argc, char **argv)
{
    nrpc_status status = {0};
    store *s;
    char url[4096];
    pthread_t threads[MAX_THREADS];
    int writers = argc == 4 ? atoi(argv[2]) : 0;
    if (writers < 1 || writers > MAX_THREADS) {
        fprintf(stderr, "usage: writers FILE WRITERS COUNT\n");
        return 2;
    }
    limit = atol(argv[3]);
    latencies.ns = malloc(SAMPLES_MAX * sizeof *latencies.ns);
    snprintf(url, sizeof url, "sqlite:%s", argv[1]);
    check(store_open(url, &s, &status), &status);
    check(registry_open(&r, s, NULL, &status), &status);
    type = &registry_types(r)[RESOURCE_EVENT];
    read_originals();
    atomic_store(&latencies.on, true);
    int64_t start = clock_now_ns();
    for (int i = 0; i < writers; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < writers; i++)
        pthread_join(threads[i], NULL);
    samples_print(&latencies, (double)(clock_now_ns() - start) / 1e9);
    registry_close(r);
    store_close(s);
    return 0;
}
