"""Shared by the end-to-end tests: the built programs and a throwaway folder, token and PKI.

The programs' folder comes from the environment variable EVSEAL_BIN. Everything else is made anew
for each test class, in a temporary folder with a SoftHSM configuration of its own.
"""

import glob
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BIN = pathlib.Path(os.environ.get("EVSEAL_BIN", "build/dev/bin")).resolve()
EVSEAL = str(BIN / "evseal")
EVSEAL_VERIFY = str(BIN / "evseal-verify")

USER_PIN = "user-pin-7301"
SO_PIN = "officer-pin-9914"

# 70 is a bug of ours and never expected; a signal is asked for by name.
KNOWN_CODES = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130})
ALL_SKIPPED = 77  # what ctest calls SKIP_RETURN_CODE


def is_sanitized():
    """Whether the programs are built with AddressSanitizer: about five times slower."""
    try:
        return b"__asan_init" in pathlib.Path(EVSEAL_VERIFY).read_bytes()
    except OSError:
        return False


SANITIZED = is_sanitized()
SECONDS = 300 if SANITIZED else 60  # no single call takes longer, or it hangs


def find_library(*patterns):
    """The first file that matches one of the patterns, or None."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            return path
    return None


SOFTHSM = find_library("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so",
                       "/usr/lib64/pkcs11/libsofthsm2.so")
SPY = find_library("/usr/lib/*/pkcs11-spy.so", "/usr/lib/pkcs11-spy.so",
                   "/usr/lib64/pkcs11-spy.so")


class Answer:
    """What a program answered: its exit code and both streams."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def __str__(self):
        shown = " ".join(str(word) for word in self.command)
        return f"{shown}\nexit code {self.code}\nstdout: {self.text}\nstderr: {self.err}"

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def json(self):
        """The one JSON object on standard output, with the members that every answer has."""
        lines = self.text.splitlines()
        if len(lines) != 1:
            raise AssertionError(f"{len(lines)} lines instead of one JSON object: {self}")
        answer = json.loads(lines[0])
        missing = {"schema", "result", "code", "retryable"} - answer.keys()
        if missing or answer["code"] != self.code or answer["retryable"] not in (True, False):
            raise AssertionError(f"not the object of --json: {self}")
        return answer


class Lab:
    """A temporary folder: a SoftHSM configuration with its tokens, PIN files, and work/."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="evseal-e2e-"))
        self.work = self.folder / "work"
        self.home = self.folder / "home"
        for folder in (self.work, self.home, self.folder / "tokens"):
            folder.mkdir()
        self.conf = self.secret("softhsm2.conf",
                                f"directories.tokendir = {self.folder}/tokens\n"
                                "objectstore.backend = file\nlog.level = ERROR\n"
                                "slots.removable = false\n")
        self.pin = self.secret("user.pin", USER_PIN)
        self.so_pin = self.secret("so.pin", SO_PIN)
        self.env = self.environment()
        self.seconds = SECONDS

    def environment(self):
        """A small environment: nothing of the machine's configuration gets in."""
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.home),
               "SOFTHSM2_CONF": str(self.conf), "TZ": "Pacific/Kiritimati"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            # A sanitizer's report must not look like an exit code of ours.
            env[name] = ":".join(filter(None, [os.environ.get(name), "abort_on_error=1"]))
        return env

    def forgive_leaks(self):
        """SoftHSM leaks in each C_SignInit with an Ed25519 key; see tests/unit/hsm."""
        self.env["ASAN_OPTIONS"] += ":detect_leaks=0"

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def path(self, name):
        return self.work / name

    def write(self, name, data):
        """Writes bytes, text or JSON into the work folder and returns the path."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, (dict, list)):
            data = json.dumps(data)
        path.write_bytes(data.encode() if isinstance(data, str) else bytes(data))
        return path

    def start(self, *command, env=None, **options):
        """Starts a program without waiting for it; without a terminal."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("cwd", self.work)
        return subprocess.Popen([str(word) for word in command], env={**self.env, **(env or {})},
                                start_new_session=True, **options)

    def run(self, *command, input=None, **options):
        """Runs a program to its end. A crash or a hang fails the test at once."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*command, **options)
        try:
            out, err = process.communicate(input, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"hangs: {command}: {process.communicate()}") from None
        return Answer(command, process.returncode, out or b"", (err or b"").decode())

    def ask(self, program, *words, **options):
        answer = self.run(program, *words, **options)
        if answer.code not in KNOWN_CODES:
            raise AssertionError(f"an exit code that nobody may see: {answer}")
        return answer

    def evseal(self, *words, **options):
        return self.ask(EVSEAL, *words, **options)

    def evseal_verify(self, *words, **options):
        return self.ask(EVSEAL_VERIFY, *words, **options)

    def must(self, *words, **options):
        """Runs evseal, which has to succeed."""
        answer = self.evseal(*words, **options)
        if answer.code != 0:
            raise AssertionError(str(answer))
        return answer

    def tool(self, *command, **options):
        """Runs a program of other people, which has to succeed; returns its output."""
        answer = self.run(*command, **options)
        if answer.code != 0:
            raise AssertionError(str(answer))
        return answer.out

    def token(self, label="fw"):
        self.must("token", "init", "--label", label, "--so-pin-file", self.so_pin,
                  "--pin-file", self.pin, "--module", "softhsm2")

    def pki(self, folder="pki", *more, token="fw", key_type="p256", model="acme/ac22"):
        """A development PKI in a token; returns its folder."""
        self.must("pki", "init", "--development", "--token", token, "--pin-file", self.pin,
                  "--module", "softhsm2", "--type", key_type, "--model", model,
                  "--prefix", folder, "-o", self.path(folder), *more)
        return self.path(folder)

    def recipe(self, name="recipe.json", components=None, **changes):
        """A recipe for acme/ac22, hardware 2 to 4. Components are (id, bytes, more members)."""
        entries = []
        for id_, image, more in components or [("rootfs", bytes(9000), {})]:
            file = more.get("file", f"{id_}.img")
            if "file" not in more:
                self.write(file, image)
            entries.append({"id": id_, "file": file, "version": "1.0", "security_version": 7,
                            **more})
        recipe = {"recipe": 1,
                  "package": {"id": "acme-ac22", "version": "2.4.1", "stage": "dev"},
                  "compatible": [{"vendor": "acme", "model": "ac22",
                                  "hardware": {"min": 2, "max": 4}}],
                  "components": entries}
        recipe.update(changes)
        return self.write(name, recipe)

    def sign(self, recipe, output, *more, signer="pki/signer.json", **options):
        """Signs a recipe or an unsigned package; returns the path of the package."""
        self.must("sign", recipe, "--signer", self.path(signer), "--pin-file", self.pin,
                  "-o", self.path(output), *more, **options)
        return self.path(output)

    def device(self, profile, name="device"):
        """Compiles a profile (a path, or its members); returns profile and first state."""
        if isinstance(profile, dict):
            profile = self.write(f"{name}.json", profile)
        blob, state = self.path(f"{name}.evd"), self.path(f"{name}.evt")
        self.must("device", "build", profile, "-o", blob, "--initial-state", state)
        return blob, state

    def controller(self, profile, *needed):
        """The profile of one controller: that of the whole device, of which it needs these
        components alone. Lies beside it; returns the path."""
        members = json.loads(profile.read_text())
        ids = [entry if isinstance(entry, str) else entry["id"] for entry in members["components"]]
        members["components"] = [{"id": id_, "needed": id_ in needed}
                                 for id_ in sorted({*ids, *needed})]
        path = profile.with_name("-".join(["controller", *needed]) + ".json")
        path.write_text(json.dumps(members))
        return path

    def trust_update(self, pki):
        """A device like that of the PKI which takes trust-updates of an officer, as a profile, and a
        signed trust-update to its first epoch; paths."""
        self.must("key", "generate", "--token", "fw", "--label", "officer", "--module", "softhsm2",
                  "--pin-file", self.pin)
        self.must("pki", "issue", "--kind", "trust-update", "--key", "pkcs11:token=fw;object=officer",
                  "--module", "softhsm2", "--pin-file", self.pin, "--issuer-key",
                  "pkcs11:token=fw;object=pki-root", "--issuer-cert", pki / "root.pem", "--subject",
                  "CN=officer", "-o", self.path("officer.pem"))
        anchors = {"anchors": [str(pki / "root.pem")]}
        trust = {"roles": {"firmware": anchors, "trust": anchors},
                 "require": {"firmware": ["firmware"], "trust-update": ["trust"]}}
        profile = self.write("updatable.json",
                             {**json.loads((pki / "device.json").read_text()), **trust})
        recipe = self.write("trust.json", {
            "recipe": 1, "package": {"id": "acme-trust", "version": "1", "stage": "dev",
                                     "kind": "trust-update"},
            "compatible": [{"vendor": "acme", "model": "ac22"}], "epoch": 1, **trust})
        signer = self.write("officer.json", {
            "signer": 1, "key": "pkcs11:token=fw;object=officer",
            "certificate": str(self.path("officer.pem")), "module": "softhsm2",
            "devices": [str(profile)]})
        self.must("sign", recipe, "--signer", signer, "--pin-file", self.pin, "-o",
                  self.path("trust.evs"))
        return profile, self.path("trust.evs")

    def listing(self, folder=None):
        """Every file below a folder with its size and digest: to compare before and after."""
        out = {}
        for path in sorted((folder or self.work).rglob("*")):
            key = str(path.relative_to(folder or self.work))
            if path.is_file():
                data = path.read_bytes()
                out[key] = (len(data), hashlib.sha256(data).hexdigest()[:16])
            else:
                out[key] = "folder" if path.is_dir() else "other"
        return out


class LabTestCase(unittest.TestCase):
    """A test class with a lab, which it makes once."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        """What all tests of the class share: token, PKI, packages."""

    def assert_code(self, answer, code):
        self.assertEqual(answer.code, code, str(answer))

    def assert_refuses(self, code, *words, hint=None, status=None, quoting=None, **options):
        """An evseal command fails as it should: for people, for machines, and leaving nothing."""
        before = self.lab.listing()
        answer = self.lab.evseal(*words, **options)
        self.assert_code(answer, code)
        self.assertRegex(answer.err, r"(?m)^evseal: error: \S.*: \S", str(answer))
        self.assertEqual(answer.text, "", "an error must not answer on standard output")
        if hint is not None:
            self.assertRegex(answer.err, rf"(?m)^evseal: hint: .*{hint}", str(answer))
        if quoting is not None:
            self.assertRegex(answer.err, quoting, str(answer))
        self.assert_refuses_with_json(code, *words, status=status, hint=hint, **options)
        self.assertEqual(before, self.lab.listing(), "a file was left behind or changed")
        return answer

    def assert_refuses_with_json(self, code, *words, status=None, hint=None, **options):
        answer = self.lab.evseal(*words, "--json", **options)
        self.assert_code(answer, code)
        self.assertEqual(answer.json["result"], "error", str(answer))
        for member in ("what", "why", "class"):
            self.assertTrue(answer.json[member], str(answer))
        if status is not None:
            self.assertEqual(answer.json.get("status"), status, str(answer))
        if hint is not None:
            self.assertRegex(answer.json["hint"], hint, str(answer))

    def assert_verdict(self, code, status, package, profile, state=None, *more):
        """Both programs judge alike, and nothing is written. `profile` and `state` are blobs."""
        before = self.lab.listing()
        judged = ["--state", state] if state else []
        big = self.lab.evseal("verify", package, "--device", profile, *judged, *more, "--json")
        small = self.lab.evseal_verify("--device", profile, *(judged or ["--factory-new"]), *more,
                                       "--json", package)
        for answer in (big, small):
            self.assertEqual((answer.code, answer.json["status"]), (code, status), str(answer))
        self.assertEqual(before, self.lab.listing(), "a file was left behind or changed")
        return big.json, small.json


def main():
    """Runs the module's tests; exit code 77 where all of them were skipped."""
    for program in (EVSEAL, EVSEAL_VERIFY):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is missing: set EVSEAL_BIN to the folder of the built programs")
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(ALL_SKIPPED if result.testsRun and len(result.skipped) >= result.testsRun else 0)
