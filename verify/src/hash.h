/* The hash functions of a crypto backend by name. Internal. */
#ifndef EVSEAL_SRC_HASH_H
#define EVSEAL_SRC_HASH_H

#include "evseal/crypto.h"

typedef evseal_status (*hash_function)(uint8_t* out, const evseal_span* pieces, size_t num_pieces);

/* Null where the backend has none, and for EVSEAL_HASH_NONE. */
static inline hash_function evseal_hash_of(const evseal_crypto* crypto, evseal_hash hash) {
  switch (hash) {
    case EVSEAL_HASH_SHA256:
      return crypto->sha256;
    case EVSEAL_HASH_SHA384:
      return crypto->sha384;
    case EVSEAL_HASH_SHA512:
      return crypto->sha512;
    case EVSEAL_HASH_NONE:
      break;
  }
  return NULL;
}

#endif
