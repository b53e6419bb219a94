#!/usr/bin/env bash
# From a fresh Debian 12 to signed and verified firmware: samples/quickstart.sh [OPTIONS]
#
# Installs packages, builds evseal, makes a throwaway PKI in a SoftHSM token, signs four real firmware images,
# verifies, extracts, and shows what a changed octet does. Everything it makes lies in build/.
set -euo pipefail
umask 022  # the modes in the root file system must not depend on who runs this
readonly caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the steps below use; dpkg-query and tar are part of every Debian. Then what the build needs.
packages=(
  softhsm2 openssl jq coreutils grep binutils squashfs-tools
  u-boot-qemu busybox firmware-microbit-micropython firmware-ath9k-htc)
readonly build_packages=(
  cmake ninja-build g++ pkg-config libssl-dev libsodium-dev libp11-kit-dev zlib1g-dev nlohmann-json3-dev
  libcli11-dev)
work=build/quickstart
bin=

usage() {
  cat <<'END'
Usage: samples/quickstart.sh [--bin DIR] [--work DIR]
       samples/quickstart.sh --clean

Builds evseal on Debian 12 and walks through it: token, PKI, sign, verify, inspect, extract, refuse.
Needs root or sudo where packages are missing. May be run again; it starts from an empty build/quickstart.

  --bin DIR    use the evseal and evseal-verify of this folder: installs and builds nothing; exit code 77
               where a Debian package that the steps need is missing
  --work DIR   work here instead of in build/quickstart; DIR is emptied, if it was made by this script
  --clean      remove build/quickstart and build/release, and do nothing else
END
}

heading() { printf '\n== %s\n' "$1"; }
note() { printf '# %s\n' "$1"; }
die() {
  printf 'quickstart: error: %s\n' "$1" >&2
  exit 1
}

# The steps are written for build/quickstart, so that they can be read and copied: with --work the folder is put in.
placed() {
  if [ "$work" = build/quickstart ]; then
    printf '%s\n' "$1"
  else
    # shellcheck disable=SC2016  # as it stands in the steps
    local text=${1//'$PWD/build/quickstart'/$work}
    printf '%s\n' "${text//'build/quickstart'/$work}"
  fi
}

# Prints a command as a person would type it in the folder of the sources, then runs it.
run() {
  local command
  command=$(placed "$1")
  printf '$ %s\n' "$command"
  eval "$command"
}

# The same for a command that must fail with the given exit code.
run_refused() {
  local code=0 command
  command=$(placed "$2")
  printf '$ %s\n' "$command"
  eval "$command" || code=$?
  [ "$code" -ne 0 ] || die "this was accepted and must be refused: $command"
  [ "$code" -eq "$1" ] || die "exit code $code, expected $1: $command"
  printf '# exit code %d: refused, as it must be\n' "$code"
}

missing_packages() {
  local name
  for name in "${packages[@]}"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
      printf ' %s' "$name"
    fi
  done
}

install_packages() {
  heading '1. Packages'
  command -v dpkg-query >/dev/null || die 'this script is for Debian 12: there is no dpkg-query'
  local missing as_root=''
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    note 'all are installed'
    return
  fi
  if [ -n "$bin" ]; then
    printf 'quickstart: skipped; these packages are missing:%s\n' "$missing" >&2
    exit 77
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "run it as root, or install sudo; these packages are missing:$missing"
    as_root='sudo '
  fi
  run "${as_root}apt-get update -qq"
  run "${as_root}env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends$missing"
}

build_programs() {
  heading '2. Build'
  if [ -n "$bin" ]; then
    note "skipped: the programs of $bin are used"
    export PATH="$bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return
  fi
  local name
  # Debian's tools and libraries, whatever else this shell is set up for.
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin
  for name in LIBRARY_PATH CPATH CMAKE_PREFIX_PATH PKG_CONFIG_PATH; do
    if [ -n "${!name:-}" ]; then
      run "unset $name"
    fi
  done
  note 'a warning of another compiler must not stop a user: it is for developers that warnings are errors'
  note 'little optimisation of the C++ parts: they compile in two thirds of the time, and hashing is not theirs'
  run 'cmake --preset release -DEVSEAL_TESTS=OFF -DEVSEAL_WERROR=OFF "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"'
  run "cmake --build --preset release --target evseal evseal-verify -j $(nproc)"
  # shellcheck disable=SC2016  # the shell of the reader expands them
  run 'export PATH="$PWD/build/release/bin:$PATH"'
}

make_token() {
  heading '3. A throwaway token, with random PINs'
  # Nobody's own files are removed because of a folder on the command line.
  if [ "$work" != build/quickstart ] && [ -n "$(ls -A "$work" 2>/dev/null)" ] && [ ! -e "$work/softhsm2.conf" ]; then
    die "$work holds what this script did not make: name another folder with --work"
  fi
  run 'rm -rf build/quickstart'
  run 'mkdir -p build/quickstart && mkdir -m 700 build/quickstart/tokens'
  # shellcheck disable=SC2016
  run 'echo "directories.tokendir = $PWD/build/quickstart/tokens" > build/quickstart/softhsm2.conf'
  # shellcheck disable=SC2016
  run 'export SOFTHSM2_CONF="$PWD/build/quickstart/softhsm2.conf"'
  run '(umask 077; openssl rand -hex 8 > build/quickstart/so.pin; openssl rand -hex 8 > build/quickstart/user.pin)'
  run 'evseal token init --module softhsm2 --label quickstart \
    --so-pin-file build/quickstart/so.pin --pin-file build/quickstart/user.pin'
}

make_pki() {
  heading '4. A development PKI: root, manufacturer intermediate, firmware certificate'
  run 'evseal pki init --development --module softhsm2 --token quickstart \
    --pin-file build/quickstart/user.pin --model acme/ac22 -o build/quickstart/pki'
  note 'every private key was made in the token and never leaves it'
  run 'evseal key list --module softhsm2 --token quickstart --pin-file build/quickstart/user.pin'
}

version_of() { dpkg-query -W -f='${Version}' "$1"; }

write_recipe() {
  cat >"$work/recipe.json" <<END
{"recipe": 1,
 "package": {"id": "acme-ac22", "version": "2.4.1", "stage": "dev"},
 "compatible": [{"vendor": "acme", "model": "ac22", "hardware": {"min": 2, "max": 4}}],
 "components": [
  {"id": "bootloader", "version": "$(version_of u-boot-qemu)", "security_version": 1,
   "file": "/usr/lib/u-boot/qemu_arm/u-boot.bin"},
  {"id": "rootfs", "version": "$(version_of busybox)", "security_version": 7,
   "file": "rootfs.squashfs"},
  {"id": "safety", "version": "$(version_of firmware-microbit-micropython)", "security_version": 3,
   "file": "/usr/share/firmware-microbit-micropython/firmware.hex",
   "requires": [{"id": "rootfs", "min_security_version": 7}]},
  {"id": "radio", "version": "$(version_of firmware-ath9k-htc)", "security_version": 1,
   "file": "/lib/firmware/ath9k_htc/htc_9271-1.4.0.fw"}]}
END
}

make_firmware() {
  heading '5. Firmware: a boot loader, a root file system, a safety controller, a radio'
  # shellcheck disable=SC2016
  run 'export SOURCE_DATE_EPOCH="$(stat -c %Y /bin/busybox)"'
  run 'mkdir build/quickstart/rootfs'
  # shellcheck disable=SC2016
  run 'for file in $(dpkg -L busybox); do
    if test -f "$file"; then cp --parents "$file" build/quickstart/rootfs; fi
  done'
  note 'reproducible: SOURCE_DATE_EPOCH stands for every time, root for every owner'
  run 'mksquashfs build/quickstart/rootfs build/quickstart/rootfs.squashfs \
    -noappend -all-root -no-xattrs -no-exports -no-progress -quiet'
  write_recipe
  run 'cat build/quickstart/recipe.json'
}

sign_package() {
  heading '6. Sign'
  note 'the safety image is Intel HEX: code at 0x0 and a configuration word at 0x100010c0, 256 MiB further on'
  run_refused 5 'evseal build build/quickstart/recipe.json -o build/quickstart/fw.unsigned.evs'
  note 'so the recipe says which part is meant: the 256 KiB of code flash'
  run "jq '(.components[] | select(.id == \"safety\")).hex_range = {start: \"0x0\", end: \"0x40000\"}' \\
    build/quickstart/recipe.json > build/quickstart/recipe-code.json"
  run 'evseal sign build/quickstart/recipe-code.json --signer build/quickstart/pki/signer.json \
    --pin-file build/quickstart/user.pin -o build/quickstart/fw.evs'
}

verify_package() {
  heading '7. Verify: as the release engineer, and as the charger'
  run 'evseal verify build/quickstart/fw.evs --device build/quickstart/pki/device.json --hardware 3 --full'
  run 'evseal device build build/quickstart/pki/device.json -o build/quickstart/device.evd \
    --initial-state build/quickstart/device.evt'
  run 'evseal-verify --device build/quickstart/device.evd --factory-new --hardware 3 build/quickstart/fw.evs'
  run 'evseal-verify --device build/quickstart/device.evd --state build/quickstart/device.evt --hardware 3 \
    --write rootfs=build/quickstart/slot-b.img - < build/quickstart/fw.evs'
  note 'the same package for a hardware revision that it is not made for'
  run_refused 4 'evseal verify build/quickstart/fw.evs --device build/quickstart/pki/device.json --hardware 5'
}

look_inside() {
  heading '8. What is inside'
  run 'evseal inspect build/quickstart/fw.evs'
}

extract_images() {
  heading '9. Extract, and compare with the originals'
  run 'evseal extract build/quickstart/fw.evs --device build/quickstart/pki/device.json --hardware 3 \
    -d build/quickstart/images'
  run 'cmp build/quickstart/images/bootloader.img /usr/lib/u-boot/qemu_arm/u-boot.bin'
  run 'cmp build/quickstart/images/rootfs.img build/quickstart/rootfs.squashfs'
  run 'cmp build/quickstart/images/radio.img /lib/firmware/ath9k_htc/htc_9271-1.4.0.fw'
  run 'cmp build/quickstart/slot-b.img build/quickstart/rootfs.squashfs'
  note 'objcopy reads the HEX file on its own; its sections 1 to 4 are the 64 KiB blocks below 0x40000'
  run 'objcopy -I ihex -O binary -j .sec1 -j .sec2 -j .sec3 -j .sec4 \
    /usr/share/firmware-microbit-micropython/firmware.hex build/quickstart/safety.bin'
  run 'cmp build/quickstart/images/safety.img build/quickstart/safety.bin'
  note 'all five are the same, octet for octet'
}

# octets FILE OFFSET COUNT TYPE: a number out of a file, big-endian.
octets() { od -An --endian=big -j "$2" -N "$3" -t "$4" "$1" | tr -d ' '; }

read_with_openssl() {
  heading '10. The envelope is plain CMS: OpenSSL verifies it, jq reads the manifest'
  local length
  length=$(octets "$work/fw.evs" 8 4 u4)
  note "octets 8 to 11 of the file say that the envelope is $length octets long; it starts at octet 16"
  run "dd if=build/quickstart/fw.evs of=build/quickstart/envelope.der iflag=skip_bytes,count_bytes \\
    skip=16 count=$length status=none"
  run 'openssl cms -verify -binary -inform DER -in build/quickstart/envelope.der -purpose any \
    -CAfile build/quickstart/pki/root.pem -out build/quickstart/manifest.json'
  run "jq -r '.components[] | [.id, .version, .size, .sha256] | @tsv' build/quickstart/manifest.json"
  note 'its SHA-256 is the identity of the package'
  run 'sha256sum build/quickstart/manifest.json'
}

# copy_and_change NAME OFFSET OCTAL: a copy of the package with one octet replaced.
copy_and_change() {
  run "cp build/quickstart/fw.evs build/quickstart/$1.evs"
  run "printf '\\$3' | dd of=build/quickstart/$1.evs bs=1 seek=$2 conv=notrunc status=none"
  run_refused 3 "evseal verify build/quickstart/$1.evs --device build/quickstart/pki/device.json --hardware 3"
  run_refused 3 "evseal-verify --device build/quickstart/device.evd --factory-new --hardware 3 \\
    build/quickstart/$1.evs"
}

show_refusals() {
  heading '11. One changed octet'
  local offset value
  offset=$(($(stat -c %s "$work/fw.evs") / 2))
  value=$(octets "$work/fw.evs" "$offset" 1 u1)
  note "in the payload: the lowest bit of octet $offset, halfway through the file"
  copy_and_change bad-payload "$offset" "$(printf '%03o' $((value ^ 1)))"
  offset=$(grep -abo '"security_version":7' "$work/fw.evs" | head -n 1)
  offset=$((${offset%%:*} + 19))
  note "in the envelope: octet $offset, the 7 of the root file system's security version, becomes an 8"
  copy_and_change bad-envelope "$offset" 070
}

what_next() {
  heading 'What next'
  cat <<END
Release engineer    Keep recipe.json beside your sources. Let the build job run \`evseal build\`, which needs no key,
                    and sign its result where the token is. For production make each tier in its own HSM:
                    \`evseal pki root --help\`, \`evseal pki issue --help\`, --module for the HSM's PKCS#11 library.
Factory             Put device.evd where the boot chain protects it and device.evt where only the charger writes.
                    \`evseal-verify --help\` is the whole manual of the program for the charger.
Firmware developer  verify/ is the library in C11: read verify/include/evseal/verify.h and docs/format.md.
                    \`evseal device build --c-header FILE.h\` compiles the profile into your image.

To try more commands here:
  $(placed "export PATH=\"${bin:-\$PWD/build/release/bin}:\$PATH\" SOFTHSM2_CONF=\"\$PWD/build/quickstart/softhsm2.conf\"")
To remove everything: $([ "$work" = build/quickstart ] && echo samples/quickstart.sh --clean || echo "rm -rf $work")

quickstart: all steps passed in $((SECONDS / 60)) min $((SECONDS % 60)) s
END
}

# A folder of the command line, seen from where the script was called.
folder() {
  [ -n "$1" ] || die 'an option lacks its folder: see --help'
  [[ "$1" =~ ^[A-Za-z0-9/._+-]+$ ]] || die "$1: the commands are printed to be copied, so use plain characters only"
  (cd "$caller" && realpath -m -- "$1")
}

while [ "$#" -gt 0 ]; do
  case "$1" in
    --bin)
      bin=$(folder "${2-}")
      shift
      ;;
    --work)
      work=$(folder "${2-}")
      shift
      ;;
    --clean)
      run 'rm -rf build/quickstart build/release'
      exit
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
  shift
done
if [ -z "$bin" ]; then
  packages+=("${build_packages[@]}")
elif [ ! -x "$bin/evseal" ] || [ ! -x "$bin/evseal-verify" ]; then
  die "there is no evseal and evseal-verify in $bin"
fi

trap 'code=$?; [ "$code" -eq 0 ] || printf "quickstart: stopped with exit code %d\n" "$code" >&2' EXIT
note 'every line that starts with $ is a command: copy it, in the folder of these sources'
install_packages
build_programs
make_token
make_pki
make_firmware
sign_package
verify_package
look_inside
extract_images
read_with_openssl
show_refusals
what_next
