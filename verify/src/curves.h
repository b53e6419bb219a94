/* Constants of the curves. Internal; included by signature.c and key.c only. */
#ifndef EVSEAL_SRC_CURVES_H
#define EVSEAL_SRC_CURVES_H

#include "evseal/types.h"

/* What the library knows of a short Weierstrass curve: the size of a coordinate, prime, order, half
 * of the order. */
typedef struct curve {
  size_t octets;
  const uint8_t* prime;
  const uint8_t* order;
  const uint8_t* half_order;
} curve;

extern const curve evseal_curve_p256;
extern const curve evseal_curve_p384;

/* Compares big-endian numbers of the same length; negative, zero or positive. */
int evseal_curve_compare(const uint8_t* a, const uint8_t* b, size_t len);

/* RFC 8032: y below the prime, and the point not of small order; `key` is a public key or a
 * signature's R. */
bool evseal_ed25519_point_acceptable(const uint8_t* point);

/* RFC 8032 section 5.1.7: S below the group order. */
bool evseal_ed25519_scalar_acceptable(const uint8_t* scalar);

#endif
