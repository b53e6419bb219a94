/* The proleptic Gregorian calendar, UTC, without leap seconds. Internal. */
#ifndef EVSEAL_SRC_CALENDAR_H
#define EVSEAL_SRC_CALENDAR_H

#include "evseal/types.h"

typedef struct calendar_time {
  unsigned year;
  unsigned month;
  unsigned day;
  unsigned hour;
  unsigned minute;
  unsigned second;
} calendar_time;

/* Reads a year of 2 or 4 digits and five fields of two digits, without separators. False when one
 * is no digit. */
bool evseal_calendar_read_digits(calendar_time* out, const uint8_t* digits, unsigned year_digits);

/* Seconds since 1970; false when a field is out of range (year 0, 31 April, 24:00, second 60). */
bool evseal_calendar_to_seconds(int64_t* out_seconds, const calendar_time* time);

#endif
