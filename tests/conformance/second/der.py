"""A strict reader of DER (X.690): format.md section 1 lists what it must refuse."""

from typing import NamedTuple

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8 = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C
BOOLEAN, ENUMERATED, UTC_TIME, GENERALIZED_TIME = 0x01, 0x0A, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

MAX_DEPTH = 32


class DerError(ValueError):
    """The octets are not the DER that was expected."""


class Element(NamedTuple):
    """One tag-length-value; `raw` is the whole of it."""

    tag: int
    content: bytes
    raw: bytes


def _read_length(data, at):
    """The length octets at `at`: returns (length, offset after them)."""
    if at >= len(data):
        raise DerError("length is missing")
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if count == 0:
        raise DerError("indefinite length")
    if count > 4 or at + count > len(data):
        raise DerError("length of a length")
    octets = data[at:at + count]
    length = int.from_bytes(octets, "big")
    if octets[0] == 0 or length < 0x80:
        raise DerError("length is not minimal")
    return length, at + count


def read_element(data, at=0):
    """The element at `at`: returns (element, offset after it)."""
    if at >= len(data):
        raise DerError("element is missing")
    tag = data[at]
    if tag & 0x1F == 0x1F:
        raise DerError("multi-byte tag")
    length, start = _read_length(data, at + 1)
    end = start + length
    if end > len(data):
        raise DerError("element is longer than what holds it")
    return Element(tag, data[start:end], data[at:end]), end


def read_only(data, tag=None):
    """The single element that fills `data`."""
    element, end = read_element(data)
    if end != len(data):
        raise DerError("trailing bytes")
    if tag is not None and element.tag != tag:
        raise DerError(f"tag {element.tag:02x} in place of {tag:02x}")
    return element


class Cursor:
    """Reads the elements inside a constructed one, in order."""

    def __init__(self, content):
        self._data = content
        self._at = 0

    def more(self):
        """Whether an element follows."""
        return self._at < len(self._data)

    def peek(self):
        """The tag that follows, or None at the end."""
        return self._data[self._at] if self.more() else None

    def take(self, tag=None):
        """The next element, which must have `tag`."""
        element, end = read_element(self._data, self._at)
        if tag is not None and element.tag != tag:
            raise DerError(f"tag {element.tag:02x} in place of {tag:02x}")
        self._at = end
        return element

    def optional(self, tag):
        """The next element where it has `tag`, else None."""
        return self.take(tag) if self.peek() == tag else None

    def rest(self, tag=None):
        """All elements that follow, each of which must have `tag`."""
        elements = []
        while self.more():
            elements.append(self.take(tag))
        return elements

    def finish(self):
        """Refuse where something follows."""
        if self.more():
            raise DerError("trailing bytes inside a structure")


def integer(element, tag=INTEGER):
    """The value of an INTEGER in its minimal form."""
    content = element.content
    if element.tag != tag or not content:
        raise DerError("not an INTEGER")
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise DerError("INTEGER is not minimal")
    return int.from_bytes(content, "big", signed=True)


def boolean(element):
    """The value of a BOOLEAN: 00 or FF."""
    if element.tag != BOOLEAN or element.content not in (b"\x00", b"\xff"):
        raise DerError("not a BOOLEAN of DER")
    return element.content == b"\xff"


def bit_string(element):
    """A BIT STRING as (number of unused bits, octets); unused bits must be zero."""
    if element.tag != BIT_STRING or not element.content:
        raise DerError("not a BIT STRING")
    unused, octets = element.content[0], element.content[1:]
    if unused > 7 or (unused and not octets) or (octets and octets[-1] & ((1 << unused) - 1)):
        raise DerError("unused bits of a BIT STRING")
    return unused, octets


def oid(element):
    """An OBJECT IDENTIFIER in dotted form."""
    content = element.content
    if element.tag != OID or not content or content[-1] & 0x80:
        raise DerError("not an OBJECT IDENTIFIER")
    arcs, value, fresh = [], 0, True
    for octet in content:
        if fresh and octet == 0x80:
            raise DerError("arc is not minimal")
        value = value << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [first, arcs[0] - 40 * first] + arcs[1:])


def utf8(element):
    """The text of a UTF8String."""
    if element.tag != UTF8:
        raise DerError("not a UTF8String")
    try:
        return element.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DerError("not UTF-8") from error


_PRIMITIVE_CHECKS = {BOOLEAN: boolean, INTEGER: integer, BIT_STRING: bit_string, OID: oid,
                     ENUMERATED: lambda element: integer(element, ENUMERATED)}


def check_deep(element, depth=0):
    """Refuse an element that is not strict DER in all its depth, whatever it means (section 1)."""
    if depth > MAX_DEPTH:
        raise DerError("nested too deeply")
    universal, constructed = element.tag < 0x40, bool(element.tag & 0x20)
    if universal and constructed != (element.tag & 0x1F in (0x10, 0x11)):
        raise DerError("constructed string or primitive structure")
    if element.tag == NULL and element.content:
        raise DerError("NULL with content")
    if element.tag in _PRIMITIVE_CHECKS:
        _PRIMITIVE_CHECKS[element.tag](element)
    if constructed:
        for inner in Cursor(element.content).rest():
            check_deep(inner, depth + 1)


def sorted_set(raws):
    """Whether encodings stand in the order of X.690 section 11.6 (the shorter padded with zero octets)."""
    longest = max((len(raw) for raw in raws), default=0)
    padded = [raw.ljust(longest, b"\0") for raw in raws]
    return all(before <= after for before, after in zip(padded, padded[1:]))


# ---- writing ----

def element(tag, *parts):
    """The octets of an element with this tag around the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes(-(-size.bit_length() // 8), "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def number(value):
    """The octets of an INTEGER that is not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
