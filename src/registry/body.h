// A resource as bytes: how it is cut for the store and put together for an answer.
//
//   body    the fields of the BASIC view, but for the registry's own
//   extra   the fields that only the FULL view has
//   tail    the registry's own fields: uid, etag, revision and times
//
// Packed protobuf messages may be concatenated, so body + tail is the BASIC view and body + extra +
// tail the FULL one. body and extra are what the store keeps; the tail is made from its columns.
//
// The etag is a quoted string (AIP-154) of 16 hexadecimal digits, a hash of the store's id, the
// resource's uid and its revision. It is the same in both views; a restored store has new ones.
//
// Pure functions, any thread.
#ifndef REGISTRY_BODY_H
#define REGISTRY_BODY_H

#include "base/buffer.h"
#include "registry/type.h"
#include "store/store.h"

enum { BODY_MAX_TAIL = 256, BODY_ETAG_SIZE = 19 };

// Appends the fields of the packed resource to body and extra, in their order, and drops the
// registry's own. False if memory has run out or the bytes are malformed.
MUST_USE bool body_split(const resource_type *type, const void *data, size_t size, buffer *body,
                         buffer *extra);

// Writes the tail and returns its size. Of a record that was only tried it has no etag and revision
// (revision 0), no uid ("") and none of the times that are 0.
size_t body_tail(const resource_type *type, const char store_id[17], const store_record *record,
                 uint8_t out[BODY_MAX_TAIL]);

void body_etag(const char store_id[17], const char *uid, int64_t revision,
               char out[BODY_ETAG_SIZE]);

#endif
