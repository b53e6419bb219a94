// Keys and signatures made by OpenSSL's own calls, not through the port: what backends are tested
// against.
#pragma once

#include <evseal/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <vector>

#include "evseal/base/bytes.hpp"

namespace evseal::test {

/// The digest of a message, by EVP.
[[nodiscard]] Bytes openssl_digest(evseal_hash hash, ByteView message);

/// A private key. The functions throw where OpenSSL fails, or where the key is of another kind.
class OpensslKey {
 public:
  [[nodiscard]] static OpensslKey ec(const char* curve);
  /// The first call for a size makes the key, later ones give the same again.
  [[nodiscard]] static const OpensslKey& rsa(unsigned bits);
  [[nodiscard]] static OpensslKey ed25519();

  /// 04 || X || Y.
  [[nodiscard]] Bytes point() const;
  /// Points into this key.
  [[nodiscard]] evseal_rsa_key rsa_key() const;
  /// 32 octets: the encoded point, and the seed.
  [[nodiscard]] Bytes ed25519_public() const;
  [[nodiscard]] Bytes ed25519_seed() const;

  /// r || s of fixed length.
  [[nodiscard]] Bytes sign_ecdsa(ByteView digest) const;
  [[nodiscard]] Bytes sign_pss(evseal_hash hash, evseal_hash mgf_hash, std::size_t salt_len,
                               ByteView digest) const;
  [[nodiscard]] Bytes sign_pkcs1(evseal_hash hash, ByteView digest) const;
  [[nodiscard]] Bytes sign_ed25519(ByteView message) const;

  /// RSASP1 and RSAVP1: the bare operations, for encodings that no signer makes. Nothing where the
  /// number is not below the modulus.
  [[nodiscard]] Bytes rsa_private(ByteView representative) const;
  [[nodiscard]] Bytes rsa_public(ByteView signature) const;

  [[nodiscard]] EVP_PKEY* get() const { return key_.get(); }

 private:
  explicit OpensslKey(EVP_PKEY* key);

  std::shared_ptr<EVP_PKEY> key_;
  Bytes n_;
  Bytes e_;
};

}  // namespace evseal::test
