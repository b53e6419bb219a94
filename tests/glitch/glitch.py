#!/usr/bin/python3
"""
Single glitches: skips every instruction of the verify library once while it judges packages that must be refused.

glitch.py PROGRAM LIBRARY CASES [--per-pc N] [--only ID ...] makes the table of instructions with objdump, runs
PROGRAM (glitch.c) over chosen cases of the conformance generator (CASES/index.jsonl), and counts how many single
skips or misdirected jumps end in an acceptance. Each hit is shown with its function and line of source.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# One case for each decision that an attacker would like to have skipped: the first of these statuses found.
STATUSES = (
    "chain_no_anchor", "chain_signature", "signature_invalid", "digest_mismatch", "revoked", "crl_stripped",
    "threshold_not_met", "signer_not_listed", "rollback", "version_jump", "wrong_device", "wrong_hardware",
    "wrong_serial", "stage_refused", "stage_mismatch", "scope_component", "leaf_purpose", "leaf_policy",
    "chain_policy", "chain_not_ca", "expired", "expired_floor", "component_unknown", "requirement_unmet",
    "component_absent", "trust_epoch", "chunk_digest", "tree_node", "padding", "trailing_data", "truncated",
    "kind_mismatch", "state_damaged", "profile_damaged",
)
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *(?:\t(\S+)(?:\s+([0-9a-f]+))?)?")
CONDITIONAL = re.compile(r"^j(?!mp)")


def disassemble(library):
    """Offset -> [length, target of a conditional jump or 0]."""
    text = subprocess.run(["objdump", "-d", "-j", ".text", "--wide", library], capture_output=True, text=True,
                          check=True).stdout
    table = {}
    for line in text.splitlines():
        match = INSTRUCTION.match(line)
        if match and match[3]:
            jump = CONDITIONAL.match(match[3]) and match[4]
            table[int(match[1], 16)] = [len(match[2].split()), int(match[4], 16) if jump else 0]
    return table


def choose(folder, wanted):
    """One case for each status, small packages first."""
    cases = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    chosen = {}
    for case in cases:
        status = case["expect"] if isinstance(case["expect"], str) else None
        if status in wanted and "now" not in case:
            size = (folder / case["package"]).stat().st_size
            if status not in chosen or size < chosen[status][0]:
                chosen[status] = (size, case)
    return [chosen[status][1] for status in wanted if status in chosen]


def run_case(arguments, lengths, case):
    """All hits of one case, as offsets, and the number of trials."""
    folder = arguments.cases
    state = folder / case["state"] if "state" in case else "-"
    command = [arguments.program, lengths, folder / case["profile"], state, folder / case["package"],
               str(case.get("hardware", "-")), str(case.get("serial", "-")), str(arguments.per_pc)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ends = re.findall(r"^trials (\d+) hits (\d+)$", done.stdout, re.MULTILINE)
    if not ends:
        sys.exit(f"{case['id']}: {done.stdout[-300:]}{done.stderr}")
    hits = [tuple(int(x, 16) for x in hit) for hit in re.findall(r"hit at (\w+) -> (\w+)", done.stdout)]
    return case, int(ends[-1][0]), hits


def places(library, offsets):
    """Function and line of each offset."""
    if not offsets:
        return {}
    answer = subprocess.run(["addr2line", "-f", "-s", "-e", library, *(hex(o) for o in offsets)],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return {offset: f"{answer[2 * i]} {answer[2 * i + 1]}" for i, offset in enumerate(offsets)}


def main():
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--per-pc", type=int, default=3, help="tries for each instruction; 0: each time it is reached")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", nargs="*", default=STATUSES, metavar="STATUS")
    arguments = parser.parse_args()
    table = disassemble(arguments.library)
    with tempfile.NamedTemporaryFile("w", suffix=".lengths") as lengths:
        for offset, (length, target) in table.items():
            lengths.write(f"{offset:x} {length} {target:x}\n")
        lengths.flush()
        cases = choose(arguments.cases, arguments.only)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(lambda case: run_case(arguments, lengths.name, case), cases))
    where = places(arguments.library, sorted({hit[0] for _, _, hits in results for hit in hits}))
    trials = hits = 0
    for case, count, found in results:
        trials += count
        hits += len(found)
        print(f"{case['expect']:20} {count:8} trials {len(found):5} accepted")
        for place, times in collections.Counter(where[hit[0]] for hit in found).most_common():
            print(f"    {times:4} x {place}")
    print(f"{len(results)} packages, {trials} single glitches, {hits} accepted")
    missing = sorted(set(arguments.only) - {case["expect"] for case, _, _ in results})
    if missing:
        print(f"no case for: {', '.join(missing)}")
    sys.exit(1 if hits or not results else 0)


if __name__ == "__main__":
    main()
