"""The list of cases: each a package, a device and the status that format.md demands."""

import hashlib
import json

import gen_package as pack
import gen_pki as pki
from status import CLASS

HARDWARE, SERIAL = 3, "CP-0042"


def profile_for(kind="p256", **changes):
    """The profile whose one anchor is the root of the standard chain of this kind."""
    chain = pki.standard_chain(kind)
    return pack.Profile([(chain.root_name, chain.root_key.spki)], **changes)


class Suite:
    """Collects cases and writes them below one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = []
        self._ids = set()
        self._blobs = {}
        for name in ("packages", "profiles", "states"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, case_id, what, expect, *, package=None, kind="p256", profile=None, state=None, hardware=HARDWARE,
            serial=SERIAL, now=None, algorithm=None, feature=None, needs=None,
            remembers=None, **parts):
        """
        One case. `expect` is a status or a list of acceptable ones; `package` the octets, or made from `parts`.

        `feature` marks a refusal that holds only for a verifier without that feature, `needs` a verdict that holds
        only for a verifier with it; `remembers` says what the device remembers of an accepted package (section 9.3).
        """
        if case_id in self._ids:
            raise ValueError(f"two cases {case_id}")
        self._ids.add(case_id)
        for status in [expect] if isinstance(expect, str) else expect:
            if status not in CLASS:
                raise ValueError(f"{case_id}: no status {status}")
        octets = pack.make(kind=kind, **parts) if package is None else package
        path = f"packages/{case_id}.evs"
        (self.folder / path).write_bytes(octets)
        profile = profile_for(kind) if profile is None else profile
        line = {"id": case_id, "package": path, "profile": self._blob("profiles", case_id, "evd", profile),
                "expect": expect, "algorithm": algorithm or kind, "what": what}
        if state is not None:
            line["state"] = self._blob("states", case_id, "evt", state)
        for name, value in (("hardware", hardware), ("serial", serial), ("now", now), ("feature", feature),
                            ("needs", needs), ("remembers", remembers)):
            if value is not None:
                line[name] = value
        self.lines.append(line)

    def _blob(self, folder, case_id, suffix, source):
        """Write a profile or state once; returns its path."""
        octets = source if isinstance(source, bytes) else source.build()
        digest = hashlib.sha256(octets).digest()
        if (folder, digest) not in self._blobs:
            self._blobs[folder, digest] = f"{folder}/{case_id}.{suffix}"
            (self.folder / self._blobs[folder, digest]).write_bytes(octets)
        return self._blobs[folder, digest]

    def write_index(self):
        """index.jsonl."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        (self.folder / "index.jsonl").write_text(text, encoding="utf-8")


# ---- helpers that many cases share ----

def flip(offset, bit=0):
    """A function that flips one bit of octets (a negative offset counts from the end)."""
    def edit(octets):
        changed = bytearray(octets)
        changed[offset] ^= 1 << bit
        return bytes(changed)
    return edit


def cut(size):
    """A function that keeps the first `size` octets (negative: leaves that many out)."""
    return lambda octets: octets[:size]


def setter(*path_and_value):
    """An edit of the manifest: sets the member at a path to a value."""
    *path, last, value = path_and_value
    def edit(members):
        target = members
        for step in path:
            target = target[step]
        target[last] = value
    return edit


def dropper(*path):
    """An edit of the manifest: takes the member at a path out."""
    def edit(members):
        target = members
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
    return edit


def both(*edits):
    """Several edits of the manifest, one after the other."""
    def edit(members):
        for one in edits:
            one(members)
    return edit
