/* What the proof harnesses share: input that nobody has vouched for, and a crypto backend that may
 * answer anything. */
#ifndef EVSEAL_PROOF_HARNESS_H
#define EVSEAL_PROOF_HARNESS_H

#include <__fc_builtin.h>
#include <stdint.h>
#include <string.h>

#include "evseal/crypto.h"
#include "frames.h"

static uint8_t any_octet(void) {
  return (uint8_t)Frama_C_interval(0, 255);
}

static void fill_any(uint8_t* out, size_t len) {
  Frama_C_make_unknown((char*)out, len);
}

static void fill_between(uint8_t* out, size_t len, uint8_t low, uint8_t high) {
  for (size_t i = 0; i < len; i++) {
    out[i] = (uint8_t)Frama_C_interval(low, high);
  }
}

/* The frame with anything in its holes. */
static void fill_frame(uint8_t* out, const uint8_t* frame, size_t len, const hole* holes,
                       size_t num_holes) {
  memcpy(out, frame, len);
  for (size_t i = 0; i < num_holes; i++) {
    uint8_t* at = out + holes[i].at;
    if (holes[i].kind == 1) {
      fill_any(at, holes[i].len);
    } else if (holes[i].kind == 2) {
      fill_between(at, holes[i].len, '0', '9');
    } else {
      fill_between(at, holes[i].len, 'a', 'z');
    }
  }
}

/* Its frame and holes, for fill_frame(). */
#define FRAME_OF(name) \
  name##_frame, sizeof name##_frame, name##_holes, sizeof name##_holes / sizeof name##_holes[0]

/* Any digest, and any status that the port allows. */
static evseal_status any_hash(uint8_t* out, size_t len) {
  fill_any(out, len);
  return Frama_C_interval(0, 1) != 0 ? EVSEAL_OK : EVSEAL_CRYPTO_FAILED;
}

/* A backend reads every octet of every piece. */
static void read_pieces(const evseal_span* pieces, size_t num_pieces) {
  volatile uint8_t sink = 0;
  for (size_t i = 0; i < num_pieces; i++) {
    if (pieces[i].len > 0) {
      sink = pieces[i].data[0];
      sink = pieces[i].data[pieces[i].len - 1];
    }
  }
  (void)sink;
}

static evseal_status any_sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  read_pieces(pieces, num_pieces);
  return any_hash(out, 32);
}
static evseal_status any_sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  read_pieces(pieces, num_pieces);
  return any_hash(out, 48);
}
static evseal_status any_sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  read_pieces(pieces, num_pieces);
  return any_hash(out, 64);
}

static evseal_status any_answer(void) {
  int which = Frama_C_interval(0, 2);
  return which == 0 ? EVSEAL_OK : (which == 1 ? EVSEAL_SIGNATURE_INVALID : EVSEAL_CRYPTO_FAILED);
}

static evseal_status any_ecdsa_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  volatile uint8_t sink = point[64];
  sink = rs[63];
  read_pieces(&digest, 1);
  (void)sink;
  return any_answer();
}
static evseal_status any_ecdsa_p384(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  volatile uint8_t sink = point[96];
  sink = rs[95];
  read_pieces(&digest, 1);
  (void)sink;
  return any_answer();
}
static evseal_status any_rsa_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                                 size_t salt_len, evseal_span digest, evseal_span signature) {
  (void)hash;
  (void)mgf_hash;
  (void)salt_len;
  read_pieces(&key->n, 1);
  read_pieces(&key->e, 1);
  read_pieces(&digest, 1);
  read_pieces(&signature, 1);
  return any_answer();
}
static evseal_status any_rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                                   evseal_span signature) {
  return any_rsa_pss(key, hash, hash, 0, digest, signature);
}
static evseal_status any_ed25519(const uint8_t* key, const uint8_t* signature,
                                 evseal_span message) {
  volatile uint8_t sink = key[31];
  sink = signature[63];
  read_pieces(&message, 1);
  (void)sink;
  return any_answer();
}

static const evseal_crypto any_crypto = {"any",       any_sha256,     any_sha384,
                                         any_sha512,  any_ecdsa_p256, any_ecdsa_p384,
                                         any_rsa_pss, any_rsa_pkcs1,  any_ed25519};

#endif
