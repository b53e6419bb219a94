/*
 * Writes DER from the end of a buffer to its beginning, so that every length is known when its
 * header is written. Internal.
 */
#ifndef EVSEAL_SRC_DER_WRITE_H
#define EVSEAL_SRC_DER_WRITE_H

#include "span.h"

typedef struct der_writer {
  uint8_t* start;
  uint8_t* at;  /* the first octet written */
  uint8_t* end; /* behind the last */
  bool full;    /* something did not fit; what follows is ignored */
} der_writer;

der_writer evseal_der_writer(uint8_t* buffer, size_t capacity);

void evseal_der_put_octets(der_writer* writer, evseal_span octets);

/* The header of an element whose content was written since `writer->at` was `content_end`. */
void evseal_der_put_header(der_writer* writer, uint8_t tag, const uint8_t* content_end);

void evseal_der_put_element(der_writer* writer, uint8_t tag, evseal_span content);
void evseal_der_put_unsigned(der_writer* writer, uint64_t value);
void evseal_der_put_boolean(der_writer* writer, bool value);

#endif
