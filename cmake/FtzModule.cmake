# ftz_module(NAME SOURCES a.c... [DEPS target...])
# One folder's static library. Its headers are included by their path under src/: "base/arena.h".
function(ftz_module NAME)
    cmake_parse_arguments(M "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
    add_library(ftz_${NAME} STATIC ${M_SOURCES})
    target_include_directories(ftz_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src
                                                  ${PROJECT_SOURCE_DIR}/include)
    target_compile_options(ftz_${NAME} PRIVATE ${FTZ_WARNINGS})
    target_link_libraries(ftz_${NAME} PUBLIC ${M_DEPS} PRIVATE ${M_PRIVATE_DEPS})
endfunction()

# ftz_program(NAME SOURCES a.c... [DEPS target...])
function(ftz_program NAME)
    cmake_parse_arguments(M "" "" "SOURCES;DEPS" ${ARGN})
    add_executable(${NAME} ${M_SOURCES})
    target_compile_options(${NAME} PRIVATE ${FTZ_WARNINGS})
    target_link_libraries(${NAME} PRIVATE ${M_DEPS})
endfunction()

# ftz_test(NAME SOURCES a.c... [DEPS target...] [LABELS label...] [TIMEOUT seconds])
# A cmocka program run by ctest. Exit code 77 is a counted skip.
function(ftz_test NAME)
    cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    add_executable(${NAME} ${T_SOURCES})
    target_compile_options(${NAME} PRIVATE ${FTZ_WARNINGS})
    target_include_directories(${NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${NAME} PRIVATE ${T_DEPS} cmocka)
    target_compile_definitions(${NAME} PRIVATE FTZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${NAME} COMMAND ${NAME})
    set_tests_properties(${NAME} PROPERTIES TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
                                            LABELS "${T_LABELS}")
    if(FTZ_SANITIZE STREQUAL "thread")
        set_tests_properties(
            ${NAME} PROPERTIES ENVIRONMENT
                               TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp)
    endif()
endfunction()
