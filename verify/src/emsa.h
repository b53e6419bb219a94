/*
 * The message encodings of RSA signatures (RFC 8017 section 9), for ports whose crypto offers the
 * bare public-key operation. Internal to the library and its ports.
 *
 * Both functions judge what RSAVP1 made of a signature: `representative` has as many octets as the
 * modulus. They answer EVSEAL_OK, EVSEAL_SIGNATURE_INVALID or EVSEAL_CRYPTO_FAILED, as a port does.
 */
#ifndef EVSEAL_SRC_EMSA_H
#define EVSEAL_SRC_EMSA_H

#include "evseal/signature.h"

/*
 * RSASSA-PSS with MGF1: exactly the hash, the hash of the mask and the salt length of `algorithm`;
 * of `hashes` only the hash functions are used. Overwrites `representative`. Stack: under 300 bytes
 * and the hash function's own.
 */
evseal_status evseal_emsa_pss_check(const evseal_crypto* hashes, const evseal_algorithm* algorithm,
                                    evseal_span digest, evseal_span modulus,
                                    uint8_t* representative);

/*
 * RSASSA-PKCS1-v1_5. The encoding is made again and compared, octet by octet: nothing is parsed,
 * and a DigestInfo in any other form (without NULL, or not DER) is refused.
 */
evseal_status evseal_emsa_pkcs1_check(evseal_hash hash, evseal_span digest,
                                      evseal_span representative);

#endif
