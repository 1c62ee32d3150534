set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name read validate import cache)
    ftz_test(registry_${name}
             SOURCES ${here}/registry_${name}.c ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit)
endforeach()
ftz_test(service_calls
         SOURCES ${here}/service_calls.c ${here}/registry_support.c
         DEPS ftz_service ftz_descriptor_set
         LABELS unit)
