#!/usr/bin/python3
"""Seeds for the fuzz targets: seeds.py MAKE_SEEDS FOLDER

Packages of our own from the program MAKE_SEEDS, and where EVSEAL_VECTORS names a folder, the certificates, CRLs and CMS
of other people there. All of it stays in the build folder.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

# Which folder of the archive feeds which targets; a target that does not exist yet is left out by run.sh and ctest.
ARCHIVE_TARGETS = {"x509": ("certificate", "der"), "cms": ("cms",), "crl": ("crl",)}


def put(folder, octets):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(octets).hexdigest()).write_bytes(octets)


def unpack(archive, folder):
    """Plain files only, by content: a name in the archive never becomes a path."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = pathlib.PurePosixPath(member.name).parts
            if not member.isfile() or len(parts) < 2:
                continue
            octets = tar.extractfile(member).read()
            for target in ARCHIVE_TARGETS.get(parts[-2], ()):
                put(folder / target, octets)


def main():
    make_seeds, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([make_seeds, str(folder)], check=True)
    vectors = os.environ.get("EVSEAL_VECTORS")
    if vectors:
        for archive in sorted(pathlib.Path(vectors, "fuzz-seeds").glob("*.tar.gz")):
            unpack(archive, folder)
        suite = pathlib.Path(vectors, "parse.jsonl")
        for line in suite.read_text().splitlines() if suite.exists() else ():
            octets = bytes.fromhex(json.loads(line)["der"])
            put(folder / "certificate", octets)
            put(folder / "der", octets)
    counts = {target.name: len(list(target.iterdir())) for target in sorted(folder.iterdir())}
    print("seeds:", ", ".join(f"{name} {count}" for name, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
