// Where a PIN comes from. It is read when a token asks for it and not before, once, into locked
// memory.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "evseal/base/result.hpp"
#include "evseal/base/secret.hpp"

namespace evseal::hsm {

/// The longest PIN in octets: more than any token takes, so that a wrong file is noticed.
inline constexpr std::size_t kMaxPinBytes = 255;

class PinSource {
 public:
  /// Asks on the terminal without echo. Without a terminal on standard input, read() is
  /// login_refused and names --pin-file and --pin-fd.
  [[nodiscard]] static PinSource prompt();
  /// The same for a PIN that is being set: asks twice and compares.
  [[nodiscard]] static PinSource prompt_new();
  /// A file or a named pipe; one newline at the end is dropped.
  [[nodiscard]] static PinSource file(std::filesystem::path path);
  /// An inherited descriptor, read up to its end and left open; one newline at the end is dropped.
  [[nodiscard]] static PinSource descriptor(int fd);
  /// The value of a URI's `pin-source`: `file:` and a path, or a path. Errors: usage for a command
  /// (`|program`) or another scheme.
  [[nodiscard]] static Result<PinSource> from_uri(std::string_view pin_source);

  PinSource(PinSource&&) = default;
  PinSource& operator=(PinSource&&) = default;
  PinSource(const PinSource&) = delete;
  PinSource& operator=(const PinSource&) = delete;
  ~PinSource() = default;

  /// The PIN, valid as long as this object. The first call reads it; later ones give the same
  /// answer, be it an error. `owner` says whose PIN it is, for the prompt and messages: "token fw".
  /// Errors: login_refused for an empty PIN, one of several lines or none at all; io for a file
  /// that cannot be read; interrupted.
  [[nodiscard]] Result<std::span<const std::uint8_t>> read(std::string_view owner);
  /// A token has refused this PIN: every later read() is login_refused, so that nothing tries it a
  /// second time.
  void mark_refused();
  /// After read(): one sentence when the PIN file is open to others than its owner.
  [[nodiscard]] const std::optional<std::string>& warning() const { return warning_; }

 private:
  enum class Kind { prompt, prompt_new, file, descriptor };
  explicit PinSource(Kind kind) : kind_(kind) {}

  [[nodiscard]] Result<Secret> read_source(std::string_view owner);
  [[nodiscard]] Result<Secret> read_file();
  [[nodiscard]] std::string name() const;

  Kind kind_;
  std::filesystem::path path_;
  int fd_ = -1;
  std::optional<Secret> pin_;
  std::optional<Error> failure_;
  std::optional<std::string> warning_;
};

}  // namespace evseal::hsm
