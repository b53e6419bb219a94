/* How many chunks octets make. Internal. */
#ifndef EVSEAL_SRC_CHUNKS_H
#define EVSEAL_SRC_CHUNKS_H

#include <stdint.h>

/* The last chunk may be shorter. `chunk_size` is a power of two, so that no core needs a division
 * of 64 bits, which is a kilobyte of code on a small one. */
static inline uint64_t evseal_chunks_of(uint64_t octets, uint32_t chunk_size) {
  uint64_t whole = octets;
  for (uint32_t size = chunk_size; size > 1; size >>= 1) {
    whole >>= 1;
  }
  return whole + ((octets & (chunk_size - 1u)) != 0 ? 1u : 0u);
}

#endif
