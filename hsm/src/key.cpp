#include "evseal/hsm/key.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "key_objects.hpp"
#include "public_key.hpp"

namespace evseal::hsm {
namespace {

constexpr std::size_t kMaxLabel = 255;
constexpr std::size_t kMaxId = 64;

Error bad_spec(std::string why, std::string hint = {}) {
  return Error{ErrorCode::usage, "new key", std::move(why), std::move(hint)};
}

Result<void> check_spec(const KeySpec& spec) {
  if (spec.label.empty() || spec.label.size() > kMaxLabel || printable(spec.label) != spec.label) {
    return bad_spec("its label must have 1 to 255 octets of UTF-8 and no control characters");
  }
  if (spec.id.empty() || spec.id.size() > kMaxId) {
    return bad_spec("its id must have 1 to 64 octets");
  }
  if (spec.type == KeyType::rsa && spec.rsa_bits != 2048 && spec.rsa_bits != 3072 &&
      spec.rsa_bits != 4096) {
    return bad_spec("an RSA key has 2048, 3072 or 4096 bits");
  }
  return {};
}

// A public key with this label or id counts too: the next reader could not tell which is meant.
Result<void> check_unused(const Session& session, const KeySpec& spec) {
  for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    EVSEAL_TRY(
        const Objects labels,
        find_objects(session, Template().number(CKA_CLASS, kind).text(CKA_LABEL, spec.label)));
    if (!labels.empty()) {
      return bad_spec("a key with the label " + spec.label + " is in the token already",
                      "choose another label; evseal key list shows the keys");
    }
    EVSEAL_TRY(const Objects ids,
               find_objects(session, Template().number(CKA_CLASS, kind).bytes(CKA_ID, spec.id)));
    if (!ids.empty()) {
      return bad_spec("a key with the id " + to_hex(spec.id) + " is in the token already",
                      "choose another id; evseal key list shows the keys");
    }
  }
  return {};
}

Template private_template(const KeySpec& spec) {
  Template key;
  key.number(CKA_CLASS, CKO_PRIVATE_KEY)
      .text(CKA_LABEL, spec.label)
      .bytes(CKA_ID, spec.id)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .flag(CKA_SIGN, true)
      .flag(CKA_DECRYPT, false)
      .flag(CKA_UNWRAP, false)
      .flag(CKA_SIGN_RECOVER, false)
      .flag(CKA_DERIVE, false);
  if (spec.always_authenticate) {
    key.flag(CKA_ALWAYS_AUTHENTICATE, true);
  }
  return key;
}

// Says nothing about the public half's uses: anyone can verify anywhere, and tpm2-pkcs11 1.9
// refuses CKA_VERIFY and CKA_ENCRYPT, whose values it mixes up.
Template public_template(const KeySpec& spec, ByteView curve) {
  constexpr std::array<std::uint8_t, 3> kF4 = {0x01, 0x00, 0x01};  // 65537
  Template key;
  key.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .text(CKA_LABEL, spec.label)
      .bytes(CKA_ID, spec.id)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false);
  if (spec.type == KeyType::rsa) {
    key.number(CKA_MODULUS_BITS, spec.rsa_bits).bytes(CKA_PUBLIC_EXPONENT, kF4);
  } else {
    key.bytes(CKA_EC_PARAMS, curve);
  }
  return key;
}

CK_MECHANISM_TYPE generation_mechanism(KeyType type) {
  switch (type) {
    case KeyType::p256:
    case KeyType::p384:
      return CKM_EC_KEY_PAIR_GEN;
    case KeyType::rsa:
      return CKM_RSA_PKCS_KEY_PAIR_GEN;
    case KeyType::ed25519:
      return CKM_EC_EDWARDS_KEY_PAIR_GEN;
  }
  return CKM_EC_KEY_PAIR_GEN;
}

struct Made {
  CK_RV rv = CKR_OK;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

Made make_pair(const Session& session, const KeySpec& spec, ByteView curve) {
  Template public_key = public_template(spec, curve);
  Template private_key = private_template(spec);
  CK_MECHANISM mechanism{generation_mechanism(spec.type), nullptr, 0};
  CK_OBJECT_HANDLE ignored = CK_INVALID_HANDLE;
  Made made;
  const Api api = session.impl().api();
  made.rv = api->C_GenerateKeyPair(session.impl().handle, &mechanism, public_key.data(),
                                   public_key.size(), private_key.data(), private_key.size(),
                                   &ignored, &made.private_key);
  return made;
}

bool curve_refused(CK_RV rv) {
  return rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_CURVE_NOT_SUPPORTED ||
         rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT ||
         rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED;
}

Result<unsigned> bits_of(const Session& session, CK_OBJECT_HANDLE key,
                         std::optional<KeyType> type) {
  if (type == KeyType::p256) {
    return 256u;
  }
  if (type == KeyType::p384) {
    return 384u;
  }
  if (type == KeyType::ed25519) {
    return 255u;
  }
  EVSEAL_TRY(const auto modulus, get_bytes(session, key, CKA_MODULUS));
  return static_cast<unsigned>(modulus ? modulus->size() * 8 : 0);
}

// The public half where it can be had: a key without one is still listed.
Result<void> add_public_half(Session& session, CK_OBJECT_HANDLE key, KeyInfo& info) {
  if (!info.type) {
    return {};
  }
  Result<PublicKey> half = public_half(session, key, info.id, info.label);
  if (half) {
    info.bits = half->bits;
    info.spki = std::move(half->spki);
    return {};
  }
  return half.error().code == ErrorCode::token_unreachable ? Result<void>(half.error())
                                                           : Result<void>();
}

}  // namespace

std::string object_uri(const Session& session, ByteView id, std::string_view label,
                       std::optional<ObjectType> type) {
  const TokenInfo& token = session.token().info;
  return format_uri({.token = token.label,
                     .serial = token.serial,
                     .id = Bytes(id.begin(), id.end()),
                     .object = std::string(label),
                     .type = type});
}

Result<Objects> find_private_keys(const Session& session, const std::optional<Bytes>& id,
                                  const std::optional<std::string>& label) {
  Template query;
  query.number(CKA_CLASS, CKO_PRIVATE_KEY);
  if (id) {
    query.bytes(CKA_ID, *id);
  }
  if (label) {
    query.text(CKA_LABEL, *label);
  }
  return find_objects(session, std::move(query));
}

Result<KeyInfo> describe_key(Session& session, CK_OBJECT_HANDLE key) {
  KeyInfo info;
  EVSEAL_TRY(info.label, get_text(session, key, CKA_LABEL));
  EVSEAL_TRY(const auto id, get_bytes(session, key, CKA_ID));
  info.id = id.value_or(Bytes());
  EVSEAL_TRY(info.type, type_of_object(session, key));
  EVSEAL_TRY(info.bits, bits_of(session, key, info.type));
  // What a token does not say counts as the weaker answer.
  EVSEAL_TRY(info.sensitive, get_flag(session, key, CKA_SENSITIVE, false));
  EVSEAL_TRY(info.extractable, get_flag(session, key, CKA_EXTRACTABLE, true));
  EVSEAL_TRY(info.local, get_flag(session, key, CKA_LOCAL, false));
  EVSEAL_TRY(info.always_authenticate, get_flag(session, key, CKA_ALWAYS_AUTHENTICATE, false));
  EVSEAL_CHECK(add_public_half(session, key, info));
  if (!info.id.empty()) {
    EVSEAL_TRY(const auto certificates, find_certificates(session, info.id));
    info.has_certificate = !certificates.empty();
  }
  info.uri = object_uri(session, info.id, info.label, ObjectType::private_key);
  return info;
}

Result<KeyInfo> generate_key(Session& session, const KeySpec& spec) {
  EVSEAL_CHECK(check_spec(spec));
  EVSEAL_CHECK(check_unused(session, spec));
  Made made = make_pair(session, spec, curve_parameters(spec.type));
  if (spec.type == KeyType::ed25519 && curve_refused(made.rv)) {
    made = make_pair(session, spec, edwards_curve_name());
  }
  if (made.rv != CKR_OK) {
    Error error = session.impl().error(made.rv);
    if (error.code == ErrorCode::usage) {
      error.why =
          "the token cannot make a key of type " + to_string(spec.type) + ": " + error.status;
    }
    return error;
  }
  return describe_key(session, made.private_key);
}

Result<std::vector<KeyInfo>> list_keys(Session& session) {
  EVSEAL_TRY(const Objects objects, find_private_keys(session, std::nullopt, std::nullopt));
  std::vector<KeyInfo> keys;
  for (const CK_OBJECT_HANDLE object : objects) {
    EVSEAL_TRY(KeyInfo info, describe_key(session, object));
    keys.push_back(std::move(info));
  }
  // Modules list objects in any order, SoftHSM in another one after each start.
  std::sort(keys.begin(), keys.end(), [](const KeyInfo& a, const KeyInfo& b) {
    return std::tie(a.label, a.id) < std::tie(b.label, b.id);
  });
  return keys;
}

}  // namespace evseal::hsm
