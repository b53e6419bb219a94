#!/usr/bin/python3
"""
Every vector on a board: `vectors.py BOARD PROGRAM CASES [CONFIGURATION]`.

PROGRAM is judge.c as built for the board. All vectors go through one start of QEMU; each must end with the status that
it names. With a CONFIGURATION (configurations/CONFIGURATION.h, which PROGRAM was built with) some may be refused that
are good, and none may be accepted that is not, but for what config.h says of a verifier without revocation lists.
"""

import calendar
import pathlib
import struct
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))

from board import BOARDS  # noqa: E402
from programs import Vector, unpacked  # noqa: E402


def field(letter, octets=b""):
    return letter.encode() + struct.pack("<I", len(octets)) + octets


def number(value):
    return struct.pack("<q", value)


def job(vector):
    """The fields that judge.c takes."""
    headers = vector.headers
    out = field("n", vector.name.encode()) + field("d", unpacked(headers["profile"]))
    if headers["state"] == "factory-new":
        out += field("i")
    elif headers["state"] != "none":
        out += field("s", unpacked(headers["state"]))
    if "recovery" in headers:
        out += field("c", bytes.fromhex(headers["recovery"]))
    if "hardware" in headers:
        out += field("h", number(int(headers["hardware"])))
    if "serial" in headers:
        out += field("u", headers["serial"].encode())
    if "now" in headers:
        out += field("t", number(calendar.timegm(time.strptime(headers["now"], "%Y-%m-%dT%H:%M:%SZ"))))
    if "skip" in headers:
        out += field("k", headers["skip"].encode())
    if "abort-at" in headers:
        out += field("a", headers["abort-at"].encode())
    if "workspace" in headers:
        out += field("w", number(int(headers["workspace"])))
    if headers.get("without") == "ed25519":
        out += field("-")
    return out + field("p", vector.package) + field("R")


def expected(vector):
    """The library does not inflate: who writes images does."""
    return "ok" if "write" in vector.headers else vector.headers["expect"]


def fits(vector, status, configuration):
    """Whether a status is right, in a verifier that lacks what the configuration leaves out."""
    wanted = expected(vector)
    if not configuration:
        return status == wanted
    if vector.name == "ok.p256.txt":
        return status == "ok"
    about_lists = wanted in ("revoked", "cms_crls") or wanted.startswith("crl_")
    without_lists = "no-crl" in configuration and about_lists and "required" not in vector.name
    return status != "no answer" and (status != "ok" or wanted == "ok" or without_lists)


def main():
    configuration = sys.argv[4] if len(sys.argv) > 4 else ""
    board, program, cases = BOARDS[sys.argv[1]], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    if board.missing():
        print(f"skipped: not installed: {' '.join(board.missing())}")
        return 77
    vectors = [Vector(path) for path in sorted(cases.iterdir())]
    with tempfile.TemporaryDirectory(prefix="evseal-board-") as folder:
        pathlib.Path(folder, "jobs").write_bytes(b"".join(map(job, vectors)))
        done = board.run(program, ["jobs"], folder)
    found = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if " " in line)
    failures = 0
    for vector in vectors:
        status = found.get(vector.name, "no answer")
        if not fits(vector, status, configuration):
            failures += 1
            print(f"{vector.name}: expected {expected(vector)}, found {status}")
    if done.returncode != 0:
        print(f"{board.name}: exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    accepted = sum(status == "ok" for status in found.values())
    print(f"{board.name} {configuration}: {len(vectors)} vectors, {accepted} accepted, {failures} failures")
    return 1 if failures or done.returncode != 0 or not vectors else 0


if __name__ == "__main__":
    sys.exit(main())
