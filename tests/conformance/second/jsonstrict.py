"""Canonical JSON in the strict subset of format.md section 7: anything else is `manifest_syntax`."""

import re

from status import Refused

MAX_DEPTH = 6
_MEMBER_NAME = re.compile(r"[a-z0-9_]{1,32}")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STRING = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


class _Syntax(Exception):
    pass


def parse(octets):
    """The object that `octets` are the one canonical text of."""
    try:
        text = octets.decode("utf-8", "strict")     # refuses surrogates and overlong forms
        if _FORBIDDEN.search(text):
            raise _Syntax("control character")
        if not text.startswith("{"):
            raise _Syntax("not an object")
        value, end = _value(text, 0, 1)
        if end != len(text):
            raise _Syntax("text after the object")
        return value
    except (_Syntax, UnicodeDecodeError) as error:
        raise Refused("manifest_syntax", str(error)) from error


def _value(text, at, depth):
    """The value at `at`, at nesting `depth` if it is an object or array: returns (value, offset after it)."""
    first = text[at:at + 1]
    if first in ("{", "[") and first:
        if depth > MAX_DEPTH:
            raise _Syntax("nested too deeply")
        return (_object if first == "{" else _array)(text, at + 1, depth)
    if first == '"':
        return _string(text, at)
    for word, value in (("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    match = _NUMBER.match(text, at)
    if not match or len(match.group()) > 16 or int(match.group()) >= 2**53:
        raise _Syntax(f"no value at {at}")
    return int(match.group()), match.end()


def _string(text, at):
    match = _STRING.match(text, at)
    if not match:
        raise _Syntax(f"no string at {at}")
    return re.sub(r"\\(.)", r"\1", match.group(1)), match.end()


def _object(text, at, depth):
    members, last = {}, ""
    while text[at:at + 1] != "}":
        if members:
            at = _expect(text, at, ",")
        name, at = _string(text, at)
        if not _MEMBER_NAME.fullmatch(name) or name <= last:
            raise _Syntax(f"member name {name!r}")
        at = _expect(text, at, ":")
        members[name], at = _value(text, at, depth + 1)
        last = name
    return members, at + 1


def _array(text, at, depth):
    values = []
    while text[at:at + 1] != "]":
        if values:
            at = _expect(text, at, ",")
        value, at = _value(text, at, depth + 1)
        values.append(value)
    return values, at + 1


def _expect(text, at, token):
    if text[at:at + 1] != token:
        raise _Syntax(f"{token} expected at {at}")
    return at + 1
