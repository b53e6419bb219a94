#!/usr/bin/python3
"""Frama-C Eva over the parsers: proof.py [HARNESS...]

Each harness (*.c here) calls parsers with input of which only the frame is fixed; Eva then follows every value that the
holes can have, and reports each operation that may be undefined: a read outside an object, an overflow, a shift, a read of
what was never written. An alarm that is not in allowed_alarms.txt fails, and so does a line of that list that is no alarm
any more. Exit status 77 where frama-c is not installed.
"""

import argparse
import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ALLOWED = HERE / "allowed_alarms.txt"

# States that Eva keeps apart at one point of the program before it joins them. More than this costs time and removes no
# alarm of these harnesses.
EVA = ["-eva", "-eva-precision", "0", "-eva-slevel", "100", "-eva-auto-loop-unroll", "2000", "-eva-split-return", "auto",
       "-eva-no-show-progress", "-eva-verbose", "0", "-machdep", "gcc_x86_64"]

# Own settings of a harness, instead of the above where they say the same.
OWN = {
    # Every place of the input's start is a state of its own; see der.c.
    "der": ["-eva-precision", "5", "-eva-split-return", "full", "-eva-split-limit", "1000"],
    # As many steps as the text has octets.
    "manifest": ["-eva-slevel", "20000"],
}


def analyse(name, timeout):
    """The alarms of one harness: file, function, kind, text of the assertion."""
    sources = sorted(str(p) for p in (ROOT / "verify" / "src").glob("*.c"))
    flags = f"-I{ROOT}/verify/include -I{ROOT}/verify/src -I{HERE} -include {HERE}/compat.h"
    with tempfile.TemporaryDirectory(prefix="evseal-proof-") as folder:
        report = pathlib.Path(folder, "report.csv")
        command = ["frama-c", *EVA, *OWN.get(name, []), f"-cpp-extra-args={flags}", str(HERE / f"{name}.c"), *sources,
                   "-then", "-report-csv", str(report), "-report-no-proven"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=folder)
        if done.returncode != 0 or not report.exists():
            raise RuntimeError(f"{name}: frama-c failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        alarms = set()
        with report.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["status"] in ("Unknown", "Invalid", "Invalid or unreachable") and "verify/src" in row["directory"]:
                    text = re.sub(r"\s+", " ", row["property"]).strip()
                    alarms.add((name, row["file"], row["function"], row["property kind"], text))
        return alarms


def read_allowed():
    allowed = {}
    for line in ALLOWED.read_text().splitlines():
        if line and not line.startswith("#"):
            *key, reason = line.split("\t")
            assert len(key) == 5 and reason, line
            allowed[tuple(key)] = reason
    return allowed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("harness", nargs="*", help="default: all")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one harness")
    options = parser.parse_args()
    if shutil.which("frama-c") is None:
        print("skipped: frama-c is not installed")
        return 77
    names = options.harness or sorted(p.stem for p in HERE.glob("*.c"))
    allowed, failures = read_allowed(), 0
    for name in names:
        alarms = analyse(name, options.timeout)
        expected = {key for key in allowed if key[0] == name}
        for alarm in sorted(alarms - expected):
            print("FAILED new alarm:", "\t".join(alarm))
        for alarm in sorted(expected - alarms):
            print("FAILED no alarm any more:", "\t".join(alarm))
        failures += len(alarms ^ expected)
        print(f"{name}: {len(alarms)} alarms, {len(alarms & expected)} of them explained", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
