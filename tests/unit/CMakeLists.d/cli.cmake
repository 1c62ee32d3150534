foreach(name cli_text cli_words cli_import cli_records)
    ftz_test(${name} SOURCES ${name}.c DEPS ftz_cli LABELS unit)
endforeach()

# A service that the command line was not built with.
ftz_proto_library(cli_test_proto PROTOS cli_test.proto)
set(cli_test_set ${CMAKE_CURRENT_BINARY_DIR}/cli_test.binpb)
add_custom_command(
    OUTPUT ${cli_test_set}
    COMMAND ${PROTOC} -I ${CMAKE_CURRENT_SOURCE_DIR} --include_imports --include_source_info
            --descriptor_set_out=${cli_test_set} cli_test.proto
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli_test.proto
    VERBATIM)
add_custom_target(cli_test_set DEPENDS ${cli_test_set})

ftz_test(cli_calls SOURCES cli_calls.c DEPS ftz_client cli_test_proto LABELS unit)
add_dependencies(cli_calls cli_test_set ftz)
target_compile_definitions(cli_calls PRIVATE CLI_TEST_SET="${cli_test_set}"
                                             FTZ_COMMAND="$<TARGET_FILE:ftz>")

ftz_test(cli_queries SOURCES cli_queries.c DEPS ftz_cli LABELS unit)
add_dependencies(cli_queries ftz)
target_compile_definitions(cli_queries PRIVATE FTZ_COMMAND="$<TARGET_FILE:ftz>")
