#!/bin/bash
# verify/ compiles alone, as C11, and its library uses nothing of the C library but what every freestanding target has:
# no heap, no stdio, no errno, no globals that can change.
set -euo pipefail
source=$1
build=$2
env -u CMAKE_PREFIX_PATH cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=MinSizeRel -DEVSEAL_WERROR=ON \
  -DCMAKE_C_FLAGS="-fno-stack-protector -U_FORTIFY_SOURCE -fno-pie -fno-pic" >/dev/null
ninja -C "$build" evseal_verify >/dev/null
library=$build/libevseal_verify.a

grep -q -- '-std=c11' "$build/build.ninja" || { echo "not compiled as C11"; exit 1; }

wanted=$(nm --undefined-only "$library" | awk '$1 == "U" {print $2}' | sort -u |
  grep -vE '^(evseal_.*|memcmp|memcpy|memset|memmove|strlen|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$' || true)
[ -z "$wanted" ] || { echo "the library needs symbols that it may not:"; echo "$wanted"; exit 1; }

foreign=$(nm --defined-only --extern-only "$library" | awk 'NF == 3 && $3 !~ /^evseal_/ {print $3}')
[ -z "$foreign" ] || { echo "symbols without the evseal_ prefix:"; echo "$foreign"; exit 1; }

writable=$(nm --defined-only "$library" | awk 'NF == 3 && $2 ~ /[bBdDcCsS]/ {print $3}')
[ -z "$writable" ] || { echo "writable globals:"; echo "$writable"; exit 1; }

echo "text of the verify library, x86-64 -Os: $(size "$library" | awk '{text += $1} END {print text}') bytes"
