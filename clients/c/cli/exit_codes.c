#include "exit_codes.h"

#include "base/macros.h"

#include <string.h>

const char exit_codes_help[] = "Exit codes:\n"
                               "   0  done\n"
                               "   1  a file could not be read, or the output not written\n"
                               "   2  the command line makes no sense\n"
                               "   3  no server could be reached\n"
                               "   4  ftz check --fail found doubts\n"
                               "  11  CANCELLED             19  FAILED_PRECONDITION\n"
                               "  12  UNKNOWN               20  ABORTED\n"
                               "  13  INVALID_ARGUMENT      21  OUT_OF_RANGE\n"
                               "  14  DEADLINE_EXCEEDED     22  UNIMPLEMENTED\n"
                               "  15  NOT_FOUND             23  INTERNAL\n"
                               "  16  ALREADY_EXISTS        24  UNAVAILABLE\n"
                               "  17  PERMISSION_DENIED     25  DATA_LOSS\n"
                               "  18  RESOURCE_EXHAUSTED    26  UNAUTHENTICATED\n"
                               " 130  ended by Ctrl-C; the server gives the call up\n"
                               " 141  nobody reads the output any more\n";

static const char *const unreachable[] = {
    "CONNECTION_REFUSED", "HOST_UNREACHABLE", "ADDRESS_UNRESOLVED", "CONNECT_TIMEOUT",
    "CONNECT_DENIED",     "CONNECT_FAILED",   "HANDSHAKE_FAILED",
};

int exit_code(const nrpc_status *status)
{
    if (status->code == NRPC_OK)
        return 0;
    const char *reason = status->reason ? status->reason : "";
    if (strcmp(reason, REASON_FILE) == 0)
        return EXIT_LOCAL;
    if (strcmp(reason, "INVALID_ADDRESS") == 0 || strcmp(reason, "METADATA_INVALID") == 0)
        return EXIT_USAGE; // of --server and --header
    if (status->code == NRPC_UNAVAILABLE)
        for (size_t i = 0; i < ARRAY_LEN(unreachable); i++)
            if (strcmp(reason, unreachable[i]) == 0)
                return EXIT_UNREACHABLE;
    int code = (int)status->code;
    return EXIT_STATUS + (code <= (int)NRPC_UNAUTHENTICATED ? code : (int)NRPC_UNKNOWN);
}
