/*
 * The DER reader: every string of up to MAX_OCTETS octets.
 *
 * The input ends where the array ends, so that a read past it is a read outside the array. Eva
 * loses that `at` and `left` add up to one end unless the start is one number: each start is a
 * state.
 */
#include "der.h"

#include "harness.h"

#define MAX_OCTETS 20u

static uint8_t bytes[MAX_OCTETS];

static void read_each(evseal_span input) {
  unsigned tag = 0;
  evseal_span content;
  evseal_span whole;
  uint64_t value = 0;
  uint32_t bits = 0;
  int64_t seconds = 0;
  bool flag = false;
  der_reader reader = der_open(input);
  (void)evseal_der_read_any(&reader, &tag, &content, &whole);
  reader = der_open(input);
  (void)evseal_der_read_unsigned(&reader, UINT64_MAX, &value);
  reader = der_open(input);
  (void)evseal_der_read_constant(&reader, 3, &flag);
  reader = der_open(input);
  (void)evseal_der_read_named_bits(&reader, &bits);
  reader = der_open(input);
  (void)evseal_der_read_boolean(&reader, &flag);
  reader = der_open(input);
  (void)evseal_der_read_octet_bits(&reader, &content);
  reader = der_open(input);
  (void)evseal_der_read_time(&reader, &seconds);
}

int main(void) {
  fill_any(bytes, sizeof bytes);
  size_t start = (size_t)Frama_C_interval(0, MAX_OCTETS);
  //@ split start;
  evseal_span input = {bytes + start, MAX_OCTETS - start};
  read_each(input);
  return 0;
}
