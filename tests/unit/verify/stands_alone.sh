#!/bin/bash
# verify/ compiles alone, as C11, and its library uses nothing of the C library but what every freestanding target has:
# no heap, no stdio, no errno, no globals that can change.
set -euo pipefail
source=$1
build=$2
env -u CMAKE_PREFIX_PATH cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=MinSizeRel -DEVSEAL_WERROR=ON \
  -DCMAKE_C_FLAGS="-fno-stack-protector -U_FORTIFY_SOURCE -fno-pie -fno-pic" \
  -DCMAKE_EXE_LINKER_FLAGS=-no-pie >/dev/null
ninja -C "$build" evseal_verify >/dev/null
library=$build/libevseal_verify.a

grep -q -- '-std=c11' "$build/build.ninja" || { echo "not compiled as C11"; exit 1; }

# check_library FILE ALLOWED: what it needs (ALLOWED is a pattern of further symbols), defines, and keeps.
check_library() {
  local library=$1 allowed=$2 wanted foreign writable
  allowed+='|evseal_.*|memcmp|memcpy|memset|memmove|strlen|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
  wanted=$(nm --undefined-only "$library" | awk '$1 == "U" {print $2}' | sort -u | grep -vxE "$allowed" || true)
  [ -z "$wanted" ] || { echo "$library needs symbols that it may not:"; echo "$wanted"; exit 1; }

  foreign=$(nm --defined-only --extern-only "$library" | awk 'NF == 3 && $3 !~ /^evseal_/ {print $3}')
  [ -z "$foreign" ] || { echo "$library: symbols without the evseal_ prefix:"; echo "$foreign"; exit 1; }

  writable=$(nm --defined-only "$library" | awk 'NF == 3 && $2 ~ /[bBdDcCsS]/ {print $3}')
  [ -z "$writable" ] || { echo "$library: writable globals:"; echo "$writable"; exit 1; }
}

# text_of FILE...: octets of code and constants.
text_of() {
  size "$@" | awk '{text += $1} END {print text}'
}

check_library "$library" none
echo "text of the verify library, x86-64 -Os: $(text_of "$library") bytes"

if grep -q libevseal_verify_bearssl.a "$build/build.ninja"; then
  ninja -C "$build" evseal_verify_bearssl >/dev/null
  check_library "$build/libevseal_verify_bearssl.a" 'br_[a-z0-9_]*'
  echo "text of the BearSSL port, without BearSSL: $(text_of "$build/libevseal_verify_bearssl.a") bytes"
fi
