// The few macros of the house.
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))

// Runs fn(&variable) when the variable leaves its scope.
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

// The structure that holds this member.
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
