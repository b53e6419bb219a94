"""tests/device/linux.py on 64-bit ARM: charger-update from a cross compiler, under qemu's user mode.

Needs gcc-aarch64-linux-gnu, qemu-user-static and libssl-dev:arm64 (dpkg --add-architecture arm64); without them the
exit code is 77, which ctest shows as skipped. QEMU_LD_PREFIX is qemu's own: where the ARM libraries lie, if not in /.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BIN = pathlib.Path(os.environ.get("EVSEAL_BIN", "build/dev/bin")).resolve()
SKIPPED = 77
COMPILER = "aarch64-linux-gnu-gcc"
FLAGS = ["-std=c11", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]
PROBE = "#include <openssl/evp.h>\nint main(void) { return EVP_sha256() == 0; }\n"


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def find_emulator():
    for name in ("qemu-aarch64-static", "qemu-aarch64"):
        found = shutil.which(name)
        if found:
            prefix = os.environ.get("QEMU_LD_PREFIX")
            return [found, *(["-L", prefix] if prefix else [])]
    return skip("qemu-aarch64-static is missing (apt install qemu-user-static)")


def compile_with(*words):
    return subprocess.run([COMPILER, *map(str, words)], capture_output=True, text=True, check=False)


def check_tools(folder, emulator):
    """A program with OpenSSL can be built, and runs."""
    if not shutil.which(COMPILER):
        skip(f"{COMPILER} is missing (apt install gcc-aarch64-linux-gnu)")
    (folder / "probe.c").write_text(PROBE)
    made = compile_with(folder / "probe.c", "-o", folder / "probe", "-lcrypto")
    if made.returncode != 0:
        skip(f"no OpenSSL for arm64 (apt install libssl-dev:arm64): {made.stderr.splitlines()[:1]}")
    ran = subprocess.run([*emulator, folder / "probe"], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        skip(f"an arm64 program does not run here: {ran.stderr.strip()}")


def must_compile(*words):
    made = compile_with(*words)
    if made.returncode != 0:
        sys.exit(f"{COMPILER} fails:\n{made.stderr}")


def main():
    emulator = find_emulator()
    with tempfile.TemporaryDirectory(prefix="evseal-arm64-") as name:
        folder = pathlib.Path(name)
        check_tools(folder, emulator)
        verify, sample = SOURCE / "verify", SOURCE / "samples" / "charger-linux"
        must_compile(*FLAGS, "-I", verify / "include", *sorted((verify / "src").glob("*.c")),
                     verify / "port" / "openssl.c", *sorted(sample.glob("*.c")), "-o", folder / "charger.arm64",
                     "-lcrypto")
        must_compile(*FLAGS, "-shared", "-fPIC", HERE / "power_cut.c", "-o", folder / "power_cut.so", "-ldl")
        # The token, the packages and their judge stay what they are; only the charger is another machine.
        for native in ("evseal", "evseal-verify"):
            (folder / native).symlink_to(BIN / native)
        charger = folder / "charger-update"
        charger.write_text(f'#!/bin/sh\nexec {" ".join(emulator)} {folder}/charger.arm64 "$@"\n')
        charger.chmod(0o755)
        env = {**os.environ, "EVSEAL_BIN": str(folder), "EVSEAL_CUT_LIBRARY": str(folder / "power_cut.so"),
               "EVSEAL_FEW_CUTS": "1"}
        sys.exit(subprocess.run([sys.executable, "-B", HERE / "linux.py", *sys.argv[1:]], env=env,
                                check=False).returncode)


if __name__ == "__main__":
    main()
