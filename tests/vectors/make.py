#!/usr/bin/python3
"""
Writes the test vectors below cases/ anew: `make.py [--all] [FOLDER]`.

The packages are those of tests/conformance/second; chosen.txt names them, and the lessons below are added. With --all,
for tests/mutation.py, it is every case of the generator that has one verdict. Keys are made at run time and thrown
away. What a vector expects follows from the generator; the second verifier must agree before a file is written.
"""

import argparse
import base64
import hashlib
import pathlib
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "conformance" / "second"))

import gen_package as pack  # noqa: E402


def plain_octets(seed, size):
    """
    In the place of the generator's random octets: what zlib makes small. No two chunks are alike. Serial numbers, which
    are short, are made of these octets, too, and stay random.
    """
    if size <= 32:
        return hashlib.sha256(f"{seed}".encode()).digest()[:size]
    lines = (f"{seed} {number}\n".encode().ljust(64, b".") * 32 for number in range(size // 2048 + 1))
    return b"".join(lines)[:size]


pack.image_octets = plain_octets

import gen_der as d  # noqa: E402
import gen_parties as party  # noqa: E402
import gen_suite  # noqa: E402
import make_packages  # noqa: E402
import second_verifier  # noqa: E402
import times  # noqa: E402

LINE = 100

# One octet behind a step, not that of the magic: the second verifier says `file_magic`, the library, which judges a
# header once it is whole, `truncated`. Both have the same exit code.
NOT_FOR_ALL = ("steps.broken-octet",)


class Vectors(gen_suite.Suite):
    """Keeps the cases in memory in the place of writing them."""

    def __init__(self, wanted):
        super().__init__(pathlib.Path("/nonexistent"), write=False)
        self.wanted = wanted
        self.found = {}

    def add(self, case_id, what, expect, *, headers=None, rule=None, **parts):
        """One case; `headers` are more headers of the vector, `rule` is for one that chosen.txt does not name."""
        if rule is None and self.wanted is None:
            settled = isinstance(expect, str) and expect != "any" and case_id not in NOT_FOR_ALL
            rule = "any" if settled else None
        elif rule is None:
            rule = self.wanted.get(case_id)
        if rule is None:
            return
        super().add(case_id, what, expect, **parts)
        self.found[case_id] = {**self.lines[-1], "headers": headers or {}, "rule": rule}


def read_chosen():
    """chosen.txt: {id: rule}."""
    chosen = {}
    for line in (HERE / "chosen.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            rule, _, names = line.partition(": ")
            for name in names.split():
                if name in chosen:
                    raise ValueError(f"{name} stands twice in chosen.txt")
                chosen[name] = rule
    return chosen


# ---- what is not among the generator's cases ----

def add_lessons(vectors):
    """EN 18031, faults that other verifiers had, and what only the use of the library reaches."""
    world = party.world()
    profile = party.profile()
    good = party.package(world.oem[0])
    def add(case_id, rule, what, expect, package=good, profile=profile, **more):
        vectors.add(case_id, what, expect, rule=rule, package=package, profile=profile, **more)
    _en18031(add, world, good)
    _lessons(add, world, good)
    _uses(add, world, good)


def _en18031(add, world, good):
    flip_last = {"edit_signature": gen_suite.flip(-1)}
    add("en18031.unsigned", "2 (3)", "The package has no signature.", "unsigned",
        package=party.package(world.oem[0], signer_infos=lambda infos: d.set_of()))
    add("en18031.modified-signature", "6 (4)", "One bit of the signature is changed.", "signature_invalid",
        package=party.package(world.oem[0].signing(**flip_last)))
    add("en18031.modified-software", "10 (8)", "One bit of an image is changed, the signature is the original's.",
        "chunk_digest", package=gen_suite.flip(-1)(good))
    add("en18031.unauthorised", "3 (5.2)", "Signed by an entity that the device does not trust.", "chain_no_anchor",
        package=party.package(world.foreign[0]))
    add("en18031.original", "accepted (9.3)", "The package that the three others of these were made from.", "ok")


def _lessons(add, world, good):
    zeros = d.sequence(d.integer(0), d.integer(0))
    add("lessons.zero-signature", "6 (4)", "An ECDSA signature with r = s = 0.", "signature_range",
        package=party.package(world.oem[0].signing(edit_signature=lambda _: zeros)))
    add("lessons.zero-signature-planted", "6 (4)", "The same from a second signer that is not needed.",
        "signature_range", package=party.package(
            world.oem[0], world.oem[1].signing(edit_signature=lambda _: zeros), ordered=False))
    add("lessons.planted-signer", "7 (9.3)", "A stranger's signature is planted beside the good one.", "ok",
        package=party.package(world.oem[0], world.foreign[1]))
    add("lessons.planted-signer-first", "7 (9.3)", "A stranger's signature is planted in front of the good one.", "ok",
        package=party.package(world.foreign[0], world.oem[1]))
    add("lessons.planted-for-threshold", "8 (9.3)", "A stranger's signature stands for the second that is needed.",
        "threshold_not_met", package=party.package(world.oem[0], world.foreign[1]), profile=party.profile(
            party.oem_role(threshold=2, signers=tuple(one.hash() for one in world.oem[:2]))))
    sibling = world.oem_root.ca("sibling-ca").leaf("sibling")
    pinned = party.profile(party.oem_role(signers=(world.oem_ca.hash(),)))
    add("lessons.sibling-ca", "4 (9.3)", "A sibling of the pinned CA, under the same root, issued the signer.",
        "signer_not_listed", package=party.package(sibling), profile=pinned)
    add("lessons.pinned-ca", "4 (9.3)", "The pinned CA issued the signer.", "ok", profile=pinned)
    add("lessons.length-past-end", "1 (2)", "The length of the envelope points behind the end of the file.",
        "truncated", package=good[:8] + (0x3fff).to_bytes(4, "big") + good[12:3000])
    huge = 2**53 - 1
    add("lessons.size-past-end", "10 (8)", "A component is said to be larger than the file.", "truncated",
        package=party.package(world.oem[0], edit=_larger))
    add("lessons.size-huge", "8 (7.2)", "A component's size would keep a device hashing for years.",
        "manifest_schema", package=party.package(world.oem[0], edit=gen_suite.setter(
            "components", 1, "stored_size", huge)))
    add("lessons.version-sign", "8 (7.2)", "A security_version of 0xffffffff, which is -1 as a signed number.",
        "manifest_schema", package=party.package(world.oem[0], edit=gen_suite.setter(
            "components", 1, "security_version", 0xffffffff)))


def _larger(members):
    for name in ("size", "stored_size"):
        members["components"][2][name] = 16000


def _uses(add, world, good):
    add("use.skip-needed", "10 (9.3)", "The caller skips a component that the device needs.", "component_skipped",
        headers={"skip": "app"})
    add("use.skip-other", "10 (9.3)", "The caller skips a component that the device does not need.", "ok",
        headers={"skip": "modem"})
    for place in ("manifest", "chunk"):
        add(f"use.abort-{place}", "10 (9.3)", f"The caller stops the verifier ({place}).", "aborted",
            headers={"abort-at": place})
    add("use.state-missing", "before (9.2)", "There is no state: that is not a factory-new device.", "state_missing",
        state=b"")
    add("use.workspace", "before (9.1)", "The memory is smaller than the profile's limits need.",
        "workspace_too_small", headers={"workspace": "1000"})
    ed25519 = party.root("ed25519-root", "ed25519")
    add("use.crypto-missing", "6 (3)", "The verifier is built without Ed25519.", "crypto_missing",
        package=party.package(ed25519.leaf("ed25519-leaf", kind="ed25519")),
        profile=party.profile(party.role("oem", ed25519)), headers={"without": "ed25519"})
    image = bytes(8000)
    other = pack.Component("boot", image, 3, encoding="gzip", stored=pack.gzip.compress(image[1:], 9, mtime=0))
    components = [other, *pack.standard_components()[1:]]
    add("use.inflate", "10 (8)", "A gzip image inflates to one octet less than size.", "inflate",
        package=party.package(world.oem[0], components=components), headers={"write": "boot"})


# ---- files ----

def wrapped(octets):
    """Base64 of zlib, in lines."""
    text = base64.b64encode(zlib.compress(octets, 9)).decode()
    return [text[at:at + LINE] for at in range(0, len(text), LINE)]


def judged(vectors, case):
    """The second verifier's verdict over a case."""
    unit = second_verifier.Unit(case.get("hardware"), case.get("serial"), None, None)
    if "now" in case:
        unit.now = times.parse_text(case["now"])
    if "recovery" in case:
        unit.challenge = bytes.fromhex(case["recovery"])
    state = vectors.blobs[case["state"]] if "state" in case else None
    return second_verifier.judge_file(vectors.blobs[case["package"]], vectors.blobs[case["profile"]], state, unit)


def headers_of(vectors, case, verdict):
    """The headers of a vector as (name, text or octets)."""
    profile = vectors.blobs[case["profile"]]
    found = [("what", case["what"]), ("rule", case["rule"]), ("expect", case["expect"])]
    if verdict.refused is None and (len(verdict.package.judge.first_pass) > 1 or "signers" in case["headers"]):
        found.append(("signers", " ".join("ok" if one.status is None else one.status.status
                                          for one in verdict.package.judge.first_pass)))
    found += [(name, str(case[name])) for name in ("hardware", "serial", "now", "recovery") if name in case]
    found += case["headers"].items()
    found.append(("profile", profile))
    if "state" in case:
        found.append(("state", vectors.blobs[case["state"]] or "none"))
    else:
        found.append(("state", "none" if "recovery" in case else "factory-new"))
    for name, header in (("keeps", "state-at-once"), ("keeps_all", "state-after")):
        if name in case:
            found.append((header, vectors.blobs[case[name]]))
    return found


def write_vector(folder, vectors, case_id, case):
    """One file; ValueError where the second verifier does not say what the case expects."""
    verdict = judged(vectors, case)
    status = "ok" if verdict.refused is None else verdict.refused.status
    if set(case["headers"]) & {"skip", "abort-at", "workspace", "without", "write"}:
        if status != "ok":
            raise ValueError(f"{case_id}: {status} already without its use")
    elif status != case["expect"]:
        raise ValueError(f"{case_id}: {status}, not {case['expect']}")
    lines = []
    for name, value in headers_of(vectors, case, verdict):
        if isinstance(value, bytes):
            lines += [f"{name}:", *(f" {line}" for line in wrapped(value))]
        else:
            lines.append(f"{name}: {value}")
    text = "\n".join(["evseal-vector: 1", *lines, "", *wrapped(vectors.blobs[case["package"]]), ""])
    (folder / f"{case_id}.txt").write_text(text, encoding="utf-8")
    return len(text)


def main():
    """Write all vectors."""
    parser = argparse.ArgumentParser(description="Write the test vectors of evseal.")
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=HERE / "cases", help="its *.txt are replaced")
    parser.add_argument("--all", action="store_true", help="every case of the generator")
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    chosen = read_chosen()
    vectors = Vectors(None if options.all else chosen)
    for module in make_packages.MODULES:
        module.add_cases(vectors)
    add_lessons(vectors)
    missing = sorted(set(chosen) - set(vectors.found))
    if missing:
        raise ValueError(f"no such cases: {' '.join(missing)}")
    for old in folder.glob("*.txt"):
        old.unlink()
    size = sum(write_vector(folder, vectors, case_id, case) for case_id, case in vectors.found.items())
    print(f"{len(vectors.found)} vectors, {size} octets")


if __name__ == "__main__":
    main()
