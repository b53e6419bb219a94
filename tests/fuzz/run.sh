#!/usr/bin/env bash
# Fuzzes every parser for a while: tests/fuzz/run.sh [SECONDS [TARGET...]]
#
# Builds the preset `fuzz` (clang, libFuzzer, AddressSanitizer, UndefinedBehaviorSanitizer) and runs
# each target for SECONDS (default 60) on its seeds and its corpus. What it finds stays in
# build/fuzz/corpus and build/fuzz/crashes; the last lines are a table. Exits with 1 after a crash.
#
#   MINIMISE=1   fuzzes from our own seeds alone; afterwards the smallest inputs that reach the same
#                edges replace tests/fuzz/corpus/TARGET
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly all_targets=(der certificate crl cms manifest tree profile state store package resume)
readonly seconds=${1:-60}
readonly build=build/fuzz
targets=("${@:2}")
if [ "${#targets[@]}" -eq 0 ]; then
  targets=("${all_targets[@]}")
fi

# Longer inputs reach nothing new: an envelope of two certificates has 2 KiB, the payload of a package
# one chunk of 4 KiB at least.
max_len() {
  case "$1" in
    der) echo 512 ;;
    tree) echo 256 ;;
    state) echo 2048 ;;
    certificate | crl) echo 3072 ;;
    package | resume) echo 32768 ;;
    *) echo 8192 ;;
  esac
}

# Octets of the committed corpus, 300 KB in all. A package has one chunk at least.
max_corpus() {
  case "$1" in
    package | resume) echo 120000 ;;
    cms) echo 50000 ;;
    *) echo 20000 ;;
  esac
}

# cpu_seconds PID: user and system time so far.
cpu_seconds() {
  local fields
  read -r -a fields < <(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || true
  echo $(((${fields[11]:-0} + ${fields[12]:-0}) / $(getconf CLK_TCK)))
}

# fuzz LOG PROGRAM ARGUMENTS...: for $seconds of CPU time, which libFuzzer cannot count itself. SIGINT
# makes it print its figures.
fuzz() {
  local log=$1 pid
  "${@:2}" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$(cpu_seconds "$pid")" -ge "$seconds" ]; then
      kill -INT "$pid" 2>/dev/null || true
      break
    fi
    sleep 1
  done
  wait "$pid" || true
}

options=()
if command -v ccache >/dev/null; then
  options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake --preset fuzz "${options[@]}" >/dev/null
cmake --build --preset fuzz -j "${JOBS:-$(nproc)}" --target fuzz_targets
corpora=corpus
if [ -n "${MINIMISE:-}" ]; then
  # What is committed must hold no octets of other people's files.
  unset EVSEAL_VECTORS
  corpora=own-corpus
fi
/usr/bin/python3 -B tests/fuzz/seeds.py "$build/bin/fuzz_make_seeds" "$build/fuzz-seeds"

# OpenSSL keeps what it allocated to the end; everything else must be given back.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
table=$'target       executions     edges  corpus   crashes\n'
total_crashes=0
for target in "${targets[@]}"; do
  corpus=$build/$corpora/$target crashes=$build/crashes/$target log=$build/$target.log
  folders=("$corpus" "$build/fuzz-seeds/$target")
  mkdir -p "$corpus" "$crashes" "$build/fuzz-seeds/$target"
  if [ -d "tests/fuzz/corpus/$target" ]; then
    folders+=("tests/fuzz/corpus/$target")
  fi
  printf 'fuzzing %s for %s s\n' "$target" "$seconds"
  fuzz "$log" "$build/bin/fuzz_$target" -max_len="$(max_len "$target")" -timeout=30 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$crashes/" "${folders[@]}"
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  inputs=$(find "$corpus" -type f | wc -l)
  found=$(find "$crashes" -type f | wc -l)
  total_crashes=$((total_crashes + found))
  printf -v row '%-12s %10s %9s %7s %9s\n' "$target" "${executions:-?}" "${edges:-?}" "$inputs" "$found"
  table+=$row
done
printf '\n%s' "$table"

# keep_smallest TARGET: what the committed corpus should be.
keep_smallest() {
  local target=$1 merged=$build/merged/$1 kept=tests/fuzz/corpus/$1 size=0 octets file
  rm -rf "$merged" "$kept"
  mkdir -p "$merged" "$kept"
  "$build/bin/fuzz_$target" -merge=1 "$merged" "$build/own-corpus/$target" >/dev/null 2>&1
  while read -r octets file; do
    if [ $((size + octets)) -gt "$(max_corpus "$target")" ]; then
      break
    fi
    size=$((size + octets))
    cp "$file" "$kept/"
  done < <(find "$merged" -type f -printf '%s %p\n' | sort -n)
}

if [ -n "${MINIMISE:-}" ]; then
  for target in "${targets[@]}"; do
    keep_smallest "$target"
  done
fi
[ "$total_crashes" -eq 0 ]
