# A descriptor set of schema_test.proto, made as the server's own is.
set(schema_test_set ${CMAKE_CURRENT_BINARY_DIR}/schema_test.binpb)
add_custom_command(
    OUTPUT ${schema_test_set}
    COMMAND ${PROTOC} -I ${CMAKE_CURRENT_SOURCE_DIR} -I ${PROJECT_SOURCE_DIR}/proto
            --include_imports --include_source_info --descriptor_set_out=${schema_test_set}
            schema_test.proto
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/schema_test.proto
            ${PROJECT_SOURCE_DIR}/proto/google/api/field_behavior.proto
    VERBATIM)
add_custom_target(schema_test_set DEPENDS ${schema_test_set})

foreach(name schema_pool schema_json schema_hostile schema_paths)
    ftz_test(${name} SOURCES ${name}.c schema_fixture.c DEPS ftz_schema LABELS unit)
    add_dependencies(${name} schema_test_set)
    target_compile_definitions(${name} PRIVATE SCHEMA_TEST_SET="${schema_test_set}")
endforeach()
target_link_libraries(schema_pool PRIVATE ftz_descriptor_set)
