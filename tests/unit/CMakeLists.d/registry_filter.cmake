ftz_test(registry_document
         SOURCES registry_document.c schema_fixture.c
         DEPS ftz_registry ftz_descriptor_set
         LABELS unit)
add_dependencies(registry_document schema_test_set)
target_compile_definitions(
    registry_document PRIVATE SCHEMA_TEST_SET="${CMAKE_CURRENT_BINARY_DIR}/schema_test.binpb")

ftz_test(registry_filter_grammar
         SOURCES registry_filter_grammar.c
         DEPS ftz_registry ftz_descriptor_set
         LABELS unit)

ftz_test(registry_filter_property
         SOURCES registry_filter_property.c filter_model.c registry_support.c
         DEPS ftz_registry
         LABELS unit
         TIMEOUT 180)

ftz_test(registry_filter_examples
         SOURCES registry_filter_examples.c registry_support.c
         DEPS ftz_registry
         LABELS unit)

ftz_test(registry_list
         SOURCES registry_list.c registry_write_support.c registry_support.c
         DEPS ftz_registry Threads::Threads
         LABELS unit)
