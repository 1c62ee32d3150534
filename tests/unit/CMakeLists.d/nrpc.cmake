foreach(area sp envelope wirewalk timer)
    ftz_test(nrpc_${area} SOURCES nrpc_${area}.c DEPS ftz_nrpc LABELS unit)
endforeach()
ftz_test(nrpc_link SOURCES nrpc_link.c DEPS channel_peer LABELS unit TIMEOUT 120)
