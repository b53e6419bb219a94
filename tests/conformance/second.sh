#!/bin/bash
# A second implementation, written in another language from docs/format.md alone, makes about 3,000 packages and judges
# them; the shipped verifier must say the same of each.
set -euo pipefail
verifier=$1
here=$(cd "$(dirname "$0")" && pwd)/second
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 -B "$here/make_packages.py" "$work/packages" >"$work/log" || { cat "$work/log"; exit 1; }
/usr/bin/python3 -B "$here/cross_check.py" "$work/packages" --lacks no-system-clock --other "$verifier"
