set(here ${CMAKE_CURRENT_LIST_DIR}/..)
ftz_test(registry_tokens
         SOURCES ${here}/registry_tokens.c ${here}/registry_support.c
         DEPS ftz_registry
         LABELS unit)
