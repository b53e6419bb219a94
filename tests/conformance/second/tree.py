"""The payload: padding, hash trees and chunks of format.md sections 2 and 8."""

import hashlib
import zlib

from status import Refused, require

BLOCK = 4096


class Stream:
    """The file after the envelope, read once from front to back."""

    def __init__(self, data, at):
        self._data = data
        self._at = at

    def take(self, size):
        """The next `size` octets; `truncated` where the file ends before."""
        require(self._at + size <= len(self._data), "truncated", f"{size} octets at {self._at}")
        octets = self._data[self._at:self._at + size]
        self._at += size
        return octets

    def take_padding(self):
        """Section 2: zero octets up to the next multiple of 4096."""
        padding = self.take(-self._at % BLOCK)
        require(not any(padding), "padding")

    def finish(self):
        """Section 2: nothing follows."""
        require(self._at == len(self._data), "trailing_data")


def stored_octets(component):
    """Section 8: the octets that a component takes in the file."""
    leaves = -(-component["stored_size"] // component["chunk_size"])
    return component["stored_size"] + 64 * (leaves - 1)


def read_component(stream, component):
    """Section 8: checks each node before it is used and each chunk before it is released; returns the octets."""
    chunks = []
    _read(stream, component, bytes.fromhex(component["tree_root"]), component["stored_size"], chunks)
    return b"".join(chunks)


def _read(stream, component, expected, size, chunks):
    """One subtree over `size` octets, whose hash is `expected`."""
    chunk_size = component["chunk_size"]
    leaves = -(-size // chunk_size)
    if leaves == 1:
        chunk = stream.take(size)
        require(hashlib.sha256(b"\x00" + chunk).digest() == expected, "chunk_digest", component["id"])
        chunks.append(chunk)
        return
    node = stream.take(64)
    require(hashlib.sha256(b"\x01" + node).digest() == expected, "tree_node", component["id"])
    left = chunk_size << (leaves - 1).bit_length() - 1      # the largest power of two below the number of leaves
    _read(stream, component, node[:32], left, chunks)
    _read(stream, component, node[32:], size - left, chunks)


def image_of(component, stored):
    """Section 8: the image itself, for who inflates."""
    if component["encoding"] == "none":
        return stored
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        image = inflater.decompress(stored, component["size"] + 1)
    except zlib.error as error:
        raise Refused("inflate", str(error)) from error
    whole = inflater.eof and not inflater.unused_data and len(image) == component["size"]
    require(whole and hashlib.sha256(image).hexdigest() == component["sha256"], "inflate", component["id"])
    return image
