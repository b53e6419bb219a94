#include "emsa.h"

#include "hash.h"
#include "span.h"

static evseal_status hash_pieces(uint8_t* out, const evseal_crypto* hashes, evseal_hash hash,
                                 const evseal_span* pieces, size_t num_pieces) {
  hash_function function = evseal_hash_of(hashes, hash);
  return function == NULL ? EVSEAL_CRYPTO_FAILED : function(out, pieces, num_pieces);
}

/* Appendix B.2.1: MGF1(seed, len), combined with `out` by exclusive or. */
static evseal_status xor_mgf1(uint8_t* out, size_t len, const evseal_crypto* hashes,
                              evseal_hash hash, evseal_span seed) {
  uint8_t block[EVSEAL_MAX_DIGEST];
  size_t done = 0;
  for (uint32_t counter = 0; done < len; counter++) {
    /* Step 3.a: C = I2OSP(counter, 4). */
    uint8_t octets[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                         (uint8_t)(counter >> 8), (uint8_t)counter};
    /* Step 3.b: T = T || Hash(mgfSeed || C). */
    evseal_span pieces[2] = {seed, evseal_span_of(octets, sizeof octets)};
    evseal_status status = hash_pieces(block, hashes, hash, pieces, 2);
    if (status != EVSEAL_OK) {
      return status;
    }
    /* Step 4: the leading maskLen octets of T. */
    for (size_t i = 0; i < (size_t)hash && done < len; i++) {
      out[done++] ^= block[i];
    }
  }
  return EVSEAL_OK;
}

/* Where the parts of EM are. */
typedef struct pss_layout {
  uint8_t* em; /* maskedDB || H || 0xBC */
  size_t em_len;
  size_t db_len;      /* emLen - hLen - 1 */
  size_t padding_len; /* emLen - hLen - sLen - 2: PS, the zero octets of DB */
  uint8_t unused;     /* mask of the leftmost 8 emLen - emBits bits of EM's first octet */
} pss_layout;

/* RFC 8017 section 8.1.2 step 2.c, then section 9.1.2 up to what needs no hash (step 6). */
static bool lay_out(pss_layout* out, const evseal_algorithm* algorithm, evseal_span modulus,
                    uint8_t* representative) {
  size_t h_len = (size_t)algorithm->hash;
  size_t em_bits = evseal_span_bits(modulus) - 1;
  size_t em_len = (em_bits + 7) / 8;
  /* 8.1.2 step 2.c: EM = I2OSP(m, emLen), where emLen is one less than k if modBits - 1 is a
   * multiple of 8: "If I2OSP outputs 'integer too large', output 'invalid signature' and stop." */
  if (em_len != modulus.len && representative[0] != 0) {
    return false;
  }
  out->em = representative + (modulus.len - em_len);
  out->em_len = em_len;
  out->unused = (uint8_t)(0xFF00u >> (8 * em_len - em_bits));
  /* 9.1.2 step 3: emLen < hLen + sLen + 2. */
  if (algorithm->salt_len > em_len || em_len - algorithm->salt_len < h_len + 2) {
    return false;
  }
  out->db_len = em_len - h_len - 1;
  out->padding_len = out->db_len - algorithm->salt_len - 1;
  /* Step 4: the rightmost octet is 0xBC. */
  if (out->em[em_len - 1] != 0xBCu) {
    return false;
  }
  /* Steps 5 and 6: the leftmost 8 emLen - emBits bits of maskedDB are zero. */
  return (out->em[0] & out->unused) == 0;
}

/* Step 10: DB starts with emLen - hLen - sLen - 2 zero octets, then 0x01. */
static bool padding_fits(const pss_layout* layout) {
  uint8_t any = 0;
  for (size_t i = 0; i < layout->padding_len; i++) {
    any |= layout->em[i];
  }
  return any == 0 && layout->em[layout->padding_len] == 0x01u;
}

evseal_status evseal_emsa_pss_check(const evseal_crypto* hashes, const evseal_algorithm* algorithm,
                                    evseal_span digest, evseal_span modulus,
                                    uint8_t* representative) {
  static const uint8_t zeros[8] = {0};
  pss_layout layout;
  /* Steps 1 and 2, hashing the message, are the caller's: mHash is `digest`. */
  if (digest.len != (size_t)algorithm->hash || digest.len == 0 ||
      !lay_out(&layout, algorithm, modulus, representative)) {
    return EVSEAL_SIGNATURE_INVALID;
  }
  evseal_span h = evseal_span_of(layout.em + layout.db_len, digest.len);
  /* Steps 7 and 8: DB = maskedDB xor MGF(H, emLen - hLen - 1). */
  evseal_status status = xor_mgf1(layout.em, layout.db_len, hashes, algorithm->mgf_hash, h);
  if (status != EVSEAL_OK) {
    return status;
  }
  /* Step 9: the leftmost 8 emLen - emBits bits of DB are set to zero. */
  layout.em[0] &= (uint8_t)~layout.unused;
  if (!padding_fits(&layout)) {
    return EVSEAL_SIGNATURE_INVALID;
  }
  /* Step 11: the salt is the last sLen octets of DB. Steps 12 and 13: H' = Hash(M'), M' being eight
   * zero octets, mHash and the salt. */
  evseal_span salt = evseal_span_of(layout.em + layout.padding_len + 1, algorithm->salt_len);
  evseal_span pieces[3] = {evseal_span_of(zeros, sizeof zeros), digest, salt};
  uint8_t expected[EVSEAL_MAX_DIGEST];
  status = hash_pieces(expected, hashes, algorithm->hash, pieces, 3);
  if (status != EVSEAL_OK) {
    return status;
  }
  /* Step 14: H = H'. */
  return memcmp(expected, h.data, h.len) == 0 ? EVSEAL_OK : EVSEAL_SIGNATURE_INVALID;
}

/* Section 9.2 note 1: the DER of DigestInfo before the digest. The three differ in the last arc of
 * the hash's OID and in two lengths. */
#define DIGEST_INFO_LEN 19u

static void write_digest_info(uint8_t* out, evseal_hash hash) {
  static const uint8_t sha256[DIGEST_INFO_LEN] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60,
                                                  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                  0x01, 0x05, 0x00, 0x04, 0x20};
  memcpy(out, sha256, sizeof sha256);
  out[1] = (uint8_t)(0x11u + (unsigned)hash);
  out[14] = hash == EVSEAL_HASH_SHA256 ? 1 : (hash == EVSEAL_HASH_SHA384 ? 2 : 3);
  out[18] = (uint8_t)hash;
}

evseal_status evseal_emsa_pkcs1_check(evseal_hash hash, evseal_span digest,
                                      evseal_span representative) {
  /* Step 3: emLen < tLen + 11. */
  if (digest.len != (size_t)hash || digest.len == 0 ||
      representative.len < DIGEST_INFO_LEN + digest.len + 11) {
    return EVSEAL_SIGNATURE_INVALID;
  }
  /* Step 5: EM = 00 || 01 || PS || 00 || T, and PS is of octets FF. */
  const uint8_t* em = representative.data;
  size_t separator = representative.len - DIGEST_INFO_LEN - digest.len - 1;
  uint8_t info[DIGEST_INFO_LEN];
  write_digest_info(info, hash);
  bool same = em[0] == 0x00u && em[1] == 0x01u && em[separator] == 0x00u;
  for (size_t i = 2; i < separator; i++) {
    same = same && em[i] == 0xFFu;
  }
  same = same && memcmp(em + separator + 1, info, sizeof info) == 0 &&
         memcmp(em + separator + 1 + sizeof info, digest.data, digest.len) == 0;
  return same ? EVSEAL_OK : EVSEAL_SIGNATURE_INVALID;
}
