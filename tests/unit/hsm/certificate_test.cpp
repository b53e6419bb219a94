#include "objects.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::id;
using test::make_certificate;
using test::must;
using test::SoftHsm;

TEST_CASE("certificate: one is stored beside its key and found again") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  const Bytes der = make_certificate(key.spki, "signer");
  CHECK(must(find_certificates(session)).empty());
  must(import_certificate(session, der, id(1), "signer"));
  const auto found = must(find_certificates(session, id(1)));
  REQUIRE(found.size() == 1);
  CHECK(found.front().der == der);
  CHECK(found.front().id == id(1));
  CHECK(found.front().label == "signer");
  CHECK(must(find_certificates(session, id(2))).empty());
  CHECK(must(list_keys(session)).front().has_certificate);
}

TEST_CASE("certificate: its attributes are those of PKCS#11") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  must(import_certificate(session, make_certificate(key.spki, "signer"), id(1), "signer"));
  const Objects objects =
      must(find_objects(session, Template().number(CKA_CLASS, CKO_CERTIFICATE)));
  REQUIRE(objects.size() == 1);
  CHECK(must(get_bytes(session, objects.front(), CKA_SERIAL_NUMBER)) ==
        Bytes{0x02, 0x02, 0x12, 0x67});
  const auto subject = must(get_bytes(session, objects.front(), CKA_SUBJECT));
  const auto issuer = must(get_bytes(session, objects.front(), CKA_ISSUER));
  REQUIRE(subject);
  REQUIRE(issuer);
  CHECK(contains(as_text(*subject), "signer"));
  CHECK(contains(as_text(*issuer), "test issuer"));
  CHECK(must(get_flag(session, objects.front(), CKA_TOKEN, false)));
  CHECK_FALSE(must(get_flag(session, objects.front(), CKA_PRIVATE, true)));
}

TEST_CASE("certificate: the same one twice is stored once, a newer one is added") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  const Bytes der = make_certificate(key.spki, "signer");
  must(import_certificate(session, der, id(1), "signer"));
  must(import_certificate(session, der, id(1), "signer"));
  CHECK(must(find_certificates(session)).size() == 1);
  must(import_certificate(session, make_certificate(key.spki, "signer"), id(1), "signer"));
  CHECK(must(find_certificates(session)).size() == 2);
}

TEST_CASE("certificate: one of another key is refused") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  (void)must(generate_key(session, {.label = "a", .id = id(1)}));
  const KeyInfo other = must(generate_key(session, {.label = "b", .id = id(2)}));
  const auto stored = import_certificate(session, make_certificate(other.spki, "b"), id(1), "a");
  REQUIRE_FALSE(stored.ok());
  CHECK(stored.error().code == ErrorCode::usage);
  CHECK(must(find_certificates(session)).empty());
}

TEST_CASE("certificate: one without a key in the token is stored, as for intermediates") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  must(import_certificate(session, make_certificate(key.spki, "ca"), id(9), "ca"));
  CHECK(must(find_certificates(session, id(9))).size() == 1);
}

TEST_CASE("certificate: what is no certificate is malformed") {
  const SoftHsm hsm;
  Session session = hsm.log_in(hsm.make_token("fw"));
  const KeyInfo key = must(generate_key(session, {.label = "k", .id = id(1)}));
  Bytes der = make_certificate(key.spki, "k");
  Bytes longer = der;
  longer.push_back(0);
  der.pop_back();
  for (const Bytes& bad : {Bytes(), Bytes{0x30, 0x00}, der, longer}) {
    CHECK(import_certificate(session, bad, id(1), "k").error().code == ErrorCode::malformed);
  }
  CHECK(import_certificate(session, longer, {}, "k").error().code == ErrorCode::usage);
  CHECK(import_certificate(session, longer, id(1), "").error().code == ErrorCode::usage);
}

}  // namespace
}  // namespace evseal::hsm
