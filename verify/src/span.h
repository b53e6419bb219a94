/* Helpers for spans. Internal. */
#ifndef EVSEAL_SRC_SPAN_H
#define EVSEAL_SRC_SPAN_H

#include <string.h>

#include "evseal/types.h"

static inline evseal_span evseal_span_of(const uint8_t* data, size_t len) {
  evseal_span span = {data, len};
  return span;
}

static inline bool evseal_span_equal(evseal_span a, evseal_span b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Compares with a string literal, without its terminating zero. */
static inline bool evseal_span_is(evseal_span span, const char* text) {
  size_t len = strlen(text);
  return span.len == len && memcmp(span.data, text, len) == 0;
}

/* Lexicographic order; negative, zero or positive. */
static inline int evseal_span_compare(evseal_span a, evseal_span b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
  if (order != 0) {
    return order;
  }
  return a.len < b.len ? -1 : (a.len > b.len ? 1 : 0);
}

/* The bit length of a big-endian number of at least one octet, the first of which is not zero. */
static inline size_t evseal_span_bits(evseal_span number) {
  size_t bits = number.len * 8;
  for (uint8_t mask = 0x80u; mask != 0 && (number.data[0] & mask) == 0;
       mask = (uint8_t)(mask >> 1)) {
    bits--;
  }
  return bits;
}

#endif
