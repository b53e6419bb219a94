#include "softhsm.hpp"

#include <dlfcn.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "cryptoki.hpp"

namespace evseal::hsm::test {
namespace {

namespace fs = std::filesystem;

bool is_low_s(const PublicKey& key, ByteView signature) {
  const unsigned char* next = signature.data();
  ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &next, static_cast<long>(signature.size()));
  if (parsed == nullptr) {
    return false;
  }
  unsigned char* again = nullptr;
  const int size = i2d_ECDSA_SIG(parsed, &again);
  const bool canonical = size == static_cast<int>(signature.size()) &&
                         std::equal(signature.begin(), signature.end(), again);
  OPENSSL_free(again);
  EC_GROUP* group =
      EC_GROUP_new_by_curve_name(key.type == KeyType::p384 ? NID_secp384r1 : NID_X9_62_prime256v1);
  BIGNUM* twice = BN_dup(ECDSA_SIG_get0_s(parsed));
  BN_lshift1(twice, twice);
  const bool low = BN_cmp(twice, EC_GROUP_get0_order(group)) < 0;
  BN_free(twice);
  EC_GROUP_free(group);
  ECDSA_SIG_free(parsed);
  return canonical && low;
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "evseal-hsm-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(const std::string& name, std::string_view text) const {
  fs::path file = path_ / name;
  std::ofstream out(file, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  return file;
}

SoftHsm::SoftHsm(std::string module) : module_(std::move(module)) {
  const fs::path tokens = folder_.path() / "tokens";
  fs::create_directory(tokens);
  const fs::path conf = folder_.write("softhsm2.conf", "directories.tokendir = " + tokens.string() +
                                                           "\nobjectstore.backend = file\n"
                                                           "log.level = ERROR\n"
                                                           "slots.removable = false\n");
  REQUIRE(::setenv("SOFTHSM2_CONF", conf.c_str(), 1) == 0);
  modules_ = {must(Module::load(module_))};
}

SoftHsm::~SoftHsm() {
  modules_.clear();
  (void)::unsetenv("SOFTHSM2_CONF");
}

PinSource SoftHsm::pin(std::string_view text) const {
  return PinSource::file(folder_.write("pin" + std::to_string(pins_++), text));
}

Token SoftHsm::make_token(const std::string& label) const {
  PinSource so = pin(kSoPin);
  PinSource user = pin(kUserPin);
  return must(init_token(modules_.front(), std::nullopt, label, so, user));
}

void SoftHsm::make_token_unchecked(const std::string& label) const {
  const auto tokens = must(list_tokens(modules_));
  for (const Token& token : tokens) {
    if (!token.info.initialized) {
      std::string padded = label;
      padded.resize(32, ' ');
      std::string so(kSoPin);
      const Api api(*token.module);
      REQUIRE(api->C_InitToken(token.info.slot_id, reinterpret_cast<CK_UTF8CHAR*>(so.data()),
                               so.size(), reinterpret_cast<CK_UTF8CHAR*>(padded.data())) == CKR_OK);
      return;
    }
  }
  FAIL("no free slot");
}

Session SoftHsm::log_in(const Token& token) const {
  Session session = must(Session::open(token, Access::read_write));
  PinSource source = pin(kUserPin);
  must(session.login(source));
  return session;
}

Result<std::unique_ptr<Signer>> SoftHsm::open(const std::string& uri) const {
  return open_signer(uri, module_, pin(kUserPin));
}

ShimControl& reset_shim() {
  void* library = ::dlopen(SHIM_MODULE, RTLD_NOW);
  REQUIRE(library != nullptr);
  auto get = reinterpret_cast<ShimControl* (*)()>(::dlsym(library, "shim_control"));
  REQUIRE(get != nullptr);
  ShimControl& control = *get();
  control = ShimControl();
  return control;
}

bool verifies(const PublicKey& key, ByteView message, ByteView signature) {
  const unsigned char* next = key.spki.data();
  EVP_PKEY* evp = d2i_PUBKEY(nullptr, &next, static_cast<long>(key.spki.size()));
  if (evp == nullptr) {
    return false;
  }
  const EVP_MD* hash = key.type == KeyType::ed25519 ? nullptr
                       : key.type == KeyType::p384  ? EVP_sha384()
                                                    : EVP_sha256();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  bool good = EVP_DigestVerifyInit(context, &parameters, hash, nullptr, evp) == 1;
  if (key.type == KeyType::rsa) {
    good = good && EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32) == 1;
  }
  good = good && EVP_DigestVerify(context, signature.data(), signature.size(), message.data(),
                                  message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(evp);
  const bool ecdsa = key.type == KeyType::p256 || key.type == KeyType::p384;
  return good && (!ecdsa || is_low_s(key, signature));
}

Bytes make_certificate(ByteView spki, const std::string& name) {
  const unsigned char* next = spki.data();
  EVP_PKEY* subject = d2i_PUBKEY(nullptr, &next, static_cast<long>(spki.size()));
  EVP_PKEY* issuer = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  REQUIRE(subject != nullptr);
  REQUIRE(issuer != nullptr);
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_NAME_add_entry_by_txt(X509_get_issuer_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test issuer"), -1, -1, 0);
  X509_set_pubkey(certificate, subject);
  REQUIRE(X509_sign(certificate, issuer, EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  X509_free(certificate);
  EVP_PKEY_free(issuer);
  EVP_PKEY_free(subject);
  return out;
}

}  // namespace evseal::hsm::test
