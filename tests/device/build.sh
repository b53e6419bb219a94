#!/usr/bin/env bash
# Builds what runs on boards: tests/device/build.sh PRESET FOLDER [CONFIGURATION]
#
# With Ed25519, so that every vector can be judged; CONFIGURATION is one of configurations/. Exit status 77 where the compiler is not installed.
set -euo pipefail
readonly preset=$1 folder=$2 configuration=${3:-}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case "$preset" in
  riscv*) compiler=riscv64-unknown-elf-gcc ;;
  *) compiler=arm-none-eabi-gcc ;;
esac
if ! command -v "$compiler" >/dev/null; then
  echo "skipped: $compiler is not installed"
  exit 77
fi
options=(-DEVSEAL_SODIUM=ON)
if [ -n "$configuration" ]; then
  options+=("-DEVSEAL_CONFIG_FILE=$PWD/tests/device/configurations/$configuration.h")
fi
if command -v ccache >/dev/null; then
  options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
fi
cmake --preset "$preset" -B "$folder" "${options[@]}"
cmake --build "$folder"
