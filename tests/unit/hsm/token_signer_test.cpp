#include <chrono>
#include <thread>

#include "forgive_leaks.hpp"
#include "key_objects.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::id;
using test::kUserPin;
using test::must;
using test::SoftHsm;
using test::texts;
using test::verifies;

Error open_fails(const SoftHsm& hsm, const std::string& uri) {
  const auto signer = hsm.open(uri);
  REQUIRE_FALSE(signer.ok());
  return signer.error();
}

TEST_CASE("token signer: every type of key signs, and OpenSSL agrees") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session session = hsm.log_in(token);
  std::uint8_t next = 1;
  for (const auto& [type, bits] : {std::pair<KeyType, unsigned>{KeyType::p256, 0},
                                   {KeyType::p384, 0},
                                   {KeyType::rsa, 2048},
                                   {KeyType::rsa, 3072},
                                   {KeyType::ed25519, 0}}) {
    INFO(to_string(type) << " " << bits);
    const KeyInfo key = must(generate_key(
        session,
        {.type = type, .rsa_bits = bits, .label = "k" + std::to_string(next), .id = id(next)}));
    const auto signer = must(hsm.open("pkcs11:token=fw;object=k" + std::to_string(next)));
    CHECK(signer->public_key().type == type);
    CHECK(signer->public_key().spki == key.spki);
    CHECK(signer->description() == key.uri);
    CHECK_FALSE(signer->development_only());
    CHECK(signer->warnings().empty());
    for (const std::string message : {"", "a", "a longer message that is signed"}) {
      const ForgiveLeaks forgive(type == KeyType::ed25519);
      const Bytes signature = must(signer->sign(as_bytes(message)));
      CHECK(verifies(signer->public_key(), as_bytes(message), signature));
      CHECK_FALSE(verifies(signer->public_key(), as_bytes(message + "x"), signature));
    }
    ++next;
  }
}

TEST_CASE("token signer: many ECDSA signatures all come out with the smaller s") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.type = KeyType::p256, .label = "a", .id = id(1)}));
  (void)must(generate_key(session, {.type = KeyType::p384, .label = "b", .id = id(2)}));
  for (const std::string object : {"a", "b"}) {
    const auto signer = must(hsm.open("pkcs11:token=fw;object=" + object));
    int good = 0;
    for (int i = 0; i < 64; ++i) {
      const std::string message = "message " + std::to_string(i);
      good +=
          verifies(signer->public_key(), as_bytes(message), must(signer->sign(as_bytes(message))))
              ? 1
              : 0;
    }
    CHECK(good == 64);
  }
}

TEST_CASE("token signer: a key is found by id, by label and by both") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo first = must(generate_key(session, {.label = "a", .id = id(1)}));
  const KeyInfo second = must(generate_key(session, {.label = "b", .id = id(2)}));
  CHECK(must(hsm.open("pkcs11:token=fw;id=%01"))->public_key().spki == first.spki);
  CHECK(must(hsm.open("pkcs11:object=b"))->public_key().spki == second.spki);
  CHECK(must(hsm.open("pkcs11:object=b;id=%02;type=private"))->public_key().spki == second.spki);
  CHECK(must(hsm.open(second.uri))->public_key().spki == second.spki);
  CHECK(open_fails(hsm, "pkcs11:object=b;id=%01").code == ErrorCode::key_not_found);
}

TEST_CASE("token signer: a missing key is reported with those that are there") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const Error none = open_fails(hsm, "pkcs11:token=fw;object=k");
  CHECK(none.code == ErrorCode::key_not_found);
  CHECK(contains(none.hint, "evseal key generate"));
  (void)must(generate_key(session, {.label = "a", .id = id(1)}));
  (void)must(generate_key(session, {.label = "b", .id = id(2)}));
  const Error error = open_fails(hsm, "pkcs11:token=fw;object=k");
  CHECK(error.code == ErrorCode::key_not_found);
  CHECK(contains(error.why, "no private key matches"));
  CHECK(contains(error.hint, "id=%01;object=a"));
  CHECK(contains(error.hint, "id=%02;object=b"));
}

TEST_CASE("token signer: two keys that match are both named and neither is used") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "a", .id = id(1)}));
  (void)must(generate_key(session, {.label = "b", .id = id(2)}));
  const Objects second = must(find_private_keys(session, id(2), std::nullopt));
  Template same;
  same.text(CKA_LABEL, "a");
  REQUIRE(session.impl().api()->C_SetAttributeValue(session.impl().handle, second.front(),
                                                    same.data(), same.size()) == CKR_OK);
  for (const std::string uri : {"pkcs11:token=fw;object=a", "pkcs11:token=fw"}) {
    const Error error = open_fails(hsm, uri);
    CHECK(error.code == ErrorCode::key_not_found);
    CHECK(contains(error.why, "2 private keys match"));
    CHECK(contains(error.hint, "id=%01;object=a"));
    CHECK(contains(error.hint, "id=%02;object=a"));
  }
  CHECK(hsm.open("pkcs11:token=fw;object=a;id=%02").ok());
}

TEST_CASE("token signer: two tokens that match are refused before the PIN is read") {
  const SoftHsm hsm;
  hsm.make_token_unchecked("fw");
  hsm.make_token_unchecked("fw");
  const auto signer = open_signer("pkcs11:token=fw;object=k", hsm.module_path(),
                                  PinSource::file("/nonexistent/pin"));
  REQUIRE_FALSE(signer.ok());
  CHECK(signer.error().code == ErrorCode::key_not_found);
  CHECK(contains(signer.error().why, "2 tokens match"));
}

TEST_CASE("token signer: the URI's pin-source serves where no other is given") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "k", .id = id(1)}));
  must(session.logout());
  const std::string pin = hsm.folder().write("uri.pin", "123456\n").string();
  const std::string wrong = hsm.folder().write("wrong.pin", "999999\n").string();
  const std::string base = "pkcs11:object=k?module-path=" + hsm.module_path() + "&pin-source=";
  CHECK(open_signer(base + "file:" + pin).ok());
  must(session.logout());
  CHECK(open_signer(base + pin).ok());
  must(session.logout());
  CHECK(open_signer(base + wrong).error().code == ErrorCode::login_refused);
  CHECK(open_signer(base + wrong, std::nullopt, hsm.pin(kUserPin)).ok());
  must(session.logout());
  CHECK(open_signer(base + "%7Ccat").error().code == ErrorCode::usage);
}

TEST_CASE("token signer: a wrong PIN is refused without repeating it") {
  const SoftHsm hsm;
  (void)hsm.make_token("fw");
  const auto signer = open_signer("pkcs11:token=fw", hsm.module_path(), hsm.pin("999999"));
  REQUIRE_FALSE(signer.ok());
  CHECK(signer.error().code == ErrorCode::login_refused);
  CHECK_FALSE(signer.error().retryable);
  CHECK_FALSE(contains(texts(signer.error()), "999999"));
}

TEST_CASE("token signer: a reference that is none is refused without repeating it") {
  for (const std::string key : {"", "key.pem", "123456", "http://host/key", "pkcs11:type=cert",
                                "pkcs11:object=k?pin-value=123456", "pkcs11:type=public"}) {
    INFO(key);
    const auto signer = open_signer(key);
    REQUIRE_FALSE(signer.ok());
    CHECK(signer.error().code == ErrorCode::usage);
    CHECK_FALSE(contains(texts(signer.error()), "123456"));
  }
}

TEST_CASE("token signer: a key with another key's public half gives no signature") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "a", .id = id(1)}));
  (void)must(generate_key(session, {.label = "b", .id = id(2)}));
  const auto rename = [&](std::uint8_t from, std::uint8_t to) {
    const Objects objects = must(find_objects(
        session, Template().number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, id(from))));
    Template other;
    other.bytes(CKA_ID, id(to));
    REQUIRE(session.impl().api()->C_SetAttributeValue(session.impl().handle, objects.front(),
                                                      other.data(), other.size()) == CKR_OK);
  };
  rename(1, 3);
  rename(2, 1);
  const auto signer = must(hsm.open("pkcs11:token=fw;object=a"));
  const auto signature = signer->sign(as_bytes("message"));
  REQUIRE_FALSE(signature.ok());
  CHECK(signature.error().code == ErrorCode::internal);
  CHECK(contains(signature.error().why, "does not verify"));
}

TEST_CASE("token signer: a key that can leave its token is reported") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  Template public_key;
  Template private_key;
  public_key.flag(CKA_TOKEN, true)
      .bytes(CKA_EC_PARAMS, curve_parameters(KeyType::p256))
      .bytes(CKA_ID, id(1));
  private_key.flag(CKA_TOKEN, true)
      .flag(CKA_SIGN, true)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true)
      .bytes(CKA_ID, id(1));
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handles[2] = {0, 0};
  REQUIRE(session.impl().api()->C_GenerateKeyPair(
              session.impl().handle, &mechanism, public_key.data(), public_key.size(),
              private_key.data(), private_key.size(), &handles[0], &handles[1]) == CKR_OK);
  const auto signer = must(hsm.open("pkcs11:token=fw;id=%01"));
  const auto warnings = signer->warnings();
  REQUIRE(warnings.size() == 2);
  CHECK(contains(warnings[0], "in clear"));
  CHECK(contains(warnings[1], "wrapped"));
}

TEST_CASE("token signer: a PIN file that others can read is reported") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "k", .id = id(1)}));
  must(session.logout());
  const auto path = hsm.folder().write("open.pin", "123456\n");
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  const auto signer =
      must(open_signer("pkcs11:object=k", hsm.module_path(), PinSource::file(path)));
  REQUIRE(signer->warnings().size() == 1);
  CHECK(contains(signer->warnings().front(), "open.pin"));
}

TEST_CASE("token signer: a key that asks for the PIN each time signs each time") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key =
      must(generate_key(session, {.label = "k", .id = id(1), .always_authenticate = true}));
  CHECK(key.always_authenticate);
  const auto signer = must(hsm.open("pkcs11:object=k"));
  for (int i = 0; i < 3; ++i) {
    CHECK(verifies(signer->public_key(), as_bytes("message"),
                   must(signer->sign(as_bytes("message")))));
  }
}

TEST_CASE("token signer: several signers of one token live and end independently") {
  const SoftHsm hsm;
  {
    Session session = hsm.log_in(hsm.make_token("fw"));
    (void)must(generate_key(session, {.label = "a", .id = id(1)}));
    (void)must(generate_key(session, {.label = "b", .id = id(2)}));
  }
  auto first = must(hsm.open("pkcs11:object=a"));
  auto second = must(hsm.open("pkcs11:object=b"));
  CHECK(first->sign(as_bytes("m")).ok());
  first.reset();
  CHECK(second->sign(as_bytes("m")).ok());
  first = must(hsm.open("pkcs11:object=a"));
  second.reset();
  CHECK(first->sign(as_bytes("m")).ok());
}

TEST_CASE("token signer: threads can share one and have one each") {
  const SoftHsm hsm;
  {
    Session session = hsm.log_in(hsm.make_token("fw"));
    (void)must(generate_key(session, {.label = "k", .id = id(1)}));
  }
  const auto shared = must(hsm.open("pkcs11:object=k"));
  std::vector<std::unique_ptr<Signer>> own;
  own.reserve(4);
  for (int i = 0; i < 4; ++i) {
    own.push_back(must(hsm.open("pkcs11:object=k")));
  }
  std::vector<int> good(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string message = std::to_string(t) + "/" + std::to_string(i);
        for (Signer* signer : {shared.get(), own[t].get()}) {
          const auto signature = signer->sign(as_bytes(message));
          good[t] += signature && verifies(signer->public_key(), as_bytes(message), *signature);
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(good == std::vector<int>(4, 50));
}

}  // namespace
}  // namespace evseal::hsm
