// A question on the terminal whose answer is not shown.
#pragma once

#include <string>

#include "evseal/base/result.hpp"
#include "evseal/base/secret.hpp"

namespace evseal::hsm {

/// True when standard input is a terminal: only then may anything be asked.
[[nodiscard]] bool can_ask();

/// Asks on standard input's terminal with echo off and reads one line of at most `limit` octets,
/// without its newline. Echo is restored whatever ends the question; SIGINT, SIGTERM, SIGHUP and
/// SIGQUIT take effect after that. Errors: interrupted, io, login_refused for a longer line.
[[nodiscard]] Result<Secret> ask_without_echo(const std::string& question, std::size_t limit);

}  // namespace evseal::hsm
