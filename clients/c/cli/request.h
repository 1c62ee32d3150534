// Requests made of JSON members, for methods that are read from the descriptors.
//
// Members are named as JSON has them, "pageSize". What is not given, NULL or 0, is not set.
// Threads: one at a time.
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "cli.h"
#include "lib/request_id.h"

#include <jansson.h>

void request_set_text(json_t *request, const char *name, const char *text);
void request_set_count(json_t *request, const char *name, int64_t count);
void request_set_flag(json_t *request, const char *name, bool flag);
void request_set_list(json_t *request, const char *name, const option_list *list);
// The items between commas: "zone, year".
void request_set_words(json_t *request, const char *name, const char *words);

// An etag, which is text in quotes; they may be left out.
void request_set_etag(json_t *request, const char *etag);

// google.type.Date of "2023", "2023-11", "2023-11-01" or "today"; NULL if it is none of them.
json_t *request_date(const char *text);
// Sets a date, if one is given. False when a mistake has been reported with cli_usage.
bool request_set_date(const cli *c, json_t *request, const char *name, const char *text);

// The name of a zone or area as it was typed: "cn-xinjiang", "cn-xinjiang/khorgos",
// "zones/cn-xinjiang/...", "-" for all zones. The caller frees it; NULL: out of memory.
char *request_place(const char *typed);

// The full name of a resource of the command's type, as it was typed with --parent or without; the
// caller frees it. NULL when a mistake has been reported.
char *resource_typed_name(const cli *c, const char *typed);

// What --type says, as requests have it. False when a mistake has been reported.
bool option_types(const cli *c, option_list *out);

// The UUID of --request-id, or a new one. Errors: those of request_id_make.
nrpc_code request_make_id(const cli *c, char out[REQUEST_ID_SIZE], nrpc_status *status);

// Calls with a request; *reply is written in every case. Returns reply->status.code.
nrpc_code request_call(cli *c, const schema_method *method, const json_t *request, unsigned flags,
                       nrpc_reply *reply);
// A method this program was built with: "ftz.v1.QueryService/Search".
const schema_method *request_method(cli *c, const char *name);

#endif
