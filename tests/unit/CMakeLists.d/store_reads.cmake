add_library(store_samples STATIC store_samples.c)
target_compile_options(store_samples PRIVATE ${FTZ_WARNINGS})
target_link_libraries(store_samples PUBLIC store_fixture PkgConfig::JANSSON)

foreach(area conditions orders search timeline)
    ftz_test(store_${area} SOURCES store_${area}.c DEPS store_samples LABELS unit TIMEOUT 120)
endforeach()
