#!/usr/bin/python3
"""
Writes the conformance cases of evseal: packages, device profiles, device states and `index.jsonl`.

An independent generator from docs/format.md alone. Keys are made at run time; nothing that it writes is kept.
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases_certificate  # noqa: E402
import cases_chain  # noqa: E402
import cases_device  # noqa: E402
import cases_envelope  # noqa: E402
import cases_file  # noqa: E402
import cases_manifest  # noqa: E402
import cases_random  # noqa: E402
import cases_revocation  # noqa: E402
import cases_rules  # noqa: E402
import cases_signers  # noqa: E402
import cases_state  # noqa: E402
import cases_update  # noqa: E402
import gen_suite  # noqa: E402

MODULES = (cases_file, cases_envelope, cases_certificate, cases_chain, cases_manifest, cases_rules, cases_device,
           cases_revocation, cases_signers, cases_update, cases_state)


def main():
    """Write all cases below OUTDIR."""
    parser = argparse.ArgumentParser(description="Write the conformance cases of evseal.")
    parser.add_argument("outdir", type=pathlib.Path, help="folder to write; the cases of an earlier run are removed")
    parser.add_argument("--random", type=int, metavar="N", help="N random cases instead, for two verifiers to agree on")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (keys are random at any rate)")
    options = parser.parse_args()
    folder = options.outdir
    for name, suffix in (("packages", "evs"), ("profiles", "evd"), ("states", "evt")):
        for old in (folder / name).glob(f"*.{suffix}"):
            old.unlink()
    suite = gen_suite.Suite(folder)
    if options.random:
        cases_random.add_cases(suite, options.random, options.seed)
    for module in () if options.random else MODULES:
        module.add_cases(suite)
    suite.write_index()
    print(f"{len(suite.lines)} cases")


if __name__ == "__main__":
    main()
