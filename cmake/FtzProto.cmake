# ftz_proto_library(NAME PROTOS path/below/root.proto... [ROOT dir] [DEPS target...])
# protobuf-c code of some .proto files as a static library: #include "ftz/v1/resources.pb-c.h".
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)
find_path(PROTOBUF_INCLUDE google/protobuf/descriptor.proto REQUIRED)

function(ftz_proto_library NAME)
    cmake_parse_arguments(P "" "ROOT" "PROTOS;DEPS" ${ARGN})
    if(NOT P_ROOT)
        set(P_ROOT ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
    set(out ${CMAKE_CURRENT_BINARY_DIR}/gen)
    file(MAKE_DIRECTORY ${out})
    foreach(proto ${P_PROTOS})
        string(REGEX REPLACE "\\.proto$" "" stem ${proto})
        add_custom_command(
            OUTPUT ${out}/${stem}.pb-c.c ${out}/${stem}.pb-c.h
            COMMAND ${PROTOC_C} -I ${P_ROOT} --c_out=${out} ${proto}
            WORKING_DIRECTORY ${P_ROOT}
            DEPENDS ${P_ROOT}/${proto}
            VERBATIM)
        list(APPEND sources ${out}/${stem}.pb-c.c)
        list(APPEND headers ${out}/${stem}.pb-c.h)
    endforeach()
    add_library(${NAME} STATIC ${sources})
    # Everything that includes a generated header must wait for all of them.
    add_custom_target(${NAME}_headers DEPENDS ${headers})
    add_dependencies(${NAME} ${NAME}_headers)
    target_include_directories(${NAME} SYSTEM PUBLIC ${out})
    target_link_libraries(${NAME} PUBLIC PkgConfig::PROTOBUF_C ${P_DEPS})
endfunction()

# ftz_descriptor_set(NAME PROTOS ...)
# The same files with comments and imports as one serialized FileDescriptorSet, linked into the
# program as the bytes ftz_descriptor_set .. ftz_descriptor_set_end (proto/descriptor_set.h).
function(ftz_descriptor_set NAME)
    cmake_parse_arguments(P "" "" "PROTOS" ${ARGN})
    set(set_file ${CMAKE_CURRENT_BINARY_DIR}/descriptor_set.binpb)
    list(TRANSFORM P_PROTOS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE inputs)
    add_custom_command(
        OUTPUT ${set_file}
        COMMAND ${PROTOC} -I ${CMAKE_CURRENT_SOURCE_DIR} --include_imports --include_source_info
                --descriptor_set_out=${set_file} ${P_PROTOS}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
        DEPENDS ${inputs}
        VERBATIM)
    add_library(${NAME} STATIC ${CMAKE_CURRENT_SOURCE_DIR}/descriptor_set.c)
    set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/descriptor_set.c
                                PROPERTIES OBJECT_DEPENDS ${set_file}
                                COMPILE_DEFINITIONS "FTZ_DESCRIPTOR_SET_FILE=\"${set_file}\"")
    # .incbin and link-time optimisation do not mix.
    set_target_properties(${NAME} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    target_include_directories(${NAME} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()
