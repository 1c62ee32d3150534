#include "descriptor_set.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        "ftz_descriptor_set_begin:\n"
        ".incbin \"" FTZ_DESCRIPTOR_SET_FILE "\"\n"
        "ftz_descriptor_set_end:\n"
        ".previous\n");

extern const uint8_t begin[] __asm__("ftz_descriptor_set_begin");
extern const uint8_t end[] __asm__("ftz_descriptor_set_end");

const uint8_t *ftz_descriptor_set_data(void)
{
    return begin;
}

size_t ftz_descriptor_set_size(void)
{
    return (size_t)(end - begin);
}
