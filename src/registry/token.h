// Page tokens: where a list goes on, bound to its query.
//
//   token   base64url, unpadded, of: version (1 byte), tag (8 bytes), last name of the page
//   tag     SipHash-2-4 over version, last name and query, keyed by the store's id
//
// The tag binds a token to its query and its store, and catches damage. It keeps no secret: with a
// forged token one can start a list elsewhere, which everybody may.
//
// Pure functions, any thread.
#ifndef REGISTRY_TOKEN_H
#define REGISTRY_TOKEN_H

#include "registry/names.h"

enum { TOKEN_SIZE = 4 * (1 + 8 + NAME_MAX_SIZE + 2) / 3 + 1 };

typedef struct token_query {
    const resource_type *type;
    const char *parent;
    int view;
    bool show_deleted;
} token_query;

void token_make(const char store_id[17], const token_query *query, const char *last,
                char out[TOKEN_SIZE]);
// False if it is not the token of this query.
MUST_USE bool token_parse(const char store_id[17], const token_query *query, const char *token,
                          char last[NAME_MAX_SIZE + 1]);

#endif
