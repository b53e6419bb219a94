// Public keys as DER SubjectPublicKeyInfo, built from the parts that tokens hold, through OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::hsm {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using EvpKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;

/// `point`: uncompressed, as it stands in CKA_EC_POINT, wrapped in an OCTET STRING or not.
/// `type`: p256, p384 or ed25519. Errors: malformed.
[[nodiscard]] Result<PublicKey> public_key_from_point(KeyType type, ByteView point,
                                                      const std::string& what);
/// Big-endian modulus and exponent. Errors: malformed.
[[nodiscard]] Result<PublicKey> public_key_from_rsa(ByteView modulus, ByteView exponent,
                                                    const std::string& what);
/// The public half of any key: one SubjectPublicKeyInfo per key, with named curve and uncompressed
/// point. Errors: usage for a type of key that packages are not signed with.
[[nodiscard]] Result<PublicKey> public_key_of(const EVP_PKEY& key, const std::string& what);
/// Errors: malformed.
[[nodiscard]] Result<EvpKey> to_evp(const PublicKey& key, const std::string& what);

/// RSA keys of other sizes than 2048 to 4096 bits are refused by every verifier. Errors: usage.
[[nodiscard]] Result<void> check_size(const PublicKey& key, const std::string& what);

}  // namespace evseal::hsm
