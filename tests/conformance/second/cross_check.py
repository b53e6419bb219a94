#!/usr/bin/python3
"""
Runs the second verifier, and with --other another one, over the cases of make_packages.py.

Reports each case in which a verifier's status is none of those that the case expects, or in which its exit code is not
the class of its status (section 10). Where the text leaves several statuses open and the two verifiers choose
differently, that is listed, too, but is no failure. What a device remembers of an accepted package is compared where
a verifier's JSON has the members `floors` (an object of security versions) and `time_floor` (RFC 3339).
"""

import argparse
import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import second_verifier  # noqa: E402
from status import CLASS  # noqa: E402

TIMEOUT = 30


def device_options(case, folder, names):
    """The options that describe the device; `names` are those of profile and state, and what says `no state`."""
    profile, state, factory_new = names
    options = [profile, str(folder / case["profile"])]
    options += [state, str(folder / case["state"])] if "state" in case else factory_new
    for name in ("hardware", "serial", "now"):
        if name in case:
            options += [f"--{name}", str(case[name])]
    return options


def outcome(text, exit_code, case):
    """The status from a verifier's JSON, or a sentence about what is wrong with its answer."""
    try:
        answer = json.loads(text)
        status = answer["status"]
    except (ValueError, KeyError, TypeError):
        return f"no JSON (exit {exit_code})"
    if CLASS.get(status) != exit_code:
        return f"{status} (exit {exit_code})"
    for name, wanted in case.get("remembers", {}).items():
        if answer.get(name, wanted) != wanted:
            return f"{status} ({name} {answer[name]})"
    return status


def run_second(case, folder):
    """The status by the second verifier, run in this process."""
    arguments = [str(folder / case["package"]), "--json", *device_options(case, folder, ("--profile", "--state", []))]
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            exit_code = second_verifier.main(arguments)
    except Exception as error:      # a verifier must have a verdict for every input
        return f"{type(error).__name__}: {error}"
    return outcome(output.getvalue(), exit_code, case)


def run_other(case, folder, command):
    """The status by another verifier program."""
    names = ("--device", "--state", ["--factory-new"])
    arguments = [*command, *device_options(case, folder, names), "--json", str(folder / case["package"])]
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer in {TIMEOUT} s"
    return outcome(done.stdout.decode("utf-8", "replace"), done.returncode, case)


def acceptable(case):
    """The statuses that a case allows."""
    return [case["expect"]] if isinstance(case["expect"], str) else case["expect"]


def print_table(title, head, rows):
    """A table with columns as wide as needed."""
    if not rows:
        return
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    print(title)
    for row in [head, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def coverage(cases, folder, second):
    """The statuses of section 10 that no case reaches with the second verifier."""
    reached = {second[case["id"]] for case in cases}
    missing = sorted(set(CLASS) - reached)
    print(f"{len(reached & set(CLASS))} of {len(CLASS)} statuses reached; not: {', '.join(missing)}")


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("outdir", type=pathlib.Path, help="folder that make_packages.py wrote")
    parser.add_argument("--other", type=shlex.split, metavar="COMMAND", help="another verifier, called as COMMAND "
                        "--device PROFILE [--state STATE | --factory-new] [--hardware N] [--serial S] [--now T] "
                        "--json PACKAGE")
    parser.add_argument("--with", dest="present", action="append", default=[], metavar="FEATURE",
                        help="leave cases out that expect a verifier without this feature (crl, signers, roles, "
                        "trust-update)")
    parser.add_argument("--lacks", action="append", default=[], metavar="FEATURE",
                        help="leave cases out that expect a verifier with this feature (signer-list, "
                        "no-system-clock: without --now there is no time)")
    parser.add_argument("--only", metavar="PREFIX", help="run the cases whose id begins so")
    parser.add_argument("--coverage", action="store_true", help="list the statuses that no case reaches")
    return parser.parse_args()


def main():
    """Run all cases; exit code 1 where a verifier disagrees with a case."""
    options = parse_arguments()
    folder = options.outdir
    lines = (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case.get("feature") not in options.present
             and case.get("needs") not in options.lacks and case["id"].startswith(options.only or "")]
    second = {case["id"]: run_second(case, folder) for case in cases}
    other = {}
    if options.other:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda case: run_other(case, folder, options.other), cases)
            other = dict(zip((case["id"] for case in cases), found))
    wrong, different = [], []
    for case in cases:
        answers = [second[case["id"]], *([other[case["id"]]] if other else [])]
        row = [case["id"], "|".join(acceptable(case)), *answers]
        if any(answer not in acceptable(case) for answer in answers):
            wrong.append(row)
        elif len(set(answers)) > 1:
            different.append(row)
    head = ["id", "expect", "second", *(["other"] if other else [])]
    print_table("Disagreements:", head, wrong)
    print_table("Open in the text, and decided differently (no failure):", head, different)
    if options.coverage:
        coverage(cases, folder, second)
    print(f"{len(cases) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
