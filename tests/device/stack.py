"""The deepest stack of the verify library: -fstack-usage of each function over the calls in the program."""

import re
import subprocess

ROOTS = ("evseal_verify_init", "evseal_verify_push", "evseal_verify_commit", "evseal_verify_finish",
         "evseal_verify_resume", "evseal_verify_next_state")
FUNCTION = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
CALL = re.compile(r"\b(?:bl|b|b\.w|b\.n|jal|j|call|tail)\s+(?:\w+,\s*)?(?:0x)?([0-9a-f]+) <")
INDIRECT = re.compile(r"\b(?:blx\s+r\d+|bx\s+r[0-9]|jalr\s+(?:ra,)?\s*[\w()]+|jr\s+[a-z]\d)")


def frames(folder):
    """By a function's name: octets of its frame, the larger where a name stands twice, and its source."""
    out = {}
    for path in folder.rglob("*.su"):
        for line in path.read_text().splitlines():
            place, size, _ = line.rsplit("\t", 2)
            source, _, _, name = place.rsplit(":", 3)
            out[name] = max(out.get(name, (0, "")), (int(size), source.rsplit("/", 1)[-1]))
    return out


def calls(objdump, program):
    """By a function's address: its name, the addresses that it calls, whether it calls by a pointer."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", str(program)], capture_output=True, text=True,
                          check=True).stdout
    out, here = {}, None
    for line in text.splitlines():
        start = FUNCTION.match(line)
        if start:
            here = out.setdefault(int(start[1], 16), Function(start[2]))
            continue
        call = CALL.search(line)
        if here is not None and call:
            here.calls.add(int(call[1], 16))
        elif here is not None and INDIRECT.search(line):
            here.indirect = True
    return out


class Function:
    """A function of the program; names may stand twice, addresses do not."""

    def __init__(self, name):
        # Without what the compiler adds to a part of a function.
        self.name = re.sub(r"\.(?:isra|constprop|part|cold)(?:\.\d+)?", "", name)
        self.calls = set()
        self.indirect = False


def worst_stack(folder, program):
    """Octets below the caller, but for those of the C library; callbacks are the caller's own. None for RISC-V, where jumps of
    a switch cannot be told from calls by a pointer, and frames are saved by functions that the compiler does not count."""
    if "riscv" in folder.name:
        return None
    size, graph = frames(folder), calls("arm-none-eabi-objdump", program)
    port = [at for at, f in graph.items() if f.name.startswith("evseal_bearssl_") or f.name == "ed25519"]
    curves = [at for at, f in graph.items() if f.name.startswith("api_")]
    known = {}

    hashes = [at for at in port if "_sha" in graph[at].name]

    def targets(at):
        """What a call by a pointer may reach: BearSSL's ECDSA calls a curve, EMSA-PSS a hash, the verifier the port."""
        name = graph[at].name
        if name.startswith("br_"):
            return curves
        if size.get(name, (0, ""))[1] == "emsa.c":
            return hashes
        return [] if at in port or at in curves else port

    def depth(at):
        if at not in known:
            known[at] = None  # a cycle ends in an error: the library has no recursion
            function = graph[at]
            below = {other for other in function.calls | set(targets(at) if function.indirect else ())
                     if other in graph and other != at}
            known[at] = size.get(function.name, (0, ""))[0] + max((depth(other) for other in below), default=0)
        return known[at]

    return max((depth(at) for at, f in graph.items() if f.name in ROOTS), default=0) or None
