#!/usr/bin/python3
"""Frama-C Eva over the parsers: proof.py [HARNESS...]

Each harness (*.c here) calls parsers with input of which only the frame is fixed; Eva then follows every value that the
holes can have, and reports each operation that may be undefined: a read outside an object, an overflow, a shift, a read of
what was never written. An alarm that is not in allowed_alarms.txt fails, and so does a line of that list that is no alarm
any more. Places of a harness marked `//@ check reached: \\false;` must be reached: a frame that the format has outgrown
would be refused at once, and prove nothing. Exit status 77 where frama-c is not installed.
"""

import argparse
import csv
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ALLOWED = HERE / "allowed_alarms.txt"
REACHED = "//@ check reached: \\false;"

# States that Eva keeps apart at one point of the program before it joins them. More than this costs time and removes no
# alarm of these harnesses.
EVA = ["-eva", "-eva-precision", "0", "-eva-slevel", "100", "-eva-auto-loop-unroll", "2000", "-eva-split-return", "auto",
       "-eva-no-show-progress", "-eva-verbose", "0", "-machdep", "gcc_x86_64",
       # A function without a body would be believed to do nothing.
       "-kernel-warn-key", "annot:missing-spec=abort"]

OK, ENCODING = 0x3CA5965A, 0x0401  # EVSEAL_OK, EVSEAL_CERT_ENCODING

# Own settings of a harness, instead of the above where they say the same.
OWN = {
    # Every place of the input's start is a state of its own; see der.c.
    "der": ["-eva-precision", "5", "-eva-split-return", "full", "-eva-split-limit", "1000"],
    # As many steps as the text has octets.
    "manifest": ["-eva-slevel", "20000"],
    # Eva must not join what was read with what was not: place and rest of a reader would no longer fit. Where there are
    # more statuses than it tells apart, the one that counts.
    "cms": ["-eva-slevel", "1000", "-eva-split-return", "full", "-eva-split-return-function",
            f"evseal_certificate_parse:{ENCODING},evseal_crl_parse:{OK},read_rest:{OK},evseal_cms_read_signer:{OK},"
            f"read_signers:{OK}"],
    "crl": ["-eva-slevel", "2000", "-eva-split-return", "full", "-eva-split-limit", "1000"],
}

# Sources that a harness has a model of.
MODELLED = {"cms": ["crl.c", "x509.c"]}


def marks(name):
    """Lines of the harness that Eva must come to."""
    lines = (HERE / f"{name}.c").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if REACHED in line}


def is_ours(row):
    """An alarm in the library, or where a harness or its backend reads what the library gave it."""
    folders = ("verify/src", "tests/proof")
    return row["property kind"] != "user check" and any(folder in row["directory"] for folder in folders)


def analyse(name, timeout):
    """The alarms of one harness (file, function, kind, text of the assertion), and the marks that Eva came to."""
    sources = sorted(str(p) for p in (ROOT / "verify" / "src").glob("*.c") if p.name not in MODELLED.get(name, []))
    flags = f"-I{ROOT}/verify/include -I{ROOT}/verify/src -I{HERE} -include {HERE}/compat.h"
    with tempfile.TemporaryDirectory(prefix="evseal-proof-") as folder:
        report = pathlib.Path(folder, "report.csv")
        command = ["frama-c", *EVA, *OWN.get(name, []), f"-cpp-extra-args={flags}", str(HERE / f"{name}.c"), *sources,
                   "-then", "-report-csv", str(report), "-report-no-proven"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (timeout, timeout)))
        if done.returncode != 0 or not report.exists():
            raise RuntimeError(f"{name}: frama-c failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        alarms, reached = set(), set()
        with report.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["status"] in ("Unknown", "Invalid", "Invalid or unreachable") and is_ours(row):
                    text = re.sub(r"\s+", " ", row["property"]).strip()
                    alarms.add((name, row["file"], row["function"], row["property kind"], text))
                if row["file"] == f"{name}.c" and row["property kind"] == "user check":
                    reached.add(int(row["line"]))
        return alarms, reached


def seconds_used():
    """CPU of all children so far: on a machine that does other work too, the clock says little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    parser.add_argument("--timeout", type=int, default=1800, help="seconds of CPU for one harness")
    options = parser.parse_args()
    if shutil.which("frama-c") is None:
        print("skipped: frama-c is not installed")
        return 77
    names = options.harness or sorted(p.stem for p in HERE.glob("*.c"))
    allowed, failures = read_allowed(), 0
    for name in names:
        before = seconds_used()
        alarms, reached = analyse(name, options.timeout)
        missed = marks(name) - reached
        for line in sorted(missed):
            print(f"FAILED not reached: {name}.c:{line}")
        expected = {key for key in allowed if key[0] == name}
        for alarm in sorted(alarms - expected):
            print("FAILED new alarm:", "\t".join(alarm))
        for alarm in sorted(expected - alarms):
            print("FAILED no alarm any more:", "\t".join(alarm))
        failures += len(alarms ^ expected) + len(missed)
        print(f"{name}: {len(alarms)} alarms, {len(alarms & expected)} of them explained, "
              f"{seconds_used() - before:.0f} s of CPU", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
