#include "der.h"

#include "calendar.h"

/* The length octets of X.690 section 8.1.3, minimal (10.1); `left` is at least 1. Returns false
 * when they are not. */
static bool read_length(const uint8_t* at, size_t left, size_t* out_octets, size_t* out_len) {
  if (at[0] < 0x80u) {
    *out_octets = 1;
    *out_len = at[0];
    return true;
  }
  size_t count = at[0] & 0x7Fu;
  if (count == 0 || count > 4 || count >= left || at[1] == 0) {
    return false;
  }
  uint32_t value = 0;
  for (size_t i = 1; i <= count; i++) {
    value = value << 8 | at[i];
  }
  if (value < 0x80u) {
    return false;
  }
  *out_octets = 1 + count;
  *out_len = value;
  return true;
}

bool evseal_der_read_any(der_reader* reader, unsigned* out_tag, evseal_span* out_content,
                         evseal_span* out_whole) {
  if (reader->left < 2 || (reader->at[0] & 0x1Fu) == 0x1Fu || reader->at[0] == 0) {
    return false;
  }
  size_t octets = 0;
  size_t len = 0;
  if (!read_length(reader->at + 1, reader->left - 1, &octets, &len)) {
    return false;
  }
  size_t header = 1 + octets;
  if (len > reader->left - header) {
    return false;
  }
  if (out_tag != NULL) {
    *out_tag = reader->at[0];
  }
  if (out_content != NULL) {
    *out_content = evseal_span_of(reader->at + header, len);
  }
  if (out_whole != NULL) {
    *out_whole = evseal_span_of(reader->at, header + len);
  }
  reader->at += header + len;
  reader->left -= header + len;
  return true;
}

bool evseal_der_read(der_reader* reader, unsigned tag, evseal_span* out_content) {
  return der_next_is(reader, tag) && evseal_der_read_any(reader, NULL, out_content, NULL);
}

bool evseal_der_read_whole(der_reader* reader, unsigned tag, evseal_span* out_whole) {
  return der_next_is(reader, tag) && evseal_der_read_any(reader, NULL, NULL, out_whole);
}

bool evseal_der_enter(der_reader* reader, unsigned tag, der_reader* out_inner) {
  evseal_span content;
  if (!evseal_der_read(reader, tag, &content)) {
    return false;
  }
  *out_inner = der_open(content);
  return true;
}

bool evseal_der_read_integer(der_reader* reader, evseal_span* out_content) {
  der_reader copy = *reader;
  evseal_span content;
  if (!evseal_der_read(&copy, DER_INTEGER, &content) || content.len == 0) {
    return false;
  }
  if (content.len > 1) {
    bool high = (content.data[1] & 0x80u) != 0;
    if ((content.data[0] == 0x00u && !high) || (content.data[0] == 0xFFu && high)) {
      return false;
    }
  }
  *out_content = content;
  *reader = copy;
  return true;
}

bool evseal_der_read_constant(der_reader* reader, uint8_t value, bool* out_equal) {
  evseal_span content;
  if (!evseal_der_read_integer(reader, &content)) {
    return false;
  }
  *out_equal = content.len == 1 && content.data[0] == value;
  return true;
}

bool evseal_der_read_positive(der_reader* reader, evseal_span* out_octets) {
  der_reader copy = *reader;
  evseal_span content;
  if (!evseal_der_read_integer(&copy, &content) || (content.data[0] & 0x80u) != 0) {
    return false;
  }
  if (content.data[0] == 0 && content.len > 1) {
    content = evseal_span_of(content.data + 1, content.len - 1);
  }
  *out_octets = content;
  *reader = copy;
  return true;
}

bool evseal_der_read_unsigned(der_reader* reader, uint64_t max, uint64_t* out_value) {
  der_reader copy = *reader;
  evseal_span octets;
  if (!evseal_der_read_positive(&copy, &octets) || octets.len > 8) {
    return false;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < octets.len; i++) {
    value = value << 8 | octets.data[i];
  }
  if (value > max) {
    return false;
  }
  *out_value = value;
  *reader = copy;
  return true;
}

bool evseal_der_read_boolean(der_reader* reader, bool* out_value) {
  der_reader copy = *reader;
  evseal_span content;
  if (!evseal_der_read(&copy, DER_BOOLEAN, &content) || content.len != 1 ||
      (content.data[0] != 0x00u && content.data[0] != 0xFFu)) {
    return false;
  }
  *out_value = content.data[0] != 0;
  *reader = copy;
  return true;
}

bool evseal_der_read_octet_bits(der_reader* reader, evseal_span* out_octets) {
  der_reader copy = *reader;
  evseal_span content;
  if (!evseal_der_read(&copy, DER_BIT_STRING, &content) || content.len < 1 ||
      content.data[0] != 0) {
    return false;
  }
  *out_octets = evseal_span_of(content.data + 1, content.len - 1);
  *reader = copy;
  return true;
}

bool evseal_der_read_named_bits(der_reader* reader, uint32_t* out_bits) {
  der_reader copy = *reader;
  evseal_span content;
  if (!evseal_der_read(&copy, DER_BIT_STRING, &content) || content.len < 1 || content.len > 5 ||
      content.data[0] > 7) {
    return false;
  }
  unsigned unused = content.data[0];
  uint32_t bits = 0;
  for (size_t i = 1; i < content.len; i++) {
    for (unsigned j = 0; j < 8; j++) {
      uint32_t bit = (uint32_t)(content.data[i] >> (7u - j)) & 1u;
      bits |= bit << ((i - 1) * 8 + j);
    }
  }
  if (content.len == 1 ? unused != 0
                       : (content.data[content.len - 1] & ((1u << unused) - 1u)) != 0) {
    return false;
  }
  *out_bits = bits;
  *reader = copy;
  return true;
}

bool evseal_der_read_time(der_reader* reader, int64_t* out_seconds) {
  der_reader copy = *reader;
  unsigned tag = 0;
  evseal_span text;
  if (!evseal_der_read_any(&copy, &tag, &text, NULL)) {
    return false;
  }
  bool utc = tag == DER_UTC_TIME;
  size_t digits = utc ? 12 : 14;
  if ((!utc && tag != DER_GENERALIZED_TIME) || text.len != digits + 1 || text.data[digits] != 'Z') {
    return false;
  }
  calendar_time time;
  if (!evseal_calendar_read_digits(&time, text.data, utc ? 2 : 4)) {
    return false;
  }
  if (utc) {
    time.year += time.year < 50 ? 2000u : 1900u;
  } else if (time.year < 2050) {
    return false;
  }
  if (!evseal_calendar_to_seconds(out_seconds, &time)) {
    return false;
  }
  *reader = copy;
  return true;
}

bool evseal_der_in_set_order(evseal_span earlier, evseal_span later) {
  /* DER encodings cannot be proper prefixes of each other, so plain order is the order of
   * section 11.6. */
  return evseal_span_compare(earlier, later) < 0;
}
