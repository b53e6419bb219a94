#!/usr/bin/python3
"""
Runs the second verifier, and with --other another one, over the cases of make_packages.py.

Reports each case in which a verifier's status is none of those that the case expects, or in which its exit code is not
the class of its status (section 10). Where the text leaves several statuses open and the two verifiers choose
differently, that is listed, too, but is no failure. What a device remembers of an accepted package is compared where
a verifier's JSON has the members `floors` (an object of security versions) and `time_floor` (RFC 3339).

The states that a device keeps are compared to the octet: with those that a case names, and those of two verifiers with
each other. What the other program cannot do yet, by its --help, is left out.
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import der  # noqa: E402
import device  # noqa: E402
import second_verifier  # noqa: E402
import times  # noqa: E402
from status import CLASS  # noqa: E402

TIMEOUT = 30


STATES = {"keeps": "revocations", "keeps_all": "all"}


class Answer:
    """What a verifier says of a case: `status`, or a sentence about what is wrong, and the states to keep."""

    def __init__(self, status, states=None, written=None):
        self.status = status
        self.states = states or {}      # by `keeps` and `keeps_all`; None where there is none
        self.written = written or {}    # the same as a program writes it, see written_states()


def device_options(case, folder, names):
    """The options that describe the device; `names` are those of profile and state, and what says `no state`."""
    profile, state, factory_new = names
    options = [profile, str(folder / case["profile"])]
    if "state" in case:
        options += [state, str(folder / case["state"])]
    elif "recovery" not in case:
        options += factory_new
    for name in ("hardware", "serial", "now", "recovery"):
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
    """The Answer of the second verifier, run in this process."""
    arguments = [str(folder / case["package"]), *device_options(case, folder, ("--profile", "--state", []))]
    output = io.StringIO()
    try:
        verdict = second_verifier.judge_options(second_verifier.parse_arguments(arguments))
        status = "ok" if verdict.refused is None else verdict.refused.status
        with contextlib.redirect_stdout(output):
            second_verifier.report(status, "", verdict.package, True)
        states = {name: verdict.next_state(mode) for name, mode in STATES.items()}
        written = written_states(verdict, states)
    except Exception as error:      # a verifier must have a verdict for every input
        return Answer(f"{type(error).__name__}: {error}")
    return Answer(outcome(output.getvalue(), CLASS[status], case), states, written)


def written_states(verdict, states):
    """
    What `evseal-verify --next-state` writes: after a refusal, and where nothing was learnt, there is less to write
    than the text lets a device write, and a trust-update is remembered at once.
    """
    package, accepted = verdict.package, verdict.refused is None
    if package is None or package.judge is None and verdict.refused.status == "clock_missing":
        return {}
    if accepted and package.kind == "trust-update":
        return {name: states["keeps_all"] for name in STATES}
    if package.unit.challenge is not None:
        return {}
    learnt = package.judge is not None and package.judge.revocation.learnt_something()
    at_once = states["keeps"] if learnt else package.state.encode()
    return {"keeps": at_once, "keeps_all": states["keeps_all"] if accepted else at_once}


def run_other(case, folder, command, with_states):
    """The Answer of another verifier program."""
    names = ("--device", "--state", ["--factory-new"])
    if "recovery" in case:      # it stands in the place of a state
        case = {name: value for name, value in case.items() if name != "state"}
    arguments = [*command, *device_options(case, folder, names), "--json", str(folder / case["package"])]
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=TIMEOUT, check=False)
        answer = Answer(outcome(done.stdout.decode("utf-8", "replace"), done.returncode, case))
        if with_states:
            answer.states = {name: other_state(arguments, mode) for name, mode in STATES.items()}
    except subprocess.TimeoutExpired:
        return Answer(f"no answer in {TIMEOUT} s")
    return answer


def abilities(options):
    """
    What the other program can do that not every one can: `states`, `recovery`, `steps`; by its --help, or all of it
    with --states.
    """
    if not options.other or options.states:
        return {"states", "recovery", "steps"}
    done = subprocess.run([*options.other, "--help"], capture_output=True, timeout=TIMEOUT, check=False)
    text = done.stdout + done.stderr
    words = {"states": b"--next-state", "recovery": b"--recovery", "steps": b"step"}
    return {name for name, word in words.items() if word in text}


def other_state(arguments, remember):
    """The state that the other program writes; the one place that knows how it is asked."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "next.evt"
        subprocess.run([*arguments, "--next-state", str(path), "--remember", remember], capture_output=True,
                       timeout=TIMEOUT, check=False)
        return path.read_bytes() if path.exists() else None


def describe(blob):
    """A state for people, as a list of fields."""
    if blob is None:
        return ["none"]
    try:
        state = device.read_state(blob)
    except der.DerError as error:
        return [f"damaged ({error})"]
    fields = [f"counter {state.counter}", f"floor {times.format_text(state.time_floor)}", f"epoch {state.trust_epoch}"]
    fields.append("slots " + " ".join(f"{name}={floor}" for name, floor in state.slots.items()))
    for issuer, known in state.crls.items():
        serials = " ".join(serial.hex() for serial in sorted(known.revoked, key=device.serial_order)[:6])
        fields.append(f"crl {issuer.hex()[:6]} #{known.number} {'' if known.complete else 'not '}complete "
                      f"{len(known.revoked)}: {serials}")
    fields.append("trust " + ("none" if state.trust is None else hashlib.sha256(state.trust.raw).hexdigest()[:6]))
    return fields


def difference(first, second):
    """What two states do not have in common, in short."""
    if first == second:
        return ""
    left, right = describe(first), describe(second)
    only = [f"-{one}" for one in left if one not in right] + [f"+{one}" for one in right if one not in left]
    return "; ".join(only) or "the octets differ"


def state_rows(cases, folder, second, other, with_states):
    """Rows (id, which state, verifier, difference) where a state is not the one to keep."""
    rows = []
    for case in cases:
        for name in STATES:
            wanted = (folder / case[name]).read_bytes() if name in case else None
            answer = second[case["id"]]
            if name in case:
                rows.append([case["id"], name, "second", difference(wanted, answer.states.get(name))])
            if with_states and "states" in case:
                found = difference(answer.written.get(name), other[case["id"]].states.get(name))
                rows.append([case["id"], name, "second and other", found])
    return [row for row in rows if row[-1]]


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
    reached = {second[case["id"]].status for case in cases}
    missing = sorted(set(CLASS) - reached)
    print(f"{len(reached & set(CLASS))} of {len(CLASS)} statuses reached; not: {', '.join(missing)}")


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("outdir", type=pathlib.Path, help="folder that make_packages.py wrote")
    parser.add_argument("--other", type=shlex.split, metavar="COMMAND", help="another verifier, called as COMMAND "
                        "--device PROFILE [--state STATE | --factory-new] [--hardware N] [--serial S] [--now T] "
                        "--json PACKAGE")
    parser.add_argument("--lacks", action="append", default=[], metavar="FEATURE",
                        help="leave cases out that expect a verifier with this feature (no-system-clock: "
                        "without --now there is no time; steps, recovery)")
    parser.add_argument("--states", action="store_true", help="the other verifier takes steps, --recovery "
                        "HEX and --next-state FILE --remember revocations|all, whatever its --help says")
    parser.add_argument("--only", metavar="PREFIX", help="run the cases whose id begins so")
    parser.add_argument("--coverage", action="store_true", help="list the statuses that no case reaches")
    return parser.parse_args()


def main():
    """Run all cases; exit code 1 where a verifier disagrees with a case."""
    options = parse_arguments()
    folder = options.outdir
    lines = (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()
    able = abilities(options)
    lacks = {*options.lacks, *({"recovery", "steps"} - able)}
    with_states = bool(options.other) and "states" in able
    cases = [case for case in map(json.loads, lines) if case.get("needs") not in lacks
             and case["id"].startswith(options.only or "")]
    other = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda case: run_other(case, folder, options.other, with_states and "states" in case),
                         cases if options.other else [])
        second = {case["id"]: run_second(case, folder) for case in cases}
        other = dict(zip((case["id"] for case in cases), found))
    wrong, different = [], []
    for case in cases:
        answers = [one[case["id"]].status for one in (second, other) if one]
        row = [case["id"], "|".join(acceptable(case)), *answers]
        if case["expect"] == "any":
            acceptable_here = answers[:1] if answers[0] in CLASS else []
        else:
            acceptable_here = acceptable(case)
        if any(answer not in acceptable_here for answer in answers):
            wrong.append(row)
        elif len(set(answers)) > 1:
            different.append(row)
    states = state_rows(cases, folder, second, other, with_states)
    head = ["id", "expect", "second", *(["other"] if other else [])]
    print_table("Disagreements:", head, wrong)
    print_table("States (- expected or second, + found):", ["id", "state", "verifier", "difference"], states)
    print_table("Open in the text, and decided differently (no failure):", head, different)
    if options.coverage:
        coverage(cases, folder, second)
    failed = {row[0] for row in wrong + states}
    print(f"{len(cases) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
