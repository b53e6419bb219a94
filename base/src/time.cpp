#include "evseal/base/time.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace evseal {

std::string to_rfc3339(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds{seconds}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 48> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ldZ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<long>(clock.hours().count()),
                      static_cast<long>(clock.minutes().count()),
                      static_cast<long>(clock.seconds().count()));
  return text.data();
}

std::optional<std::int64_t> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::string_view shape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != shape.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) {
      return std::nullopt;
    }
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const year_month_day date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                            day{static_cast<unsigned>(number(8, 2))}};
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
    return std::nullopt;
  }
  const auto time = sys_days{date} + hours{number(11, 2)} + minutes{number(14, 2)} +
                    std::chrono::seconds{number(17, 2)};
  return duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::int64_t now_seconds() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

Result<std::int64_t> build_time_seconds() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr || *text == '\0') {
    return now_seconds();
  }
  const std::string_view view(text);
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (problem != std::errc() || end != view.data() + view.size() || value < 0 ||
      value > 253402300799) {
    return Error{ErrorCode::usage, "SOURCE_DATE_EPOCH", "is not a number of seconds since 1970",
                 "set it to what `git log -1 --format=%ct` prints, or unset it"};
  }
  return value;
}

}  // namespace evseal
