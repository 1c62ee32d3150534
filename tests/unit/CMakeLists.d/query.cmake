set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name aggregate moments powers timeline)
    ftz_test(registry_${name}
             SOURCES ${here}/registry_${name}.c ${here}/query_support.c ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit)
endforeach()
