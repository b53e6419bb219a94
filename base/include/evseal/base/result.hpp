// Result<T>: a value or an Error, never both. Exceptions come from third parties only and are
// caught at module edges.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace evseal {

/// What went wrong, as a class. The values are the exit codes of the programs (docs/exit-codes in
/// the README).
enum class ErrorCode : int {
  does_not_hold = 1,  ///< `chain verify`, `signature verify`: the question was answered with no
  usage = 2,          ///< options, configuration, recipe or signer file
  not_authentic = 3,  ///< no valid signature from whom the device trusts
  refused = 4,    ///< authentic, but not for this device now (rollback, wrong device, expired, ...)
  malformed = 5,  ///< input is not what it says it is, or is over a limit
  io = 6,         ///< files: missing, unreadable, full disk
  token_unreachable = 7,  ///< module or token does not answer; may be tried again
  login_refused = 8,      ///< PIN wrong, locked or missing; must not be tried again by itself
  key_not_found = 9,      ///< no token, key or certificate matches, or more than one does
  internal = 70,          ///< a bug of ours
  interrupted = 130,      ///< SIGINT or SIGTERM
};

/// An error carries what failed, why, and what its reader can do next. No field ever holds a PIN or
/// key material.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string what;       ///< the thing that failed: a file name, an option, a step
  std::string why;        ///< the reason, in one sentence without a full stop
  std::string hint = {};  ///< what to do next; empty where there is nothing useful to say
  std::string status =
      {};  ///< machine-readable detail: a verifier status (docs/format.md §10) or a CKR name
  bool retryable = false;  ///< the same command may succeed later without any change

  [[nodiscard]] Error with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
};

/// Thrown never; returned always. `Result<void>` is for steps that only succeed or fail.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace evseal

// Returns the error of a Result from the enclosing function; names the value otherwise.
#define EVSEAL_CONCAT_(a, b) a##b
#define EVSEAL_CONCAT(a, b) EVSEAL_CONCAT_(a, b)
#define EVSEAL_CHECK(expression)                           \
  do {                                                     \
    if (auto evseal_step_ = (expression); !evseal_step_) { \
      return std::move(evseal_step_).error();              \
    }                                                      \
  } while (false)
#define EVSEAL_TRY(declaration, expression) \
  EVSEAL_TRY_(EVSEAL_CONCAT(evseal_result_, __LINE__), declaration, expression)
#define EVSEAL_TRY_(result, declaration, expression) \
  auto result = (expression);                        \
  if (!result) {                                     \
    return std::move(result).error();                \
  }                                                  \
  declaration = std::move(result).value()
