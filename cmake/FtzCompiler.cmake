# Language, warnings and sanitizers, the same for every target.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # gnu17: the cleanup attribute
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Our own code is held to these; generated protobuf code is not ours to mend.
set(FTZ_WARNINGS -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                 -Wpointer-arith -Wvla -Wformat=2 -Wwrite-strings)

add_compile_options(-fno-strict-aliasing -fstack-protector-strong)
add_compile_definitions(_GNU_SOURCE)
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT FTZ_SANITIZE)
    add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(FTZ_SANITIZE)
    add_compile_options(-fsanitize=${FTZ_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${FTZ_SANITIZE})
    if(FTZ_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
