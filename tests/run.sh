#!/usr/bin/env bash
# Every test, on Debian 12: tests/run.sh [--plain | --sanitize | --proof | --coverage]
#
# Installs packages, checks the formatting, then builds and runs the tests twice: as they are, and with
# AddressSanitizer and UndefinedBehaviorSanitizer. A step that fails does not keep the others from running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The build; what the tests use; what checks the sources.
packages=(
  cmake ninja-build g++ pkg-config libssl-dev libsodium-dev libbearssl-dev libmbedtls-dev libp11-kit-dev zlib1g-dev
  nlohmann-json3-dev libcli11-dev catch2
  softhsm2 opensc openssl jq coreutils grep binutils util-linux squashfs-tools python3 python3-cryptography
  python3-asn1crypto u-boot-qemu busybox firmware-microbit-micropython firmware-ath9k-htc
  clang-format clang-tidy
  gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
  qemu-system-arm qemu-system-misc dpkg-dev)

usage() {
  cat <<'END'
Usage: tests/run.sh [--plain | --sanitize | --proof | --coverage]

Checks the formatting, then builds and runs all tests with the presets dev and asan.
Needs root or sudo where packages are missing.

  --plain      the preset dev only
  --sanitize   the preset asan only
  --proof      Frama-C over the parsers, and nothing else (it takes long); see docs/testing.md
  --coverage   which lines of the verify library the tests reach, and nothing else; see docs/testing.md

EVSEAL_VECTORS=FOLDER in the environment adds the vectors of that folder.
END
}

# What leads compilers, CMake or Python away from Debian's own files. /usr/local comes last for the same reason:
# a python3 there would lack the modules that the tests use.
use_debians_tools() {
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
  unset LIBRARY_PATH CPATH CMAKE_PREFIX_PATH PKG_CONFIG_PATH PYTHONHOME PYTHONPATH
}

install_packages() {
  local name missing=() as_root=()
  for name in "${packages[@]}"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
      missing+=("$name")
    fi
  done
  if [ "${#missing[@]}" -eq 0 ]; then
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
  fi
  printf 'Installing: %s\n' "${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

check_format() {
  find . \( -path ./build -o -path ./.git \) -prune -o -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format --dry-run --Werror
}

# test_preset NAME: configures, builds, tests. The && are needed: a caller's || switches `set -e` off.
test_preset() {
  local options=()
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake --preset "$1" "${options[@]}" &&
    cmake --build --preset "$1" -j "$(nproc)" &&
    ctest --preset "$1" -j2 --no-tests=error
}

# Frama-C over the parsers; needs only what the preset dev has configured.
prove() {
  cmake --preset dev &&
    ctest --preset proof --no-tests=error
}

results=()
failures=0

# step NAME COMMAND...: runs a command and keeps the outcome for the last line.
step() {
  printf '\n== %s\n' "$1"
  if "${@:2}"; then
    results+=("$1 passed")
  else
    results+=("$1 FAILED")
    failures=$((failures + 1))
  fi
}

presets=(dev asan)
proof=false
coverage=false
case "${1-}" in
  '') ;;
  --plain) presets=(dev) ;;
  --sanitize) presets=(asan) ;;
  --proof)
    presets=()
    proof=true
    ;;
  --coverage)
    presets=()
    coverage=true
    packages+=(gcovr)
    ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

use_debians_tools
install_packages
step format check_format
for preset in "${presets[@]}"; do
  step "$preset" test_preset "$preset"
done
if "$proof"; then
  step proof prove
fi
if "$coverage"; then
  step coverage tests/coverage.sh
fi

printf -v summary '%s, ' "${results[@]}"
printf '\ntests/run.sh: %s%d min %d s\n' "$summary" $((SECONDS / 60)) $((SECONDS % 60))
[ "$failures" -eq 0 ]
