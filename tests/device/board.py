"""Programs for boards in QEMU: how each board is started."""

import dataclasses
import shutil
import subprocess

# Whatever a board does, it ends: a hang is a failure.
TIMEOUT = 600


@dataclasses.dataclass(frozen=True)
class Board:
    """A core, the preset that builds for it, the linker script, and what QEMU calls the machine."""

    name: str
    preset: str
    script: str
    machine: tuple

    @property
    def qemu(self):
        return self.machine[0]

    def command(self, program, words, options=()):
        """The command line that runs a program on this board. Files are opened by the host, in its own folder."""
        arguments = ",".join(f"arg={word}" for word in words)
        return [*self.machine, "-nographic", "-monitor", "none", "-serial", "none", *options, "-chardev",
                "stdio,id=console", "-semihosting-config", f"enable=on,target=native,chardev=console,{arguments}",
                "-kernel", str(program)]

    def run(self, program, words, folder, options=()):
        """A finished process: standard output is the board's console, the exit code the program's own."""
        return subprocess.run(self.command(program, words, options), cwd=folder, capture_output=True, text=True,
                              timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL)

    def missing(self):
        """What this board needs and the machine lacks; empty for nothing."""
        compiler = "riscv64-unknown-elf-gcc" if self.preset == "riscv32" else "arm-none-eabi-gcc"
        return [tool for tool in (compiler, self.qemu) if shutil.which(tool) is None]


def arm(machine):
    return ("qemu-system-arm", "-M", machine)


BOARDS = {
    board.name: board
    for board in (
        Board("cortex-m0plus", "cortex-m0plus", "mps2-an385", arm("mps2-an385")),
        Board("cortex-m3", "cortex-m3", "mps2-an385", arm("mps2-an385")),
        Board("cortex-m4", "cortex-m4", "mps2-an385", arm("mps2-an386")),
        Board("cortex-m33", "cortex-m33", "mps2-an505", arm("mps2-an505")),
        Board("riscv32", "riscv32", "virt", ("qemu-system-riscv32", "-M", "virt", "-bios", "none")),
    )
}
