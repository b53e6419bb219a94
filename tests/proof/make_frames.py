#!/usr/bin/python3
"""Frames for the proof harnesses: make_frames.py SEEDS > frames.h

SEEDS is the folder of tests/fuzz/seeds.py. A frame is the structure of an input of ours, its tags and lengths (for JSON its
punctuation and names), with holes for what an attacker may put in: the proof holds for every content of the holes.
"""

import pathlib
import re
import sys


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


def holes_of_json(text):
    """Digits of numbers, hexadecimal digits and letters of values, not of member names: 1 digit, 2 of [a-z0-9]."""
    holes = [0] * len(text)
    for match in re.finditer(rb'(?<=:)(\d+)|(?<=:")([^"]*)"', text):
        group = 1 if match.group(1) else 2
        for at in range(*match.span(group)):
            char = chr(text[at])
            holes[at] = 1 if char.isdigit() else (2 if char.islower() else 0)
        if group == 1 and match.end(1) - match.start(1) > 1:
            holes[match.start(1)] = 0  # no leading zero
    return holes


def array(name, octets, holes):
    def rows(numbers):
        text = [", ".join(f"{n}" for n in numbers[i : i + 16]) for i in range(0, len(numbers), 16)]
        return ",\n    ".join(text)

    shown = [0 if hole else octet for octet, hole in zip(octets, holes)]
    return (
        f"static const uint8_t {name}_frame[{len(octets)}] = {{\n    {rows(shown)}}};\n"
        f"static const uint8_t {name}_holes[{len(octets)}] = {{\n    {rows([int(h) for h in holes])}}};\n"
    )


def main():
    seeds = pathlib.Path(sys.argv[1])
    print("/* Made by make_frames.py from packages of our own. clang-format off */\n#include <stdint.h>\n")
    for name, file in (
        ("certificate", "certificate/ed25519-0"),
        ("certificate_p256", "certificate/p256-0"),
        ("certificate_rsa", "certificate/rsa2048-0"),
        ("cms", "cms/ed25519"),
        ("profile", "profile/rich"),
        ("state", "state/rich"),
    ):
        octets = (seeds / file).read_bytes()
        print(array(name, octets, holes_of_der(octets)))
    text = (seeds / "manifest/rich").read_bytes()
    print(array("manifest", text, holes_of_json(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
