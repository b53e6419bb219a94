// A session with a token, and logging in to it: one try, and none that could lock the token.
#pragma once

#include <memory>

#include "evseal/base/result.hpp"
#include "evseal/hsm/module.hpp"
#include "evseal/hsm/pin.hpp"

namespace evseal::hsm {

enum class Access { read_only, read_write };
enum class Role { user, security_officer };

/// Move-only; holds its module. The destructor closes the session; the last session of a token logs
/// out first (PKCS#11 has one login per process and token, which other sessions may still need).
class Session {
 public:
  [[nodiscard]] static Result<Session> open(const Token& token, Access access);

  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Exactly one try. Nothing is sent, and the PIN is not even read, when the process is logged in
  /// already or the token asks for no login. Refused without a try: a locked PIN, and a PIN with
  /// one try left. Errors: login_refused (never retryable), those of PinSource::read(),
  /// token_unreachable.
  [[nodiscard]] Result<void> login(PinSource& pin, Role role = Role::user);
  [[nodiscard]] Result<void> logout();

  [[nodiscard]] const Token& token() const;

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace evseal::hsm
