// Every .proto file of this project with its comments, imports included, as one packed
// google.protobuf.FileDescriptorSet. Reflection, JSON, `describe` and field behaviour read it:
// protobuf-c's own descriptors lack JSON names, options, oneof names and comments.
//
// Constant data linked into the program; any thread may read it at any time.
#ifndef FTZ_DESCRIPTOR_SET_H
#define FTZ_DESCRIPTOR_SET_H

#include <stddef.h>
#include <stdint.h>

const uint8_t *ftz_descriptor_set_data(void);
size_t ftz_descriptor_set_size(void);

#endif
