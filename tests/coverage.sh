#!/usr/bin/env bash
# Which lines and branches of verify/src and verify/port do the everyday tests reach? tests/coverage.sh [--write]
#
# Builds the preset `coverage`, runs the tests that exercise the library, and compares with tests/coverage_gaps.txt:
# tests/coverage.py says what fails. With --write that list is written anew, reasons kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly build=build/coverage
mkdir -p build

# The public suites of EVSEAL_VECTORS would reach more on machines that have them.
unset EVSEAL_VECTORS

options=()
if command -v ccache >/dev/null; then
  options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake --preset coverage "${options[@]}" >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
cmake --build --preset coverage -j "$(nproc)" --target coverage_tests
find "$build" -name '*.gcda' -delete
ctest --preset coverage -j2 --no-tests=error \
  -R '^(unit_verify|unit_verify_crypto|unit_verify_openssl_memory|unit_sign|vectors_library|conformance_second|fuzz_.*)$'
exec /usr/bin/python3 -B tests/coverage.py --build "$build" "$@"
