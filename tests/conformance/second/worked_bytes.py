#!/usr/bin/python3
"""The worked bytes of format.md section 12, made again: `worked_bytes.py FORMAT.md` checks that the text has them."""

import hashlib
import struct
import sys

import gen_der as d

ARC = "2.25.16969548012417228313490157624141281090"


def sha256(octets):
    return hashlib.sha256(octets).digest()


def leaf(chunk):
    return sha256(b"\0" + chunk)


def node(left, right):
    return sha256(b"\1" + left + right)


def tree_lines():
    """Section 8: an image of 10,000 octets 00 in chunks of 4,096."""
    chunks = [bytes(4096), bytes(4096), bytes(1808)]
    first, second, third = (leaf(chunk) for chunk in chunks)
    inner = node(first, second)
    return [
        ("leaf(4096 × 00)", first),
        ("leaf(1808 × 00)", third),
        ("tree(c0, c1)", inner),
        ("tree_root", node(inner, third)),
    ]


def attribute_lines():
    """Section 4: signedAttrs over the manifest `{}` (which no verifier accepts) by a P-256 key."""
    digest, listed = sha256(b"{}"), sha256(b"leaf certificate")
    ess = d.sequence(d.sequence(d.sequence(d.octets(listed))))
    attributes = d.set_of(
        d.sequence(d.oid("1.2.840.113549.1.9.3"), d.set_of(d.oid(ARC + ".1.1"))),
        d.sequence(d.oid("1.2.840.113549.1.9.4"), d.set_of(d.octets(digest))),
        d.sequence(d.oid("1.2.840.113549.1.9.5"), d.set_of(d.tlv(0x17, b"261120120000Z"))),
        d.sequence(d.oid("1.2.840.113549.1.9.16.2.47"), d.set_of(ess)),
    )
    return [("signedAttrs, as they are hashed", attributes)]


def state_lines():
    """Section 9.2: the state of a factory-new acme/ac22."""
    fields = [d.integer(1), d.integer(0), d.tlv(0x0C, b"acme"), d.tlv(0x0C, b"ac22"), d.integer(0), d.integer(0)]
    body = d.sequence(*fields, d.sequence(), d.sequence())
    blob = bytes.fromhex("89455654310d0a1a") + struct.pack(">I", len(body)) + body
    return [("state blob", blob + sha256(blob))]


def lines():
    header = bytes.fromhex("89455653310d0a1a") + struct.pack(">II", 2345, 0b101)
    yield "E.1.1", d.oid(ARC + ".1.1")
    yield "E.2.3", d.oid(ARC + ".2.3")
    yield "header: envelope of 2,345 octets, components 0 and 2", header
    yield from tree_lines()
    yield from attribute_lines()
    yield from state_lines()


def rendered(name, octets):
    text = octets.hex()
    rows = [text[at : at + 96] for at in range(0, len(text), 96)]
    return name + "\n" + "".join(f"  {row}\n" for row in rows)


def main():
    wanted = [rendered(name, octets) for name, octets in lines()]
    if len(sys.argv) == 1:
        print("".join(wanted), end="")
        return 0
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    missing = [one for one in wanted if one not in text]
    print("".join(missing), end="")
    print(f"{len(wanted) - len(missing)} passed, {len(missing)} failed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
