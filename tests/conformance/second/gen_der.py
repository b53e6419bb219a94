"""The generator's own DER writer. It shares nothing with the reader of the verifier."""

import functools


def length(size):
    """The length octets of DER."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 + len(octets)]) + octets


def tlv(tag, *parts):
    """An element with the given tag octet around the parts."""
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def tlv_long(tag, *parts):
    """Not DER: the same with one length octet more than needed."""
    content = b"".join(parts)
    minimal = length(len(content))
    if len(minimal) == 1:
        return bytes([tag, 0x81]) + minimal + content
    return bytes([tag, minimal[0] + 1, 0]) + minimal[1:] + content


def tlv_indefinite(tag, *parts):
    """Not DER: the same with an indefinite length."""
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def sequence(*parts):
    """SEQUENCE."""
    return tlv(0x30, *parts)


def set_order(raws):
    """Encodings in the order of X.690 section 11.6."""
    longest = max((len(raw) for raw in raws), default=0)
    return sorted(raws, key=lambda raw: raw + b"\0" * (longest - len(raw)))


def set_of(*parts):
    """SET OF, sorted."""
    return tlv(0x31, *set_order(parts))


def integer_content(value):
    """The content octets of an INTEGER."""
    size = 1
    while not -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1:
        size += 1
    return value.to_bytes(size, "big", signed=True)


def integer(value):
    """INTEGER."""
    return tlv(0x02, integer_content(value))


def boolean(value):
    """BOOLEAN."""
    return tlv(0x01, b"\xff" if value else b"\x00")


NULL = b"\x05\x00"


def octets(content):
    """OCTET STRING."""
    return tlv(0x04, content)


def bits(content, unused=0):
    """BIT STRING."""
    return tlv(0x03, bytes([unused]), content)


def named_bits(*numbers):
    """BIT STRING of named bits without trailing zero bits."""
    if not numbers:
        return bits(b"")
    highest = max(numbers)
    buffer = bytearray(highest // 8 + 1)
    for number in numbers:
        buffer[number // 8] |= 0x80 >> number % 8
    return bits(bytes(buffer), 7 - highest % 8)


def utf8(text):
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable(text):
    """PrintableString."""
    return tlv(0x13, text.encode("ascii"))


@functools.lru_cache(maxsize=None)
def oid(dotted):
    """OBJECT IDENTIFIER."""
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        groups = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            groups.append(0x80 | arc & 0x7F)
        content += bytes(reversed(groups))
    return tlv(0x06, content)


def utc_time(text):
    """UTCTime with the text as given."""
    return tlv(0x17, text.encode("ascii"))


def generalized_time(text):
    """GeneralizedTime with the text as given."""
    return tlv(0x18, text.encode("ascii"))


def time_of(text):
    """`YYYY-MM-DDTHH:MM:SSZ` as UTCTime to 2049, as GeneralizedTime from 2050."""
    digits = "".join(character for character in text if character.isdigit())
    return utc_time(digits[2:] + "Z") if int(digits[:4]) < 2050 else generalized_time(digits + "Z")


def element_end(data, at):
    """The offset after the element at `at`, whose length has any definite form."""
    if data[at + 1] < 0x80:
        return at + 2 + data[at + 1]
    count = data[at + 1] & 0x7F
    return at + 2 + count + int.from_bytes(data[at + 2:at + 2 + count], "big")


def content_of(element):
    """The content octets of an element."""
    if element[1] < 0x80:
        return element[2:]
    return element[2 + (element[1] & 0x7F):]
