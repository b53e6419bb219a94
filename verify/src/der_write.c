#include "der_write.h"

#include "der.h"

der_writer evseal_der_writer(uint8_t* buffer, size_t capacity) {
  der_writer writer = {buffer, buffer + capacity, buffer + capacity, false};
  return writer;
}

void evseal_der_put_octets(der_writer* writer, evseal_span octets) {
  if (writer->full || octets.len > (size_t)(writer->at - writer->start)) {
    writer->full = true;
    return;
  }
  writer->at -= octets.len;
  if (octets.len > 0) {
    memcpy(writer->at, octets.data, octets.len);
  }
}

static void put_octet(der_writer* writer, uint8_t value) {
  evseal_der_put_octets(writer, evseal_span_of(&value, 1));
}

void evseal_der_put_header(der_writer* writer, uint8_t tag, const uint8_t* content_end) {
  size_t len = (size_t)(content_end - writer->at);
  if (len < 0x80u) {
    put_octet(writer, (uint8_t)len);
  } else {
    uint8_t count = 0;
    for (; len > 0; len >>= 8) {
      put_octet(writer, (uint8_t)(len & 0xFFu));
      count++;
    }
    put_octet(writer, (uint8_t)(0x80u | count));
  }
  put_octet(writer, tag);
}

void evseal_der_put_element(der_writer* writer, uint8_t tag, evseal_span content) {
  const uint8_t* end = writer->at;
  evseal_der_put_octets(writer, content);
  evseal_der_put_header(writer, tag, end);
}

void evseal_der_put_unsigned(der_writer* writer, uint64_t value) {
  const uint8_t* end = writer->at;
  uint8_t last = 0;
  do {
    last = (uint8_t)(value & 0xFFu);
    put_octet(writer, last);
    value >>= 8;
  } while (value > 0);
  if ((last & 0x80u) != 0) {
    put_octet(writer, 0); /* the sign */
  }
  evseal_der_put_header(writer, DER_INTEGER, end);
}

void evseal_der_put_boolean(der_writer* writer, bool value) {
  uint8_t octet = value ? 0xFFu : 0x00u;
  evseal_der_put_element(writer, DER_BOOLEAN, evseal_span_of(&octet, 1));
}
