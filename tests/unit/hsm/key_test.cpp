#include "evseal/hsm/key.hpp"

#include "key_objects.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::id;
using test::must;
using test::SoftHsm;

Error generate_fails(Session& session, const KeySpec& spec) {
  const auto key = generate_key(session, spec);
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().code == ErrorCode::usage);
  return key.error();
}

TEST_CASE("key: every type can be made, can only sign and cannot leave the token") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session session = hsm.log_in(token);
  struct Case {
    KeyType type;
    unsigned rsa_bits;
    unsigned bits;
  };
  std::uint8_t next = 1;
  for (const Case& one :
       {Case{KeyType::p256, 0, 256}, Case{KeyType::p384, 0, 384}, Case{KeyType::rsa, 2048, 2048},
        Case{KeyType::rsa, 3072, 3072}, Case{KeyType::ed25519, 0, 255}}) {
    INFO(to_string(one.type) << " " << one.bits);
    const std::string label = "key " + std::to_string(next);
    const KeyInfo key = must(generate_key(
        session, {.type = one.type, .rsa_bits = one.rsa_bits, .label = label, .id = id(next)}));
    CHECK(key.label == label);
    CHECK(key.id == id(next));
    CHECK(key.type == one.type);
    CHECK(key.bits == one.bits);
    CHECK(key.sensitive);
    CHECK_FALSE(key.extractable);
    CHECK(key.local);
    CHECK_FALSE(key.always_authenticate);
    CHECK_FALSE(key.has_certificate);
    CHECK(key.uri == "pkcs11:token=fw;serial=" + token.info.serial + ";id=%0" +
                         std::to_string(next) + ";object=key%20" + std::to_string(next) +
                         ";type=private");
    const PublicKey half = must(read_public_key(session, id(next)));
    CHECK(half.type == one.type);
    CHECK(half.bits == one.bits);
    CHECK(half.spki == key.spki);

    const Objects objects = must(find_private_keys(session, id(next), std::nullopt));
    REQUIRE(objects.size() == 1);
    CHECK(must(get_flag(session, objects.front(), CKA_SIGN, false)));
    CHECK(must(get_flag(session, objects.front(), CKA_PRIVATE, false)));
    for (const CK_ATTRIBUTE_TYPE use : {CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE, CKA_SIGN_RECOVER}) {
      CHECK_FALSE(must(get_flag(session, objects.front(), use, true)));
    }
    ++next;
  }
  CHECK(must(list_keys(session)).size() == 5);
}

TEST_CASE("key: keys outlive their session") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Bytes spki;
  {
    Session session = hsm.log_in(token);
    spki = must(generate_key(session, {.label = "k", .id = id(1)})).spki;
  }
  Session session = hsm.log_in(token);
  const auto keys = must(list_keys(session));
  REQUIRE(keys.size() == 1);
  CHECK(keys.front().spki == spki);
}

TEST_CASE("key: a label or id that is in use is refused") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "k", .id = id(1)}));
  CHECK(contains(generate_fails(session, {.label = "k", .id = id(2)}).why, "label k"));
  CHECK(contains(generate_fails(session, {.label = "l", .id = id(1)}).why, "id 01"));
  CHECK(must(list_keys(session)).size() == 1);
}

TEST_CASE("key: a bad specification is refused") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)generate_fails(session, {.label = "", .id = id(1)});
  (void)generate_fails(session, {.label = "a\nb", .id = id(1)});
  (void)generate_fails(session, {.label = std::string(256, 'a'), .id = id(1)});
  (void)generate_fails(session, {.label = "k", .id = {}});
  (void)generate_fails(session, {.label = "k", .id = Bytes(65, 1)});
  for (const unsigned bits : {0u, 1024u, 2047u, 2049u, 8192u}) {
    (void)generate_fails(session,
                         {.type = KeyType::rsa, .rsa_bits = bits, .label = "k", .id = id(1)});
  }
  CHECK(must(list_keys(session)).empty());
}

TEST_CASE("key: without a login none is made and none is seen") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  {
    Session session = hsm.log_in(token);
    (void)must(generate_key(session, {.label = "k", .id = id(1)}));
  }
  Session session = must(Session::open(token, Access::read_write));
  CHECK(must(list_keys(session)).empty());
  const auto key = generate_key(session, {.label = "l", .id = id(2)});
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().code == ErrorCode::login_refused);
}

TEST_CASE("key: the public half comes from the certificate when its object is missing") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  must(import_certificate(session, test::make_certificate(key.spki, "k"), id(1), "k"));
  for (const CK_OBJECT_HANDLE object :
       must(find_objects(session, Template().number(CKA_CLASS, CKO_PUBLIC_KEY)))) {
    REQUIRE(session.impl().api()->C_DestroyObject(session.impl().handle, object) == CKR_OK);
  }
  CHECK(must(read_public_key(session, id(1))).spki == key.spki);
}

TEST_CASE("key: without public object and certificate only an RSA key shows its public half") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo rsa = must(
      generate_key(session, {.type = KeyType::rsa, .rsa_bits = 2048, .label = "rsa", .id = id(1)}));
  (void)must(generate_key(session, {.label = "ec", .id = id(2)}));
  for (const CK_OBJECT_HANDLE object :
       must(find_objects(session, Template().number(CKA_CLASS, CKO_PUBLIC_KEY)))) {
    REQUIRE(session.impl().api()->C_DestroyObject(session.impl().handle, object) == CKR_OK);
  }
  CHECK(must(read_public_key(session, id(1))).spki == rsa.spki);
  const auto ec = read_public_key(session, id(2));
  REQUIRE_FALSE(ec.ok());
  CHECK(ec.error().code == ErrorCode::key_not_found);
  CHECK(contains(ec.error().hint, "cert import"));
  const auto keys = must(list_keys(session));
  REQUIRE(keys.size() == 2);
  CHECK((keys[0].spki.empty() != keys[1].spki.empty()));
}

// A second public key object with the same id but another point.
void add_public_key(Session& session, std::uint8_t key_id, const std::string& label) {
  const KeyInfo donor = must(generate_key(session, {.label = "donor", .id = id(99)}));
  const Objects objects = must(
      find_objects(session, Template().number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, donor.id)));
  const auto point = must(get_bytes(session, objects.front(), CKA_EC_POINT));
  (void)must(create_object(session, Template()
                                        .number(CKA_CLASS, CKO_PUBLIC_KEY)
                                        .number(CKA_KEY_TYPE, CKK_EC)
                                        .flag(CKA_TOKEN, true)
                                        .flag(CKA_PRIVATE, false)
                                        .bytes(CKA_EC_PARAMS, curve_parameters(KeyType::p256))
                                        .bytes(CKA_EC_POINT, *point)
                                        .bytes(CKA_ID, id(key_id))
                                        .text(CKA_LABEL, label)));
}

TEST_CASE("key: different public keys with one id are refused unless the label decides") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  add_public_key(session, 1, "other");
  const auto either = read_public_key(session, id(1));
  REQUIRE_FALSE(either.ok());
  CHECK(either.error().code == ErrorCode::key_not_found);
  CHECK(must(read_public_key(session, id(1), "k")).spki == key.spki);
}

TEST_CASE("key: one that is not there has no public half") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  CHECK(read_public_key(session, id(1)).error().code == ErrorCode::key_not_found);
  CHECK(read_public_key(session, {}, "k").error().code == ErrorCode::key_not_found);
  CHECK(read_public_key(session, {}).error().code == ErrorCode::key_not_found);
}

TEST_CASE("key: one that packages cannot be signed with is listed without a type") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  constexpr std::uint8_t kP521[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
  Template public_key;
  Template private_key;
  public_key.flag(CKA_TOKEN, true).bytes(CKA_EC_PARAMS, kP521).bytes(CKA_ID, id(1));
  private_key.flag(CKA_TOKEN, true).flag(CKA_SIGN, true).bytes(CKA_ID, id(1)).text(CKA_LABEL, "k");
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handles[2] = {0, 0};
  REQUIRE(session.impl().api()->C_GenerateKeyPair(
              session.impl().handle, &mechanism, public_key.data(), public_key.size(),
              private_key.data(), private_key.size(), &handles[0], &handles[1]) == CKR_OK);
  const auto keys = must(list_keys(session));
  REQUIRE(keys.size() == 1);
  CHECK_FALSE(keys.front().type);
  CHECK(keys.front().spki.empty());
  CHECK(read_public_key(session, id(1)).error().code == ErrorCode::usage);
  const auto signer = hsm.open("pkcs11:token=fw;object=k");
  REQUIRE_FALSE(signer.ok());
  CHECK(signer.error().code == ErrorCode::usage);
}

}  // namespace
}  // namespace evseal::hsm
