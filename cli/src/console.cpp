#include "console.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>

#include "evseal/base/bytes.hpp"

namespace evseal::cli {
namespace {

bool print_line(const std::string& text) {
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
}

}  // namespace

std::string to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::does_not_hold:
      return "does_not_hold";
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::not_authentic:
      return "not_authentic";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::io:
      return "io";
    case ErrorCode::token_unreachable:
      return "token_unreachable";
    case ErrorCode::login_refused:
      return "login_refused";
    case ErrorCode::key_not_found:
      return "key_not_found";
    case ErrorCode::internal:
      return "internal";
    case ErrorCode::interrupted:
      return "interrupted";
  }
  return "internal";
}

std::string printable_lines(const std::string& text) {
  std::string out;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    out += printable(std::string_view(text).substr(start, end - start)) + "\n";
    start = end + 1;
  }
  return out + printable(std::string_view(text).substr(start));
}

std::string human_size(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value,
                      units[unit]);
  return text.data();
}

void Console::warn(const std::string& text) {
  if (std::find(warnings_.begin(), warnings_.end(), text) != warnings_.end()) {
    return;
  }
  warnings_.push_back(text);
  if (!quiet) {
    std::cerr << "evseal: warning: " << printable(text) << '\n';
  }
}

void Console::progress(const char* step, std::uint64_t done, std::uint64_t total) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (quiet || json || !terminal || total == 0) {
    return;
  }
  const auto percent = static_cast<unsigned>(done * 100 / total);
  if (percent == last_percent_) {
    return;
  }
  last_percent_ = percent;
  const unsigned filled = percent * 30 / 100;
  std::cerr << '\r' << step << " [" << std::string(filled, '#') << std::string(30 - filled, ' ')
            << "] " << percent << " % of " << human_size(total) << "   " << std::flush;
  progress_shown_ = true;
}

void Console::end_progress() {
  if (progress_shown_) {
    std::cerr << '\r' << std::string(72, ' ') << '\r' << std::flush;
    progress_shown_ = false;
  }
}

int Console::finish(const std::string& schema, const Outcome& outcome) {
  end_progress();
  bool written = true;
  if (json) {
    nlohmann::ordered_json object = {{"schema", schema},
                                     {"result", outcome.result},
                                     {"code", outcome.code},
                                     {"retryable", false}};
    object.update(outcome.data);
    if (!outcome.hint.empty()) {
      object["hint"] = outcome.hint;
    }
    object["warnings"] = warnings_;
    written = print_line(
        object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  } else if (!quiet) {
    written = outcome.text.empty() || print_line(outcome.text);
    if (!outcome.hint.empty()) {
      std::cerr << "evseal: hint: " << outcome.hint << '\n';
    }
  }
  // An answer that nobody received is no success: `evseal ... > full-disk` must not exit 0.
  return written ? outcome.code : static_cast<int>(ErrorCode::io);
}

int Console::fail(const std::string& schema, const Error& error) {
  end_progress();
  if (json) {
    nlohmann::ordered_json object = {{"schema", schema},
                                     {"result", "error"},
                                     {"code", static_cast<int>(error.code)},
                                     {"retryable", error.retryable},
                                     {"class", to_string(error.code)},
                                     {"what", error.what},
                                     {"why", error.why}};
    if (!error.hint.empty()) {
      object["hint"] = error.hint;
    }
    if (!error.status.empty()) {
      object["status"] = error.status;
    }
    object["warnings"] = warnings_;
    (void)print_line(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                     "\n");
  }
  std::cerr << "evseal: error: " << printable(error.what) << ": " << printable(error.why);
  if (!error.status.empty()) {
    std::cerr << " (" << error.status << ")";
  }
  std::cerr << '\n';
  if (!error.hint.empty()) {
    std::cerr << "evseal: hint: " << printable(error.hint) << '\n';
  }
  return static_cast<int>(error.code);
}

}  // namespace evseal::cli
