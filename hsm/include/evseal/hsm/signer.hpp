// A private key that signs what evseal built: in a token (PKCS#11), or in a file for development.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::hsm {

/// The types of key that packages are signed with. Each has one signature algorithm
/// (docs/format.md §3): p256 ECDSA/SHA-256, p384 ECDSA/SHA-384, rsa RSASSA-PSS with SHA-256 and
/// salt 32, ed25519 Ed25519 (RFC 8032).
enum class KeyType { p256, p384, rsa, ed25519 };

/// "p256", "p384", "rsa", "ed25519".
[[nodiscard]] std::string to_string(KeyType type);

struct PublicKey {
  KeyType type = KeyType::p256;
  unsigned bits = 0;  ///< 256, 384, the RSA modulus' length, or 255
  Bytes spki;         ///< DER SubjectPublicKeyInfo (RSA keys: rsaEncryption)
};

/// Signs whole messages; it hashes them itself, so that a key never signs a digest that came from
/// outside.
class Signer {
 public:
  Signer() = default;
  virtual ~Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  [[nodiscard]] virtual const PublicKey& public_key() const = 0;
  /// For messages and logs: the key's RFC 7512 URI without any PIN attribute, or `file:` and its
  /// path.
  [[nodiscard]] virtual std::string description() const = 0;
  /// True for keys that are not in a token: the caller warns.
  [[nodiscard]] virtual bool development_only() const = 0;
  /// What the caller should tell the user about how this key is kept, one sentence each: a key that
  /// can leave its token, a PIN file that others can read.
  [[nodiscard]] virtual std::vector<std::string> warnings() const { return {}; }

  /// The signature over `message` in the form of CMS and X.509: ECDSA as DER ECDSA-Sig-Value with
  /// s ≤ n/2, RSA as long as the modulus, Ed25519 64 octets. It has been verified with public_key()
  /// before it is returned. Errors: token_unreachable (retryable), login_refused, key_not_found,
  /// internal when the token's signature does not verify.
  [[nodiscard]] virtual Result<Bytes> sign(ByteView message) = 0;
};

}  // namespace evseal::hsm
