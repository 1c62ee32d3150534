set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name tokens search check)
    ftz_test(registry_${name}
             SOURCES ${here}/registry_${name}.c ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit
             TIMEOUT 120)
endforeach()
ftz_test(service_search
         SOURCES ${here}/service_search.c ${here}/service_support.c ${here}/registry_support.c
         DEPS ftz_service ftz_descriptor_set
         LABELS unit)
