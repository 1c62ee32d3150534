// SipHash-2-4 (Aumasson, Bernstein 2012): a 64-bit keyed hash of short inputs. Pure, any thread.
#ifndef REGISTRY_SIPHASH_H
#define REGISTRY_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint8_t key[16], const void *data, size_t size);

#endif
