#include "nrpc/envelope.h"

#include "base/pbwire.h"
#include "base/utf8.h"
#include "nrpc/wirewalk.h"

#include <google/rpc/error_details.pb-c.h>
#include <nrpc/v1/call.pb-c.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ERROR_SIZE = 3800, TYPE_URL_SIZE = 64 };

static nrpc_code malformed(nrpc_status *status, const char *what)
{
    return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "CALL_MALFORMED",
                           "the request is not an nrpc.v1.Call: %s", what);
}

static envelope_slice slice_of(const pbwire_field *f)
{
    return (envelope_slice){(const char *)f->data, f->size};
}

static bool parse_entry(const uint8_t *data, size_t size, envelope_entry *out)
{
    *out = (envelope_entry){{"", 0}, {"", 0}};
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    while (pbwire_next(&r, &f)) {
        if (f.number != 1 && f.number != 2)
            continue;
        if (f.type != PBWIRE_BYTES)
            return false;
        *(f.number == 1 ? &out->key : &out->value) = slice_of(&f);
    }
    return pbwire_done(&r);
}

bool envelope_metadata_valid(envelope_slice key, envelope_slice value)
{
    if (!key.size)
        return false;
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    if (key.size >= 4 && memcmp(key.data + key.size - 4, "-bin", 4) == 0)
        return true;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < 0x20 || value.data[i] > 0x7e)
            return false;
    return true;
}

nrpc_code envelope_parse_call(const uint8_t *data, size_t size, envelope_call *out,
                              nrpc_status *status)
{
    out->method = out->payload = (envelope_slice){"", 0};
    out->timeout_ms = 0;
    out->metadata_count = 0;
    size_t metadata_bytes = 0;
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    while (pbwire_next(&r, &f)) {
        static const uint8_t types[] = {0, PBWIRE_BYTES, PBWIRE_BYTES, PBWIRE_VARINT, PBWIRE_BYTES};
        if (f.number > 4)
            continue;
        if (f.type != types[f.number])
            return malformed(status, "a field has the wrong wire type");
        switch (f.number) {
        case 1:
            if (!utf8_valid(f.data, f.size))
                return malformed(status, "method is not UTF-8");
            out->method = slice_of(&f);
            break;
        case 2:
            out->payload = slice_of(&f);
            break;
        case 3:
            out->timeout_ms = (uint32_t)f.value;
            break;
        default: {
            envelope_entry entry;
            if (!parse_entry(f.data, f.size, &entry))
                return malformed(status, "metadata cannot be parsed");
            metadata_bytes += entry.key.size + entry.value.size;
            if (out->metadata_count == ENVELOPE_MAX_METADATA ||
                metadata_bytes > ENVELOPE_MAX_METADATA_BYTES)
                return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                                       "more metadata than %d entries or %d bytes",
                                       ENVELOPE_MAX_METADATA, ENVELOPE_MAX_METADATA_BYTES);
            if (!envelope_metadata_valid(entry.key, entry.value)) {
                nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                                "metadata entry %zu: a key is made of [a-z0-9_.-], a value of "
                                "printable ASCII unless its key ends in -bin",
                                out->metadata_count);
                return nrpc_status_add(status, "index", "%zu", out->metadata_count);
            }
            out->metadata[out->metadata_count++] = entry;
        }
        }
    }
    if (!pbwire_done(&r))
        return malformed(status, "the bytes are no protobuf message");
    return NRPC_OK;
}

// --- writing -----------------------------------------------------------------------------------

static size_t entry_body_size(const envelope_entry *e)
{
    return pbwire_bytes_size(1, e->key.size) + pbwire_bytes_size(2, e->value.size);
}

static size_t metadata_size(uint32_t number, const envelope_entry *metadata, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += pbwire_bytes_size(number, entry_body_size(&metadata[i]));
    return n;
}

static uint8_t *put_metadata(uint8_t *out, uint32_t number, const envelope_entry *metadata,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const envelope_entry *e = &metadata[i];
        out = pbwire_put_tag(out, number, PBWIRE_BYTES);
        out = pbwire_put_varint(out, entry_body_size(e));
        out = pbwire_put_bytes(out, 1, e->key.data, e->key.size);
        out = pbwire_put_bytes(out, 2, e->value.data, e->value.size);
    }
    return out;
}

static uint8_t *put_payload(uint8_t *out, size_t size, uint8_t **payload)
{
    if (!size) {
        *payload = out; // empty bytes are the default: nothing is written
        return out;
    }
    out = pbwire_put_tag(out, 2, PBWIRE_BYTES);
    out = pbwire_put_varint(out, size);
    *payload = out;
    return out + size;
}

size_t envelope_call_size(const envelope_call *c)
{
    return (c->method.size ? pbwire_bytes_size(1, c->method.size) : 0) +
           (c->payload.size ? pbwire_bytes_size(2, c->payload.size) : 0) +
           (c->timeout_ms ? 1 + pbwire_varint_size(c->timeout_ms) : 0) +
           metadata_size(4, c->metadata, c->metadata_count);
}

uint8_t *envelope_put_call(uint8_t *out, const envelope_call *c, uint8_t **payload)
{
    if (c->method.size)
        out = pbwire_put_bytes(out, 1, c->method.data, c->method.size);
    out = put_payload(out, c->payload.size, payload);
    if (c->timeout_ms) {
        out = pbwire_put_tag(out, 3, PBWIRE_VARINT);
        out = pbwire_put_varint(out, c->timeout_ms);
    }
    return put_metadata(out, 4, c->metadata, c->metadata_count);
}

size_t envelope_ok_size(size_t payload_size, const envelope_entry *metadata, size_t count)
{
    return (payload_size ? pbwire_bytes_size(2, payload_size) : 0) +
           metadata_size(3, metadata, count);
}

uint8_t *envelope_put_ok(uint8_t *out, size_t payload_size, const envelope_entry *metadata,
                         size_t count, uint8_t **payload)
{
    out = put_payload(out, payload_size, payload);
    return put_metadata(out, 3, metadata, count);
}

// --- errors, the cold path, by the generated code ------------------------------------------------

typedef struct error_details {
    Google__Protobuf__Any any[4], *list[4];
    char urls[4][TYPE_URL_SIZE];
    size_t count;
} error_details;

static void add_detail(error_details *d, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return;
    protobuf_c_message_pack(message, bytes);
    Google__Protobuf__Any *any = &d->any[d->count];
    google__protobuf__any__init(any);
    any->type_url = d->urls[d->count];
    // Names of the four types below, all short.
    strcpy(any->type_url, "type.googleapis.com/");
    strncat(any->type_url, message->descriptor->name, TYPE_URL_SIZE - 32);
    any->value = (ProtobufCBinaryData){size, bytes};
    d->list[d->count++] = any;
}

static void add_error_info(error_details *d, const nrpc_status *status, size_t entries)
{
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    Google__Rpc__ErrorInfo__MetadataEntry *items = calloc(entries + 1, sizeof *items);
    Google__Rpc__ErrorInfo__MetadataEntry **list = calloc(entries + 1, sizeof *list);
    info.reason = status->reason;
    info.domain = status->domain ? status->domain : (char *)"";
    if (items && list) {
        for (size_t i = 0; i < entries; i++) {
            google__rpc__error_info__metadata_entry__init(&items[i]);
            items[i].key = status->metadata[i].key;
            items[i].value = status->metadata[i].value;
            list[i] = &items[i];
        }
        info.n_metadata = entries;
        info.metadata = list;
    }
    add_detail(d, &info.base);
    free(items);
    free(list);
}

static void add_bad_request(error_details *d, const nrpc_status *status, size_t violations)
{
    Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
    Google__Rpc__BadRequest__FieldViolation *items = calloc(violations, sizeof *items);
    Google__Rpc__BadRequest__FieldViolation **list = calloc(violations, sizeof *list);
    if (items && list) {
        for (size_t i = 0; i < violations; i++) {
            google__rpc__bad_request__field_violation__init(&items[i]);
            items[i].field = status->violations[i].field;
            items[i].description = status->violations[i].description;
            items[i].reason = status->violations[i].reason;
            list[i] = &items[i];
        }
        bad.n_field_violations = violations;
        bad.field_violations = list;
        add_detail(d, &bad.base);
    }
    free(items);
    free(list);
}

static uint8_t *pack_error(const nrpc_status *status, size_t message_size, size_t entries,
                           size_t violations, bool resource_fits, const envelope_entry *metadata,
                           size_t count, size_t *size)
{
    error_details d = {.count = 0};
    if (status->reason)
        add_error_info(&d, status, entries);
    if (violations)
        add_bad_request(&d, status, violations);
    if (status->retry_after_ms) {
        Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
        Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
        delay.seconds = status->retry_after_ms / 1000;
        delay.nanos = (int32_t)(status->retry_after_ms % 1000 * 1000000);
        retry.retry_delay = &delay;
        add_detail(&d, &retry.base);
    }
    if (status->resource_name && resource_fits) {
        Google__Rpc__ResourceInfo resource = GOOGLE__RPC__RESOURCE_INFO__INIT;
        resource.resource_type = status->resource_type;
        resource.resource_name = status->resource_name;
        add_detail(&d, &resource.base);
    }
    Nrpc__V1__Status message = NRPC__V1__STATUS__INIT;
    char *text = status->message ? strndup(status->message, message_size) : NULL;
    if (text) // a cut must not leave half a character
        text[utf8_valid_prefix(text, strlen(text))] = 0;
    message.code = (int32_t)status->code;
    message.message = text ? text : (char *)"";
    message.n_details = d.count;
    message.details = d.list;
    size_t body = nrpc__v1__status__get_packed_size(&message);
    *size = pbwire_bytes_size(1, body) + metadata_size(3, metadata, count);
    uint8_t *bytes = malloc(*size);
    if (bytes) {
        uint8_t *p = pbwire_put_tag(bytes, 1, PBWIRE_BYTES);
        p = pbwire_put_varint(p, body);
        p += nrpc__v1__status__pack(&message, p);
        put_metadata(p, 3, metadata, count);
    }
    for (size_t i = 0; i < d.count; i++)
        free(d.any[i].value.data);
    free(text);
    return bytes;
}

uint8_t *envelope_pack_error(const nrpc_status *status, const envelope_entry *metadata,
                             size_t count, size_t *size)
{
    size_t message = 2048, entries = status->metadata_count, violations = status->violation_count;
    bool resource = status->resource_name != NULL;
    for (;;) {
        uint8_t *bytes =
            pack_error(status, message, entries, violations, resource, metadata, count, size);
        if (!bytes || *size <= MAX_ERROR_SIZE)
            return bytes;
        if (violations > 1)
            violations /= 2;
        else if (entries)
            entries /= 2;
        else if (violations)
            violations = 0;
        else if (message > 64)
            message /= 2;
        else if (resource)
            resource = false;
        else if (count)
            count = 0;
        else
            return bytes;
        free(bytes);
    }
}

// --- reading replies -----------------------------------------------------------------------------

// A detail that protobuf-c cannot be trusted with is left out like one of an unknown type.
static bool is_type(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    const char *slash = strrchr(any->type_url, '/');
    return slash && strcmp(slash + 1, type->name) == 0 &&
           wirewalk_check(type, any->value.data, any->value.len, NULL) == NRPC_OK;
}

static void read_detail(const Google__Protobuf__Any *any, nrpc_status *status)
{
    size_t size = any->value.len;
    const uint8_t *data = any->value.data;
    if (is_type(any, &google__rpc__error_info__descriptor)) {
        Google__Rpc__ErrorInfo *info = google__rpc__error_info__unpack(NULL, size, data);
        if (!info)
            return;
        free(status->reason);
        free(status->domain);
        status->reason = strdup(info->reason);
        status->domain = strdup(info->domain);
        for (size_t i = 0; i < info->n_metadata; i++)
            nrpc_status_add(status, info->metadata[i]->key, "%s", info->metadata[i]->value);
        google__rpc__error_info__free_unpacked(info, NULL);
    } else if (is_type(any, &google__rpc__bad_request__descriptor)) {
        Google__Rpc__BadRequest *bad = google__rpc__bad_request__unpack(NULL, size, data);
        if (!bad)
            return;
        for (size_t i = 0; i < bad->n_field_violations; i++) {
            const Google__Rpc__BadRequest__FieldViolation *v = bad->field_violations[i];
            nrpc_status_violate(status, v->field, v->reason, "%s", v->description);
        }
        google__rpc__bad_request__free_unpacked(bad, NULL);
    } else if (is_type(any, &google__rpc__retry_info__descriptor)) {
        Google__Rpc__RetryInfo *retry = google__rpc__retry_info__unpack(NULL, size, data);
        if (!retry)
            return;
        const Google__Protobuf__Duration *d = retry->retry_delay;
        if (d && d->seconds >= 0 && d->seconds < 86400 && d->nanos >= 0 && d->nanos < 1000000000)
            status->retry_after_ms = d->seconds * 1000 + d->nanos / 1000000;
        google__rpc__retry_info__free_unpacked(retry, NULL);
    } else if (is_type(any, &google__rpc__resource_info__descriptor)) {
        Google__Rpc__ResourceInfo *info = google__rpc__resource_info__unpack(NULL, size, data);
        if (!info)
            return;
        nrpc_status_resource(status, info->resource_type, info->resource_name);
        google__rpc__resource_info__free_unpacked(info, NULL);
    }
}

static bool parse_status(const uint8_t *data, size_t size, nrpc_status *status)
{
    if (wirewalk_check(&nrpc__v1__status__descriptor, data, size, NULL))
        return false;
    Nrpc__V1__Status *message = nrpc__v1__status__unpack(NULL, size, data);
    if (!message)
        return false;
    if (message->code != NRPC_OK) {
        bool known = message->code > 0 && message->code <= NRPC_UNAUTHENTICATED;
        nrpc_status_set(status, known ? (nrpc_code)message->code : NRPC_UNKNOWN, NULL, "%s",
                        message->message);
        for (size_t i = 0; i < message->n_details; i++)
            read_detail(message->details[i], status);
    }
    nrpc__v1__status__free_unpacked(message, NULL);
    return true;
}

nrpc_code envelope_parse_reply(const uint8_t *data, size_t size, envelope_reply *out,
                               nrpc_status *status)
{
    out->payload = (envelope_slice){"", 0};
    out->metadata_count = 0;
    nrpc_status_fini(status);
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    bool ok = true;
    size_t metadata_bytes = 0;
    while (ok && pbwire_next(&r, &f)) {
        if (f.number > 3)
            continue;
        ok = f.type == PBWIRE_BYTES;
        if (ok && f.number == 1) {
            ok = parse_status(f.data, f.size, status);
        } else if (ok && f.number == 2) {
            out->payload = slice_of(&f);
        } else if (ok && out->metadata_count < ENVELOPE_MAX_METADATA) {
            envelope_entry *e = &out->metadata[out->metadata_count];
            ok = parse_entry(f.data, f.size, e);
            // What is not valid metadata, or too much of it, is not shown to anybody.
            size_t bytes = ok ? e->key.size + e->value.size : 0;
            if (ok && metadata_bytes + bytes <= ENVELOPE_MAX_METADATA_BYTES &&
                envelope_metadata_valid(e->key, e->value)) {
                metadata_bytes += bytes;
                out->metadata_count++;
            }
        }
    }
    if (!ok || !pbwire_done(&r))
        return nrpc_status_set(status, NRPC_INTERNAL, "REPLY_MALFORMED",
                               "the reply is not an nrpc.v1.Reply");
    return status->code;
}
