#include "registry/tokens.h"

bool tokens_make(const resource_type *type, const char *name, const ProtobufCMessage *message,
                 arena *memory, store_index *index)
{
    (void)type;
    (void)name;
    (void)message;
    (void)memory;
    (void)index;
    return true;
}
