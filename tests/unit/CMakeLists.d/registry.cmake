set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name read validate import cache)
    ftz_test(registry_${name}
             SOURCES ${here}/registry_${name}.c ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit)
endforeach()
foreach(name calls changes)
    ftz_test(service_${name}
             SOURCES ${here}/service_${name}.c ${here}/service_support.c ${here}/registry_support.c
             DEPS ftz_service ftz_descriptor_set
             LABELS unit)
endforeach()
