// What a command answers, and how it reaches people and machines.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evseal/base/result.hpp"

namespace evseal::cli {

/// The answer of a command that ran. An answer may be "no": then `code` is not 0.
struct Outcome {
  nlohmann::ordered_json data = nlohmann::ordered_json::object();  ///< members of the --json object
  std::string text;           ///< for people, on standard output
  int code = 0;               ///< exit code
  std::string result = "ok";  ///< "ok", "accepted", "refused", "differs", ...
  std::string hint = {};      ///< what to do where the answer is "no", on standard error
};

/// The options that every command has, and the two output streams.
class Console {
 public:
  bool json = false;
  bool quiet = false;

  /// A sentence that a person should see and a pipeline may ignore: `evseal: warning: ...`, and a
  /// member of `warnings` with --json. The same sentence is said once.
  void warn(const std::string& text);
  /// A progress bar on standard error; only where that is a terminal.
  void progress(const char* step, std::uint64_t done, std::uint64_t total);
  void end_progress();
  /// Prints an outcome and returns its exit code.
  int finish(const std::string& schema, const Outcome& outcome);
  /// Prints an error and returns its exit code.
  int fail(const std::string& schema, const Error& error);

 private:
  std::vector<std::string> warnings_;
  bool progress_shown_ = false;
  unsigned last_percent_ = 101;
};

/// "malformed", "login_refused", ...: the class of an error as --json names it.
[[nodiscard]] std::string to_string(ErrorCode code);

/// printable() for a text of several lines: line ends stay.
[[nodiscard]] std::string printable_lines(const std::string& text);

/// 1536 as "1.5 KiB".
[[nodiscard]] std::string human_size(std::uint64_t bytes);

}  // namespace evseal::cli
