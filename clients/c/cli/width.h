// How much room text takes on a terminal: CJK characters two columns, combining ones none.
// Pure functions of UTF-8 text, any thread.
#ifndef CLI_WIDTH_H
#define CLI_WIDTH_H

#include "base/buffer.h"

#include <stddef.h>

// Columns; control characters take none.
size_t text_width(const char *text, size_t size);
// Bytes of the longest beginning that fits so many columns, whole user-perceived characters only.
size_t text_fit(const char *text, size_t size, size_t columns);
// Appends text as one line that cannot steer the terminal: line ends and tabs become blanks, other
// controls, what turns the direction of writing, and what is no UTF-8 become U+FFFD.
void text_put_safe(buffer *out, const char *text, size_t size);
// Appends text in lines of at most so many columns, broken where Unicode allows; lines but the
// first start with indent blanks, which count. first: columns taken already. A blank at the end of
// a line counts, too. columns 0: no limit.
void text_put_wrapped(buffer *out, const char *text, size_t size, size_t first, size_t indent,
                      size_t columns);

#endif
