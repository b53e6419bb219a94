// What SoftHSM never does, through the shim module.
#include "evseal/base/digest.hpp"
#include "key_objects.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::id;
using test::kSoPin;
using test::kUserPin;
using test::must;
using test::reset_shim;
using test::SoftHsm;
using test::texts;
using test::verifies;

// A token with one key behind the shim.
struct Shimmed {
  Shimmed() : token(hsm.make_token("fw")) {}

  void make_key(KeyType type, bool always_authenticate = false) const {
    Session session = hsm.log_in(token);
    (void)must(generate_key(session, {.type = type,
                                      .rsa_bits = 2048,
                                      .label = "k",
                                      .id = id(1),
                                      .always_authenticate = always_authenticate}));
  }
  [[nodiscard]] Result<void> log_in(PinSource& pin, Role role = Role::user) const {
    Session session = must(Session::open(token, Access::read_write));
    return session.login(pin, role);
  }

  ShimControl& shim = reset_shim();
  SoftHsm hsm{SHIM_MODULE};
  Token token;
};

TEST_CASE("login: a wrong PIN is tried exactly once, whoever asks again") {
  Shimmed test;
  test.shim.logins = 0;
  PinSource wrong = test.hsm.pin("999999");
  CHECK_FALSE(test.log_in(wrong).ok());
  CHECK(test.shim.logins == 1);
  const auto again = test.log_in(wrong);
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::login_refused);
  CHECK(test.shim.logins == 1);
}

TEST_CASE("login: a PIN that is locked or has one try left is not sent") {
  Shimmed test;
  for (const CK_FLAGS flag : {CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY}) {
    test.shim.logins = 0;
    test.shim.add_token_flags = flag;
    PinSource right = test.hsm.pin(kUserPin);
    const auto login = test.log_in(right);
    REQUIRE_FALSE(login.ok());
    CHECK(login.error().code == ErrorCode::login_refused);
    CHECK_FALSE(login.error().retryable);
    CHECK(contains(login.error().hint, "evseal token unlock"));
    CHECK(test.shim.logins == 0);
    PinSource so = test.hsm.pin(kSoPin);
    CHECK(test.log_in(so, Role::security_officer).ok());
  }
  for (const CK_FLAGS flag : {CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY}) {
    test.shim.logins = 0;
    test.shim.add_token_flags = flag;
    PinSource so = test.hsm.pin(kSoPin);
    CHECK(test.log_in(so, Role::security_officer).error().code == ErrorCode::login_refused);
    CHECK(test.shim.logins == 0);
    PinSource right = test.hsm.pin(kUserPin);
    CHECK(test.log_in(right).ok());
  }
}

TEST_CASE("login: few tries left are mentioned after a wrong PIN, but do not stop a login") {
  Shimmed test;
  test.shim.add_token_flags = CKF_USER_PIN_COUNT_LOW;
  PinSource wrong = test.hsm.pin("999999");
  CHECK(contains(test.log_in(wrong).error().hint, "few tries"));
  PinSource right = test.hsm.pin(kUserPin);
  CHECK(test.log_in(right).ok());
}

TEST_CASE("login: a token that says locked is believed and not asked again") {
  Shimmed test;
  test.shim.login_answer = CKR_PIN_LOCKED;
  test.shim.logins = 0;
  PinSource pin = test.hsm.pin(kUserPin);
  const auto login = test.log_in(pin);
  REQUIRE_FALSE(login.ok());
  CHECK(login.error().code == ErrorCode::login_refused);
  CHECK(login.error().status == "CKR_PIN_LOCKED");
  CHECK(test.shim.logins == 1);
}

TEST_CASE("login: a token that fails is unreachable, and that is worth another try") {
  Shimmed test;
  test.shim.login_answer = CKR_DEVICE_ERROR;
  test.shim.logins = 0;
  PinSource pin = test.hsm.pin(kUserPin);
  const auto login = test.log_in(pin);
  REQUIRE_FALSE(login.ok());
  CHECK(login.error().code == ErrorCode::token_unreachable);
  CHECK(login.error().retryable);
  CHECK(test.shim.logins == 1);
}

TEST_CASE("login: somebody who is logged in already is fine") {
  Shimmed test;
  test.shim.login_answer = CKR_USER_ALREADY_LOGGED_IN;
  PinSource pin = test.hsm.pin(kUserPin);
  CHECK(test.log_in(pin).ok());
}

TEST_CASE("login: a device with a keypad is sent no PIN and none is read") {
  Shimmed test;
  test.shim.add_token_flags = CKF_PROTECTED_AUTHENTICATION_PATH;
  PinSource missing = PinSource::file("/nonexistent/pin");
  CHECK(test.log_in(missing).ok());
  CHECK(test.shim.null_pin);
}

TEST_CASE("login: only the last session of a token logs out") {
  Shimmed test;
  test.shim.logouts = 0;
  {
    const Session first = test.hsm.log_in(test.token);
    { const Session second = test.hsm.log_in(test.token); }
    CHECK(test.shim.logouts == 0);
  }
  CHECK(test.shim.logouts == 1);
}

TEST_CASE("login: no error shows the PIN, whatever the token answers") {
  Shimmed test;
  for (const CK_RV rv : {CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE, CKR_GENERAL_ERROR,
                         CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD, CKR_USER_PIN_NOT_INITIALIZED}) {
    test.shim.login_answer = rv;
    PinSource pin = test.hsm.pin(kUserPin);
    const auto login = test.log_in(pin);
    REQUIRE_FALSE(login.ok());
    CHECK_FALSE(contains(texts(login.error()), kUserPin));
  }
}

TEST_CASE("token: one that cannot be read is unreachable, not missing") {
  Shimmed test;
  test.shim.token_info_answer = CKR_DEVICE_ERROR;
  const auto token = find_token(test.hsm.modules(), must(KeyUri::parse("pkcs11:token=fw")));
  REQUIRE_FALSE(token.ok());
  CHECK(token.error().code == ErrorCode::token_unreachable);
  CHECK(token.error().retryable);
  CHECK(list_tokens(test.hsm.modules()).error().code == ErrorCode::token_unreachable);
  test.shim.token_info_answer = CKR_OK;
  CHECK(find_token(test.hsm.modules(), must(KeyUri::parse("pkcs11:token=fw"))).ok());
}

TEST_CASE("token: its PIN flags are decoded") {
  Shimmed test;
  test.shim.add_token_flags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
                              CKF_USER_PIN_LOCKED | CKF_PROTECTED_AUTHENTICATION_PATH |
                              CKF_WRITE_PROTECTED | CKF_SO_PIN_LOCKED | CKF_SO_PIN_FINAL_TRY;
  const Token token = must(find_token(test.hsm.modules(), must(KeyUri::parse("pkcs11:token=fw"))));
  CHECK(token.info.user_pin_count_low);
  CHECK(token.info.user_pin_final_try);
  CHECK(token.info.user_pin_locked);
  CHECK(token.info.so_pin_locked);
  CHECK(token.info.so_pin_final_try);
  CHECK(token.info.protected_authentication_path);
  CHECK_FALSE(token.info.writable);
}

TEST_CASE("signing: the token gets a digest of the right length and the portable mechanism") {
  struct Case {
    KeyType type;
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG size;
  };
  const std::string message(1000, 'm');
  for (const Case& one :
       {Case{KeyType::p256, CKM_ECDSA, 32}, Case{KeyType::p384, CKM_ECDSA, 48},
        Case{KeyType::rsa, CKM_RSA_PKCS_PSS, 32}, Case{KeyType::ed25519, CKM_EDDSA, 1000}}) {
    Shimmed test;
    test.make_key(one.type);
    const auto signer = must(test.hsm.open("pkcs11:object=k"));
    CHECK(verifies(signer->public_key(), as_bytes(message), must(signer->sign(as_bytes(message)))));
    CHECK(test.shim.last_mechanism == one.mechanism);
    CHECK(test.shim.last_data_size == one.size);
  }
}

TEST_CASE("signing: a wrong signature from the token is an internal error and is not returned") {
  for (const KeyType type : {KeyType::p256, KeyType::p384, KeyType::rsa, KeyType::ed25519}) {
    INFO(to_string(type));
    Shimmed test;
    test.make_key(type);
    const auto signer = must(test.hsm.open("pkcs11:object=k"));
    test.shim.flip_signature_bit = true;
    CHECK(signer->sign(as_bytes("m")).error().code == ErrorCode::internal);
    test.shim.flip_signature_bit = false;
    test.shim.shorten_signature = true;
    CHECK(signer->sign(as_bytes("m")).error().code == ErrorCode::internal);
    test.shim.shorten_signature = false;
    CHECK(signer->sign(as_bytes("m")).ok());
  }
}

TEST_CASE("signing: a token that always answers the larger s gets it turned") {
  Shimmed test;
  test.make_key(KeyType::p256);
  const auto signer = must(test.hsm.open("pkcs11:object=k"));
  test.shim.raise_s = true;
  for (int i = 0; i < 16; ++i) {
    CHECK(verifies(signer->public_key(), as_bytes("m"), must(signer->sign(as_bytes("m")))));
  }
}

TEST_CASE("signing: a token that fails half way is unreachable and can be asked again") {
  Shimmed test;
  test.make_key(KeyType::p256);
  const auto signer = must(test.hsm.open("pkcs11:object=k"));
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_GENERAL_ERROR, CKR_SESSION_HANDLE_INVALID,
                         CKR_TOKEN_NOT_PRESENT, CKR_OBJECT_HANDLE_INVALID}) {
    test.shim.sign_answer = rv;
    const auto signature = signer->sign(as_bytes("m"));
    REQUIRE_FALSE(signature.ok());
    CHECK(signature.error().code == ErrorCode::token_unreachable);
    CHECK(signature.error().retryable);
  }
  test.shim.sign_answer = CKR_OK;
  CHECK(signer->sign(as_bytes("m")).ok());
}

TEST_CASE("signing: a PIN refused for one signature is not sent for the next") {
  Shimmed test;
  test.make_key(KeyType::p256, true);
  const auto signer = must(test.hsm.open("pkcs11:object=k"));
  CHECK(signer->sign(as_bytes("m")).ok());
  CHECK(test.shim.context_logins == 1);
  test.shim.context_login_answer = CKR_PIN_INCORRECT;
  const auto refused = signer->sign(as_bytes("m"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::login_refused);
  CHECK(test.shim.context_logins == 2);
  test.shim.context_login_answer = CKR_OK;
  CHECK(signer->sign(as_bytes("m")).error().code == ErrorCode::login_refused);
  CHECK(test.shim.context_logins == 2);
}

TEST_CASE("signing: a key that asks for the PIN each time heeds the last try as well") {
  Shimmed test;
  test.make_key(KeyType::p256, true);
  const auto signer = must(test.hsm.open("pkcs11:object=k"));
  test.shim.add_token_flags = CKF_USER_PIN_FINAL_TRY;
  CHECK(signer->sign(as_bytes("m")).error().code == ErrorCode::login_refused);
  CHECK(test.shim.context_logins == 0);
}

TEST_CASE("key: a type that the token cannot make is named") {
  Shimmed test;
  Session session = test.hsm.log_in(test.token);
  test.shim.generate_answer = CKR_MECHANISM_INVALID;
  const auto key = generate_key(session, {.type = KeyType::ed25519, .label = "k", .id = id(1)});
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().code == ErrorCode::usage);
  CHECK(contains(key.error().why, "ed25519"));
  CHECK(key.error().status == "CKR_MECHANISM_INVALID");
}

}  // namespace
}  // namespace evseal::hsm
