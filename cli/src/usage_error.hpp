// What is wrong with a command line that could not be read, in words that help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "evseal/base/result.hpp"

namespace evseal::cli {

/// The error, and the command that the words before it chose (`root` where they chose none).
struct UsageError {
  Error error;
  const CLI::App* command = nullptr;
};

/// Names the mistyped command or option, the nearest known one, and the help that lists them. The
/// values of options are not repeated: one of them may be a PIN.
[[nodiscard]] UsageError explain_usage(const CLI::App& root, int argc, const char* const* argv,
                                       const CLI::ParseError& problem);

}  // namespace evseal::cli
