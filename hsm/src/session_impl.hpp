// What a Session holds, and the operations of this folder that need its handle.
#pragma once

#include "cryptoki.hpp"
#include "evseal/base/bytes.hpp"
#include "evseal/hsm/session.hpp"

namespace evseal::hsm {

struct Session::Impl {
  Impl(Token opened, CK_SESSION_HANDLE session) : token(std::move(opened)), handle(session) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Api api() const { return Api(*token.module); }
  [[nodiscard]] Error error(CK_RV rv) const { return ckr_error(rv, display_name(token.info)); }

  Token token;
  CK_SESSION_HANDLE handle;
};

/// The token's flags as they are now: a wrong PIN changes them.
[[nodiscard]] Result<TokenInfo> current_info(const Token& token);

/// Refuses where a wrong PIN would lock the token, or where it is locked. Errors: login_refused.
[[nodiscard]] Result<void> check_tries(const TokenInfo& info, Role role);

/// One signature: C_SignInit, the context-specific login where `reauthenticate` is given (for keys
/// with CKA_ALWAYS_AUTHENTICATE), C_Sign. `max_size`: the size of the longest right answer.
[[nodiscard]] Result<Bytes> sign_once(Session& session, CK_OBJECT_HANDLE key,
                                      CK_MECHANISM mechanism, ByteView data, std::size_t max_size,
                                      PinSource* reauthenticate);

}  // namespace evseal::hsm
