#include "calendar.h"

static bool read_number(unsigned* out, const uint8_t* digits, unsigned count) {
  unsigned value = 0;
  for (unsigned i = 0; i < count; i++) {
    if (digits[i] < '0' || digits[i] > '9') {
      return false;
    }
    value = value * 10u + (unsigned)(digits[i] - '0');
  }
  *out = value;
  return true;
}

bool evseal_calendar_read_digits(calendar_time* out, const uint8_t* digits, unsigned year_digits) {
  const uint8_t* rest = digits + year_digits;
  return read_number(&out->year, digits, year_digits) && read_number(&out->month, rest, 2) &&
         read_number(&out->day, rest + 2, 2) && read_number(&out->hour, rest + 4, 2) &&
         read_number(&out->minute, rest + 6, 2) && read_number(&out->second, rest + 8, 2);
}

static bool is_leap(unsigned year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool evseal_calendar_to_seconds(int64_t* out_seconds, const calendar_time* time) {
  static const uint8_t days_in_month[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (time->year == 0 || time->year > 9999 || time->month < 1 || time->month > 12 ||
      time->day < 1 || time->hour > 23 || time->minute > 59 || time->second > 59) {
    return false;
  }
  unsigned leap_day = time->month == 2 && is_leap(time->year) ? 1u : 0u;
  if (time->day > days_in_month[time->month - 1] + leap_day) {
    return false;
  }
  uint32_t before = time->year - 1; /* whole years since year 1 */
  int64_t days = (int64_t)before * 365 + before / 4 - before / 100 + before / 400;
  for (unsigned month = 1; month < time->month; month++) {
    days += days_in_month[month - 1];
  }
  if (time->month > 2 && is_leap(time->year)) {
    days += 1;
  }
  days += time->day - 1;
  days -= 719162; /* days from 0001-01-01 to 1970-01-01 */
  *out_seconds =
      days * 86400 + (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + time->second;
  return true;
}
