ftz_test(nrpc_server SOURCES nrpc_server.c ../support/rawsp.c DEPS ftz_nrpc LABELS unit TIMEOUT 120)
