#!/bin/bash
# Makes the conformance cases and runs glitch.py over them: a few decisions, or all with EVSEAL_GLITCH_TESTS=1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 -B "$here/../conformance/second/make_packages.py" "$work/cases" >"$work/log" || { cat "$work/log"; exit 1; }
only=(--per-pc 1 --only chain_no_anchor rollback chunk_digest)
if [ "${EVSEAL_GLITCH_TESTS:-}" = 1 ]; then
  only=(--per-pc 3)
fi
/usr/bin/python3 -B "$here/glitch.py" "$1" "$2" "$work/cases" "${only[@]}"
