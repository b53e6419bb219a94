// Key pairs and certificates in a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/session.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::hsm {

/// A private key in a token, with what is known of its public half.
struct KeyInfo {
  std::string label;
  Bytes id;
  std::optional<KeyType> type;  ///< nothing for keys that packages cannot be signed with
  unsigned bits = 0;
  Bytes spki;                        ///< empty where the token holds no public half
  bool sensitive = false;            ///< its value cannot be read in clear
  bool extractable = true;           ///< it can leave the token in wrapped form
  bool local = false;                ///< it was made in the token
  bool always_authenticate = false;  ///< each signature asks for the PIN
  bool has_certificate = false;
  std::string uri;  ///< `pkcs11:token=…;serial=…;id=…;object=…;type=private`
};

struct KeySpec {
  KeyType type = KeyType::p256;
  unsigned rsa_bits = 3072;  ///< 2048, 3072 or 4096; for RSA keys only
  std::string label = {};    ///< 1 to 255 octets of UTF-8, no control characters
  Bytes id = {};             ///< 1 to 64 octets
  bool always_authenticate = false;
};

/// Makes a key pair that can only sign and whose private half never leaves the token. The session
/// must be read-write and logged in. (tpm2-pkcs11 computes RSASSA-PSS with its decryption command,
/// so that an RSA key of this kind cannot sign there: EC keys can.) Errors: usage for a bad spec,
/// for a label or id that a key of the token has already and for a type that the token cannot make;
/// token_unreachable.
[[nodiscard]] Result<KeyInfo> generate_key(Session& session, const KeySpec& spec);

/// All private keys that the session can see: tokens show them after login only.
[[nodiscard]] Result<std::vector<KeyInfo>> list_keys(Session& session);

/// The public key with this CKA_ID (with this label, where there is no id): from the public key
/// object, else from a certificate, else from an RSA private key's public attributes. Errors:
/// key_not_found when there is none or several that differ; usage for a key of a type that packages
/// cannot be signed with; malformed when the token's answer is no public key.
[[nodiscard]] Result<PublicKey> read_public_key(Session& session, ByteView id,
                                                std::string_view label = {});

struct CertificateInfo {
  std::string label;
  Bytes id;
  Bytes der;
};

/// Stores a DER certificate beside its key. The same certificate with the same id is left as it is.
/// Errors: malformed when `der` is no certificate, usage when the key with this id is another one;
/// token_unreachable.
[[nodiscard]] Result<void> import_certificate(Session& session, ByteView der, ByteView id,
                                              const std::string& label);

/// All X.509 certificates, or those with this CKA_ID.
[[nodiscard]] Result<std::vector<CertificateInfo>> find_certificates(
    Session& session, const std::optional<Bytes>& id = std::nullopt);

}  // namespace evseal::hsm
