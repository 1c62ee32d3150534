// A zone's profile as a page for a person: sizes, areas with bars of their shares, events, powers.
// Pure functions, any thread.
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

// profile: the JSON value of a GetZoneProfileResponse. width: columns of the terminal; 0: no limit.
void profile_put(buffer *out, const schema *pool, const json_t *profile, size_t width, bool color);

#endif
