#include "openssl_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <functional>
#include <map>
#include <stdexcept>

namespace evseal::test {
namespace {

using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

void need(bool fine, const char* what) {
  if (!fine) {
    ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL: ") + what);
  }
}

const EVP_MD* md_of(evseal_hash hash) {
  switch (hash) {
    case EVSEAL_HASH_SHA256:
      return EVP_sha256();
    case EVSEAL_HASH_SHA384:
      return EVP_sha384();
    case EVSEAL_HASH_SHA512:
      return EVP_sha512();
    case EVSEAL_HASH_NONE:
      break;
  }
  throw std::runtime_error("no hash");
}

Bytes number(const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) {
    ERR_clear_error();
    return {};
  }
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, out.data());
  BN_free(value);
  return out;
}

Context context_of(EVP_PKEY* key) {
  return {EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), EVP_PKEY_CTX_free};
}

Bytes sign(EVP_PKEY* key, const std::function<bool(EVP_PKEY_CTX*)>& prepare, ByteView octets) {
  const Context context = context_of(key);
  need(context && EVP_PKEY_sign_init(context.get()) == 1 && prepare(context.get()), "sign_init");
  Bytes out(1024);
  std::size_t len = out.size();
  need(EVP_PKEY_sign(context.get(), out.data(), &len, octets.data(), octets.size()) == 1, "sign");
  out.resize(len);
  return out;
}

// OpenSSL's ordinary generator rounds an odd size down; that for small exponents keeps to it.
EVP_PKEY* make_rsa(unsigned bits) {
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> exponent(BN_new(), BN_free);
  EVP_PKEY* key = nullptr;
  need(context && exponent && BN_set_word(exponent.get(), bits % 2 == 0 ? 65537 : 3) == 1 &&
           EVP_PKEY_keygen_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) == 1 &&
           EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) == 1 &&
           EVP_PKEY_generate(context.get(), &key) == 1,
       "RSA key");
  return key;
}

}  // namespace

Bytes openssl_digest(evseal_hash hash, ByteView message) {
  Bytes out(static_cast<std::size_t>(hash));
  unsigned len = 0;
  need(EVP_Digest(message.data(), message.size(), out.data(), &len, md_of(hash), nullptr) == 1,
       "digest");
  return out;
}

OpensslKey::OpensslKey(EVP_PKEY* key)
    : key_(key, EVP_PKEY_free),
      n_(number(key, OSSL_PKEY_PARAM_RSA_N)),
      e_(number(key, OSSL_PKEY_PARAM_RSA_E)) {
  need(key != nullptr, "no key");
}

OpensslKey OpensslKey::ec(const char* curve) {
  return OpensslKey(EVP_EC_gen(curve));
}

const OpensslKey& OpensslKey::rsa(unsigned bits) {
  static std::map<unsigned, OpensslKey> keys;
  const auto found = keys.find(bits);
  return found != keys.end() ? found->second
                             : keys.emplace(bits, OpensslKey(make_rsa(bits))).first->second;
}

OpensslKey OpensslKey::ed25519() {
  return OpensslKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

Bytes OpensslKey::point() const {
  Bytes out(97);
  std::size_t len = 0;
  need(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(),
                                       &len) == 1,
       "public point");
  out.resize(len);
  return out;
}

evseal_rsa_key OpensslKey::rsa_key() const {
  return {{n_.data(), n_.size()}, {e_.data(), e_.size()}};
}

Bytes OpensslKey::ed25519_public() const {
  Bytes out(32);
  std::size_t len = out.size();
  need(EVP_PKEY_get_raw_public_key(key_.get(), out.data(), &len) == 1, "public key");
  return out;
}

Bytes OpensslKey::ed25519_seed() const {
  Bytes out(32);
  std::size_t len = out.size();
  need(EVP_PKEY_get_raw_private_key(key_.get(), out.data(), &len) == 1, "private key");
  return out;
}

Bytes OpensslKey::sign_ecdsa(ByteView digest) const {
  const Bytes der = sign(
      key_.get(), [](EVP_PKEY_CTX*) { return true; }, digest);
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> value(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
  need(value != nullptr, "ECDSA-Sig-Value");
  const int octets = EVP_PKEY_get_bits(key_.get()) / 8;
  Bytes out(2 * static_cast<std::size_t>(octets));
  need(BN_bn2binpad(ECDSA_SIG_get0_r(value.get()), out.data(), octets) == octets &&
           BN_bn2binpad(ECDSA_SIG_get0_s(value.get()), out.data() + octets, octets) == octets,
       "r and s");
  return out;
}

Bytes OpensslKey::sign_pss(evseal_hash hash, evseal_hash mgf_hash, std::size_t salt_len,
                           ByteView digest) const {
  return sign(
      key_.get(),
      [&](EVP_PKEY_CTX* context) {
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context, md_of(hash)) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(context, md_of(mgf_hash)) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, static_cast<int>(salt_len)) == 1;
      },
      digest);
}

Bytes OpensslKey::sign_pkcs1(evseal_hash hash, ByteView digest) const {
  return sign(
      key_.get(),
      [&](EVP_PKEY_CTX* context) {
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context, md_of(hash)) == 1;
      },
      digest);
}

Bytes OpensslKey::sign_ed25519(ByteView message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  Bytes out(64);
  std::size_t len = out.size();
  need(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestSign(context.get(), out.data(), &len, message.data(), message.size()) == 1,
       "Ed25519");
  return out;
}

Bytes OpensslKey::rsa_private(ByteView representative) const {
  try {
    return sign(
        key_.get(),
        [](EVP_PKEY_CTX* context) {
          return EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1;
        },
        representative);
  } catch (const std::runtime_error&) {
    return {};
  }
}

Bytes OpensslKey::rsa_public(ByteView signature) const {
  const Context context = context_of(key_.get());
  need(context && EVP_PKEY_verify_recover_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1,
       "verify_recover_init");
  Bytes out(n_.size());
  std::size_t len = out.size();
  need(EVP_PKEY_verify_recover(context.get(), out.data(), &len, signature.data(),
                               signature.size()) == 1,
       "verify_recover");
  return out;
}

}  // namespace evseal::test
