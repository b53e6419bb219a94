#!/usr/bin/python3
"""The public suites in $EVSEAL_VECTORS through the batch modes of evseal: suites.py EVSEAL BACKEND...

No false accept is ever allowed. A false reject is allowed only for a feature that docs/refused.md names, in a case that
expected_rejects.txt lists. Backends that can judge a case must give the same verdict for the same reason. The counts
are made here, not taken from the program's own summary.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# The signature algorithms that a backend does not offer, by how their names begin.
LACKS = {"sodium": ("ecdsa", "rsa"), "bearssl": ("ed25519",)}
UNSUPPORTED = "crypto_missing"
ED25519_PRIME = 2**255 - 19


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


def name_of(case):
    # Signature cases have numbers that are unique within their file only.
    return " ".join(case[key] for key in ("suite", "file", "alg", "id") if key in case)


def outcome_of(case, line):
    good = case["expect"] in ("accept", "valid")
    either = case["expect"] in ("either", "acceptable") or case.get("anchor_only")
    if line["verdict"] == "error":
        return "unsupported" if line["status"] == UNSUPPORTED else "error"
    if line["verdict"] == "accept" and not good and not either:
        return "false accept"
    if line["verdict"] == "reject" and good and not either:
        return "false reject"
    return "right"


def sort_out(pairs):
    """For each outcome the cases as {name: status}."""
    found = collections.defaultdict(dict)
    for case, line in pairs:
        found[outcome_of(case, line)][name_of(case)] = line["status"]
    return found


def report(title, backend, pairs):
    """One line a suite and one for all of them."""
    counts = collections.defaultdict(collections.Counter)
    for case, line in pairs:
        for suite in (case["suite"], "all"):
            counts[suite].update(["cases", outcome_of(case, line)])
    for suite, count in sorted(counts.items(), key=lambda item: item[0] == "all"):
        print(
            f"{title}, {backend}, {suite}: {count['cases']} cases, {count['false accept']} false accepts,"
            f" {count['false reject']} false rejects, {count['unsupported']} unsupported, {count['error']} errors"
        )


def check(failures, what, found):
    if found:
        failures.append(f"{what}: {found}")


def is_non_canonical(case):
    """An Ed25519 key whose y is not below the prime (RFC 8032 section 5.1.3)."""
    if case["alg"] != "ed25519" or len(case["spki"]) != 2 * 44:
        return False
    return int.from_bytes(bytes.fromhex(case["spki"])[-32:], "little") % 2**255 >= ED25519_PRIME


def check_signatures(failures, backend, pairs):
    found = sort_out(pairs)
    report("signatures", backend, pairs)
    check(failures, f"signatures, {backend}: false accepts", found["false accept"])
    check(failures, f"signatures, {backend}: false rejects", found["false reject"])
    check(failures, f"signatures, {backend}: errors", found["error"])
    offered = [
        name_of(case)
        for case, line in pairs
        if line["status"] == UNSUPPORTED and not case["alg"].startswith(LACKS.get(backend, ()))
    ]
    check(failures, f"signatures, {backend}: not judged though it is offered", offered)
    taken = [name_of(case) for case, line in pairs if is_non_canonical(case) and line["verdict"] != "reject"]
    check(failures, f"signatures, {backend}: keys that are not canonical", taken)


def check_chains(failures, backend, pairs, listed):
    found = sort_out(pairs)
    report("chains", backend, pairs)
    rejects = found["false reject"]
    check(failures, f"chains, {backend}: false accepts", found["false accept"])
    check(failures, f"chains, {backend}: false rejects that are not listed", sorted(rejects.keys() - listed))
    unexpected = sorted(listed - rejects.keys() - found["unsupported"].keys())
    check(failures, f"chains, {backend}: listed as refused, but accepted now", unexpected)
    check(failures, f"chains, {backend}: errors", found["error"])
    if backend not in LACKS:
        check(failures, f"chains, {backend}: not judged", found["unsupported"])


def check_same(failures, title, by_backend):
    """Case by case: whoever offers the algorithm says the same, in the same words."""
    compared = 0
    for rows in zip(*by_backend.values()):
        said = {
            backend: f"{line['verdict']} {line['status']}"
            for backend, (_, line) in zip(by_backend, rows)
            if line["status"] != UNSUPPORTED
        }
        compared += len(said) > 1
        if len(set(said.values())) > 1:
            failures.append(f"{title}, {name_of(rows[0][0])}: {said}")
    print(f"{title}: {compared} cases judged by more than one backend")


def main():
    evseal, backends = sys.argv[1], sys.argv[2:]
    folder = os.environ.get("EVSEAL_VECTORS")
    if not folder:
        print("skipped: EVSEAL_VECTORS does not name a folder with the public suites")
        return 0
    folder = pathlib.Path(folder)
    listed = {
        line.split("\t")[1]
        for line in (HERE / "expected_rejects.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    failures = []
    signatures, chains = {}, {}
    for backend in backends:
        options = ("--backend", backend)
        signatures[backend] = answers(evseal, folder / "signatures.jsonl", "signature", "verify", *options)
        check_signatures(failures, backend, signatures[backend])
        chains[backend] = answers(evseal, folder / "chains.jsonl", "chain", "verify", *options)
        check_chains(failures, backend, chains[backend], listed)
    check_same(failures, "signatures", signatures)
    check_same(failures, "chains", chains)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
