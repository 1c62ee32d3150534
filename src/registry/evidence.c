#include "registry/evidence.h"

#define VERIFICATION(name) FTZ__V1__VERIFICATION__VERIFICATION_##name
#define STANCE(name)       FTZ__V1__STANCE__STANCE_##name

Ftz__V1__Citation *const *evidence_citations(const ProtobufCMessage *message, size_t *count)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "citations");
    *count = 0;
    if (!field || field->descriptor != &ftz__v1__citation__descriptor)
        return NULL;
    const char *at = (const char *)message;
    *count = *(const size_t *)(const void *)(at + field->quantifier_offset);
    return *(Ftz__V1__Citation *const *const *)(const void *)(at + field->offset);
}

// Levels that `outer` stands above `path`: 0 if they are the same, SIZE_MAX if it is not on the way
// to it. Backquotes around an id mean nothing: no id has a point in it.
static size_t levels_above(const char *outer, const char *path)
{
    bool whole = !*outer;
    for (; *outer || *path; outer++, path++) {
        while (*outer == '`')
            outer++;
        while (*path == '`')
            path++;
        if (!*outer)
            break;
        if (*outer != *path)
            return SIZE_MAX;
    }
    if (!*path)
        return 0;
    if (*path != '.' && !whole)
        return SIZE_MAX;
    size_t levels = whole;
    for (; *path; path++)
        levels += *path == '.';
    return levels;
}

static int weakness(Ftz__V1__Verification v)
{
    switch (v) {
    case VERIFICATION(VERIFIED):
        return 0;
    case VERIFICATION(COMPUTED):
        return 1;
    case VERIFICATION(UNVERIFIED):
        return 2;
    default:
        return 3;
    }
}

Ftz__V1__Verification evidence_weaker(Ftz__V1__Verification a, Ftz__V1__Verification b)
{
    return weakness(a) >= weakness(b) ? a : b;
}

Ftz__V1__Verification evidence_of(Ftz__V1__Citation *const *citations, size_t count,
                                  const char *path, bool *used)
{
    size_t nearest = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t levels = levels_above(citations[i]->path, path);
        if (citations[i]->stance == STANCE(SUPPORTS) && levels < nearest)
            nearest = levels;
    }
    bool any = false;
    Ftz__V1__Verification weakest = VERIFICATION(UNSPECIFIED);
    for (size_t i = 0; i < count; i++) {
        const Ftz__V1__Citation *c = citations[i];
        if (c->stance != STANCE(SUPPORTS))
            continue;
        size_t above = levels_above(c->path, path);
        bool supports =
            above != SIZE_MAX ? above == nearest : levels_above(path, c->path) != SIZE_MAX;
        if (!supports)
            continue;
        weakest = any ? evidence_weaker(weakest, c->verification) : c->verification;
        any = true;
        if (used)
            used[i] = true;
    }
    return weakest;
}

bool evidence_disputes(Ftz__V1__Citation *const *citations, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if ((citations[i]->stance == STANCE(CONTRADICTS) ||
             citations[i]->stance == STANCE(CORRECTS)) &&
            levels_above(path, citations[i]->path) != SIZE_MAX)
            return true;
    return false;
}
