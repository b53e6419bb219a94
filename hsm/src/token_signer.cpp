// A private key in a token, through PKCS#11's portable core: hash here, sign the digest there.
#include <mutex>

#include "key_objects.hpp"
#include "open_signer_impl.hpp"
#include "public_key.hpp"
#include "signature.hpp"

namespace evseal::hsm {
namespace {

class TokenSigner final : public Signer {
 public:
  TokenSigner(Session session, CK_OBJECT_HANDLE key, KeyInfo info, PublicKey public_key,
              EvpKey verifier, PinSource pin)
      : session_(std::move(session)),
        key_(key),
        info_(std::move(info)),
        public_key_(std::move(public_key)),
        verifier_(std::move(verifier)),
        pin_(std::move(pin)) {}

  [[nodiscard]] const PublicKey& public_key() const override { return public_key_; }
  [[nodiscard]] std::string description() const override { return info_.uri; }
  [[nodiscard]] bool development_only() const override { return false; }
  [[nodiscard]] std::vector<std::string> warnings() const override;
  [[nodiscard]] Result<Bytes> sign(ByteView message) override;

 private:
  [[nodiscard]] Result<Bytes> sign_in_token(ByteView message);

  Session session_;
  CK_OBJECT_HANDLE key_;
  KeyInfo info_;
  PublicKey public_key_;
  EvpKey verifier_;
  PinSource pin_;
  std::mutex mutex_;  // of pin_: a refused PIN is wiped while another thread may be about to use it
};

std::vector<std::string> TokenSigner::warnings() const {
  std::vector<std::string> all;
  if (!info_.sensitive) {
    all.push_back("the key " + info_.uri + " can be read in clear from its token");
  }
  if (info_.extractable) {
    all.push_back("the key " + info_.uri + " can leave its token in wrapped form");
  }
  if (pin_.warning()) {
    all.push_back(*pin_.warning());
  }
  return all;
}

// The mechanism list is not asked: modules leave out what works. The lengths are ours to enforce,
// since modules take a digest of any length for CKM_ECDSA.
Result<Bytes> TokenSigner::sign_in_token(ByteView message) {
  PinSource* again = info_.always_authenticate ? &pin_ : nullptr;
  const Bytes digest = message_digest(public_key_.type, message);
  switch (public_key_.type) {
    case KeyType::p256:
    case KeyType::p384: {
      const CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
      EVSEAL_TRY(const Bytes raw,
                 sign_once(session_, key_, mechanism, digest, public_key_.bits / 4, again));
      return ecdsa_from_raw(public_key_.type, raw, info_.uri);
    }
    case KeyType::rsa: {
      CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
      const CK_MECHANISM mechanism{CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
      return sign_once(session_, key_, mechanism, digest, (public_key_.bits + 7) / 8, again);
    }
    case KeyType::ed25519: {
      const CK_MECHANISM mechanism{CKM_EDDSA, nullptr, 0};
      return sign_once(session_, key_, mechanism, message, 64, again);
    }
  }
  return Error{ErrorCode::internal, info_.uri, "unknown type of key"};
}

Result<Bytes> TokenSigner::sign(ByteView message) {
  std::unique_lock lock(mutex_);
  EVSEAL_TRY(Bytes signature, sign_in_token(message));
  lock.unlock();
  if (!verify_with_openssl(*verifier_, public_key_.type, message, signature)) {
    return Error{ErrorCode::internal, info_.uri,
                 "the token's signature does not verify with the key's public half",
                 "the public key or certificate in the token may belong to another key; nothing "
                 "was signed"};
  }
  return signature;
}

Result<std::vector<std::string>> key_uris(Session& session, const Objects& objects) {
  std::vector<std::string> uris;
  for (const CK_OBJECT_HANDLE object : objects) {
    EVSEAL_TRY(const std::string label, get_text(session, object, CKA_LABEL));
    EVSEAL_TRY(const auto id, get_bytes(session, object, CKA_ID));
    uris.push_back(object_uri(session, id.value_or(Bytes()), label));
  }
  return uris;
}

Result<CK_OBJECT_HANDLE> find_one_key(Session& session, const KeyUri& uri) {
  EVSEAL_TRY(const Objects found, find_private_keys(session, uri.id(), uri.object()));
  if (found.size() == 1) {
    return found.front();
  }
  if (found.size() > 1) {
    EVSEAL_TRY(const auto candidates, key_uris(session, found));
    return Error{ErrorCode::key_not_found, uri.text(),
                 std::to_string(found.size()) + " private keys match",
                 "add id= or object= to choose one of: " + join_candidates(candidates)};
  }
  EVSEAL_TRY(const Objects all, find_private_keys(session, std::nullopt, std::nullopt));
  EVSEAL_TRY(const auto candidates, key_uris(session, all));
  return Error{ErrorCode::key_not_found, uri.text(), "no private key matches",
               candidates.empty() ? "the token holds no private key; make one: evseal key generate"
                                  : "the keys of the token: " + join_candidates(candidates)};
}

}  // namespace

Result<std::unique_ptr<Signer>> open_token_signer(const KeyUri& uri,
                                                  const std::optional<std::string>& module,
                                                  PinSource pin) {
  EVSEAL_TRY(const Modules modules, load_modules(module, &uri));
  EVSEAL_TRY(const Token token, find_token(modules, uri));
  EVSEAL_TRY(Session session, Session::open(token, Access::read_only));
  EVSEAL_CHECK(session.login(pin));
  EVSEAL_TRY(const CK_OBJECT_HANDLE key, find_one_key(session, uri));
  EVSEAL_TRY(KeyInfo info, describe_key(session, key));
  if (!info.type) {
    return Error{ErrorCode::usage, info.uri, "this type of key cannot sign packages",
                 "use P-256, P-384, RSA of 2048 to 4096 bits or Ed25519"};
  }
  EVSEAL_TRY(PublicKey public_key, public_half(session, key, info.id, info.label));
  if (public_key.type != *info.type) {
    return Error{ErrorCode::key_not_found, info.uri,
                 "the public key with its id is of another type",
                 "give every key pair an id of its own"};
  }
  EVSEAL_CHECK(check_size(public_key, info.uri));
  EVSEAL_TRY(EvpKey verifier, to_evp(public_key, info.uri));
  return std::unique_ptr<Signer>(
      std::make_unique<TokenSigner>(std::move(session), key, std::move(info), std::move(public_key),
                                    std::move(verifier), std::move(pin)));
}

}  // namespace evseal::hsm
