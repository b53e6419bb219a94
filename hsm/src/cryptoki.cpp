#include "cryptoki.hpp"

#include <array>
#include <cstdio>

#include "evseal/base/bytes.hpp"

namespace evseal::hsm {
namespace {

enum class Class { unreachable, login, unsupported, other };

struct Answer {
  CK_RV value;
  const char* name;
  Class kind;
};

// Every return value that a module can give to the calls of this folder. Class says what the user
// can do about it: try again, fix the PIN, ask for something else.
#define EVSEAL_CKR(name, kind)            \
  Answer {                                \
    CKR_##name, "CKR_" #name, Class::kind \
  }
constexpr std::array kAnswers = {
    EVSEAL_CKR(CANCEL, login),
    EVSEAL_CKR(HOST_MEMORY, unreachable),
    EVSEAL_CKR(SLOT_ID_INVALID, unreachable),
    EVSEAL_CKR(GENERAL_ERROR, unreachable),
    EVSEAL_CKR(FUNCTION_FAILED, unreachable),
    EVSEAL_CKR(ARGUMENTS_BAD, unsupported),
    EVSEAL_CKR(CANT_LOCK, unsupported),
    EVSEAL_CKR(NEED_TO_CREATE_THREADS, unsupported),
    EVSEAL_CKR(ATTRIBUTE_READ_ONLY, unsupported),
    EVSEAL_CKR(ATTRIBUTE_SENSITIVE, unsupported),
    EVSEAL_CKR(ATTRIBUTE_TYPE_INVALID, unsupported),
    EVSEAL_CKR(ATTRIBUTE_VALUE_INVALID, unsupported),
    EVSEAL_CKR(ACTION_PROHIBITED, unsupported),
    EVSEAL_CKR(DATA_INVALID, other),
    EVSEAL_CKR(DATA_LEN_RANGE, other),
    EVSEAL_CKR(DEVICE_ERROR, unreachable),
    EVSEAL_CKR(DEVICE_MEMORY, unreachable),
    EVSEAL_CKR(DEVICE_REMOVED, unreachable),
    EVSEAL_CKR(FUNCTION_CANCELED, login),
    EVSEAL_CKR(FUNCTION_NOT_PARALLEL, other),
    EVSEAL_CKR(FUNCTION_NOT_SUPPORTED, unsupported),
    // The object or key was there a moment ago: the token's store has gone.
    EVSEAL_CKR(KEY_HANDLE_INVALID, unreachable),
    EVSEAL_CKR(OBJECT_HANDLE_INVALID, unreachable),
    EVSEAL_CKR(KEY_SIZE_RANGE, unsupported),
    EVSEAL_CKR(KEY_TYPE_INCONSISTENT, unsupported),
    EVSEAL_CKR(KEY_FUNCTION_NOT_PERMITTED, unsupported),
    EVSEAL_CKR(MECHANISM_INVALID, unsupported),
    EVSEAL_CKR(MECHANISM_PARAM_INVALID, unsupported),
    EVSEAL_CKR(OPERATION_ACTIVE, other),
    EVSEAL_CKR(OPERATION_NOT_INITIALIZED, other),
    EVSEAL_CKR(PIN_INCORRECT, login),
    EVSEAL_CKR(PIN_INVALID, login),
    EVSEAL_CKR(PIN_LEN_RANGE, login),
    EVSEAL_CKR(PIN_EXPIRED, login),
    EVSEAL_CKR(PIN_LOCKED, login),
    EVSEAL_CKR(PIN_TOO_WEAK, login),
    EVSEAL_CKR(SESSION_CLOSED, unreachable),
    EVSEAL_CKR(SESSION_COUNT, unreachable),
    EVSEAL_CKR(SESSION_HANDLE_INVALID, unreachable),
    EVSEAL_CKR(SESSION_PARALLEL_NOT_SUPPORTED, unsupported),
    EVSEAL_CKR(SESSION_READ_ONLY, other),
    EVSEAL_CKR(SESSION_EXISTS, unreachable),
    EVSEAL_CKR(SESSION_READ_ONLY_EXISTS, unreachable),
    EVSEAL_CKR(SESSION_READ_WRITE_SO_EXISTS, unreachable),
    EVSEAL_CKR(TEMPLATE_INCOMPLETE, unsupported),
    EVSEAL_CKR(TEMPLATE_INCONSISTENT, unsupported),
    EVSEAL_CKR(TOKEN_NOT_PRESENT, unreachable),
    EVSEAL_CKR(TOKEN_NOT_RECOGNIZED, unreachable),
    EVSEAL_CKR(TOKEN_WRITE_PROTECTED, unsupported),
    EVSEAL_CKR(USER_ALREADY_LOGGED_IN, login),
    EVSEAL_CKR(USER_NOT_LOGGED_IN, login),
    EVSEAL_CKR(USER_PIN_NOT_INITIALIZED, login),
    EVSEAL_CKR(USER_TYPE_INVALID, login),
    EVSEAL_CKR(USER_ANOTHER_ALREADY_LOGGED_IN, login),
    EVSEAL_CKR(USER_TOO_MANY_TYPES, login),
    EVSEAL_CKR(DOMAIN_PARAMS_INVALID, unsupported),
    EVSEAL_CKR(CURVE_NOT_SUPPORTED, unsupported),
    EVSEAL_CKR(BUFFER_TOO_SMALL, other),
    EVSEAL_CKR(CRYPTOKI_NOT_INITIALIZED, unreachable),
    EVSEAL_CKR(CRYPTOKI_ALREADY_INITIALIZED, other),
    EVSEAL_CKR(FIPS_SELF_TEST_FAILED, unreachable),
    EVSEAL_CKR(LIBRARY_LOAD_FAILED, unreachable),
    EVSEAL_CKR(PUBLIC_KEY_INVALID, unsupported),
    EVSEAL_CKR(FUNCTION_REJECTED, login),
};
#undef EVSEAL_CKR

const Answer* find_answer(CK_RV rv) {
  for (const Answer& answer : kAnswers) {
    if (answer.value == rv) {
      return &answer;
    }
  }
  return nullptr;
}

Error login_error(CK_RV rv, std::string what, const std::string& name) {
  Error error{ErrorCode::login_refused, std::move(what), "the token refuses the login: " + name};
  switch (rv) {
    case CKR_PIN_INCORRECT:
      error.why = "the PIN is wrong";
      error.hint = "check the PIN before you try again: a token locks it after a few wrong ones";
      break;
    case CKR_PIN_LOCKED:
      error.why = "the PIN is locked after too many wrong ones";
      error.hint = "the security officer can set a new one: evseal token unlock";
      break;
    case CKR_PIN_EXPIRED:
      error.why = "the PIN has expired";
      error.hint = "set a new one: evseal token change-pin";
      break;
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      error.why = "the PIN has a length or characters that this token does not take";
      break;
    case CKR_PIN_TOO_WEAK:
      error.why = "the new PIN is too weak for this token";
      break;
    case CKR_USER_PIN_NOT_INITIALIZED:
      error.why = "the token has no user PIN yet";
      error.hint = "the security officer sets the first one: evseal token unlock";
      break;
    case CKR_USER_NOT_LOGGED_IN:
      error.why = "the token asks for a login first";
      break;
    case CKR_CANCEL:
    case CKR_FUNCTION_CANCELED:
    case CKR_FUNCTION_REJECTED:
      error.why = "the login was cancelled on the device";
      break;
    default:
      break;
  }
  return error;
}

}  // namespace

std::string ckr_name(CK_RV rv) {
  if (rv == CKR_OK) {
    return "CKR_OK";
  }
  if (const Answer* answer = find_answer(rv)) {
    return answer->name;
  }
  std::array<char, 40> text{};
  if (rv >= CKR_VENDOR_DEFINED) {
    (void)std::snprintf(text.data(), text.size(), "CKR_VENDOR_DEFINED+0x%lX",
                        rv - CKR_VENDOR_DEFINED);
  } else {
    (void)std::snprintf(text.data(), text.size(), "CKR_0x%lX", rv);
  }
  return text.data();
}

Error ckr_error(CK_RV rv, std::string what) {
  const std::string name = ckr_name(rv);
  const Answer* answer = find_answer(rv);
  // A vendor's own value says nothing that we know of; it is the token that failed.
  const Class kind = answer != nullptr          ? answer->kind
                     : rv >= CKR_VENDOR_DEFINED ? Class::unreachable
                                                : Class::other;
  Error error;
  switch (kind) {
    case Class::login:
      error = login_error(rv, std::move(what), name);
      break;
    case Class::unreachable:
      error = Error{ErrorCode::token_unreachable, std::move(what),
                    "the token does not answer as it should: " + name,
                    "check that the token is connected and its service runs, then try again"};
      error.retryable = answer != nullptr;
      break;
    case Class::unsupported:
      error = Error{ErrorCode::usage, std::move(what), "the token cannot do this: " + name};
      break;
    case Class::other:
      error = Error{ErrorCode::internal, std::move(what), "unexpected answer: " + name};
      break;
  }
  error.status = name;
  return error;
}

std::string display_name(const TokenInfo& info) {
  if (info.label.empty()) {
    return "token in slot " + std::to_string(info.slot_id);
  }
  return "token " + printable(info.label);
}

std::string join_candidates(const std::vector<std::string>& candidates) {
  constexpr std::size_t kMost = 16;  // a hint is for reading; `list` commands show everything
  std::string text;
  for (std::size_t i = 0; i < candidates.size() && i < kMost; ++i) {
    text += (i == 0 ? "" : ", ") + candidates[i];
  }
  if (candidates.size() > kMost) {
    text += " and " + std::to_string(candidates.size() - kMost) + " more";
  }
  return text;
}

}  // namespace evseal::hsm
