// RegistryService.ListChanges, which waits without a thread (feed.h), and ListRevisions.
#include "registry/read/changes.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/pbwire.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "service/feed.h"
#include "service/service_private.h"

#include <string.h>

enum {
    MAX_WAIT_MS = 30000,
    SPARE_MS = 200, // a wait ends so long before the call's deadline
    // Numbers in ftz.v1.ListChangesResponse and ListRevisionsResponse.
    ROWS_FIELD = 1,
    NEXT_SINCE_FIELD = 2,
    MORE_FIELD = 3,
    NEXT_PAGE_TOKEN_FIELD = 2,
    MAX_TRAILER = 512, // of either response: what follows the rows
};

typedef struct watch {
    feed_waiter waiter;
    services *services;
    changes_query query;
    int64_t until_ns;
} watch;

static void reply_changes(watch *w, const buffer *rows, const changes_page *page)
{
    char since[CHANGES_SINCE_SIZE];
    uint8_t trailer[MAX_TRAILER], *end = trailer;
    nrpc_call *call = w->waiter.call;
    changes_format_since(w->services->registry, w->query.place, since);
    end = pbwire_put_bytes(end, NEXT_SINCE_FIELD, since, strlen(since));
    if (page->more) {
        end = pbwire_put_tag(end, MORE_FIELD, PBWIRE_VARINT);
        end = pbwire_put_varint(end, 1);
    }
    nrpc_slice pieces[2] = {{rows->data, rows->size}, {trailer, (size_t)(end - trailer)}};
    service_note_revision(w->services, call, page->revision);
    nrpc_call_reply_bytes(call, pieces, ARRAY_LEN(pieces));
}

// True if the call waits now.
static bool wait_on(watch *w, const changes_page *page)
{
    int64_t left = w->until_ns - clock_now_ns();
    if (page->count || page->more || left <= 0)
        return false;
    return feed_wait(w->services->feed, &w->waiter, page->revision, (unsigned)(left / 1000000 + 1));
}

static void look(feed_waiter *waiter)
{
    watch *w = CONTAINER_OF(waiter, watch, waiter);
    nrpc_status status = {0};
    store_context c;
    changes_page page;
    buffer rows = {0};
    bool again;
    do {
        if (atomic_load(nrpc_call_cancelled(waiter->call))) {
            service_fail_over(waiter->call);
            break;
        }
        buffer_clear(&rows);
        if (service_context(w->services, waiter->call, "", &c, &status) ||
            registry_changes(w->services->registry, &c, &w->query, &rows, &page, &status)) {
            service_fail(waiter->call, &status);
            break;
        }
        if (wait_on(w, &page))
            break; // w may be gone already
        // Something came in between: it may be what is waited for.
        again = !page.count && !page.more && clock_now_ns() < w->until_ns &&
                !feed_is_closed(w->services->feed);
        if (!again)
            reply_changes(w, &rows, &page);
    } while (again);
    buffer_fini(&rows);
}

static int64_t wait_until(const nrpc_call *call, const Google__Protobuf__Duration *wait,
                          nrpc_status *status)
{
    if (!wait)
        return 0;
    if (wait->seconds < 0 || wait->nanos < 0 || wait->nanos > 999999999) {
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_ARGUMENT",
                        "wait is no length of "
                        "time from 0 on");
        nrpc_status_violate(status, "wait", "OUT_OF_RANGE", "must be from 0s to 30s");
        return 0;
    }
    int64_t ms = wait->seconds > MAX_WAIT_MS / 1000
                     ? MAX_WAIT_MS
                     : wait->seconds * 1000 + (wait->nanos + 999999) / 1000000;
    if (ms > MAX_WAIT_MS)
        ms = MAX_WAIT_MS;
    int64_t until = clock_now_ns() + ms * INT64_C(1000000);
    int64_t latest = nrpc_call_deadline_ns(call) - SPARE_MS * INT64_C(1000000);
    return until < latest ? until : latest;
}

void service_list_changes(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__ListChangesRequest *request = (const Ftz__V1__ListChangesRequest *)message;
    nrpc_status status = {0};
    size_t room = nrpc_call_max_response(call);
    const changes_request asked = {
        .since = request->since,
        .name_prefix = request->name_prefix,
        .resource_types = (const char *const *)request->resource_types,
        .resource_type_count = request->n_resource_types,
        .page_size = request->page_size,
        .include_resources = request->include_resources,
        .view = (int)request->view,
        .max_size = room > MAX_TRAILER ? room - MAX_TRAILER : 0,
        .row_field = ROWS_FIELD,
    };
    watch *w = arena_zalloc(nrpc_call_arena(call), sizeof *w);
    if (!w) {
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                        "out of memory for the wait");
        service_fail(call, &status);
        return;
    }
    w->until_ns = wait_until(call, request->wait, &status);
    if (changes_query_init(s->registry, &asked, &w->query, &status)) {
        service_fail(call, &status);
        return;
    }
    w->services = s;
    w->waiter.call = call;
    w->waiter.filter = w->query.filter;
    w->waiter.look = look;
    look(&w->waiter);
}

void service_list_revisions(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__ListRevisionsRequest *request = (const Ftz__V1__ListRevisionsRequest *)message;
    nrpc_status status = {0};
    store_context c;
    buffer rows = {0}, token = {0};
    size_t room = nrpc_call_max_response(call);
    const revisions_request asked = {
        .name = request->name,
        .page_size = request->page_size,
        .page_token = request->page_token,
        .view = (int)request->view,
        .max_size = room > MAX_TRAILER ? room - MAX_TRAILER : 0,
        .row_field = ROWS_FIELD,
    };
    int64_t revision = registry_revision(s->registry);
    if (service_context(s, call, "", &c, &status) ||
        registry_revisions(s->registry, &c, &asked, &rows, &token, &status)) {
        service_fail(call, &status);
    } else {
        uint8_t head[PBWIRE_MAX_VARINT * 2], *end = head;
        if (token.size) {
            end = pbwire_put_tag(end, NEXT_PAGE_TOKEN_FIELD, PBWIRE_BYTES);
            end = pbwire_put_varint(end, token.size);
        }
        nrpc_slice pieces[3] = {
            {rows.data, rows.size}, {head, (size_t)(end - head)}, {token.data, token.size}};
        service_note_revision(s, call, revision);
        nrpc_call_reply_bytes(call, pieces, ARRAY_LEN(pieces));
    }
    buffer_fini(&rows);
    buffer_fini(&token);
}
