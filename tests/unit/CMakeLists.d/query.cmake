set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name aggregate moments powers profile timeline)
    ftz_test(registry_${name}
             SOURCES ${here}/registry_${name}.c ${here}/query_support.c ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit)
endforeach()
ftz_test(service_query
         SOURCES ${here}/service_query.c ${here}/query_support.c ${here}/service_support.c
                 ${here}/registry_support.c
         DEPS ftz_service ftz_descriptor_set
         LABELS unit)
