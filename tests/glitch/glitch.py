#!/usr/bin/python3
"""
Single glitches: skips instructions of the verify library, one in a run, while it judges packages that must be refused.

glitch.py PROGRAM LIBRARY CASES [--per-pc N] [--only STATUS ...] [--functions REGEX] makes the table of instructions
with objdump, runs PROGRAM (glitch.c) over chosen cases of the conformance generator (CASES/index.jsonl), and counts how
many single skips or misdirected jumps end in an acceptance. Each hit is shown with its functions and lines of source.
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

# Cases of the conformance generator that break one rule each: where two are broken, one fault is not enough, and that
# nothing is accepted says nothing. Several for a decision that is taken in more than one place.
DECISIONS = {
    "chain_no_anchor": ("chain.other-root-same-key", "chain.root-name-case"),
    "chain_signature": ("chain.signature-leaf", "chain.other-root-same-name"),
    "signature_invalid": ("digest.other-key", "digest.other-key-ed25519", "algorithm.rsa2048-salt-20-hidden"),
    "digest_mismatch": ("digest.manifest-changed", "digest.wrong-ed25519"),
    "revoked": ("revoked.leaf", "revoked.intermediate", "revoked.state-leaf"),
    "crl_stripped": ("crl.named.missing", "crl.named.state-older"),
    "crl_missing": ("crl.required.none",),
    "crl_issuer": ("crl.issuer.tampered",),
    "threshold_not_met": ("roles.oem-only", "threshold.1-of-3", "threshold.issuer-twice"),
    "signer_not_listed": ("listed.other",),
    "role_conflict": ("conflict.same-root",),
    "rollback": ("floor.below-profile", "floor.state-below"),
    "version_jump": ("floor.jump-above",),
    "wrong_device": ("compatible.other-vendor", "compatible.other-model"),
    "wrong_hardware": ("compatible.hardware-below", "compatible.hardware-unknown"),
    "wrong_serial": ("compatible.serial-other", "compatible.serial-unknown"),
    "stage_refused": ("stage.prod-on-3",),
    "stage_mismatch": ("stage.prod-by-dev",),
    "scope_component": ("scope.model-component-missing",),
    "scope_model": ("scope.model-other",),
    "anchor_scope": ("scope.stage-prod",),
    "leaf_purpose": ("leaf.eku-server", "leaf.eku-missing"),
    "leaf_policy": ("policy.missing", "policy.two"),
    "leaf_ocpp": ("policy.ocpp-and-prod",),
    "leaf_is_ca": ("leaf.ca",),
    "leaf_key_usage": ("leaf.ku-non-repudiation",),
    "chain_policy": ("policy.ca-other", "policy.ca-any"),
    "chain_not_ca": ("chain.ca-false",),
    "chain_key_usage": ("chain.ku-crl-sign",),
    "chain_path_length": ("chain.path-length-0-exceeded",),
    "chain_purpose": ("chain.purpose-server",),
    "expired": ("time.leaf-not-after-earlier", "time.intermediate-not-after-earlier"),
    "not_yet_valid": ("time.leaf-not-before-later",),
    "expired_floor": ("time.leaf-state-floor-later", "time.leaf-floor-later"),
    "component_unknown": ("floor.unknown",),
    "requirement_unmet": ("requires.too-old", "requires.unknown"),
    "component_absent": ("mask.without-needed",),
    "trust_epoch": ("update.epoch.2", "update.epoch.same"),
    "chunk_digest": ("tamper.1-leaves-00-chunk-first", "tamper.3-leaves-03-chunk-last"),
    "tree_node": ("tamper.2-leaves-00-node-first", "tamper.3-leaves-01-node-last"),
    "padding": ("padding.last", "padding.one-wrong"),
    "trailing_data": ("mask.last-carried", "file.trailing-zero", "hardware.trailing"),
    "truncated": ("file.truncated-16", "file.truncated-12"),
    "kind_mismatch": ("update.file.kind-header", "update.file.kind-manifest"),
    "manifest_critical": ("critical.unknown-absent",),
    "state_damaged": ("state.checksum",),
    "state_mismatch": ("state.other-model",),
    "profile_damaged": ("profile.checksum",),
}
FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *(?:\t(\S+)(?:\s+([0-9a-f]+))?)?")
CONDITIONAL = re.compile(r"^j(?!mp)")


def disassemble(library, functions):
    """Offset -> [length, target of a conditional jump or 0], of the functions whose names match."""
    text = subprocess.run(["objdump", "-d", "-j", ".text", "--wide", library], capture_output=True, text=True,
                          check=True).stdout
    table = {}
    wanted = False
    for line in text.splitlines():
        function = FUNCTION.match(line)
        if function:
            wanted = re.search(functions, function[1]) is not None
        match = INSTRUCTION.match(line)
        if match and match[3] and wanted:
            jump = CONDITIONAL.match(match[3]) and match[4]
            table[int(match[1], 16)] = [len(match[2].split()), int(match[4], 16) if jump else 0]
    return table


def choose(folder, statuses):
    """The cases of these decisions."""
    wanted = [name for status in statuses for name in DECISIONS[status]]
    cases = {}
    for line in (folder / "index.jsonl").read_text().splitlines():
        case = json.loads(line)
        cases[case["id"]] = case
    for name in wanted:
        if name not in cases or "now" in cases[name] or "recovery" in cases[name]:
            sys.exit(f"no case {name} that this program can run")
    return [cases[name] for name in wanted]


def run_case(arguments, lengths, case):
    """All hits of one case, as offsets, and the number of trials."""
    folder = arguments.cases
    state = folder / case["state"] if "state" in case else "-"
    command = [arguments.program, lengths, folder / case["profile"], state, folder / case["package"],
               str(case.get("hardware", "-")), str(case.get("serial", "-")), str(arguments.per_pc)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    end = re.search(r"^(\w+) trials (\d+) endless (\d+) hits (\d+)$", done.stdout, re.MULTILINE)
    if not end or end[1] != case["expect"]:
        sys.exit(f"{case['id']}: {done.stdout[-300:]}{done.stderr}")
    hits = [tuple(int(x, 16) for x in hit) for hit in re.findall(r"hit at (\w+) -> (\w+)", done.stdout)]
    return case, int(end[2]), hits


def place(library, offset):
    """Functions and lines of an offset, the inner one first."""
    answer = subprocess.run(["addr2line", "-f", "-i", "-s", "-e", library, hex(offset)],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return ", ".join(f"{name} {line}" for name, line in zip(answer[::2], answer[1::2]))


def main():
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--per-pc", type=int, default=3, metavar="N",
                        help="tries for each instruction, spread over the times it is reached; 1: the last time only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", nargs="*", default=list(DECISIONS), choices=list(DECISIONS), metavar="STATUS")
    parser.add_argument("--functions", default="", metavar="REGEX", help="only functions whose names match")
    arguments = parser.parse_args()
    table = disassemble(arguments.library, arguments.functions)
    packages = trials = hits = 0
    with tempfile.NamedTemporaryFile("w", suffix=".lengths") as lengths:
        for offset, (length, target) in table.items():
            lengths.write(f"{offset:x} {length} {target:x}\n")
        lengths.flush()
        cases = choose(arguments.cases, arguments.only)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for case, count, found in pool.map(lambda case: run_case(arguments, lengths.name, case), cases):
                packages += 1
                trials += count
                hits += len(found)
                print(f"{case['expect']:20} {case['id']:36} {count:7} trials {len(found):4} accepted", flush=True)
                for where, times in collections.Counter(place(arguments.library, hit[0]) for hit in found).items():
                    print(f"    {times:4} x {where}")
    print(f"{packages} packages, {trials} single glitches, {hits} accepted")
    sys.exit(1 if hits or not trials else 0)


if __name__ == "__main__":
    main()
