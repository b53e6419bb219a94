#!/usr/bin/python3
"""The public suites in $EVSEAL_VECTORS through the batch modes of evseal.

No false accept is ever allowed. A false reject is allowed only for a feature that docs/refused.md names, in a case that
expected_rejects.txt lists. The counts are made here, not taken from the program's own summary.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def answers(evseal, vectors, *command):
    """Each case of a suite file with the program's answer to it."""
    done = subprocess.run(
        [evseal, *command, "--batch", str(vectors)], capture_output=True, text=True, check=False
    )
    cases = [json.loads(line) for line in vectors.read_text().splitlines()]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(cases) == len(lines), f"{len(lines)} answers to {len(cases)} cases: {done.stderr}"
    for case, line in zip(cases, lines):
        assert case["id"] == line["id"], (case["id"], line["id"])
    return list(zip(cases, lines))


def sort_out(pairs):
    """False accepts, false rejects and errors, as `SUITE ID` with the status."""
    accepts, rejects, errors = {}, {}, {}
    for case, line in pairs:
        # Signature cases have numbers that are unique within their file only.
        name = " ".join(case[key] for key in ("suite", "file", "alg", "id") if key in case)
        good = case["expect"] in ("accept", "valid")
        either = case["expect"] in ("either", "acceptable") or case.get("anchor_only")
        if line["verdict"] == "error":
            errors[name] = line["status"]
        elif line["verdict"] == "accept" and not good and not either:
            accepts[name] = line["status"]
        elif line["verdict"] == "reject" and good and not either:
            rejects[name] = line["status"]
    return accepts, rejects, errors


def report(title, pairs, accepts, rejects, errors):
    print(
        f"{title}: {len(pairs)} cases, {len(accepts)} false accepts, {len(rejects)} false rejects,"
        f" {len(errors)} errors"
    )


def check(failures, what, found):
    if found:
        failures.append(f"{what}: {found}")


def main():
    evseal = sys.argv[1]
    folder = os.environ.get("EVSEAL_VECTORS")
    if not folder:
        print("skipped: EVSEAL_VECTORS does not name a folder with the public suites")
        return 0
    folder = pathlib.Path(folder)
    failures = []
    for backend in ("openssl", "sodium"):
        pairs = answers(evseal, folder / "signatures.jsonl", "signature", "verify", "--backend", backend)
        accepts, rejects, errors = sort_out(pairs)
        report(f"signatures, {backend}", pairs, accepts, rejects, errors)
        check(failures, f"{backend}: false accepts", accepts)
        check(failures, f"{backend}: false rejects", rejects)
        wrong = {k: v for k, v in errors.items() if backend == "openssl" or v != "crypto_missing"}
        check(failures, f"{backend}: errors", wrong)

    pairs = answers(evseal, folder / "chains.jsonl", "chain", "verify")
    accepts, rejects, errors = sort_out(pairs)
    report("chains", pairs, accepts, rejects, errors)
    check(failures, "chains: false accepts", accepts)
    listed = {
        line.split("\t")[1]
        for line in (HERE / "expected_rejects.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    check(failures, "chains: false rejects that are not listed", {k: rejects[k] for k in rejects.keys() - listed})
    check(failures, "chains: listed as refused, but accepted now", sorted(listed - rejects.keys()))
    # What could not be judged must be for revocation alone, which this version does not implement.
    check(failures, "chains: errors", {k: v for k, v in errors.items() if v != "crl_unsupported"})
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
