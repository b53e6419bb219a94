#!/usr/bin/env bash
# Debian's source of a package: cmake/fetch-source.sh PACKAGE FOLDER
#
# Downloads it with apt, which checks Debian's signatures, and unpacks it with Debian's patches as FOLDER. The
# machine's own apt sources stay as they are: the deb-src entries that are needed are made from its deb entries, in a
# folder that is removed at the end. Needs apt, dpkg-dev and a network; nothing else, not root.
set -euo pipefail
if [ $# -ne 2 ]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
readonly package=$1 folder=$2
command -v dpkg-source >/dev/null || { echo "fetch-source.sh: error: dpkg-source is missing: apt install dpkg-dev" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{parts,lists/partial,cache,source}
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  if [ -f "$file" ]; then
    sed -n 's/^[[:space:]]*deb\([[:space:]]\)/deb-src\1/p' "$file" >"$work/parts/$(basename "$file" .list).list"
  fi
done
for file in /etc/apt/sources.list.d/*.sources; do
  if [ -f "$file" ]; then
    sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")"
  fi
done
options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/parts" -o "Dir::State::Lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=$(id -un)")
cd "$work/source"
# One of the machine's sources may be out of reach, or have no sources; the package need not come from it.
apt-get -qq "${options[@]}" update || true
apt-get -qq "${options[@]}" source --download-only "$package"
dpkg-source --no-copy -x ./*.dsc "$work/unpacked" >/dev/null
cd - >/dev/null
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
mv "$work/unpacked" "$folder"
