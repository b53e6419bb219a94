#include "evseal/hsm/token.hpp"

#include <algorithm>
#include <array>

#include "session_impl.hpp"

namespace evseal::hsm {
namespace {

using PinBytes = std::span<const std::uint8_t>;
constexpr std::size_t kLabelSize = sizeof(CK_TOKEN_INFO::label);

Result<void> check_label(const std::string& label, const std::vector<Token>& tokens) {
  if (label.empty() || label.size() > kLabelSize || printable(label) != label ||
      label.back() == ' ') {
    return Error{ErrorCode::usage, "token label",
                 "a label has 1 to 32 octets of UTF-8, no control characters and no blank at its "
                 "end"};
  }
  for (const Token& token : tokens) {
    if (token.info.initialized && token.info.label == label) {
      return Error{ErrorCode::usage, display_name(token.info), "a token with this label is there",
                   "choose another label, or use this one: " + token.info.uri()};
    }
  }
  return {};
}

Result<Token> choose_slot(const std::vector<Token>& tokens, std::optional<unsigned long> slot_id,
                          const std::string& module) {
  for (const Token& token : tokens) {
    if (slot_id ? token.info.slot_id != *slot_id : token.info.initialized) {
      continue;
    }
    if (token.info.initialized) {
      return Error{
          ErrorCode::usage, display_name(token.info),
          "slot " + std::to_string(*slot_id) + " holds a token that is initialised already",
          "evseal never erases a token; leave the slot out to use a free one"};
    }
    return token;
  }
  return Error{ErrorCode::key_not_found, module,
               slot_id ? "no token in slot " + std::to_string(*slot_id)
                       : "no token that is not initialised yet",
               "connect a fresh token; evseal token list shows the slots"};
}

// Before anything is written: a PIN that the token refuses afterwards would leave it half made.
Result<PinBytes> new_pin(const TokenInfo& info, PinSource& source, const std::string& owner) {
  if (info.protected_authentication_path) {
    return PinBytes();
  }
  EVSEAL_TRY(const PinBytes pin, source.read(owner));
  if (pin.size() < info.min_pin_bytes ||
      (info.max_pin_bytes > 0 && pin.size() > info.max_pin_bytes)) {
    return Error{ErrorCode::usage, owner,
                 "its PIN must have " + std::to_string(info.min_pin_bytes) + " to " +
                     std::to_string(info.max_pin_bytes) + " characters on this token"};
  }
  return pin;
}

Result<void> call_init_token(const Token& token, const std::string& label, PinBytes so_pin) {
  std::array<CK_UTF8CHAR, kLabelSize> padded{};
  padded.fill(' ');
  std::copy(label.begin(), label.end(), padded.begin());
  const Api api(*token.module);
  const CK_RV rv = api->C_InitToken(token.info.slot_id, const_cast<CK_UTF8CHAR*>(so_pin.data()),
                                    static_cast<CK_ULONG>(so_pin.size()), padded.data());
  if (rv != CKR_OK) {
    return ckr_error(rv, display_name(token.info));
  }
  return {};
}

// SoftHSM gives a token a serial number and another slot when it is initialised. The label is the
// only one of its kind: that was checked before.
Result<Token> find_again(const std::shared_ptr<Module>& module, const std::string& label) {
  EVSEAL_TRY(const std::vector<Token> tokens, list_tokens({module}));
  std::optional<Token> found;
  for (const Token& token : tokens) {
    if (!token.info.initialized || token.info.label != label) {
      continue;
    }
    if (found) {
      return Error{ErrorCode::key_not_found, "token " + printable(label),
                   "two tokens have this label now",
                   "another program initialised one at the same time: " +
                       join_candidates({found->info.uri(), token.info.uri()})};
    }
    found = token;
  }
  if (!found) {
    return Error{ErrorCode::token_unreachable, "token " + printable(label),
                 "it is not there any more after it was initialised",
                 "reconnect the token and look for it: evseal token list"};
  }
  return *found;
}

}  // namespace

Result<Token> init_token(const std::shared_ptr<Module>& module,
                         std::optional<unsigned long> slot_id, const std::string& label,
                         PinSource& so_pin, PinSource& user_pin) {
  EVSEAL_TRY(const std::vector<Token> tokens, list_tokens({module}));
  EVSEAL_CHECK(check_label(label, tokens));
  EVSEAL_TRY(const Token blank, choose_slot(tokens, slot_id, module->name()));
  EVSEAL_TRY(const PinBytes so,
             new_pin(blank.info, so_pin, "the security officer of token " + printable(label)));
  EVSEAL_CHECK(new_pin(blank.info, user_pin, "the user of token " + printable(label)));
  EVSEAL_CHECK(call_init_token(blank, label, so));
  EVSEAL_TRY(const Token made, find_again(module, label));
  if (Result<void> set = set_user_pin(made, so_pin, user_pin); !set) {
    Error error = std::move(set).error();
    error.why += "; the token is initialised, but has no user PIN yet";
    error.hint = "set it: evseal token unlock";
    return error;
  }
  EVSEAL_TRY(TokenInfo info, current_info(made));
  return Token{module, std::move(info)};
}

Result<void> set_user_pin(const Token& token, PinSource& so_pin, PinSource& user_pin) {
  EVSEAL_TRY(const PinBytes pin,
             new_pin(token.info, user_pin, "the user of " + display_name(token.info)));
  EVSEAL_TRY(Session session, Session::open(token, Access::read_write));
  EVSEAL_CHECK(session.login(so_pin, Role::security_officer));
  CK_RV rv = CKR_OK;
  {
    const Api api = session.impl().api();
    rv = api->C_InitPIN(session.impl().handle, const_cast<CK_UTF8CHAR*>(pin.data()),
                        static_cast<CK_ULONG>(pin.size()));
  }
  Result<void> out = session.logout();
  if (rv != CKR_OK) {
    return ckr_error(rv, display_name(token.info));
  }
  return out;
}

}  // namespace evseal::hsm
