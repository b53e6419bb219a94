"""A package taken apart by docs/format.md, with nothing of evseal: file, envelope and payload."""

import dataclasses
import hashlib

MAGIC = bytes.fromhex("89455653310d0a1a")
HEADER = 16
ALIGNMENT = 4096


@dataclasses.dataclass
class Der:
    """One DER element: its tag, its content, and all its octets."""

    tag: int
    content: bytes
    encoded: bytes
    start: int  # of the element, within what was parsed

    @property
    def children(self):
        out, at = [], 0
        while at < len(self.content):
            out.append(parse_der(self.content, at))
            at += len(out[-1].encoded)
        return out


def parse_der(data, start=0):
    """The element that starts at an offset; lengths up to four octets."""
    first, at = data[start + 1], start + 2
    if first < 0x80:
        length = first
    else:
        length = int.from_bytes(data[at:at + (first & 0x7F)], "big")
        at += first & 0x7F
    if at + length > len(data):
        raise ValueError("the element is longer than what holds it")
    return Der(data[start], data[at:at + length], data[start:at + length], start)


class SignerInfo:
    """A SignerInfo of the one canonical form (§3, §4)."""

    def __init__(self, element):
        fields = element.children
        if [field.tag for field in fields] != [0x02, 0x30, 0x30, 0xA0, 0x30, 0x04]:
            raise ValueError("not the six fields of a SignerInfo")
        self.encoded = element.encoded
        self.digest_algorithm = fields[2].encoded
        self.signed_attributes = fields[3]
        self.signature_algorithm = fields[4].encoded
        self.signature = fields[5].content

    @property
    def signed_octets(self):
        """What the signature is over: signedAttrs with the tag of a SET OF (RFC 5652 §5.4)."""
        return b"\x31" + self.signed_attributes.encoded[1:]

    def attribute(self, oid):
        """The value of a signed attribute, by the hexadecimal content of its OID."""
        for attribute in self.signed_attributes.children:
            name, values = attribute.children
            if name.content.hex() == oid:
                (value,) = values.children
                return value
        raise KeyError(oid)


class Package:
    """The bytes of a package and where its parts lie."""

    def __init__(self, data):
        self.data = bytes(data)
        if self.data[:8] != MAGIC:
            raise ValueError("no magic")
        length = int.from_bytes(self.data[8:12], "big")
        self.mask = int.from_bytes(self.data[12:16], "big")
        self.envelope_end = HEADER + length
        self.payload_start = -(-self.envelope_end // ALIGNMENT) * ALIGNMENT
        self.envelope = self.data[HEADER:self.envelope_end]
        self.padding = self.data[self.envelope_end:self.payload_start]
        self.payload = self.data[self.payload_start:]
        self.signed_data = parse_der(self.envelope).children[1].children[0].children
        self.manifest = self.signed_data[2].children[1].children[0].content

    @classmethod
    def read(cls, path):
        with open(path, "rb") as file:
            return cls(file.read())

    @property
    def certificates(self):
        (found,) = [field for field in self.signed_data if field.tag == 0xA0]
        return [certificate.encoded for certificate in found.children]

    @property
    def signer_infos(self):
        return [SignerInfo(element) for element in self.signed_data[-1].children]

    def offset_of(self, part):
        """Where a part of the envelope stands in the file; it stands there once."""
        if self.envelope.count(part) != 1:
            raise ValueError("not there, or more than once")
        return HEADER + self.envelope.index(part)


def flipped(data, offset, bit=0):
    """The data with one bit changed."""
    out = bytearray(data)
    out[offset] ^= 1 << bit
    return bytes(out)


def read_tree(payload, at, stored_size, chunk_size, expected):
    """Reads a component by §8, checking each node and chunk: its octets, and where it ends."""
    if stored_size <= chunk_size:
        chunk = payload[at:at + stored_size]
        if hashlib.sha256(b"\x00" + chunk).digest() != expected:
            raise ValueError(f"the chunk at {at} does not match")
        return chunk, at + stored_size
    node = payload[at:at + 64]
    if hashlib.sha256(b"\x01" + node).digest() != expected:
        raise ValueError(f"the node at {at} does not match")
    leaves = -(-stored_size // chunk_size)
    left_size = (1 << (leaves - 1).bit_length() - 1) * chunk_size
    left, at = read_tree(payload, at + 64, left_size, chunk_size, node[:32])
    right, at = read_tree(payload, at, stored_size - left_size, chunk_size, node[32:])
    return left + right, at


def read_components(payload, manifest):
    """The stored octets of every component of a full package, by id."""
    out, at = {}, 0
    for component in manifest["components"]:
        out[component["id"]], at = read_tree(payload, at, component["stored_size"],
                                             component["chunk_size"],
                                             bytes.fromhex(component["tree_root"]))
    if at != len(payload):
        raise ValueError("octets behind the last component")
    return out
