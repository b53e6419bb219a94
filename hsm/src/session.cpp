#include "evseal/hsm/session.hpp"

#include "session_impl.hpp"

namespace evseal::hsm {
namespace {

using PinBytes = std::span<const std::uint8_t>;

CK_USER_TYPE user_type(Role role) {
  return role == Role::user ? CKU_USER : CKU_SO;
}

// Cryptoki takes PINs as pointers to non-const and does not write to them.
CK_RV call_login(const Api& api, CK_SESSION_HANDLE session, CK_USER_TYPE user, PinBytes pin) {
  return api->C_Login(session, user, const_cast<CK_UTF8CHAR*>(pin.data()),
                      static_cast<CK_ULONG>(pin.size()));
}

// No bytes (a null PIN) where the device has a keypad of its own.
Result<PinBytes> pin_for(const TokenInfo& info, PinSource& source, Role role) {
  if (info.protected_authentication_path) {
    return PinBytes();
  }
  return source.read(role == Role::user ? display_name(info)
                                        : "the security officer of " + display_name(info));
}

// A wrong PIN: the one thing that helps is to know how close the lock is.
Error describe_refusal(Error error, const Token& token) {
  const Result<TokenInfo> info = current_info(token);
  if (!info) {
    return error;
  }
  if (info->user_pin_locked) {
    error.hint =
        "the user PIN is locked now; the security officer can set a new one: evseal token "
        "unlock";
  } else if (info->user_pin_final_try) {
    error.hint = "one more wrong PIN locks the token; check the PIN before you try again";
  } else if (info->user_pin_count_low) {
    error.hint = "few tries are left before the token locks; check the PIN before you try again";
  }
  return error;
}

Result<bool> logged_in_as(const Session::Impl& impl, Role role) {
  CK_SESSION_INFO info{};
  const Api api = impl.api();
  const CK_RV rv = api->C_GetSessionInfo(impl.handle, &info);
  if (rv != CKR_OK) {
    return impl.error(rv);
  }
  return role == Role::user
             ? info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS
             : info.state == CKS_RW_SO_FUNCTIONS;
}

}  // namespace

Session::Impl::~Impl() {
  const Api locked = api();
  LibraryState::SlotUse& use = locked.slot(token.info.slot_id);
  use.sessions -= use.sessions > 0 ? 1 : 0;
  if (use.sessions == 0 && use.logged_in) {
    (void)locked->C_Logout(handle);
    use.logged_in = false;
  }
  (void)locked->C_CloseSession(handle);
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Token& Session::token() const {
  return impl_->token;
}

Result<Session> Session::open(const Token& token, Access access) {
  CK_FLAGS flags = CKF_SERIAL_SESSION;
  if (access == Access::read_write) {
    flags |= CKF_RW_SESSION;
  }
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  {
    const Api api(*token.module);
    const CK_RV rv = api->C_OpenSession(token.info.slot_id, flags, nullptr, nullptr, &handle);
    if (rv != CKR_OK) {
      return ckr_error(rv, display_name(token.info));
    }
    ++api.slot(token.info.slot_id).sessions;
  }
  return Session(std::make_unique<Impl>(token, handle));
}

Result<void> Session::login(PinSource& pin, Role role) {
  EVSEAL_TRY(const bool done, logged_in_as(*impl_, role));
  if (done) {
    return {};
  }
  EVSEAL_TRY(const TokenInfo info, current_info(impl_->token));
  if (role == Role::user && !info.login_required) {
    return {};
  }
  EVSEAL_CHECK(check_tries(info, role));
  EVSEAL_TRY(const PinBytes bytes, pin_for(info, pin, role));
  CK_RV rv = CKR_OK;
  {
    const Api api = impl_->api();
    rv = call_login(api, impl_->handle, user_type(role), bytes);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
      api.slot(info.slot_id).logged_in = true;
      return {};
    }
  }
  Error error = impl_->error(rv);
  if (error.code == ErrorCode::login_refused) {
    pin.mark_refused();
  }
  return role == Role::user ? describe_refusal(std::move(error), impl_->token) : error;
}

Result<void> Session::logout() {
  const Api api = impl_->api();
  const CK_RV rv = api->C_Logout(impl_->handle);
  if (rv != CKR_OK && rv != CKR_USER_NOT_LOGGED_IN) {
    return impl_->error(rv);
  }
  api.slot(impl_->token.info.slot_id).logged_in = false;
  return {};
}

Result<TokenInfo> current_info(const Token& token) {
  CK_SLOT_INFO slot_info{};
  CK_TOKEN_INFO token_info{};
  const Api api(*token.module);
  CK_RV rv = api->C_GetSlotInfo(token.info.slot_id, &slot_info);
  rv = rv == CKR_OK ? api->C_GetTokenInfo(token.info.slot_id, &token_info) : rv;
  if (rv != CKR_OK) {
    return ckr_error(rv, display_name(token.info));
  }
  return make_token_info(token.info.slot_id, slot_info, token_info);
}

Result<void> check_tries(const TokenInfo& info, Role role) {
  const bool user = role == Role::user;
  const std::string whose = user ? "the user PIN" : "the security officer's PIN";
  if (user ? info.user_pin_locked : info.so_pin_locked) {
    Error error{ErrorCode::login_refused, display_name(info), whose + " is locked",
                user ? "the security officer can set a new one: evseal token unlock"
                     : "the token has to be initialised anew; its keys are lost"};
    error.status = "CKF_PIN_LOCKED";
    return error;
  }
  if (user ? info.user_pin_final_try : info.so_pin_final_try) {
    Error error{ErrorCode::login_refused, display_name(info),
                whose + " has one try left, and evseal does not risk it",
                user ? "log in once by hand with the right PIN (pkcs11-tool --login --test), or "
                       "have the security officer set a new one: evseal token unlock"
                     : "log in once by hand with the right PIN (pkcs11-tool --login --login-type "
                       "so --list-slots)"};
    error.status = "CKF_PIN_FINAL_TRY";
    return error;
  }
  return {};
}

Result<Bytes> sign_once(Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism,
                        ByteView data, std::size_t max_size, PinSource* reauthenticate) {
  const Session::Impl& impl = session.impl();
  PinBytes pin;
  if (reauthenticate != nullptr) {
    EVSEAL_TRY(const TokenInfo info, current_info(impl.token));
    EVSEAL_CHECK(check_tries(info, Role::user));
    EVSEAL_TRY(pin, pin_for(info, *reauthenticate, Role::user));
  }
  Bytes signature(max_size);
  CK_ULONG size = static_cast<CK_ULONG>(signature.size());
  bool refused = false;
  CK_RV rv = CKR_OK;
  {
    const Api api = impl.api();
    rv = api->C_SignInit(impl.handle, &mechanism, key);
    if (rv == CKR_OK && reauthenticate != nullptr) {
      rv = call_login(api, impl.handle, CKU_CONTEXT_SPECIFIC, pin);
      refused = rv != CKR_OK;
    }
    if (rv == CKR_OK) {
      rv = api->C_Sign(impl.handle, const_cast<CK_BYTE*>(data.data()),
                       static_cast<CK_ULONG>(data.size()), signature.data(), &size);
    }
  }
  if (rv != CKR_OK) {
    Error error = impl.error(rv);
    if (refused && error.code == ErrorCode::login_refused) {
      reauthenticate->mark_refused();
      return describe_refusal(std::move(error), impl.token);
    }
    return error;
  }
  if (size > signature.size()) {
    return Error{ErrorCode::internal, display_name(impl.token.info),
                 "the signature is longer than its key allows"};
  }
  signature.resize(size);
  return signature;
}

}  // namespace evseal::hsm
