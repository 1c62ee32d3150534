// The C library of the registry: typed calls over an nrpc_channel.
//
//     ftz_client *client;
//     nrpc_status status = {0};
//     if (ftz_client_open(&client, NULL, NULL, &status) == NRPC_OK) {
//         Ftz__V1__Zone *zone = ftz_get_zone(client, "zones/cn-xinjiang", &status);
//         if (zone)
//             printf("%s: %g km2\n", zone->display_name, zone->area_km2);
//         ftz_free(zone);
//         ftz_client_close(client);
//     }
//     if (status.code)
//         fprintf(stderr, "%s: %s\n", nrpc_code_name(status.code), status.message);
//     nrpc_status_fini(&status);
//
// What the messages mean is said in proto/ftz/v1. Which calls are there: get, batch get, list,
// create, update, delete and undelete of the six resources, batches of writes, import, health; and
// ftz_call for every other method.
//
// Errors: a function that can fail takes the status last. It returns the status's code, or NULL
// where it returns a pointer; the status is left alone on success. Codes are those the server
// replies (proto/ftz/v1 says which, method by method) and those of nrpc/client.h.
// Deadlines: each call has its own, options.timeout_ms from its start; then DEADLINE_EXCEEDED.
// Ownership: messages returned are the caller's, ends them with ftz_free, except what an ftz_list
// hands out. Text and options passed in are borrowed for the call.
// Threads: a client may be used by many at once; an ftz_list or ftz_import by one at a time. None
// of it is usable in a child process after fork.
// Lifetime: lists and imports end before their client does.
#ifndef FTZ_CLIENT_H
#define FTZ_CLIENT_H

#include <ftz/v1/area_service.pb-c.h>
#include <ftz/v1/event_service.pb-c.h>
#include <ftz/v1/power_delegation_service.pb-c.h>
#include <ftz/v1/registry_service.pb-c.h>
#include <ftz/v1/source_service.pb-c.h>
#include <ftz/v1/term_service.pb-c.h>
#include <ftz/v1/zone_service.pb-c.h>
#include <nrpc/client.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- where the server is
// ---------------------------------------------------------------------------

#define FTZ_DEFAULT_SERVER "tcp://127.0.0.1:17966"

// The addresses to go to, the first of:
//   1. servers, unless NULL or empty
//   2. the environment variable FTZ_SERVER, unless empty
//   3. ipc://$XDG_RUNTIME_DIR/ftz.sock, if there is such a socket, and FTZ_DEFAULT_SERVER behind it
//      for when nobody listens there any more
//   4. FTZ_DEFAULT_SERVER
// One URL, or several with commas between them; see nrpc_channel_open. The caller frees it; NULL:
// out of memory.
char *ftz_servers(const char *servers);

// --- the client
// ------------------------------------------------------------------------------------

typedef struct ftz_client ftz_client;

// {0} is the default of each.
typedef struct ftz_client_options {
    uint32_t timeout_ms;           // of each call; 0: 30,000; at most 600,000
    bool wait_for_ready;           // wait for a server until the deadline rather than fail at once
    const nrpc_metadata *metadata; // sent with every call; copied
    size_t metadata_count;
} ftz_client_options;

// Nobody is asked yet: the first call connects. servers: as for ftz_servers. options may be NULL.
// Errors: those of nrpc_channel_open.
nrpc_code ftz_client_open(ftz_client **out, const char *servers, const ftz_client_options *options,
                          nrpc_status *status);
// Ends calls that other threads are still in as CANCELLED. NULL is allowed.
void ftz_client_close(ftz_client *client);
// The addresses the client was opened with. Borrowed from it.
const char *ftz_client_servers(const ftz_client *client);
// What lies below, for asynchronous calls. Borrowed from the client.
nrpc_channel *ftz_client_channel(ftz_client *client);

// Frees a message returned here, of any type. NULL is allowed.
void ftz_free(void *message);

// --- resources
// -------------------------------------------------------------------------------------
//
// For each resource, with zones for example:
//
//   Ftz__V1__Zone *ftz_get_zone(client, "zones/cn-xinjiang", &status);
//       One, in full; also as it was: "zones/cn-xinjiang@17".
//   Ftz__V1__BatchGetZonesResponse *ftz_batch_get_zones(client, names, count, &status);
//       Up to 1,000 from one snapshot, in the order of the names: all, or an error.
//   ftz_list *ftz_list_zones(client, &(ftz_list_options){.page_size = 100});
//       Those below a parent that meet a filter, in order. Asks nobody yet.
//   const Ftz__V1__Zone *ftz_next_zone(list, &status);
//       The next one, page after page; NULL at the end and on failure, which status tells apart.
//       Borrowed from the list until the next call on it.
//
//       ftz_list *list = ftz_list_areas(client, &(ftz_list_options){.parent = "zones/-"});
//       while ((area = ftz_next_area(list, &status)))
//           puts(area->display_name);
//       ftz_list_free(list);

typedef enum ftz_type {
    FTZ_ZONE,
    FTZ_AREA,
    FTZ_EVENT,
    FTZ_POWER_DELEGATION,
    FTZ_SOURCE,
    FTZ_TERM,
} ftz_type;

// {0} is the default of each.
typedef struct ftz_list_options {
    const char *parent;     // "zones/cn-xinjiang"; NULL: "zones/-", or "vocabularies/-" of terms
    int32_t page_size;      // 0: the server's default
    const char *page_token; // to go on where another list was left
    Ftz__V1__ResourceView view;
    bool show_deleted;
    const char *filter;      // AIP-160: "area_km2 >= 30"; NULL: none
    const char *order_by;    // AIP-132: "area_km2 desc"; NULL: by name
    bool include_total_size; // for ftz_list_total_size
} ftz_list_options;

typedef struct ftz_list ftz_list;

// Of any type; the typed functions below are these. options may be NULL and are copied. A list for
// which there was no memory is NULL, which ftz_next reports as RESOURCE_EXHAUSTED.
ProtobufCMessage *ftz_get(ftz_client *client, ftz_type type, const char *name, nrpc_status *status);
ProtobufCMessage *ftz_batch_get(ftz_client *client, ftz_type type, const char *const *names,
                                size_t count, nrpc_status *status);
ftz_list *ftz_list_create(ftz_client *client, ftz_type type, const ftz_list_options *options);
const ProtobufCMessage *ftz_next(ftz_list *list, nrpc_status *status);
// The registry's revision that the current page was read at; 0 before the first.
int64_t ftz_list_revision(const ftz_list *list);
// How many there are on all pages, if the options asked for it and a page was read; else 0.
int64_t ftz_list_total_size(const ftz_list *list);
void ftz_list_free(ftz_list *list);

#define FTZ_RESOURCE(TYPE, Type, Types, type, types)                                               \
    static inline Ftz__V1__##Type *ftz_get_##type(ftz_client *client, const char *name,            \
                                                  nrpc_status *status)                             \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_get(client, TYPE, name, status);                             \
    }                                                                                              \
    static inline Ftz__V1__BatchGet##Types##Response *ftz_batch_get_##types(                       \
        ftz_client *client, const char *const *names, size_t count, nrpc_status *status)           \
    {                                                                                              \
        return (Ftz__V1__BatchGet##Types##Response *)ftz_batch_get(client, TYPE, names, count,     \
                                                                   status);                        \
    }                                                                                              \
    static inline ftz_list *ftz_list_##types(ftz_client *client, const ftz_list_options *options)  \
    {                                                                                              \
        return ftz_list_create(client, TYPE, options);                                             \
    }                                                                                              \
    static inline const Ftz__V1__##Type *ftz_next_##type(ftz_list *list, nrpc_status *status)      \
    {                                                                                              \
        return (const Ftz__V1__##Type *)ftz_next(list, status);                                    \
    }

FTZ_RESOURCE(FTZ_ZONE, Zone, Zones, zone, zones)
FTZ_RESOURCE(FTZ_AREA, Area, Areas, area, areas)
FTZ_RESOURCE(FTZ_EVENT, Event, Events, event, events)
FTZ_RESOURCE(FTZ_POWER_DELEGATION, PowerDelegation, PowerDelegations, power_delegation,
             power_delegations)
FTZ_RESOURCE(FTZ_SOURCE, Source, Sources, source, sources)
FTZ_RESOURCE(FTZ_TERM, Term, Terms, term, terms)

#undef FTZ_RESOURCE

// --- writes
// ----------------------------------------------------------------------------------------
//
// For each resource, with areas for example:
//
//   Ftz__V1__Area *ftz_create_area(client, "zones/cn-xinjiang", "khorgos", &area, NULL, &status);
//       Its name is made of parent and id. Zones and sources have no parent:
//       ftz_create_zone(client, "cn-xinjiang", &zone, NULL, &status).
//   Ftz__V1__Area *ftz_update_area(client, &area, &options, &status);
//       The fields of the mask; area.etag, if set, must be that of the area as it stands.
//   Ftz__V1__Area *ftz_delete_area(client, "zones/cn-xinjiang/areas/khorgos", NULL, &status);
//   Ftz__V1__Area *ftz_undelete_area(client, "zones/cn-xinjiang/areas/khorgos", NULL, &status);
//
//       const char *mask[] = {"area_km2", "focus_industries.tourism", NULL};
//       Ftz__V1__Area area = FTZ__V1__AREA__INIT;
//       area.name = "zones/cn-xinjiang/areas/khorgos";
//       area.area_km2 = 16.58;
//       ftz_free(ftz_update_area(client, &area, &(ftz_write_options){.update_mask = mask},
//       &status));
//
// Each returns the resource as it became, or NULL. Every write has a request id, and the server
// does a request once however often it comes; so writes are sent again when the connection is lost.
// A caller who may have to send one again himself, after a crash or a deadline that passed, chooses
// the id and keeps it.

// {0} is the default of each.
typedef struct ftz_write_options {
    const char *request_id; // a UUID, different for every write; NULL: the library makes one
    bool validate_only;     // check and answer, and write nothing
    const char *const *update_mask; // of updates: paths, NULL behind the last. NULL: all fields set
    bool allow_missing;             // updates create, deletions do nothing
    const char *etag;               // of deletions and undeletions; NULL: whatever it is
    bool force;                     // deletions of zones: with what lies in them
} ftz_write_options;

// Of any type; the typed functions below are these. parent: NULL for a type without. options may be
// NULL.
ProtobufCMessage *ftz_create(ftz_client *client, ftz_type type, const char *parent, const char *id,
                             const ProtobufCMessage *resource, const ftz_write_options *options,
                             nrpc_status *status);
ProtobufCMessage *ftz_update(ftz_client *client, ftz_type type, const ProtobufCMessage *resource,
                             const ftz_write_options *options, nrpc_status *status);
ProtobufCMessage *ftz_delete(ftz_client *client, ftz_type type, const char *name,
                             const ftz_write_options *options, nrpc_status *status);
ProtobufCMessage *ftz_undelete(ftz_client *client, ftz_type type, const char *name,
                               const ftz_write_options *options, nrpc_status *status);

// Up to 1,000 writes in one transaction and one revision: all, or none. Of the options, request_id
// and validate_only count.
Ftz__V1__BatchWriteResponse *ftz_batch_write(ftz_client *client,
                                             Ftz__V1__WriteOperation *const *writes, size_t count,
                                             const ftz_write_options *options, nrpc_status *status);

#define FTZ_CREATE_TOP(TYPE, Type, type)                                                           \
    static inline Ftz__V1__##Type *ftz_create_##type(                                              \
        ftz_client *client, const char *id, const Ftz__V1__##Type *resource,                       \
        const ftz_write_options *options, nrpc_status *status)                                     \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_create(client, TYPE, NULL, id, &resource->base, options,     \
                                             status);                                              \
    }

#define FTZ_CREATE_BELOW(TYPE, Type, type)                                                         \
    static inline Ftz__V1__##Type *ftz_create_##type(                                              \
        ftz_client *client, const char *parent, const char *id, const Ftz__V1__##Type *resource,   \
        const ftz_write_options *options, nrpc_status *status)                                     \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_create(client, TYPE, parent, id, &resource->base, options,   \
                                             status);                                              \
    }

#define FTZ_WRITE(TYPE, Type, type)                                                                \
    static inline Ftz__V1__##Type *ftz_update_##type(                                              \
        ftz_client *client, const Ftz__V1__##Type *resource, const ftz_write_options *options,     \
        nrpc_status *status)                                                                       \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_update(client, TYPE, &resource->base, options, status);      \
    }                                                                                              \
    static inline Ftz__V1__##Type *ftz_delete_##type(ftz_client *client, const char *name,         \
                                                     const ftz_write_options *options,             \
                                                     nrpc_status *status)                          \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_delete(client, TYPE, name, options, status);                 \
    }                                                                                              \
    static inline Ftz__V1__##Type *ftz_undelete_##type(ftz_client *client, const char *name,       \
                                                       const ftz_write_options *options,           \
                                                       nrpc_status *status)                        \
    {                                                                                              \
        return (Ftz__V1__##Type *)ftz_undelete(client, TYPE, name, options, status);               \
    }

FTZ_CREATE_TOP(FTZ_ZONE, Zone, zone)
FTZ_CREATE_BELOW(FTZ_AREA, Area, area)
FTZ_CREATE_BELOW(FTZ_EVENT, Event, event)
FTZ_CREATE_BELOW(FTZ_POWER_DELEGATION, PowerDelegation, power_delegation)
FTZ_CREATE_TOP(FTZ_SOURCE, Source, source)
FTZ_CREATE_BELOW(FTZ_TERM, Term, term)
FTZ_WRITE(FTZ_ZONE, Zone, zone)
FTZ_WRITE(FTZ_AREA, Area, area)
FTZ_WRITE(FTZ_EVENT, Event, event)
FTZ_WRITE(FTZ_POWER_DELEGATION, PowerDelegation, power_delegation)
FTZ_WRITE(FTZ_SOURCE, Source, source)
FTZ_WRITE(FTZ_TERM, Term, term)

#undef FTZ_CREATE_TOP
#undef FTZ_CREATE_BELOW
#undef FTZ_WRITE

// --- import
// ----------------------------------------------------------------------------------------
//
// Any number of records in one transaction: begin, add each, commit. Nothing is to be seen before
// the commit, and everything after it.

typedef struct ftz_import ftz_import;

enum { FTZ_IMPORT_CHUNK_SIZE = 256 * 1024 }; // bytes of records that go into one call

// validate_only: the commit checks and counts, and writes nothing. NULL on failure.
ftz_import *ftz_import_begin(ftz_client *client, bool validate_only, nrpc_status *status);
// Takes a record; every FTZ_IMPORT_CHUNK_SIZE bytes they are sent, and checked one by one while the
// next are taken: a fault is told by the call that sends the next chunk, or by the commit. After a
// failure the import is of no more use. Violations name records by their number in the whole
// import, from 0 on: "records[117].zone.area_km2".
nrpc_code ftz_import_add(ftz_import *import, const Ftz__V1__AnyResource *record,
                         nrpc_status *status);
// The same for a packed ftz.v1.AnyResource.
nrpc_code ftz_import_add_packed(ftz_import *import, const void *record, size_t size,
                                nrpc_status *status);
// Sends what is left and makes it so: the counts and the revision, or NULL. Once.
Ftz__V1__Import *ftz_import_commit(ftz_import *import, nrpc_status *status);
// Without a commit the server forgets the import. NULL is allowed.
void ftz_import_free(ftz_import *import);

// --- health, and everything else
// -------------------------------------------------------------------

// service: "ftz.v1.ZoneService", or NULL for the server as a whole. NOT_FOUND: it has no such one.
nrpc_code ftz_health(ftz_client *client, const char *service, bool *serving, nrpc_status *status);

enum { FTZ_IDEMPOTENT = 1 }; // may be sent again when the connection is lost: reads

// Any method with packed bytes, as nrpc_channel_call. *reply is written in every case and released
// with nrpc_reply_fini. Returns reply->status.code.
nrpc_code ftz_call(ftz_client *client, const char *method, const void *request, size_t size,
                   unsigned flags, nrpc_reply *reply);
// Any method with messages; response is the descriptor of what comes back. NULL on failure.
ProtobufCMessage *ftz_call_message(ftz_client *client, const char *method,
                                   const ProtobufCMessage *request,
                                   const ProtobufCMessageDescriptor *response, unsigned flags,
                                   nrpc_status *status);

#ifdef __cplusplus
}
#endif

#endif
