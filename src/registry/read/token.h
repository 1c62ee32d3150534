// Page tokens (AIP-158): where an answer goes on, bound to what was asked.
//
//   token   base64url, unpadded, of: version (1 byte), tag (8 bytes), payload
//   tag     SipHash-2-4 over version, payload and the bound text, keyed by the store's secret
//
// The bound text is all that must not change from page to page: method and arguments, in whatever
// form the caller chooses, as long as different questions make different texts. Nobody without the
// secret can make a token or change one.
//
// Pure functions, any thread.
#ifndef REGISTRY_TOKEN_H
#define REGISTRY_TOKEN_H

#include "base/buffer.h"
#include "base/macros.h"
#include "store/store.h"

enum { TOKEN_MAX_PAYLOAD = 4096, TOKEN_MAX_SIZE = 4 * (1 + 8 + TOKEN_MAX_PAYLOAD + 2) / 3 + 1 };

// Appends the token as text with its NUL, which is not counted in out->size. False: no memory, or
// the payload is too large.
MUST_USE bool token_make(const store *s, store_bytes bound, store_bytes payload, buffer *out);
// Appends the payload. INVALID_ARGUMENT, reason PAGE_TOKEN_MISMATCH with a violation at page_token,
// if the token is not one of this question; RESOURCE_EXHAUSTED without memory.
MUST_USE nrpc_code token_parse(const store *s, store_bytes bound, const char *token,
                               buffer *payload, nrpc_status *status);

// The bound text of a question, piece by piece: each with its size before it, so that no two
// questions read the same.
void token_bind_text(buffer *bound, const char *text); // NULL is ""
void token_bind_int(buffer *bound, int64_t number);

#endif
