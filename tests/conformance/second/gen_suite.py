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
    """Collects cases and writes them below one folder, or, without `write`, into `blobs` by their paths."""

    def __init__(self, folder, write=True):
        self.folder = folder
        self.blobs = None if write else {}
        self.lines = []
        self._ids = set()
        self._blobs = {}
        for name in ("packages", "profiles", "states") if write else ():
            (folder / name).mkdir(parents=True, exist_ok=True)

    def _write(self, path, octets):
        if self.blobs is None:
            (self.folder / path).write_bytes(octets)
        else:
            self.blobs[path] = octets

    def add(self, case_id, what, expect, *, package=None, kind="p256", profile=None, state=None, hardware=HARDWARE,
            serial=SERIAL, now=None, recovery=None, algorithm=None, needs=None, remembers=None, keeps=None,
            keeps_all=None, states=False, **parts):
        """
        One case. `expect` is a status, a list of acceptable ones, or "any" (two verifiers must agree); `package` the
        octets, or made from `parts`.

        `needs` marks a verdict that holds only for a verifier with that feature; `remembers` says what the device
        remembers of an accepted package (section 9.3), `keeps` and `keeps_all` are the states that it keeps of the
        revocations only and of everything; with
        `states` (and with those) two verifiers are compared in what they keep.
        """
        if case_id in self._ids:
            raise ValueError(f"two cases {case_id}")
        self._ids.add(case_id)
        for status in [expect] if isinstance(expect, str) else expect:
            if status not in CLASS and status != "any":
                raise ValueError(f"{case_id}: no status {status}")
        octets = pack.make(kind=kind, **parts) if package is None else package
        path = f"packages/{case_id}.evs"
        self._write(path, octets)
        profile = profile_for(kind) if profile is None else profile
        line = {"id": case_id, "package": path, "profile": self._blob("profiles", case_id, "evd", profile),
                "expect": expect, "algorithm": algorithm or kind, "what": what}
        if state is not None:
            line["state"] = self._blob("states", case_id, "evt", state)
        if recovery is not None and needs is None:
            needs = "recovery"
        for name, value in (("hardware", hardware), ("serial", serial), ("now", now), ("recovery", recovery),
                            ("needs", needs), ("remembers", remembers)):
            if value is not None:
                line[name] = value
        # a state that is damaged or lost must not become a new one
        states = states or recovery is not None or case_id.startswith(("state.", "first."))
        if states or keeps is not None or keeps_all is not None:
            line["states"] = True
        for name, value in (("keeps", keeps), ("keeps_all", keeps_all)):
            if value is not None:
                line[name] = self._blob("states", f"{case_id}.{name}", "evt", value)
        self.lines.append(line)

    def _blob(self, folder, case_id, suffix, source):
        """Write a profile or state once; returns its path."""
        octets = source if isinstance(source, bytes) else source.build()
        digest = hashlib.sha256(octets).digest()
        if (folder, digest) not in self._blobs:
            self._blobs[folder, digest] = f"{folder}/{case_id}.{suffix}"
            self._write(self._blobs[folder, digest], octets)
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
