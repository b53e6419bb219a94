// The public half of a key, wherever the token keeps it.
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "key_objects.hpp"
#include "public_key.hpp"

namespace evseal::hsm {
namespace {

constexpr std::array<std::uint8_t, 10> kP256 = {0x06, 0x08, 0x2A, 0x86, 0x48,
                                                0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr std::array<std::uint8_t, 7> kP384 = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<std::uint8_t, 5> kEd25519 = {0x06, 0x03, 0x2B, 0x65, 0x70};
constexpr std::array<std::uint8_t, 14> kEd25519Name = {0x13, 0x0C, 'e', 'd', 'w', 'a', 'r',
                                                       'd',  's',  '2', '5', '5', '1', '9'};
// 1.3.6.1.4.1.11591.15.1, which GnuPG and older modules use for Ed25519.
constexpr std::array<std::uint8_t, 11> kEd25519Gnu = {0x06, 0x09, 0x2B, 0x06, 0x01, 0x04,
                                                      0x01, 0xDA, 0x47, 0x0F, 0x01};

bool equal(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::optional<KeyType> type_of(CK_KEY_TYPE kind, ByteView parameters) {
  if (kind == CKK_RSA) {
    return KeyType::rsa;
  }
  if (kind == CKK_EC && equal(parameters, kP256)) {
    return KeyType::p256;
  }
  if (kind == CKK_EC && equal(parameters, kP384)) {
    return KeyType::p384;
  }
  if (kind == CKK_EC_EDWARDS && (equal(parameters, kEd25519) || equal(parameters, kEd25519Name) ||
                                 equal(parameters, kEd25519Gnu))) {
    return KeyType::ed25519;
  }
  return std::nullopt;
}

Result<PublicKey> read_rsa(const Session& session, CK_OBJECT_HANDLE object,
                           const std::string& what) {
  EVSEAL_TRY(const auto modulus, get_bytes(session, object, CKA_MODULUS));
  EVSEAL_TRY(const auto exponent, get_bytes(session, object, CKA_PUBLIC_EXPONENT));
  return public_key_from_rsa(modulus.value_or(Bytes()), exponent.value_or(Bytes()), what);
}

Result<PublicKey> read_object(const Session& session, CK_OBJECT_HANDLE object,
                              const std::string& what) {
  EVSEAL_TRY(const std::optional<KeyType> type, type_of_object(session, object));
  if (!type) {
    return Error{ErrorCode::usage, what, "this type of key cannot sign packages",
                 "use P-256, P-384, RSA of 2048 to 4096 bits or Ed25519"};
  }
  if (*type == KeyType::rsa) {
    return read_rsa(session, object, what);
  }
  EVSEAL_TRY(const auto point, get_bytes(session, object, CKA_EC_POINT));
  return public_key_from_point(*type, point.value_or(Bytes()), what);
}

// Copies of one key count as one; keys that differ are an ambiguity that nobody must guess about.
Result<std::optional<PublicKey>> only_one(std::vector<PublicKey> keys, const std::string& what) {
  if (keys.empty()) {
    return std::optional<PublicKey>();
  }
  for (const PublicKey& key : keys) {
    if (key.spki != keys.front().spki) {
      return Error{ErrorCode::key_not_found, what, "several different public keys match",
                   "give every key pair an id of its own"};
    }
  }
  return std::optional<PublicKey>(std::move(keys.front()));
}

Result<std::optional<PublicKey>> from_public_objects(const Session& session, ByteView id,
                                                     std::string_view label,
                                                     const std::string& what) {
  const auto query = [&](bool with_id, bool with_label) {
    Template wanted;
    wanted.number(CKA_CLASS, CKO_PUBLIC_KEY);
    if (with_id) {
      wanted.bytes(CKA_ID, id);
    }
    if (with_label) {
      wanted.text(CKA_LABEL, label);
    }
    return find_objects(session, std::move(wanted));
  };
  EVSEAL_TRY(Objects objects, query(!id.empty(), id.empty()));
  if (objects.size() > 1 && !id.empty() && !label.empty()) {
    EVSEAL_TRY(Objects narrower, query(true, true));
    if (!narrower.empty()) {
      objects = std::move(narrower);
    }
  }
  std::vector<PublicKey> keys;
  for (const CK_OBJECT_HANDLE object : objects) {
    EVSEAL_TRY(PublicKey key, read_object(session, object, what));
    keys.push_back(std::move(key));
  }
  return only_one(std::move(keys), what);
}

Result<std::optional<PublicKey>> from_certificates(Session& session, ByteView id,
                                                   const std::string& what) {
  if (id.empty()) {
    return std::optional<PublicKey>();
  }
  EVSEAL_TRY(const auto certificates, find_certificates(session, Bytes(id.begin(), id.end())));
  std::vector<PublicKey> keys;
  for (const CertificateInfo& entry : certificates) {
    const unsigned char* next = entry.der.data();
    const std::unique_ptr<X509, OpenSslDeleter<X509_free>> certificate(
        d2i_X509(nullptr, &next, static_cast<long>(entry.der.size())));
    const EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
    if (key == nullptr) {
      return Error{ErrorCode::malformed, what, "its certificate in the token cannot be read"};
    }
    EVSEAL_TRY(PublicKey read, public_key_of(*key, what));
    keys.push_back(std::move(read));
  }
  return only_one(std::move(keys), what);
}

Error none(const std::string& what) {
  return Error{ErrorCode::key_not_found, what,
               "the token holds neither a public key nor a certificate for it",
               "import the certificate of this key: evseal cert import"};
}

Result<std::optional<PublicKey>> from_public_parts(Session& session, ByteView id,
                                                   std::string_view label,
                                                   const std::string& what) {
  if (id.empty() && label.empty()) {
    return std::optional<PublicKey>();  // nothing says which public key belongs to it
  }
  EVSEAL_TRY(std::optional<PublicKey> key, from_public_objects(session, id, label, what));
  return key ? Result<std::optional<PublicKey>>(std::move(key))
             : from_certificates(session, id, what);
}

// An RSA private key mostly shows its public numbers as well.
Result<PublicKey> from_private_key(const Session& session, CK_OBJECT_HANDLE key,
                                   const std::string& what) {
  EVSEAL_TRY(const std::optional<KeyType> type, type_of_object(session, key));
  if (type != KeyType::rsa) {
    return none(what);
  }
  EVSEAL_TRY(const auto exponent, get_bytes(session, key, CKA_PUBLIC_EXPONENT));
  return exponent ? read_rsa(session, key, what) : Result<PublicKey>(none(what));
}

}  // namespace

ByteView curve_parameters(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return kP256;
    case KeyType::p384:
      return kP384;
    case KeyType::ed25519:
      return kEd25519;
    case KeyType::rsa:
      return {};
  }
  return {};
}

ByteView edwards_curve_name() {
  return kEd25519Name;
}

Result<std::optional<KeyType>> type_of_object(const Session& session, CK_OBJECT_HANDLE key) {
  EVSEAL_TRY(const auto kind, get_number(session, key, CKA_KEY_TYPE));
  if (!kind) {
    return std::optional<KeyType>();
  }
  std::optional<Bytes> parameters;
  if (*kind == CKK_EC || *kind == CKK_EC_EDWARDS) {
    EVSEAL_TRY(parameters, get_bytes(session, key, CKA_EC_PARAMS));
  }
  return type_of(*kind, parameters.value_or(Bytes()));
}

Result<PublicKey> read_public_key(Session& session, ByteView id, std::string_view label) {
  const std::string what = object_uri(session, id, label);
  EVSEAL_TRY(std::optional<PublicKey> key, from_public_parts(session, id, label, what));
  if (key) {
    return *std::move(key);
  }
  const auto wanted_id = id.empty() ? std::nullopt : std::optional(Bytes(id.begin(), id.end()));
  const auto wanted_label = label.empty() ? std::nullopt : std::optional(std::string(label));
  EVSEAL_TRY(const Objects keys, find_private_keys(session, wanted_id, wanted_label));
  return keys.size() == 1 ? from_private_key(session, keys.front(), what)
                          : Result<PublicKey>(none(what));
}

Result<PublicKey> public_half(Session& session, CK_OBJECT_HANDLE key, ByteView id,
                              std::string_view label) {
  const std::string what = object_uri(session, id, label);
  EVSEAL_TRY(std::optional<PublicKey> found, from_public_parts(session, id, label, what));
  return found ? *std::move(found) : from_private_key(session, key, what);
}

}  // namespace evseal::hsm
