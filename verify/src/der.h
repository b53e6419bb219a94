/*
 * A bounded cursor over DER (X.690): it moves only on success, and refuses what DER does not allow.
 * Internal.
 *
 * Everything that comes from outside goes through this reader. Tags have one octet; lengths are
 * minimal and at most four octets; `len > left` is compared, never `at + len > end`.
 */
#ifndef EVSEAL_SRC_DER_H
#define EVSEAL_SRC_DER_H

#include "span.h"

#define DER_BOOLEAN 0x01u
#define DER_INTEGER 0x02u
#define DER_BIT_STRING 0x03u
#define DER_OCTET_STRING 0x04u
#define DER_NULL 0x05u
#define DER_OID 0x06u
#define DER_UTF8_STRING 0x0Cu
#define DER_UTC_TIME 0x17u
#define DER_GENERALIZED_TIME 0x18u
#define DER_SEQUENCE 0x30u
#define DER_SET 0x31u
#define DER_CONTEXT(n) (0xA0u | (n))           /* constructed */
#define DER_CONTEXT_PRIMITIVE(n) (0x80u | (n)) /* primitive */

typedef struct der_reader {
  const uint8_t* at;
  size_t left;
} der_reader;

static inline der_reader der_open(evseal_span span) {
  der_reader reader = {span.data, span.len};
  return reader;
}

static inline bool der_done(const der_reader* reader) {
  return reader->left == 0;
}

/* True when the next element has this tag. */
static inline bool der_next_is(const der_reader* reader, unsigned tag) {
  return reader->left > 0 && reader->at[0] == tag;
}

/* Reads one element of any tag: its tag, its content, and the whole of it. Outputs may be null. */
bool evseal_der_read_any(der_reader* reader, unsigned* out_tag, evseal_span* out_content,
                         evseal_span* out_whole);

/* Reads one element of the given tag. */
bool evseal_der_read(der_reader* reader, unsigned tag, evseal_span* out_content);
bool evseal_der_read_whole(der_reader* reader, unsigned tag, evseal_span* out_whole);

/* Opens a constructed element as a reader of its own. */
bool evseal_der_enter(der_reader* reader, unsigned tag, der_reader* out_inner);

/* An INTEGER's content in its one form: not empty, no redundant first octet. The sign is the
 * caller's to judge. */
bool evseal_der_read_integer(der_reader* reader, evseal_span* out_content);

/* An INTEGER, and whether it is this one small number. */
bool evseal_der_read_constant(der_reader* reader, uint8_t value, bool* out_equal);

/* A non-negative INTEGER up to `max`. */
bool evseal_der_read_unsigned(der_reader* reader, uint64_t max, uint64_t* out_value);

/* A non-negative INTEGER as big-endian octets without the sign octet. */
bool evseal_der_read_positive(der_reader* reader, evseal_span* out_octets);

/* A BOOLEAN, 00 or FF. */
bool evseal_der_read_boolean(der_reader* reader, bool* out_value);

/* A BIT STRING with a whole number of octets. */
bool evseal_der_read_octet_bits(der_reader* reader, evseal_span* out_octets);

/*
 * A BIT STRING with named bits: bit i of the result is named bit i. Unused bits must be zero; zero
 * bits at the end (X.690 section 11.2.2 forbids them) are tolerated, since certificates in use have
 * them and a certificate's bytes are bound by its hash. Bits above 31 are refused.
 */
bool evseal_der_read_named_bits(der_reader* reader, uint32_t* out_bits);

/* UTCTime for 1950 to 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5), as seconds since
 * 1970. */
bool evseal_der_read_time(der_reader* reader, int64_t* out_seconds);

/* X.690 section 11.6: encodings in ascending order; equal ones are refused. */
bool evseal_der_in_set_order(evseal_span earlier, evseal_span later);

#endif
