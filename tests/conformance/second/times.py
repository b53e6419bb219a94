"""UTCTime and GeneralizedTime in the forms of format.md sections 4 and 5.1, and RFC 3339 text of section 7."""

import calendar
import datetime
import re

import der

_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)


def _seconds(fields):
    """Seconds since 1970 of (year, month, day, hour, minute, second); ValueError where there is no such time."""
    return calendar.timegm(datetime.datetime(*fields).timetuple())


def parse_text(text):
    """Seconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ`."""
    match = _TEXT.fullmatch(text)
    if not match:
        raise ValueError("not YYYY-MM-DDTHH:MM:SSZ")
    return _seconds([int(group) for group in match.groups()])


def format_text(seconds):
    """The opposite of parse_text."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_der(element, first_year):
    """
    Seconds since 1970 of a Time: UTCTime to 2049, GeneralizedTime from 2050, with seconds and Z, without fraction.

    A UTCTime of a year before `first_year` is refused (section 4: 1970; section 5.1 says nothing: 1950).
    """
    digits, zone = element.content[:-1], element.content[-1:]
    if zone != b"Z" or not re.fullmatch(rb"[0-9]+", digits):
        raise ValueError("not digits and Z")
    text = digits.decode("ascii")
    if element.tag == der.UTC_TIME and len(text) == 12:
        short = int(text[:2])
        year, text = short + (2000 if short < 50 else 1900), text[2:]
        if year < first_year:
            raise ValueError("year is too early")
    elif element.tag == der.GENERALIZED_TIME and len(text) == 14:
        year, text = int(text[:4]), text[4:]
        if year < 2050:
            raise ValueError("GeneralizedTime before 2050")
    else:
        raise ValueError("not a Time of RFC 5280")
    return _seconds([year] + [int(text[at:at + 2]) for at in range(0, 10, 2)])
