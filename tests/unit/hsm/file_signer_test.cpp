#include <openssl/evp.h>
#include <openssl/pem.h>

#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::must;
using test::TempFolder;
using test::verifies;

enum class Form { pkcs8, traditional, pkcs8_encrypted, traditional_encrypted };

std::string to_pem(EVP_PKEY* key, Form form = Form::pkcs8) {
  REQUIRE(key != nullptr);
  BIO* bio = BIO_new(BIO_s_mem());
  char passphrase[] = "secret";
  const bool encrypted = form == Form::pkcs8_encrypted || form == Form::traditional_encrypted;
  const EVP_CIPHER* cipher = encrypted ? EVP_aes_256_cbc() : nullptr;
  auto* pass = reinterpret_cast<unsigned char*>(passphrase);
  const int size = encrypted ? 6 : 0;
  const int written =
      form == Form::pkcs8 || form == Form::pkcs8_encrypted
          ? PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, encrypted ? passphrase : nullptr, size,
                                          nullptr, nullptr)
          : PEM_write_bio_PrivateKey_traditional(bio, key, cipher, encrypted ? pass : nullptr, size,
                                                 nullptr, nullptr);
  REQUIRE(written == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

EVP_PKEY* ec(const char* curve) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
}
EVP_PKEY* rsa(std::size_t bits) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits);
}
EVP_PKEY* named(const char* type) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, type);
}

// EVP_PKEY_Q_keygen does not know RSA-PSS.
EVP_PKEY* rsa_pss() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
  EVP_PKEY* key = nullptr;
  REQUIRE(EVP_PKEY_keygen_init(context) == 1);
  REQUIRE(EVP_PKEY_generate(context, &key) == 1);
  EVP_PKEY_CTX_free(context);
  return key;
}

Error open_fails(const TempFolder& folder, const std::string& pem) {
  const auto signer = open_signer("file:" + folder.write("bad.pem", pem).string());
  REQUIRE_FALSE(signer.ok());
  CHECK_FALSE(signer.error().retryable);
  return signer.error();
}

TEST_CASE("file signer: every type of key signs, and OpenSSL agrees") {
  const TempFolder folder;
  struct Case {
    std::string pem;
    KeyType type;
    unsigned bits;
  };
  for (const Case& one :
       {Case{to_pem(ec("P-256")), KeyType::p256, 256},
        Case{to_pem(ec("P-384")), KeyType::p384, 384}, Case{to_pem(rsa(2048)), KeyType::rsa, 2048},
        Case{to_pem(rsa(3072)), KeyType::rsa, 3072},
        Case{to_pem(named("ED25519")), KeyType::ed25519, 255},
        Case{to_pem(ec("P-256"), Form::traditional), KeyType::p256, 256},
        Case{to_pem(rsa(2048), Form::traditional), KeyType::rsa, 2048}}) {
    const std::string path = folder.write("key.pem", one.pem).string();
    const auto signer = must(open_signer("file:" + path));
    CHECK(signer->public_key().type == one.type);
    CHECK(signer->public_key().bits == one.bits);
    CHECK(signer->description() == "file:" + path);
    CHECK(signer->development_only());
    CHECK(signer->warnings().empty());
    for (int i = 0; i < 8; ++i) {
      const std::string message(static_cast<std::size_t>(i) * 37, 'm');
      const Bytes signature = must(signer->sign(as_bytes(message)));
      CHECK(verifies(signer->public_key(), as_bytes(message), signature));
    }
  }
}

TEST_CASE("file signer: an encrypted key is refused with a hint") {
  const TempFolder folder;
  for (const std::string& pem : {to_pem(ec("P-256"), Form::pkcs8_encrypted),
                                 to_pem(ec("P-256"), Form::traditional_encrypted),
                                 to_pem(rsa(2048), Form::traditional_encrypted)}) {
    const Error error = open_fails(folder, pem);
    CHECK(error.code == ErrorCode::usage);
    CHECK(contains(error.why, "encrypted"));
    CHECK(contains(error.hint, "development"));
  }
}

TEST_CASE("file signer: keys that packages cannot be signed with are refused") {
  const TempFolder folder;
  for (const std::string& pem :
       {to_pem(ec("P-521")), to_pem(ec("secp256k1")), to_pem(rsa(1024)), to_pem(named("X25519")),
        to_pem(named("ED448")), to_pem(rsa_pss())}) {
    CHECK(open_fails(folder, pem).code == ErrorCode::usage);
  }
}

TEST_CASE("file signer: a compressed point gives the same public key") {
  const TempFolder folder;
  EVP_PKEY* key = ec("P-256");
  EVP_PKEY_up_ref(key);
  const auto plain =
      must(open_signer("file:" + folder.write("a.pem", to_pem(key)).string()))->public_key();
  REQUIRE(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed") == 1);
  const auto compressed =
      must(open_signer("file:" + folder.write("b.pem", to_pem(key)).string()))->public_key();
  CHECK(compressed.spki == plain.spki);
}

TEST_CASE("file signer: what is no private key is malformed") {
  const TempFolder folder;
  const std::string good = to_pem(ec("P-256"));
  for (const std::string& text :
       {std::string(), std::string("no key"), good.substr(0, good.size() / 2),
        std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        std::string(100000, '#')}) {
    CHECK(open_fails(folder, text).code == ErrorCode::malformed);
  }
}

TEST_CASE("file signer: a file that is missing or named by nothing is an error") {
  CHECK(open_signer("file:/nonexistent/key.pem").error().code == ErrorCode::io);
  CHECK(open_signer("file:").error().code == ErrorCode::usage);
}

TEST_CASE("file signer: a key file that others can read is reported") {
  const TempFolder folder;
  const auto path = folder.write("key.pem", to_pem(ec("P-256")));
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  const auto signer = must(open_signer("file:" + path.string()));
  REQUIRE(signer->warnings().size() == 1);
  CHECK(contains(signer->warnings().front(), "key.pem"));
}

}  // namespace
}  // namespace evseal::hsm
