#!/usr/bin/python3
"""Compares the counters of the preset `coverage` with the list of gaps: coverage.py [--build FOLDER] [--write]

tests/coverage_gaps.txt lists what no everyday test reaches, tab-separated: file, text of the line, what of it, reason.
What is `line`, or `N of M branches`: so many of the line's ways to go on were never taken. Fails with 1 when something is
missing that the list lacks, when the list names something that is reached, and when fewer than 100 % of the lines are
reached or listed, or fewer than 95 % of the branches are reached. --write writes the list anew and keeps the reasons; a
new gap gets the reason `?`, which fails too.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GAPS = ROOT / "tests" / "coverage_gaps.txt"
FOLDERS = ("verify/src", "verify/port")
LEAST_BRANCHES = 95.0
NO_CODE = {"verify/src/oids.c"}  # tables only: no counters

Gap = collections.namedtuple("Gap", "file text what")


def read_counters(build):
    """What gcovr found: {file: its lines}. Markers in the sources that exclude lines are not obeyed."""
    command = ["gcovr", "--root", str(ROOT), "--no-markers", "--json", "-"]
    for folder in FOLDERS:
        command += ["--filter", f"{folder}/"]
    done = subprocess.run([*command, str(build)], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"gcovr failed:\n{done.stderr}")
    return {file["file"]: file["lines"] for file in json.loads(done.stdout)["files"]}


class FileSum:
    """Lines and branches of one file, and what is not reached of them."""

    def __init__(self, name, lines):
        texts = (ROOT / name).read_text().splitlines()
        self.name = name
        self.lines = self.lines_reached = self.branches = self.branches_reached = 0
        self.gaps = []
        for line in lines:
            if line["gcovr/noncode"]:
                continue
            branches = line["branches"]
            taken = sum(branch["count"] > 0 for branch in branches)
            self.lines += 1
            self.branches += len(branches)
            self.branches_reached += taken
            if line["count"] > 0:
                self.lines_reached += 1
            what = "line" if line["count"] == 0 else f"{len(branches) - taken} of {len(branches)} branches"
            if line["count"] == 0 or taken < len(branches):
                self.gaps.append(Gap(name, texts[line["line_number"] - 1].strip(), what))


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def print_table(sums):
    print(f"{'file':38} {'lines':>16} {'branches':>18}")

    def row(name, reached, lines, taken, branches):
        print(f"{name:38} {reached:5}/{lines:<5}{percent(reached, lines):5.1f} {taken:6}/{branches:<6}"
              f"{percent(taken, branches):5.1f}")

    for one in sums:
        row(one.name, one.lines_reached, one.lines, one.branches_reached, one.branches)
    row("all", *(sum(getattr(one, name) for one in sums)
                 for name in ("lines_reached", "lines", "branches_reached", "branches")))


def read_list():
    """Each listed gap with its reasons: as many as the list has lines for it."""
    reasons = collections.defaultdict(list)
    for number, line in enumerate(GAPS.read_text().splitlines() if GAPS.exists() else [], 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 4 or not fields[3]:
            raise SystemExit(f"{GAPS.name}:{number}: not file, text, what, reason")
        reasons[Gap(*fields[:3])].append(fields[3])
    return reasons


def write_list(gaps, reasons):
    head = [line for line in GAPS.read_text().splitlines() if line.startswith("#")] if GAPS.exists() else []
    kept = {gap: list(texts) for gap, texts in reasons.items()}
    rows = ["\t".join([*gap, kept[gap].pop(0) if kept.get(gap) else "?"]) for gap in gaps]
    GAPS.write_text("\n".join([*head, *rows]) + "\n")


def compare(gaps, reasons):
    """What is wrong with the list, one text each."""
    found = collections.Counter(gaps)
    listed = collections.Counter({gap: len(texts) for gap, texts in reasons.items()})
    faults = [f"not reached: {gap.file}: {gap.what}: {gap.text}" for gap in (found - listed).elements()]
    faults += [f"listed, but not so: {gap.file}: {gap.what}: {gap.text}" for gap in (listed - found).elements()]
    faults += [f"no reason: {gap.file}: {gap.text}" for gap, texts in reasons.items() if "?" in texts]
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "coverage")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    counters = read_counters(options.build)
    expected = {str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).glob("*.c")} - NO_CODE
    faults = [f"no counters: {name}" for name in sorted(expected - set(counters))]
    sums = [FileSum(name, lines) for name, lines in sorted(counters.items())]
    gaps = [gap for one in sums for gap in one.gaps]
    print_table(sums)
    if options.write:
        write_list(gaps, read_list())
    faults += compare(gaps, read_list())
    taken = percent(sum(one.branches_reached for one in sums), sum(one.branches for one in sums))
    if taken < LEAST_BRANCHES:
        faults.append(f"{taken:.1f} % of the branches are reached, fewer than {LEAST_BRANCHES:.0f} %")
    print("\n".join(faults) if faults else f"coverage: {len(gaps)} gaps, all listed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
