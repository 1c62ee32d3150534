add_library(store_fixture STATIC store_fixture.c)
target_include_directories(store_fixture PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(store_fixture PRIVATE ${FTZ_WARNINGS})
target_link_libraries(store_fixture PUBLIC ftz_store PkgConfig::SQLITE3 cmocka)

# With SQLite itself: some look into the file or ask for query plans.
foreach(area records list file concurrent log group index)
    ftz_test(store_${area} SOURCES store_${area}.c DEPS store_fixture LABELS unit TIMEOUT 120)
endforeach()
