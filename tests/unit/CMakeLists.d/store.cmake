add_library(store_fixture STATIC store_fixture.c)
target_include_directories(store_fixture PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(store_fixture PRIVATE ${FTZ_WARNINGS})
target_link_libraries(store_fixture PUBLIC ftz_store PkgConfig::SQLITE3 cmocka)

# With SQLite itself: some look into the file or ask for query plans.
foreach(area records list file concurrent log group index)
    ftz_test(store_${area} SOURCES store_${area}.c DEPS store_fixture LABELS unit TIMEOUT 120)
endforeach()

ftz_test(store_kill SOURCES store_kill.c DEPS store_fixture LABELS unit TIMEOUT 120)
add_test(NAME store_kill_200 COMMAND store_kill 200)
add_test(NAME store_durable COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/store_durable.py)
set_tests_properties(store_durable PROPERTIES LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77
                     ENVIRONMENT STORE_KILL=$<TARGET_FILE:store_kill>)
set_tests_properties(store_kill_200 PROPERTIES LABELS long TIMEOUT 1800)
get_test_property(store_kill ENVIRONMENT tsan)
if(tsan)
    set_tests_properties(store_kill_200 PROPERTIES ENVIRONMENT "${tsan}")
endif()
