/* The state of a factory-new device. */
#include "evseal/device.h"
#include "span.h"

#define BLOB_HEADER 12u

static uint8_t* put_integer(uint8_t* at, uint8_t value) {
  *at++ = 0x02;
  *at++ = 1;
  *at++ = value;
  return at;
}

static uint8_t* put_text(uint8_t* at, evseal_span text) {
  *at++ = 0x0C;
  *at++ = (uint8_t)text.len; /* a name has at most 64 octets */
  memcpy(at, text.data, text.len);
  return at + text.len;
}

static uint8_t* put_empty_sequence(uint8_t* at) {
  *at++ = 0x30;
  *at++ = 0;
  return at;
}

evseal_status evseal_state_write_initial(uint8_t* out, size_t capacity, size_t* out_len,
                                         const evseal_crypto* crypto,
                                         const evseal_profile* profile) {
  static const uint8_t magic[8] = {0x89, 'E', 'V', 'T', '1', 0x0D, 0x0A, 0x1A};
  *out_len = 0;
  if (capacity < EVSEAL_INITIAL_STATE_MAX || profile->vendor.len > 64 || profile->model.len > 64) {
    return EVSEAL_MISUSE;
  }
  uint8_t fields[EVSEAL_INITIAL_STATE_MAX - BLOB_HEADER - EVSEAL_SHA256_LEN - 3];
  uint8_t* at = put_integer(fields, 1); /* version */
  at = put_integer(at, 0);              /* counter */
  at = put_text(at, profile->vendor);
  at = put_text(at, profile->model);
  at = put_integer(at, 0); /* timeFloor */
  at = put_integer(at, 0); /* trustEpoch */
  at = put_empty_sequence(at);
  at = put_empty_sequence(at);
  at = put_empty_sequence(at);
  size_t len = (size_t)(at - fields);
  bool long_form = len >= 0x80;
  size_t der_len = len + (long_form ? 3u : 2u);
  memset(out, 0, BLOB_HEADER);
  memcpy(out, magic, sizeof magic);
  out[11] = (uint8_t)der_len;
  at = out + BLOB_HEADER;
  *at++ = 0x30;
  if (long_form) {
    *at++ = 0x81;
  }
  *at++ = (uint8_t)len;
  memcpy(at, fields, len);
  evseal_span covered = evseal_span_of(out, BLOB_HEADER + der_len);
  evseal_status status = crypto->sha256(out + covered.len, &covered, 1);
  *out_len = status == EVSEAL_OK ? covered.len + EVSEAL_SHA256_LEN : 0;
  return status;
}
