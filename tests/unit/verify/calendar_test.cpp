#include <catch2/catch.hpp>
#include <string>

extern "C" {
#include "calendar.h"
}

#include "evseal/base/time.hpp"

TEST_CASE("calendar: agrees with the C++ library on every day from 1950 to 2150") {
  const std::int64_t day = 86400;
  for (std::int64_t seconds = -7305 * day; seconds < 65745 * day; seconds += day) {
    const std::string text = evseal::to_rfc3339(seconds + 45296);
    const auto number = [&](std::size_t at, std::size_t length) {
      return static_cast<unsigned>(std::stoul(text.substr(at, length)));
    };
    const calendar_time time = {number(0, 4),  number(5, 2),  number(8, 2),
                                number(11, 2), number(14, 2), number(17, 2)};
    std::int64_t out = 0;
    REQUIRE(evseal_calendar_to_seconds(&out, &time));
    REQUIRE(out == seconds + 45296);
  }
}

TEST_CASE("calendar: refuses days that do not exist") {
  const auto exists = [](unsigned year, unsigned month, unsigned day) {
    const calendar_time time = {year, month, day, 0, 0, 0};
    std::int64_t out = 0;
    return evseal_calendar_to_seconds(&out, &time);
  };
  CHECK(exists(2000, 2, 29));
  CHECK_FALSE(exists(1900, 2, 29));
  CHECK_FALSE(exists(2023, 2, 29));
  CHECK_FALSE(exists(2023, 4, 31));
  CHECK_FALSE(exists(2023, 0, 1));
  CHECK_FALSE(exists(2023, 13, 1));
  CHECK_FALSE(exists(2023, 1, 0));
  CHECK_FALSE(exists(0, 1, 1));
  CHECK_FALSE(exists(10000, 1, 1));
  CHECK(exists(9999, 12, 31));
  CHECK(exists(1, 1, 1));
}

TEST_CASE("calendar: refuses hours, minutes and seconds that do not exist, a leap second too") {
  const auto exists = [](unsigned hour, unsigned minute, unsigned second) {
    const calendar_time time = {2023, 1, 1, hour, minute, second};
    std::int64_t out = 0;
    return evseal_calendar_to_seconds(&out, &time);
  };
  CHECK(exists(23, 59, 59));
  CHECK_FALSE(exists(24, 0, 0));
  CHECK_FALSE(exists(0, 60, 0));
  CHECK_FALSE(exists(0, 0, 60));
}

TEST_CASE("calendar: every place of the text must be a digit") {
  const std::string good = "20230102030405";
  calendar_time time{};
  const auto read = [&](const std::string& text) {
    return evseal_calendar_read_digits(&time, reinterpret_cast<const std::uint8_t*>(text.data()),
                                       4);
  };
  REQUIRE(read(good));
  CHECK((time.year == 2023 && time.month == 1 && time.day == 2));
  CHECK((time.hour == 3 && time.minute == 4 && time.second == 5));
  REQUIRE(read("99999999999999"));
  CHECK((time.year == 9999 && time.second == 99));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char other : {'/', ':', ' ', 'a'}) {
      std::string text = good;
      text[i] = other;
      CHECK_FALSE(read(text));
    }
  }
}
