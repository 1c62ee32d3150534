// How this client makes calls, for those that start some of their own.
#ifndef LIB_CALL_H
#define LIB_CALL_H

#include <ftz/client.h>

nrpc_call_options client_call_options(const ftz_client *client, unsigned flags);

#endif
