#!/usr/bin/python3
"""
Size, memory and instructions of the verify library for each core and configuration: report.py [CORE...]

Builds `measure` for every header of configurations/, runs it in QEMU over a package with one revocation list that is made
here with EVSEAL_BIN's programs, and prints a table. What limits.txt names must not be passed; exit code 1 else, 77 where a
compiler or QEMU is missing.

  flash      code and constants of footprint.c's program but its own: the library, its crypto and what they need of the
             C library
  verify     the part of it that is the library's
  context    sizeof(evseal_verify_ctx)
  stack      below the caller of the library, as painted
  worst      the deepest chain of calls, by the compiler's -fstack-usage and the calls in the program
  Minstr     millions of instructions from init to the payload's first octet
  payload    instructions for the payload above those of its bare SHA-256, in percent
"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import support  # noqa: E402
from board import BOARDS  # noqa: E402
from stack import worst_stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("EVSEAL_SIZE_BUILD", ROOT / "build" / "size"))
KEYS = {"ed25519": "ed25519", "rsa": "rsa2048"}
# QEMU counts an instruction as a nanosecond of these clocks.
TICKS = {"mps2-an385": 40, "mps2-an505": 50, "virt": 1}
LIBRARY = re.compile(r"lib\w+\.a")


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def build(board, configuration):
    """The folder with the built program."""
    folder = BUILD / f"{board.name}-{configuration}"
    options = [f"-DEVSEAL_CONFIG_FILE={HERE / 'configurations' / configuration}.h", "-DEVSEAL_MEASURE=ON",
               f"-DEVSEAL_SODIUM={'ON' if configuration in ('ed25519', 'full') else 'OFF'}",
               f"-DEVSEAL_INSTRUCTIONS_PER_TICK={TICKS[board.script]}"]
    run("cmake", "-S", str(ROOT), "--preset", board.preset, "-B", str(folder), *options)
    run("cmake", "--build", str(folder), "--target", f"measure-{board.script}", "footprint")
    return folder


def flash(map_file):
    """Octets in flash by library, from the linker's map: sections that were kept."""
    sizes = {}
    section = None
    text = map_file.read_text().split("Linker script and memory map")[1]
    for line in text.splitlines():
        named = re.match(r"^ (\.[\w.$]+)(.*)$", line)
        if named:
            section = named[1]
            line = named[2]
        found = re.match(r"^\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)\(", line)
        if found and section and section.startswith((".text", ".rodata", ".data", ".srodata", ".sdata")):
            library = LIBRARY.search(found[2])
            if library:
                sizes[library[0]] = sizes.get(library[0], 0) + int(found[1], 16)
    return sizes


def make_package(lab, key_type):
    """Profile, state and package with a payload of 256 KiB, in the folder where boards read files."""
    folder = lab.path(f"unit-{key_type}")
    folder.mkdir()
    pki = lab.pki(f"pki-{key_type}", "--small", key_type=key_type)
    device = json.loads((pki / "device.json").read_text())
    device["components"] = [{"id": "safety"}]
    (pki / "device.json").write_text(json.dumps(device))
    profile, state = lab.device(pki / "device.json", f"device-{key_type}")
    image = random.Random(1).randbytes(256 << 10)
    recipe = lab.recipe(f"{key_type}.json", components=[("safety", image, {"chunk_size": 4096})])
    signer = json.loads((pki / "signer.json").read_text())
    signer["crls"] = [name for name in signer["crls"] if "intermediate" in name]
    (pki / "signer.json").write_text(json.dumps(signer))
    package = lab.sign(recipe, f"{key_type}.evs", signer=pki / "signer.json")
    for name, path in (("profile", profile), ("state", state), ("package", package)):
        (folder / name).write_bytes(path.read_bytes())
    return folder


def measure(board, configuration, unit):
    folder = build(board, configuration)
    program = folder / "bin" / f"measure-{board.script}"
    done = board.run(program, ["profile", "state", "package"], unit, ["-icount", "shift=0"])
    if done.returncode != 0:
        sys.exit(f"report.py: error: {board.name} {configuration}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    numbers = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", done.stdout)}
    sizes = flash(folder / "tests" / "device" / "footprint.map")
    above = numbers["payload_instructions"] / numbers["hash_instructions"] - 1
    return {"flash": sum(sizes.values()), "verify": sizes.get("libevseal_verify.a", 0), "context": numbers["context"],
            "stack": numbers["stack"], "worst": worst_stack(folder, program),
            "Minstr": numbers["envelope_instructions"] / 1e6, "payload": 100 * above,
            "libraries": sizes}


def limits():
    """{(core, configuration): {column: limit}}"""
    out = {}
    for line in (HERE / "limits.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            core, configuration, *pairs = line.split()
            out[core, configuration] = {name: float(value) for name, value in (pair.split("=") for pair in pairs)}
    return out


def main():
    cores = sys.argv[1:] or list(BOARDS)
    for core in cores:
        if BOARDS[core].missing():
            print(f"skipped: not installed: {' '.join(BOARDS[core].missing())}")
            return 77
    configurations = sorted(path.stem for path in (HERE / "configurations").glob("*.h"))
    lab = support.Lab()
    passed = []
    try:
        lab.token()
        units = {kind: make_package(lab, kind) for kind in {KEYS.get(name, "p256") for name in configurations}}
        print(f"{'core':14} {'configuration':18} {'flash':>6} {'verify':>6} {'context':>7} {'stack':>5} {'worst':>5} "
              f"{'Minstr':>7} {'payload':>7}")
        for core in cores:
            for configuration in configurations:
                row = measure(BOARDS[core], configuration, units[KEYS.get(configuration, "p256")])
                print(f"{core:14} {configuration:18} {row['flash']:6} {row['verify']:6} {row['context']:7} {row['stack']:5} "
                      f"{row['worst'] or '-':>5} {row['Minstr']:7.2f} {row['payload']:6.1f}%", flush=True)
                for name, limit in limits().get((core, configuration), {}).items():
                    if row[name] is not None and row[name] > limit:
                        passed.append(f"{core} {configuration}: {name} is {row[name]:.1f}, above {limit:.1f}")
    finally:
        lab.close()
    print(*passed, sep="\n", end="\n" if passed else "")
    return 1 if passed else 0


if __name__ == "__main__":
    sys.exit(main())
