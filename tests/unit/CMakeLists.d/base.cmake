foreach(area memory text status)
    ftz_test(base_${area} SOURCES base_${area}.c DEPS ftz_base LABELS unit)
endforeach()
