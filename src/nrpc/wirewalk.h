// A look at bytes from outside before protobuf-c unpacks them.
//
// protobuf-c trusts its input in ways we cannot: it takes any bytes for text, cuts text at a NUL
// without a word, recurses without bound, and multiplies small input into large memory. One walk
// over the wire bytes, driven by the message's descriptor, refuses all of that:
//   - text that is not UTF-8, or holds a NUL;
//   - messages nested deeper than WIREWALK_MAX_DEPTH;
//   - more than WIREWALK_MAX_ELEMENTS elements of repeated fields, submessages, unknown fields and
//     fields given again in all;
//   - a wire type that does not fit its field, and bytes that are no protobuf at all.
// Unknown fields pass, within that count.
//
// Pure; no allocation but for the error.
#ifndef NRPC_WIREWALK_H
#define NRPC_WIREWALK_H

#include "base/macros.h"

#include <nrpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

enum { WIREWALK_MAX_DEPTH = 64, WIREWALK_MAX_ELEMENTS = 100000 };

// INVALID_ARGUMENT with reason MESSAGE_MALFORMED, INVALID_UTF8, NUL_IN_TEXT, TOO_DEEP or
// TOO_MANY_ELEMENTS and a violation at the field's path ("zone.names[3].text").
MUST_USE nrpc_code wirewalk_check(const ProtobufCMessageDescriptor *type, const uint8_t *data,
                                  size_t size, nrpc_status *status);

#endif
