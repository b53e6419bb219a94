#include "evseal/hsm/token.hpp"

#include "cryptoki.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::kSoPin;
using test::kUserPin;
using test::must;
using test::SoftHsm;
using test::texts;

std::size_t count_initialized(const SoftHsm& hsm) {
  std::size_t count = 0;
  for (const Token& token : must(list_tokens(hsm.modules()))) {
    count += token.info.initialized ? 1 : 0;
  }
  return count;
}

Error init_fails(const SoftHsm& hsm, const std::string& label, std::string_view so,
                 std::string_view user, std::optional<unsigned long> slot = std::nullopt) {
  PinSource so_pin = hsm.pin(so);
  PinSource user_pin = hsm.pin(user);
  const auto token = init_token(hsm.modules().front(), slot, label, so_pin, user_pin);
  REQUIRE_FALSE(token.ok());
  return token.error();
}

Error find_fails(const SoftHsm& hsm, const std::string& uri) {
  const auto token = find_token(hsm.modules(), must(KeyUri::parse(uri)));
  REQUIRE_FALSE(token.ok());
  CHECK(token.error().code == ErrorCode::key_not_found);
  CHECK_FALSE(token.error().retryable);
  return token.error();
}

TEST_CASE("token: a new token has its label, a serial number and both PINs") {
  const SoftHsm hsm;
  const Token made = hsm.make_token("fw");
  CHECK(made.info.label == "fw");
  CHECK(made.info.manufacturer == "SoftHSM project");
  CHECK(made.info.model == "SoftHSM v2");
  CHECK_FALSE(made.info.serial.empty());
  CHECK(made.info.initialized);
  CHECK(made.info.login_required);
  CHECK(made.info.user_pin_initialized);
  CHECK(made.info.writable);
  CHECK_FALSE(made.info.user_pin_locked);
  CHECK_FALSE(made.info.user_pin_final_try);
  CHECK_FALSE(made.info.protected_authentication_path);
  CHECK(made.info.uri() == "pkcs11:token=fw;serial=" + made.info.serial);

  Session session = must(Session::open(made, Access::read_only));
  PinSource pin = hsm.pin(kUserPin);
  CHECK(session.login(pin).ok());
}

TEST_CASE("token: a second one with the same label is refused") {
  const SoftHsm hsm;
  const Token first = hsm.make_token("fw");
  const Error error = init_fails(hsm, "fw", kSoPin, kUserPin);
  CHECK(error.code == ErrorCode::usage);
  CHECK(contains(error.hint, first.info.serial));
  CHECK(count_initialized(hsm) == 1);
  CHECK(hsm.make_token("fw2").info.label == "fw2");
}

TEST_CASE("token: an initialised token is never initialised again") {
  const SoftHsm hsm;
  const Token first = hsm.make_token("fw");
  const Error error = init_fails(hsm, "other", kSoPin, kUserPin, first.info.slot_id);
  CHECK(error.code == ErrorCode::usage);
  CHECK(contains(error.hint, "never erases"));
  CHECK(must(find_token(hsm.modules(), must(KeyUri::parse("pkcs11:token=fw")))).info.serial ==
        first.info.serial);
}

TEST_CASE("token: a slot that does not exist is not found") {
  const SoftHsm hsm;
  CHECK(init_fails(hsm, "fw", kSoPin, kUserPin, 4242).code == ErrorCode::key_not_found);
}

TEST_CASE("token: labels that a token cannot hold are refused") {
  const SoftHsm hsm;
  for (const std::string& label :
       {std::string(), std::string(33, 'a'), std::string("a\nb"), std::string("a ")}) {
    CHECK(init_fails(hsm, label, kSoPin, kUserPin).code == ErrorCode::usage);
  }
  CHECK(count_initialized(hsm) == 0);
}

TEST_CASE("token: a bad new PIN is noticed before anything is written") {
  const SoftHsm hsm;
  for (const auto& [so, user] : {std::pair<std::string, std::string>{"87654321", "12"},
                                 {"12", "123456"},
                                 {"87654321", ""},
                                 {"\n", "123456"}}) {
    const Error error = init_fails(hsm, "fw", so, user);
    CHECK((error.code == ErrorCode::usage || error.code == ErrorCode::login_refused));
    CHECK(count_initialized(hsm) == 0);
  }
}

TEST_CASE("token: the security officer can set the user's PIN anew") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  PinSource so = hsm.pin(kSoPin);
  PinSource fresh = hsm.pin("654321");
  must(set_user_pin(token, so, fresh));
  Session session = must(Session::open(token, Access::read_only));
  PinSource old = hsm.pin(kUserPin);
  CHECK_FALSE(session.login(old).ok());
  PinSource again = hsm.pin("654321");
  CHECK(session.login(again).ok());
}

TEST_CASE("token: a wrong security officer's PIN changes nothing") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  PinSource so = hsm.pin("00000000");
  PinSource fresh = hsm.pin("654321");
  const auto set = set_user_pin(token, so, fresh);
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().code == ErrorCode::login_refused);
  CHECK_FALSE(contains(texts(set.error()), "00000000"));
  CHECK_FALSE(contains(texts(set.error()), "654321"));
  (void)hsm.log_in(token);
}

TEST_CASE("token: one that is missing is reported with those that are there") {
  const SoftHsm hsm;
  const Error none = find_fails(hsm, "pkcs11:token=fw");
  CHECK(contains(none.hint, "evseal token init"));
  const Token token = hsm.make_token("fw-a");
  const Error error = find_fails(hsm, "pkcs11:token=fw");
  CHECK(contains(error.why, "no token matches"));
  CHECK(contains(error.hint, "pkcs11:token=fw-a;serial=" + token.info.serial));
}

TEST_CASE("token: two that match are both named and neither is chosen") {
  const SoftHsm hsm;
  hsm.make_token_unchecked("fw");
  hsm.make_token_unchecked("fw");
  const Error error = find_fails(hsm, "pkcs11:token=fw");
  CHECK(contains(error.why, "2 tokens match"));
  std::vector<Token> both = must(list_tokens(hsm.modules()));
  std::erase_if(both, [](const Token& token) { return !token.info.initialized; });
  REQUIRE(both.size() == 2);
  for (const Token& token : both) {
    CHECK(contains(error.hint, token.info.uri()));
    const auto by_serial = must(find_token(hsm.modules(), must(KeyUri::parse(token.info.uri()))));
    CHECK(by_serial.info.slot_id == token.info.slot_id);
    const std::string slot = "pkcs11:token=fw;slot-id=" + std::to_string(token.info.slot_id);
    CHECK(must(find_token(hsm.modules(), must(KeyUri::parse(slot)))).info.serial ==
          token.info.serial);
  }
  (void)find_fails(hsm, "pkcs11:");
}

TEST_CASE("token: every token attribute of the URI counts") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  for (const std::string good :
       {"pkcs11:", "pkcs11:manufacturer=SoftHSM%20project", "pkcs11:model=SoftHSM%20v2;token=fw",
        "pkcs11:library-description=Implementation%20of%20PKCS11"}) {
    INFO(good);
    CHECK(find_token(hsm.modules(), must(KeyUri::parse(good))).ok());
  }
  for (const std::string bad :
       {"pkcs11:token=fw;serial=0", "pkcs11:token=fw;model=Other", "pkcs11:token=FW",
        "pkcs11:token=fw;manufacturer=Other", "pkcs11:token=f", "pkcs11:token=fw;slot-id=4242",
        "pkcs11:token=fw;slot-description=Other", "pkcs11:token=fw;library-manufacturer=Other"}) {
    INFO(bad);
    (void)find_fails(hsm, bad);
  }
}

TEST_CASE("token: an uninitialised one never matches") {
  const SoftHsm hsm;
  const auto tokens = must(list_tokens(hsm.modules()));
  REQUIRE(tokens.size() == 1);
  CHECK_FALSE(tokens.front().info.initialized);
  (void)find_fails(hsm, "pkcs11:slot-id=" + std::to_string(tokens.front().info.slot_id));
}

TEST_CASE("session: a wrong PIN is refused and not retryable") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session session = must(Session::open(token, Access::read_only));
  PinSource wrong = hsm.pin("999999");
  const auto login = session.login(wrong);
  REQUIRE_FALSE(login.ok());
  CHECK(login.error().code == ErrorCode::login_refused);
  CHECK(login.error().status == "CKR_PIN_INCORRECT");
  CHECK_FALSE(login.error().retryable);
  CHECK_FALSE(contains(texts(login.error()), "999999"));
}

TEST_CASE("session: the PIN is read only when a login needs it") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  const Session first = hsm.log_in(token);
  Session second = must(Session::open(token, Access::read_only));
  PinSource missing = PinSource::file("/nonexistent/pin");
  CHECK(second.login(missing).ok());
}

TEST_CASE("session: closing one leaves the login to the others, closing the last ends it") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session first = hsm.log_in(token);
  {
    Session second = hsm.log_in(token);
    const Session third = std::move(second);
  }
  CHECK(list_keys(first).ok());
  PinSource missing = PinSource::file("/nonexistent/pin");
  CHECK(first.login(missing).ok());
  { const Session last = std::move(first); }
  Session fresh = must(Session::open(token, Access::read_only));
  CHECK_FALSE(fresh.login(missing).ok());
}

TEST_CASE("session: logging out ends the login, and twice is no error") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session session = hsm.log_in(token);
  CHECK(session.logout().ok());
  CHECK(session.logout().ok());
  PinSource missing = PinSource::file("/nonexistent/pin");
  CHECK_FALSE(session.login(missing).ok());
}

TEST_CASE("session: a user's login does not serve as the security officer's") {
  const SoftHsm hsm;
  const Token token = hsm.make_token("fw");
  Session session = hsm.log_in(token);
  PinSource so = hsm.pin(kSoPin);
  const auto login = session.login(so, Role::security_officer);
  REQUIRE_FALSE(login.ok());
  CHECK(login.error().code == ErrorCode::login_refused);
}

}  // namespace
}  // namespace evseal::hsm
