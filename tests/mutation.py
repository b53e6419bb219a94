#!/usr/bin/python3
"""Breaks one line of the verify library at a time and sees whether a test notices.

  tests/mutation.py [--files GLOB...] [--kinds KIND...] [--sample N] [--seed S] [--jobs N] [--timeout SECONDS] [--list]

Each change ("mutant") is compiled by itself at -O0 and linked with the objects of a build folder (--build, default
build/dev, built whole). A mutant is killed when one of the tests fails, does not end in time, or does not compile;
else it survives: no test needs that line to be as it is. Survivors that cannot be noticed, because the changed program means
the same, are listed with a reason in tests/mutation_equivalent.txt. Exits with 1 when there are others.

Where time is short: first `--tests own vectors_library`, the output into a file, then `--survivors FILE` with all tests.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "verify" / "src"
EQUIVALENT = ROOT / "tests" / "mutation_equivalent.txt"

REPLAYS = ("der", "certificate", "cms", "manifest", "tree", "profile", "state", "package")

# Most of the time that a mutant costs is the linker's.
FAST_LINK = ["-Wl,--strip-debug", *(["-fuse-ld=lld"] if shutil.which("ld.lld") else [])]

VECTORS = "bin/vectors_library"
MAX_FIRST = 40  # vectors that are judged before the others

# Of unit_verify: every bit of several packages, which is most of its time.
SLOW_TESTS = ("no changed package is accepted*",)

# Test cases that are about one source: they come first, and are seconds less than all.
_VERIFY, _CRYPTO = "bin/unit_verify", "bin/unit_verify_crypto"
_FEEDING = "push:*,skip:*,finish:*,misuse:*,init:*,next state:*"
OWN_CASES = {
    "calendar": (_VERIFY, "calendar:*"),
    "chain": (_VERIFY, "chain:*,crl:*"),
    "check_once": (_VERIFY, "chain:*,crl:*"),
    "cms": (_VERIFY, "shape: envelopes,shape: what the top*,faults: a*"),
    "cms_signer": (_VERIFY, "signer:*,shape: envelopes"),
    "crl": (_VERIFY, "crl:*,shape: rev*,shape: the first*"),
    "curves": (_CRYPTO, "curves:*"),
    "der": (_VERIFY, "reader:*,integer:*,unsigned:*,positive:*,boolean:*,bit strings:*,constants:*,time: *"),
    "der_write": (_VERIFY, "writer:*,join:*,exhaustion:*"),
    "device": (_VERIFY, "device:*,state:*,profile:*,exhaustion:*,shape: profiles*,shape: a profile*,shape: an anchor*"),
    "emsa": (_CRYPTO, "EMSA*,emsa:*"),
    "json": (_VERIFY, "json:*"),
    "judge": (_VERIFY, f"{_FEEDING},faults: a call*,report:*,state:*,time floor:*,time:*"),
    "judge_manifest": (_VERIFY, "hardware:*,limits:*,rollback:*,exhaustion:*,floors:*"),
    "judge_revocation": (_VERIFY, "crl:*,learnt:*,exhaustion:*,faults: a call*"),
    "judge_signers": (_VERIFY, "thresholds:*,report:*,push: without*,faults: a*,*no trust-update*"),
    "judge_time": (_VERIFY, "floors:*,time floor:*,time:*"),
    "key": (_VERIFY, "keys:*,shape: public*"),
    "manifest": (_VERIFY, "manifest:*"),
    "manifest_component": (_VERIFY, "manifest:*"),
    "manifest_fields": (_VERIFY, "manifest:*"),
    "manifest_trust": (_VERIFY, "manifest:*"),
    "resume": (_VERIFY, "resume:*"),
    "signature": (_CRYPTO, "signature:*,backends: RSA*"),
    "state_write": (_VERIFY, "faults: a next*,join:*,next state:*,learnt:*,exhaustion:*"),
    "status": (_VERIFY, "status:*"),
    "store": (_VERIFY, "store:*"),
    "tree": (_VERIFY, "faults: a call*,push:*,resume:*"),
    "verify": (_VERIFY, f"{_FEEDING},faults: a call*,limits:*,floors:*,resume: after*"),
    "x509": (_VERIFY, "chain:*,shape: cert*,shape: what*,shape: a cert*"),
    "x509_extensions": (_VERIFY, "chain:*,shape: cert*,shape: what*,shape: a cert*"),
    "x509_fields": (_VERIFY, "keys:*,shape: sig*,shape: cert*"),
}

SWAPS = {
    "==": ("!=",), "!=": ("==",),
    "<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",),
    "&&": ("||",), "||": ("&&",),
}
KINDS = {
    "comparisons": "== != < <= > >= exchanged",
    "checks": "a return of an error dropped, an if never taken",
    "always": "an if always taken",
    "logic": "&& and || exchanged, ! dropped",
    "numbers": "a constant one more or one less",
}
OPERATOR = re.compile(r"(?<![-<>=!&|])(==|!=|<=|>=|&&|\|\||<|>)(?![<>=&|])")
NUMBER = re.compile(r"(?<![\w.])(0x[0-9A-Fa-f]+|\d+)(u?)(?![\w.])")
NOT = re.compile(r"(?<![\w)])!(?!=)")
CHECK = re.compile(r"^(\s*)return EVSEAL_(?!OK)[A-Z0-9_]+;")
# Behind a condition: with this return dropped it is the same mutant as with the condition never true.
ONLY_CHECK = re.compile(r"\)\s*\{\s*return EVSEAL_(?!OK)[A-Z0-9_]+;\s*\}(?!\s*else\b)")


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: pathlib.Path
    kind: str  # of KINDS
    line: int  # from 1
    what: str  # with #2 where it is the second of its sort in the line
    text: str  # the whole file as changed

    @property
    def name(self):
        return f"{self.path.name}:{self.line}: {self.what}"


def blank_comments_and_strings(text):
    """The text with everything in comments, strings and characters as blanks, of the same length."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def mutable_lines(code):
    """Line numbers within function bodies: tables of octets and #defines of sizes are not logic."""
    depth, in_function, lines = 0, False, set()
    for number, line in enumerate(code.splitlines(), 1):
        if depth == 0 and "{" in line and not line.startswith("#"):
            in_function = ")" in line.split("{")[0] and "=" not in line.split("{")[0]
        if depth > 0 and in_function and not line.lstrip().startswith(("#", "static const", "_Static_assert")):
            lines.add(number)
        depth += line.count("{") - line.count("}")
    return lines


def matching_paren(text, start):
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("unbalanced parentheses")


def mutants_of(path):
    original = path.read_text()
    code = blank_comments_and_strings(original)
    allowed = mutable_lines(code)
    found = []

    def add(kind, start, end, new, what):
        line = original.count("\n", 0, start) + 1
        same = sum((m.line, m.what.partition(" #")[0]) == (line, what) for m in found)
        what += f" #{same + 1}" if same > 0 else ""
        if line in allowed:
            found.append(Mutant(path, kind, line, what, original[:start] + new + original[end:]))

    for m in OPERATOR.finditer(code):
        for new in SWAPS[m.group(1)]:
            kind = "logic" if new in ("&&", "||") else "comparisons"
            add(kind, *m.span(1), new, f"{m.group(1)} -> {new}")
    for m in NOT.finditer(code):
        add("logic", *m.span(), "", "! dropped")
    for m in NUMBER.finditer(code):
        base = 16 if m.group(1).startswith("0x") else 10
        value = int(m.group(1), base)
        for other in {value + 1, max(value - 1, 0)} - {value}:
            add("numbers", *m.span(), f"{hex(other) if base == 16 else other}{m.group(2)}", f"{m.group()} -> {other}")
    for m in re.finditer(r"\bif \(", code):
        end = matching_paren(code, m.end() - 1)
        condition = original[m.end() : end]
        for value, kind in (("false", "checks"), ("true", "always")):
            if value == "false" and ONLY_CHECK.match(code, end):
                continue
            # The condition is still evaluated: what it reads and writes stays, its answer does not.
            new = f"(({condition}), {value})"
            add(kind, m.end(), end, new, f"if ({' '.join(condition.split())[:50]}) -> if ({value})")
    offset = 0
    for line in code.splitlines(keepends=True):
        check = CHECK.match(line)
        if check:
            add("checks", offset + len(check.group(1)), offset + check.end(), ";", f"dropped {line.strip()}")
        offset += len(line)
    return found


class Build:
    """What it takes to compile one source and to link the tests with it."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.bin = self.folder / "bin"
        commands = subprocess.run(
            ["ninja", "-C", str(self.folder), "-t", "commands", *self.targets()],
            check=True, capture_output=True, text=True,
        ).stdout.splitlines()
        self.compile = {}
        self.link = {}
        for command in commands:
            words = shlex.split(command)
            if "-c" in words and words[words.index("-c") + 1].startswith(str(SOURCES)):
                self.compile[pathlib.Path(words[words.index("-c") + 1])] = words
            for target in self.targets():
                if "-o" in words and words[words.index("-o") + 1] == target:
                    # CMake writes `: && c++ ... && :` around a link.
                    self.link[target] = words[words.index("&&") + 1 : len(words) - 2]

    @staticmethod
    def targets():
        programs = ("unit_verify", "unit_verify_crypto", "unit_sign", "evseal", "evseal-verify")
        return [VECTORS] + [f"bin/{name}" for name in programs] + [f"bin/fuzz_{name}" for name in REPLAYS]

    def compile_command(self, source, text, out):
        words = [w for w in self.compile[source] if w != "ccache"]
        drop_next, kept = False, []
        for word in words:
            if drop_next or word in ("-MD", "-Werror") or word.startswith(("-O", "-g", "-D_FORTIFY")):
                drop_next = False
                continue
            if word in ("-MT", "-MF", "-o", "-c"):
                drop_next = True
                continue
            kept.append(word)
        return kept + ["-Werror=return-type", "-O0", f"-I{SOURCES}", "-c", str(text), "-o", str(out)]

    def link_command(self, target, new_object, out):
        """The mutant's object before the library: the linker then never takes the one inside."""
        words = list(self.link[target]) + FAST_LINK
        words[words.index("-o") + 1] = str(out)
        first = next(i for i, w in enumerate(words) if w.endswith((".o", ".a")))
        return words[:first] + [str(new_object)] + words[first:]


def run(command, timeout, cwd=None):
    """(True when it ended well, False when not, None when it did not end in time; the last line that it wrote)"""
    try:
        done = subprocess.run(command, timeout=timeout, cwd=cwd, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    lines = done.stdout.decode(errors="replace").splitlines()
    return done.returncode == 0, lines[-1] if lines else ""


def test_commands(build, quick, vectors):
    """(program to link, the command that tests a program, the one source that it is for or None): vectors, unit tests
    and suites, which say what must be accepted, then the replays, which say what must not happen, then what takes half
    a minute."""
    conformance, corpus = ROOT / "tests" / "conformance", ROOT / "tests" / "fuzz" / "corpus"
    exhaustive = ",".join(SLOW_TESTS)
    own = [(program, lambda p, cases=cases: [p, "--abort", cases], stem)
           for stem, (program, cases) in OWN_CASES.items()]
    tests = [
        (VECTORS, lambda p: [p, "README.md", str(vectors), "--quick"]),
        ("bin/unit_verify", lambda p: [p, "--abort", *(f"~{name}" for name in SLOW_TESTS)]),
        ("bin/unit_verify_crypto", lambda p: [p, "--abort"]),
        ("bin/unit_sign", lambda p: [p, "--abort"]),
    ]
    if "bin/evseal" in build.link:
        # Passes where EVSEAL_VECTORS names no folder.
        tests.append(("bin/evseal", lambda p: ["/usr/bin/python3", "-B", str(conformance / "suites.py"), p]))
    for name in REPLAYS:
        folders = [str(f) for f in (build.folder / "fuzz-seeds" / name, corpus / name) if f.is_dir()]
        tests.append((f"bin/fuzz_{name}", lambda p, folders=folders: [p, *folders]))
    if not quick:
        if "bin/evseal-verify" in build.link:
            tests.append(("bin/evseal-verify", lambda p: [str(conformance / "second.sh"), p]))
        tests.append(("bin/unit_verify", lambda p: [p, "--abort", exhaustive]))
    return own + [(*test, None) for test in tests]


def relevant(name, source):
    """Which replays can run a line of this source at all; unit_verify always may."""
    reach = {
        "fuzz_der": ("der", "calendar"),
        "fuzz_tree": ("tree",),
        "fuzz_manifest": ("json", "manifest", "manifest_component", "manifest_fields", "calendar"),
        "fuzz_state": ("device", "der", "state_write"),
        "fuzz_profile": ("device", "der", "key", "state_write", "manifest_fields"),
        "fuzz_certificate": ("x509", "x509_extensions", "key", "signature", "der", "chain", "curves", "oids",
                             "calendar"),
        "fuzz_cms": ("cms", "cms_signer", "der", "crl"),
        "unit_verify_crypto": ("curves", "emsa", "key", "signature", "der"),
        "unit_sign": ("crl", "device", "state_write", "judge", "judge_manifest", "judge_revocation", "judge_signers",
                      "judge_time"),
    }
    return name not in reach or source.stem in reach[name]


class Tests:
    """What is run against each mutant, and how long each may take: a mutant that hangs must not cost minutes."""

    def __init__(self, build, options, sources):
        self.build, self.limit, self.tests = build, options.timeout, []
        # By source: the vectors that noticed its earlier mutants, which are likely to notice the next ones.
        self.killers = collections.defaultdict(collections.Counter)
        for target, command, stem in test_commands(build, options.quick, options.vectors.resolve()):
            name = pathlib.Path(target).name if stem is None else "own"
            if (options.tests is None or name in options.tests) and (stem is None or stem in sources):
                self.tests.append((target, command, stem, self.measure(target, command)))

    def measure(self, target, command):
        """A test that fails without a mutant would kill every mutant."""
        start = time.monotonic()
        if not run(command(str(self.build.folder / target)), self.limit)[0]:
            sys.exit(f"mutation.py: error: {target} fails or is too slow without any mutant")
        return min(self.limit, 20 + 20 * (time.monotonic() - start))

    def judge(self, mutant):
        """None when a test noticed, else the mutant."""
        with tempfile.TemporaryDirectory(prefix="evseal-mutant-") as folder:
            text, new_object = pathlib.Path(folder, mutant.path.name), pathlib.Path(folder, "mutant.o")
            text.write_text(mutant.text)
            if not run(self.build.compile_command(mutant.path, text, new_object), self.limit, self.build.folder)[0]:
                return None
            for target, command, stem, seconds in self.tests:
                program = pathlib.Path(folder, "test")
                if stem not in (None, mutant.path.stem) or not relevant(pathlib.Path(target).name, mutant.path):
                    continue
                link = self.build.link_command(target, new_object, program)
                if not run(link, self.limit, self.build.folder)[0]:
                    raise RuntimeError(f"{mutant.name}: cannot be linked with {target}")
                vectors = target == VECTORS
                first = self.killers[mutant.path.stem].most_common(MAX_FIRST) if vectors else []
                passed, said = run([*command(str(program)), *(name for name, _ in first)], seconds, folder)
                if vectors and passed is False and ": " in said:
                    self.killers[mutant.path.stem][said.partition(": ")[0]] += 1
                if passed is None:
                    print(f"killed by the clock: {mutant.name}", flush=True)
                if not passed:
                    return None
        return mutant


def read_equivalent():
    """FILE: LINE WITHOUT NUMBER, so that an edit elsewhere in the file does not matter: see key_of()."""
    if not EQUIVALENT.exists():
        return {}
    entries = {}
    for line in EQUIVALENT.read_text().splitlines():
        if line and not line.startswith("#"):
            file, what, source, reason = line.split("\t")
            entries[(file, what, source)] = reason
    return entries


def key_of(mutant):
    source = mutant.path.read_text().splitlines()[mutant.line - 1].strip()
    return (mutant.path.name, mutant.what, source)


def is_explained(mutant, known):
    """By the text of its line, or, where others of that text are no equivalents, by it and the line before: a / b."""
    name, what, source = key_of(mutant)
    before = mutant.path.read_text().splitlines()[mutant.line - 2].strip()
    return (name, what, source) in known or (name, what, f"{before} / {source}") in known


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="+", default=["*.c"], help="globs below verify/src")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND",
                        help="default all: " + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()))
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "dev")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sample", type=int, help="only so many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each step of one mutant")
    parser.add_argument("--quick", action="store_true", help="without the tests that take half a minute each")
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "tests" / "vectors" / "cases", metavar="FOLDER",
                        help="default: the committed ones; more notice more: tests/vectors/make.py --all")
    parser.add_argument("--tests", nargs="+", metavar="PROGRAM", help="only these, as vectors_library; own: OWN_CASES")
    parser.add_argument("--survivors", type=pathlib.Path, metavar="FILE", help="only those of an earlier run's output")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    return parser.parse_args()


def choose(options):
    """The mutants to be judged."""
    mutants = [m for glob in options.files for path in sorted(SOURCES.glob(glob)) for m in mutants_of(path)]
    mutants = [m for m in mutants if m.kind in options.kinds]
    if options.survivors is not None:
        names = {line.removeprefix("survived: ") for line in options.survivors.read_text().splitlines()}
        mutants = [m for m in mutants if m.name in names]
    if options.sample is not None and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    return mutants


def main():
    options = parse_arguments()
    mutants = choose(options)
    if options.list:
        print(*(m.name for m in mutants), sep="\n")
        return 0
    tests = Tests(Build(options.build), options, {m.path.stem for m in mutants})
    known, survivors, explained = read_equivalent(), [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for mutant, survivor in zip(mutants, pool.map(tests.judge, mutants)):
            if survivor is None:
                continue
            if is_explained(mutant, known):
                explained += 1
                continue
            survivors.append(mutant)
            print(f"survived: {mutant.name}\n    {key_of(mutant)[2]}", flush=True)
    killed = len(mutants) - len(survivors) - explained
    print(f"{len(mutants)} mutants: {killed} killed, {explained} equivalent, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
