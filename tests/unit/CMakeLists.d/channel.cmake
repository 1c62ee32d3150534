add_library(channel_peer STATIC channel_peer.c)
target_include_directories(channel_peer PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(channel_peer PRIVATE ${FTZ_WARNINGS})
target_link_libraries(channel_peer PUBLIC ftz_nrpc cmocka)

foreach(area calls chaos connect hostile nng)
    ftz_test(channel_${area} SOURCES channel_${area}.c DEPS channel_peer LABELS unit TIMEOUT 120)
endforeach()
