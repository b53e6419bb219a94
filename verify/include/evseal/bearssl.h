/*
 * The functions of the BearSSL port one by one, for tables of one's own.
 *
 * The table evseal_crypto_bearssl points to all of them, and so links all of them. Firmware that
 * needs ECDSA P-256 only names what it needs, and the rest vanishes at link time
 * (-ffunction-sections, --gc-sections):
 *
 *   static const evseal_crypto crypto = {.name = "p256",
 *                                        .sha256 = evseal_bearssl_sha256,
 *                                        .ecdsa_p256 = evseal_bearssl_ecdsa_p256};
 *
 * What they take and answer is in crypto.h. Stack, with what BearSSL calls: sha* under 1.5 KiB,
 * ecdsa_* and rsa_* under 4.5 KiB (x86-64; moduli of 4096 bits).
 */
#ifndef EVSEAL_BEARSSL_H
#define EVSEAL_BEARSSL_H

#include "evseal/crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

evseal_status evseal_bearssl_sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces);
evseal_status evseal_bearssl_sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces);
evseal_status evseal_bearssl_sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces);
evseal_status evseal_bearssl_ecdsa_p256(const uint8_t* point, const uint8_t* rs,
                                        evseal_span digest);
evseal_status evseal_bearssl_ecdsa_p384(const uint8_t* point, const uint8_t* rs,
                                        evseal_span digest);
evseal_status evseal_bearssl_rsa_pss(const evseal_rsa_key* key, evseal_hash hash,
                                     evseal_hash mgf_hash, size_t salt_len, evseal_span digest,
                                     evseal_span signature);
evseal_status evseal_bearssl_rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash,
                                       evseal_span digest, evseal_span signature);

#ifdef __cplusplus
}
#endif

#endif
