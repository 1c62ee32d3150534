// Search and CheckData: their rows come packed from the registry, and their responses have the same
// fields behind them.
#include "service/service_private.h"

#include "base/pbwire.h"
#include "ftz/v1/query_service.pb-c.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "registry/check/check.h"
#include "registry/query/search.h"
#include "registry/read/token.h"

enum {
    ROWS_FIELD = 1,
    NEXT_PAGE_TOKEN_FIELD = 2,
    REVISION_FIELD = 3,
    MAX_TRAILER = TOKEN_MAX_SIZE + 4 * PBWIRE_MAX_VARINT,
};

typedef struct page {
    buffer rows, token;
    int64_t revision;
} page;

static size_t room_for_rows(const nrpc_call *call)
{
    size_t room = nrpc_call_max_response(call);
    return room > MAX_TRAILER ? room - MAX_TRAILER : 0;
}

static void reply_page(const services *s, nrpc_call *call, page *p, nrpc_status *status)
{
    uint8_t trailer[MAX_TRAILER], *end = trailer;
    if (status->code) {
        service_fail(call, status);
    } else {
        if (p->token.size)
            end = pbwire_put_bytes(end, NEXT_PAGE_TOKEN_FIELD, p->token.data, p->token.size);
        end = pbwire_put_tag(end, REVISION_FIELD, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)p->revision);
        nrpc_slice pieces[2] = {{p->rows.data, p->rows.size}, {trailer, (size_t)(end - trailer)}};
        service_note_revision(s, call, p->revision);
        nrpc_call_reply_bytes(call, pieces, ARRAY_LEN(pieces));
    }
    buffer_fini(&p->rows);
    buffer_fini(&p->token);
}

void service_search(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__SearchRequest *request = (const Ftz__V1__SearchRequest *)message;
    nrpc_status status = {0};
    store_context c;
    page p = {0};
    const registry_search_request asked = {
        .query = request->query,
        .resource_types = (const char *const *)request->resource_types,
        .type_count = request->n_resource_types,
        .parent = request->parent,
        .language_code = request->language_code,
        .view = (int)request->view,
        .page_size = request->page_size,
        .page_token = request->page_token,
        .row_field = ROWS_FIELD,
        .max_size = room_for_rows(call),
    };
    (void)(service_context(s, call, "", &c, &status) ||
           registry_search(s->registry, &c, &asked, &p.rows, &p.token, &p.revision, &status));
    reply_page(s, call, &p, &status);
}

void service_check_data(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__CheckDataRequest *request = (const Ftz__V1__CheckDataRequest *)message;
    nrpc_status status = {0};
    store_context c;
    page p = {0};
    const registry_check_request asked = {
        .parent = request->parent,
        .page_size = request->page_size,
        .page_token = request->page_token,
        .row_field = ROWS_FIELD,
        .max_size = room_for_rows(call),
    };
    (void)(service_context(s, call, "", &c, &status) ||
           registry_check(s->registry, &c, &asked, &p.rows, &p.token, &p.revision, &status));
    reply_page(s, call, &p, &status);
}
