set(here ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(name life fields repeat crowd)
    ftz_test(registry_write_${name}
             SOURCES ${here}/registry_write_${name}.c ${here}/registry_write_support.c
                     ${here}/registry_support.c
             DEPS ftz_registry
             LABELS unit)
endforeach()
ftz_test(registry_maintain
         SOURCES ${here}/registry_maintain.c ${here}/registry_write_support.c
                 ${here}/registry_support.c
         DEPS ftz_registry
         LABELS unit)
ftz_test(registry_units
         SOURCES ${here}/registry_units.c
         DEPS ftz_registry
         LABELS unit)
ftz_test(client_writes
         SOURCES ${here}/client_writes.c ${here}/service_support.c ${here}/registry_support.c
         DEPS ftz_service ftz_client ftz_descriptor_set
         LABELS unit)
