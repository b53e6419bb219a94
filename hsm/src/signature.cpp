#include "signature.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "evseal/base/digest.hpp"

namespace evseal::hsm {
namespace {

using Bignum = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, OpenSslDeleter<EC_GROUP_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, OpenSslDeleter<ECDSA_SIG_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;

constexpr int kPssSalt = 32;  // docs/format.md §3: the hash's own length, no other

Error broken(const std::string& what, std::string why) {
  ERR_clear_error();
  return Error{ErrorCode::internal, what, std::move(why)};
}

std::size_t scalar_size(KeyType type) {
  return type == KeyType::p384 ? 48 : 32;
}

// SEC 1 §4.1.3: (r, n-s) is as good a signature as (r, s); of the two ours is the smaller one.
Result<Bytes> encode_low_s(KeyType type, const BIGNUM* r, const BIGNUM* s,
                           const std::string& what) {
  const Group group(
      EC_GROUP_new_by_curve_name(type == KeyType::p384 ? NID_secp384r1 : NID_X9_62_prime256v1));
  const BIGNUM* order = group == nullptr ? nullptr : EC_GROUP_get0_order(group.get());
  Bignum half(BN_new());
  Bignum out_r(BN_dup(r));
  Bignum out_s(BN_dup(s));
  const Signature signature(ECDSA_SIG_new());
  if (order == nullptr || half == nullptr || out_r == nullptr || out_s == nullptr ||
      signature == nullptr || BN_rshift1(half.get(), order) != 1) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  if (BN_is_zero(r) || BN_is_negative(r) || BN_cmp(r, order) >= 0 || BN_is_zero(s) ||
      BN_is_negative(s) || BN_cmp(s, order) >= 0) {
    return broken(what, "the ECDSA signature is out of range");
  }
  if (BN_cmp(out_s.get(), half.get()) > 0 && BN_sub(out_s.get(), order, out_s.get()) != 1) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  if (ECDSA_SIG_set0(signature.get(), out_r.get(), out_s.get()) != 1) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  (void)out_r.release();  // the signature owns them now
  (void)out_s.release();
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* next = der.data();
  (void)i2d_ECDSA_SIG(signature.get(), &next);
  return der;
}

const EVP_MD* hash_of(KeyType type) {
  switch (type) {
    case KeyType::p256:
    case KeyType::rsa:
      return EVP_sha256();
    case KeyType::p384:
      return EVP_sha384();
    case KeyType::ed25519:
      return nullptr;
  }
  return nullptr;
}

bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kPssSalt) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

}  // namespace

Result<Bytes> ecdsa_from_raw(KeyType type, ByteView raw, const std::string& what) {
  const std::size_t half = scalar_size(type);
  if (raw.size() != 2 * half) {
    return broken(what, "the token's ECDSA signature has " + std::to_string(raw.size()) +
                            " octets instead of " + std::to_string(2 * half));
  }
  const Bignum r(BN_bin2bn(raw.data(), static_cast<int>(half), nullptr));
  const Bignum s(BN_bin2bn(raw.data() + half, static_cast<int>(half), nullptr));
  if (r == nullptr || s == nullptr) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  return encode_low_s(type, r.get(), s.get(), what);
}

Bytes message_digest(KeyType type, ByteView message) {
  switch (type) {
    case KeyType::p256:
    case KeyType::rsa:
      return sha2(256, message);
    case KeyType::p384:
      return sha2(384, message);
    case KeyType::ed25519:
      return {};
  }
  return {};
}

Result<Bytes> sign_with_openssl(EVP_PKEY& key, KeyType type, ByteView message,
                                const std::string& what) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), &parameters, hash_of(type), nullptr, &key) != 1 ||
      (type == KeyType::rsa && !set_pss(parameters))) {
    return broken(what, "OpenSSL cannot sign with this key");
  }
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(&key)));
  std::size_t size = signature.size();
  if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return broken(what, "OpenSSL cannot sign with this key");
  }
  signature.resize(size);
  if (type == KeyType::rsa || type == KeyType::ed25519) {
    return signature;
  }
  const unsigned char* next = signature.data();
  const Signature parsed(d2i_ECDSA_SIG(nullptr, &next, static_cast<long>(signature.size())));
  if (parsed == nullptr) {
    return broken(what, "OpenSSL fails on an ECDSA signature");
  }
  return encode_low_s(type, ECDSA_SIG_get0_r(parsed.get()), ECDSA_SIG_get0_s(parsed.get()), what);
}

bool verify_with_openssl(EVP_PKEY& key, KeyType type, ByteView message, ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  const bool holds =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), &parameters, hash_of(type), nullptr, &key) == 1 &&
      (type != KeyType::rsa || set_pss(parameters)) &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  return holds;
}

}  // namespace evseal::hsm
