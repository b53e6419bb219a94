#!/usr/bin/python3
"""
Every vector through the programs: `programs.py CASES EVSEAL-VERIFY [EVSEAL]`.

What only the use of the library can ask for (skip, abort-at, without, workspace) is left out, and so is what the
programs cannot be told: that there is no clock, or for `evseal verify` no state. The exit code must be the class of
the status.
"""

import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance" / "second"))

from status import CLASS  # noqa: E402

LIBRARY_ONLY = {"skip", "abort-at", "without", "workspace"}
TIMEOUT = 60


class Vector:
    """A vector, read as README.md says."""

    def __init__(self, path):
        self.name = path.name
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        self.headers = {}
        name = None
        for line in head.splitlines():
            if line.startswith(" "):
                self.headers[name] += line[1:]
            else:
                name, _, value = line.partition(":")
                self.headers[name] = value.strip()
        self.package = unpacked(body)

    def for_programs(self):
        """Whether any program can be asked."""
        return not LIBRARY_ONLY & set(self.headers) and self.headers["expect"] != "clock_missing"

    def for_program(self, program):
        """Whether this program can be asked: `evseal` has no word for a state that is missing."""
        missing = self.headers["state"] == "none" and "recovery" not in self.headers
        newer = "recovery" in self.headers or self.headers["rule"].startswith("steps")
        return (program.for_chargers or not missing) and (program.recovers or not newer)


def unpacked(text):
    """The octets behind base64 of zlib."""
    return zlib.decompress(base64.b64decode(text))


class Program:
    """A program, what it is called with, and what its --help says it can do."""

    def __init__(self, path):
        self.for_chargers = pathlib.Path(path).name == "evseal-verify"
        self.label = "evseal-verify" if self.for_chargers else "evseal verify"
        self.command = [path] if self.for_chargers else [path, "verify"]
        asked = subprocess.run([*self.command, "--help"], capture_output=True, timeout=TIMEOUT, check=True)
        self.recovers = b"--recovery" in asked.stdout      # one that does takes steps, too

    def answer(self, vector, folder):
        """The status that the program says of a vector, or a sentence about what is wrong with its answer."""
        arguments = [*self.command, "--json", *self.device(vector, folder)]
        for name in ("hardware", "serial", "now", "recovery"):
            if name in vector.headers:
                arguments += [f"--{name}", vector.headers[name]]
        if "write" in vector.headers and self.for_chargers:
            arguments += ["--write", f"{vector.headers['write']}={folder / 'image'}"]
        elif "write" in vector.headers:
            arguments += ["--full"]
        package = folder / "package.evs"
        package.write_bytes(vector.package)
        done = subprocess.run([*arguments, str(package)], capture_output=True, timeout=TIMEOUT, check=False)
        try:
            status = json.loads(done.stdout)["status"]
        except (ValueError, KeyError):
            return f"no status (exit {done.returncode}): {done.stdout + done.stderr}"
        return status if CLASS[status] == done.returncode else f"{status} (exit {done.returncode})"

    def device(self, vector, folder):
        """The options for profile and state, with their files."""
        (folder / "profile.evd").write_bytes(unpacked(vector.headers["profile"]))
        options = ["--device", str(folder / "profile.evd")]
        state = vector.headers["state"]
        if "recovery" in vector.headers:
            return options
        if state == "factory-new":
            return [*options, "--factory-new"] if self.for_chargers else options
        (folder / "state.evt").write_bytes(b"" if state == "none" else unpacked(state))
        return [*options, "--state", str(folder / "state.evt")]


def fault(program, vector):
    """A line about what is wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        found = program.answer(vector, pathlib.Path(folder))
    expected = vector.headers["expect"]
    return None if found == expected else f"{vector.name} ({program.label}): expected {expected}, found {found}"


def main():
    """Run all; exit code 1 where a program disagrees."""
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.txt"))
    vectors = [vector for vector in map(Vector, paths) if vector.for_programs()]
    programs = [Program(path) for path in sys.argv[2:]]
    work = [(program, vector) for program in programs for vector in vectors if vector.for_program(program)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [one for one in pool.map(lambda pair: fault(*pair), work) if one]
    print("\n".join([*faults, f"{len(paths)} vectors, {len(work)} runs, {len(faults)} failed"]))
    return 1 if faults or not work else 0


if __name__ == "__main__":
    sys.exit(main())
