// Signatures in the form of CMS and X.509: made with OpenSSL for key files, put into form for
// tokens, and always verified.
#pragma once

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"
#include "public_key.hpp"

namespace evseal::hsm {

/// A token's r‖s, each as long as the curve's order, as DER ECDSA-Sig-Value with s ≤ n/2.
/// Errors: internal for a wrong length, and for r or s outside 1 … n-1.
[[nodiscard]] Result<Bytes> ecdsa_from_raw(KeyType type, ByteView raw, const std::string& what);

/// The hash that the type's signature algorithm is computed over; empty for Ed25519, which signs
/// the message itself.
[[nodiscard]] Bytes message_digest(KeyType type, ByteView message);

/// With a private key of OpenSSL's. Errors: internal.
[[nodiscard]] Result<Bytes> sign_with_openssl(EVP_PKEY& key, KeyType type, ByteView message,
                                              const std::string& what);

[[nodiscard]] bool verify_with_openssl(EVP_PKEY& key, KeyType type, ByteView message,
                                       ByteView signature);

}  // namespace evseal::hsm
