#include "evseal/hsm/module.hpp"

#include <csignal>

#include "cryptoki.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::must;
using test::SoftHsm;
using test::TempFolder;

TEST_CASE("module: a bare name is found in the usual folders") {
  const SoftHsm hsm;
  CHECK(must(Module::load("libsofthsm2.so"))->name() == "libsofthsm2.so");
  CHECK(must(Module::load("softhsm2"))->name() == "libsofthsm2.so");
}

TEST_CASE("module: a module that is not there, or is none, is a usage error with a hint") {
  const TempFolder folder;
  const std::string text = folder.write("text.so", "not a library").string();
  for (const std::string& name :
       {std::string("/nonexistent/module.so"), std::string("no-such-module"), std::string(),
        std::string("./libsofthsm2.so"), folder.path().string(), text}) {
    const auto module = Module::load(name);
    INFO(name);
    REQUIRE_FALSE(module.ok());
    CHECK(module.error().code == ErrorCode::usage);
    CHECK_FALSE(module.error().hint.empty());
    CHECK_FALSE(module.error().retryable);
  }
}

TEST_CASE("module: loading one makes the process ignore SIGPIPE") {
  REQUIRE(std::signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  const SoftHsm hsm;
  CHECK(std::signal(SIGPIPE, SIG_IGN) == SIG_IGN);
}

TEST_CASE("module: a handler of the program's own for SIGPIPE is left alone") {
  const auto handler = [](int) {};
  REQUIRE(std::signal(SIGPIPE, handler) != SIG_ERR);
  const SoftHsm hsm;
  CHECK(std::signal(SIGPIPE, SIG_IGN) == static_cast<void (*)(int)>(handler));
}

TEST_CASE("module: the configured modules show the tokens too") {
  if (!std::filesystem::exists("/usr/share/p11-kit/modules/softhsm2.module")) {
    WARN("skipped: p11-kit is not configured for SoftHSM here");
    return;
  }
  const SoftHsm hsm;
  (void)hsm.make_token("fw");
  const KeyUri uri = must(KeyUri::parse("pkcs11:token=fw"));
  const Token token = must(find_token(must(load_modules(std::nullopt, &uri)), uri));
  CHECK(token.info.label == "fw");
  const KeyUri named = must(KeyUri::parse("pkcs11:token=fw?module-name=softhsm2"));
  CHECK(must(load_modules(std::nullopt, &named)).size() == 1);
}

TEST_CASE("module: the URI names the module unless the caller does") {
  const SoftHsm hsm;
  const KeyUri uri = must(KeyUri::parse("pkcs11:token=fw?module-path=/nonexistent.so"));
  CHECK_FALSE(load_modules(std::nullopt, &uri).ok());
  CHECK(must(load_modules(hsm.module_path(), &uri)).size() == 1);
  const KeyUri good = must(KeyUri::parse("pkcs11:?module-path=" + hsm.module_path()));
  CHECK(must(load_modules(std::nullopt, &good)).size() == 1);
}

TEST_CASE("module: return values become errors that say what to do") {
  struct Expected {
    CK_RV rv;
    ErrorCode code;
    bool retryable;
    std::string_view name;
  };
  const Expected all[] = {
      {CKR_PIN_INCORRECT, ErrorCode::login_refused, false, "CKR_PIN_INCORRECT"},
      {CKR_PIN_LOCKED, ErrorCode::login_refused, false, "CKR_PIN_LOCKED"},
      {CKR_PIN_EXPIRED, ErrorCode::login_refused, false, "CKR_PIN_EXPIRED"},
      {CKR_PIN_LEN_RANGE, ErrorCode::login_refused, false, "CKR_PIN_LEN_RANGE"},
      {CKR_USER_NOT_LOGGED_IN, ErrorCode::login_refused, false, "CKR_USER_NOT_LOGGED_IN"},
      {CKR_DEVICE_ERROR, ErrorCode::token_unreachable, true, "CKR_DEVICE_ERROR"},
      {CKR_GENERAL_ERROR, ErrorCode::token_unreachable, true, "CKR_GENERAL_ERROR"},
      {CKR_DEVICE_REMOVED, ErrorCode::token_unreachable, true, "CKR_DEVICE_REMOVED"},
      {CKR_TOKEN_NOT_PRESENT, ErrorCode::token_unreachable, true, "CKR_TOKEN_NOT_PRESENT"},
      {CKR_SESSION_CLOSED, ErrorCode::token_unreachable, true, "CKR_SESSION_CLOSED"},
      {CKR_SESSION_HANDLE_INVALID, ErrorCode::token_unreachable, true,
       "CKR_SESSION_HANDLE_INVALID"},
      {CKR_OBJECT_HANDLE_INVALID, ErrorCode::token_unreachable, true, "CKR_OBJECT_HANDLE_INVALID"},
      {CKR_MECHANISM_INVALID, ErrorCode::usage, false, "CKR_MECHANISM_INVALID"},
      {CKR_DATA_LEN_RANGE, ErrorCode::internal, false, "CKR_DATA_LEN_RANGE"},
      {0x4444, ErrorCode::internal, false, "CKR_0x4444"},
      {CKR_VENDOR_DEFINED + 0x12, ErrorCode::token_unreachable, false, "CKR_VENDOR_DEFINED+0x12"},
  };
  for (const Expected& expected : all) {
    const Error error = ckr_error(expected.rv, "token fw");
    INFO(expected.name);
    CHECK(error.code == expected.code);
    CHECK(error.retryable == expected.retryable);
    CHECK(error.status == expected.name);
    CHECK(error.what == "token fw");
    CHECK_FALSE(error.why.empty());
  }
}

}  // namespace
}  // namespace evseal::hsm
