#!/usr/bin/env bash
# The size report: tests/device/report.sh [CORE...]; report.py says what the columns are. Needs the programs of the
# preset dev.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
EVSEAL_BIN=${EVSEAL_BIN:-$PWD/build/dev/bin} exec /usr/bin/python3 -B tests/device/report.py "$@"
