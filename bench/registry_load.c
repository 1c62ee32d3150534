// A closed-loop client of a registry: threads that each ask, wait for the answer, and ask again.
//
// usage: registry_load URL write WRITERS COUNT
//        registry_load URL get zipf|uniform THREADS SECONDS
//        registry_load URL list FILTER ORDER_BY PAGE_SIZE PAGES [LAST]
//        registry_load URL search SECONDS WORD...
//   write   creates COUNT events, copies of some that are there under names of their own
//   get     of all events, one at a time, picked by Zipf's law with exponent 0.99, or evenly
//   list    walks PAGES pages; measures the LAST of them (100), or first pages if PAGES is 1
//   search  first pages, the words in turn
// Prints one line, see samples.h.
#include "bench/samples.h"

#include "base/clock.h"
#include "base/macros.h"

#include <ftz/client.h>
#include <ftz/v1/query_service.pb-c.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 256, SAMPLES_COPIED = 256, FIRST_PAGES = 500 };

static samples latencies;
static ftz_client *client;
static atomic_long turn;
static long limit;
static int64_t until_ns;

static void die(const char *what, nrpc_status *status)
{
    fprintf(stderr, "registry_load: %s: %s: %s\n", what, nrpc_code_name(status->code),
            status->message ? status->message : "");
    exit(1);
}

static void ask(const char *method, const ProtobufCMessage *request,
                const ProtobufCMessageDescriptor *type, ProtobufCMessage **out)
{
    nrpc_status status = {0};
    int64_t before = clock_now_ns();
    ProtobufCMessage *message = ftz_call_message(client, method, request, type, 0, &status);
    samples_add(&latencies, clock_now_ns() - before);
    if (!message)
        die(method, &status);
    if (out)
        *out = message;
    else
        ftz_free(message);
}

static void run_threads(int count, void *(*work)(void *))
{
    pthread_t threads[MAX_THREADS];
    if (count < 1 || count > MAX_THREADS)
        exit(2);
    int64_t before = clock_now_ns();
    atomic_store(&latencies.on, true);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    samples_print(&latencies, (double)(clock_now_ns() - before) / 1e9);
}

// --- write ---------------------------------------------------------------------------------------

static Ftz__V1__Event *originals[SAMPLES_COPIED];
static size_t original_count;

static void read_originals(void)
{
    nrpc_status status = {0};
    ftz_list *list = ftz_list_events(client, &(ftz_list_options){.page_size = SAMPLES_COPIED});
    const Ftz__V1__Event *event;
    while (original_count < SAMPLES_COPIED && (event = ftz_next_event(list, &status))) {
        uint8_t *packed = malloc(ftz__v1__event__get_packed_size(event));
        size_t size = ftz__v1__event__pack(event, packed);
        originals[original_count++] = ftz__v1__event__unpack(NULL, size, packed);
        free(packed);
    }
    if (status.code || !original_count)
        die("list events", &status);
    ftz_list_free(list);
}

static void make_uuid(char out[37])
{
    static const char digits[] = "0123456789abcdef";
    static const char form[] = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
    uint8_t random[36];
    if (getentropy(random, sizeof random))
        abort();
    for (int i = 0; i < 36; i++)
        out[i] = form[i] == 'x' ? digits[random[i] & 15] : form[i];
    out[36] = '\0';
}

static void *write_events(void *arg)
{
    (void)arg;
    long n;
    while ((n = atomic_fetch_add(&turn, 1)) < limit) {
        char id[64], uuid[37], parent[128];
        Ftz__V1__Event event = *originals[(size_t)n % original_count];
        Ftz__V1__CreateEventRequest request = FTZ__V1__CREATE_EVENT_REQUEST__INIT;
        snprintf(id, sizeof id, "bench-%ld", n);
        snprintf(parent, sizeof parent, "%.*s", (int)(strstr(event.name, "/events/") - event.name),
                 event.name);
        make_uuid(uuid);
        request.parent = parent;
        request.event_id = id;
        request.event = &event;
        request.request_id = uuid;
        ask("ftz.v1.EventService/CreateEvent", &request.base, &ftz__v1__event__descriptor, NULL);
    }
    return NULL;
}

// --- get -----------------------------------------------------------------------------------------

static char **names;
static size_t name_count;
static double *cumulative; // of Zipf's law, by rank; NULL: evenly

static void read_names(void)
{
    nrpc_status status = {0};
    size_t capacity = 0;
    ftz_list *list = ftz_list_events(
        client, &(ftz_list_options){.page_size = 1000,
                                    .view = FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC});
    const Ftz__V1__Event *event;
    while ((event = ftz_next_event(list, &status))) {
        if (name_count == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            names = realloc(names, capacity * sizeof *names);
        }
        names[name_count++] = strdup(event->name);
    }
    if (status.code || !name_count)
        die("list events", &status);
    ftz_list_free(list);
    // Which ones are asked for often has nothing to do with their order in the file.
    unsigned state = 4711;
    for (size_t i = name_count - 1; i > 0; i--) {
        size_t j = (size_t)rand_r(&state) * 32768u % (i + 1);
        char *other = names[i];
        names[i] = names[j];
        names[j] = other;
    }
}

static void make_zipf(void)
{
    cumulative = malloc(name_count * sizeof *cumulative);
    double sum = 0;
    for (size_t i = 0; i < name_count; i++)
        cumulative[i] = sum += pow((double)(i + 1), -0.99);
    for (size_t i = 0; i < name_count; i++)
        cumulative[i] /= sum;
}

static size_t pick(uint64_t *state)
{
    // xorshift64*
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    double x = (double)(*state * UINT64_C(2685821657736338717) >> 11) * 0x1p-53;
    if (!cumulative)
        return (size_t)(x * (double)name_count);
    size_t low = 0, high = name_count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cumulative[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void *get_events(void *arg)
{
    uint64_t state = ((uint64_t)(uintptr_t)arg + 1) * UINT64_C(0x9E3779B97F4A7C15);
    Ftz__V1__GetEventRequest request = FTZ__V1__GET_EVENT_REQUEST__INIT;
    while (clock_now_ns() < until_ns) {
        request.name = names[pick(&state)];
        ask("ftz.v1.EventService/GetEvent", &request.base, &ftz__v1__event__descriptor, NULL);
    }
    return NULL;
}

static void use_seconds(const char *text)
{
    until_ns = clock_now_ns() + (int64_t)(atof(text) * 1e9);
}

// Until the cache is as full as it gets.
static void warm_up(void)
{
    enum { THREADS = 16 };
    pthread_t threads[THREADS];
    use_seconds("8");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, get_events, (void *)(intptr_t)(MAX_THREADS + i));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

// --- list and search -----------------------------------------------------------------------------

static void list_pages(const char *filter, const char *order_by, int page_size, long pages,
                       long last)
{
    Ftz__V1__ListEventsRequest request = FTZ__V1__LIST_EVENTS_REQUEST__INIT;
    char *token = strdup("");
    request.parent = (char *)"zones/-";
    request.filter = (char *)(uintptr_t)filter;
    request.order_by = (char *)(uintptr_t)order_by;
    request.page_size = page_size;
    long count = pages == 1 ? FIRST_PAGES : pages, done = 0;
    int64_t before = clock_now_ns();
    for (; done < count; done++) {
        ProtobufCMessage *message;
        request.page_token = token;
        atomic_store(&latencies.on, pages == 1 || count - done <= last);
        ask("ftz.v1.EventService/ListEvents", &request.base,
            &ftz__v1__list_events_response__descriptor, &message);
        const Ftz__V1__ListEventsResponse *page = (const Ftz__V1__ListEventsResponse *)message;
        if (pages > 1) {
            free(token);
            token = strdup(page->next_page_token);
        }
        ftz_free(message);
        if (pages > 1 && !*token)
            break;
    }
    printf("pages=%ld ", done);
    samples_print(&latencies, (double)(clock_now_ns() - before) / 1e9);
}

static void search(char **words, int count)
{
    Ftz__V1__SearchRequest request = FTZ__V1__SEARCH_REQUEST__INIT;
    int64_t before = clock_now_ns();
    atomic_store(&latencies.on, true);
    for (int i = 0; clock_now_ns() < until_ns; i++) {
        request.query = words[i % count];
        ask("ftz.v1.QueryService/Search", &request.base, &ftz__v1__search_response__descriptor,
            NULL);
    }
    samples_print(&latencies, (double)(clock_now_ns() - before) / 1e9);
}

int main(int argc, char **argv)
{
    nrpc_status status = {0};
    const char *what = argc > 2 ? argv[2] : "";
    latencies.ns = malloc(SAMPLES_MAX * sizeof *latencies.ns);
    if (argc > 1 && ftz_client_open(&client, argv[1], NULL, &status))
        die(argv[1], &status);
    if (!strcmp(what, "write") && argc == 5) {
        limit = atol(argv[4]);
        read_originals();
        run_threads(atoi(argv[3]), write_events);
    } else if (!strcmp(what, "get") && argc == 6) {
        read_names();
        if (!strcmp(argv[3], "zipf"))
            make_zipf();
        warm_up();
        use_seconds(argv[5]);
        run_threads(atoi(argv[4]), get_events);
    } else if (!strcmp(what, "list") && argc >= 7) {
        list_pages(argv[3], argv[4], atoi(argv[5]), atol(argv[6]), argc > 7 ? atol(argv[7]) : 100);
    } else if (!strcmp(what, "search") && argc > 4) {
        use_seconds(argv[3]);
        search(argv + 4, argc - 4);
    } else {
        fprintf(stderr, "usage: see the top of registry_load.c\n");
        return 2;
    }
    ftz_client_close(client);
    return 0;
}
