#!/usr/bin/python3
"""Frames for the proof harnesses: make_frames.py SEEDS > frames.h

SEEDS is the folder of tests/fuzz/seeds.py; what has CRLs comes from tests/vectors. A frame is the structure of an
input of ours, its tags and lengths (for JSON its punctuation and names), with holes for what an attacker may put in:
the proof holds for every content of the holes.
"""

import base64
import pathlib
import re
import sys
import zlib

HEAD = """/* Made by make_frames.py from packages of our own. clang-format off */
#ifndef EVSEAL_PROOF_FRAMES_H
#define EVSEAL_PROOF_FRAMES_H

#include <stdint.h>

typedef struct hole {
  uint16_t at;
  uint16_t len;
  uint8_t kind; /* 1: any octet, 2: any digit, 3: any small letter */
} hole;
"""

CASES = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "cases"


def header(octets):
    """Octets of tag and length, and of the content; nothing when this is no element."""
    if len(octets) < 2 or octets[0] & 0x1F == 0x1F or octets[0] == 0:
        return None
    first, size = 2, octets[1]
    if octets[1] >= 0x80:
        count = octets[1] & 0x7F
        if not 1 <= count <= 3 or len(octets) < 2 + count:
            return None
        first, size = 2 + count, int.from_bytes(octets[2 : 2 + count], "big")
    return (first, size) if first + size <= len(octets) else None


def holes_of_der(octets, keep=()):
    """True for each octet that is content of a primitive element; None when this is no DER."""
    holes = []
    rest = octets
    while rest:
        found = header(rest)
        if found is None:
            return None
        first, size = found
        content = rest[first : first + size]
        inner = None
        if rest[0] & 0x20:
            inner = holes_of_der(content)
        elif rest[0] == 0x04 and size >= 2 and content[0] in (0x02, 0x03, 0x04, 0x30):
            inner = holes_of_der(content)
        elif rest[0] == 0x03 and size >= 3 and content[0] == 0 and content[1] == 0x30:
            inner = holes_of_der(content[1:])
            inner = None if inner is None else [False] + inner
        holes += [False] * first + ([True] * size if inner is None else inner)
        rest = rest[first + size :]
    return holes


def element(tag, content):
    """DER of one element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def elements(content):
    """The elements that stand one behind the other."""
    found = []
    while content:
        first, size = header(content)
        found.append(content[: first + size])
        content = content[first + size :]
    return found


def inside(octets):
    """The content of the element at the start."""
    first, size = header(octets)
    return octets[first : first + size]


def vector(case, name=None):
    """A binary header of a vector (tests/vectors/README.md), or its package."""
    head, _, text = (CASES / f"{case}.txt").read_text().partition("\n\n")
    if name is not None:
        text = re.search(rf"^{name}:((?:\n .*)+)", head, re.M).group(1)
    return zlib.decompress(base64.b64decode("".join(text.split())))


def envelope(case):
    package = vector(case)
    return package[16 : 16 + int.from_bytes(package[8:12], "big")]


def in_set(case, tag):
    """What a set of an envelope's SignedData holds."""
    signed_data = inside(elements(inside(envelope(case)))[1])
    return [e for s in elements(inside(signed_data)) if s[0] == tag for e in elements(inside(s))]


def crl_of(case):
    return in_set(case, 0xA1)[-1]


def certificate_of(case):
    """A certificate that crl_of() may revoke: of the same issuer."""
    issuer = elements(inside(inside(crl_of(case))))[2]
    return next(c for c in in_set(case, 0xA0) if elements(inside(inside(c)))[3] == issuer)


def state_with_trust():
    """A state with everything: two slots, two issuers of which one has revoked twice, the trust store of an update."""
    fields = elements(inside(vector("update.crls.good", "state-after")[12:-32]))
    slots = [element(0x0C, name) + element(0x02, b"\x03") for name in (b"boot", b"rootfs")]
    issuers = [
        element(0x04, bytes(32)) + element(0x02, b"\x05") + element(0x01, b"\xFF") + element(0x30, serials)
        for serials in (element(0x02, b"\x01") + element(0x02, b"\x12\x34"), b"")
    ]
    fields[6] = element(0x30, b"".join(element(0x30, slot) for slot in slots))
    fields[7] = element(0x30, b"".join(element(0x30, issuer) for issuer in issuers))
    return element(0x30, b"".join(fields))


def holes_of_json(text):
    """Digits of numbers, hexadecimal digits and letters of values, not of member names: 2 digits, 3 small letters."""
    holes = [0] * len(text)
    for match in re.finditer(rb'(?<=:)(\d+)|(?<=:")([^"]*)"', text):
        group = 1 if match.group(1) else 2
        for at in range(*match.span(group)):
            char = chr(text[at])
            holes[at] = 2 if char.isdigit() else (3 if char.islower() else 0)
        if group == 1 and match.end(1) - match.start(1) > 1:
            holes[match.start(1)] = 0  # no leading zero
    return holes


def runs(holes):
    """Holes of one kind that stand one behind the other: place, length, kind."""
    found = []
    for at, kind in enumerate(int(hole) for hole in holes):
        if kind and found and found[-1][2] == kind and sum(found[-1][:2]) == at:
            found[-1][1] += 1
        elif kind:
            found.append([at, 1, kind])
    return found


def rows(items, per_row):
    text = [", ".join(f"{item}" for item in items[i : i + per_row]) for i in range(0, len(items), per_row)]
    return ",\n    ".join(text)


def array(name, octets, holes):
    shown = [0 if hole else octet for octet, hole in zip(octets, holes)]
    found = ["{%d, %d, %d}" % tuple(run) for run in runs(holes)]
    return (
        f"static const uint8_t {name}_frame[{len(octets)}] = {{\n    {rows(shown, 16)}}};\n"
        f"static const hole {name}_holes[{len(found)}] = {{\n    {rows(found, 6)}}};\n"
    )


def main():
    seeds = pathlib.Path(sys.argv[1])
    print(HEAD)
    for name, file in (
        ("certificate", "certificate/ed25519-0"),
        ("certificate_p256", "certificate/p256-0"),
        ("certificate_rsa", "certificate/rsa2048-0"),
        ("profile", "profile/rich"),
    ):
        octets = (seeds / file).read_bytes()
        print(array(name, octets, holes_of_der(octets)))
    for name, octets in (
        ("cms", envelope("crl.of-both")),
        ("crl", crl_of("crl.of-both")),
        ("spki", elements(inside(inside(certificate_of("crl.of-both"))))[6]),
        ("crl_entries", crl_of("crl.entry.unknown-critical")),
        ("state", state_with_trust()),
    ):
        print(array(name, octets, holes_of_der(octets)))
    text = (seeds / "manifest/rich").read_bytes()
    print(array("manifest", text, holes_of_json(text)))
    print("#endif")
    return 0


if __name__ == "__main__":
    sys.exit(main())
