"""Both programs judge a table of good and bad packages alike, with the statuses of the format."""

import json
import random

import support
from package_bytes import HEADER, Package, flipped


class VerdictTestCase(support.LabTestCase):
    """One PKI, one package of two components, and profiles that differ from the first."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        image = random.Random(7).randbytes
        cls.rootfs = ("rootfs", image(20_000), {"chunk_size": 8192})
        cls.safety = ("safety", image(3000), {
            "security_version": 3, "requires": [{"id": "rootfs", "min_security_version": 7}]})
        cls.file = lab.sign(lab.recipe(components=[cls.rootfs, cls.safety]), "fw.evs")
        cls.package = Package.read(cls.file)

    def profile(self, role=None, **changes):
        """The compiled profile and first state of the PKI's device with changes."""
        members = json.loads((self.pki / "device.json").read_text())
        members["roles"]["firmware"].update(role or {})
        members.update(changes)
        name = "profile"
        (self.pki / f"{name}.json").write_text(json.dumps(members))
        blob, state = self.lab.path(f"{name}.evd"), self.lab.path(f"{name}.evt")
        self.lab.must("device", "build", self.pki / f"{name}.json", "-o", blob,
                      "--initial-state", state, "--force")
        return blob, state

    def ask_both(self, blob, state):
        """The answers of both programs about the good package."""
        yield self.lab.evseal("verify", self.file, "--device", blob, "--state", state,
                              "--hardware", "3", "--json")
        yield self.lab.evseal_verify("--device", blob, "--state", state, "--hardware", "3",
                                     "--json", self.file)

    def judge(self, code, status, package=None, hardware="3", more=(), role=None, **changes):
        package = self.file if package is None else package
        if isinstance(package, bytes):
            package = self.lab.write("variant.evs", package)
        unit = ["--hardware", hardware] if hardware else []
        blob, state = self.profile(role, **changes)
        return self.assert_verdict(code, status, package, blob, state, *unit, *more)


class Accepted(VerdictTestCase):
    def test_good_package_is_accepted_and_described_alike(self):
        big, small = self.judge(0, "ok")
        self.assertEqual((big["result"], small["result"]), ("accepted", "accepted"))
        (big,) = big["devices"]
        self.assertEqual(big["package"]["identity"], small["package"]["identity"])
        self.assertEqual(big["time_floor_after"], small["time_floor_after"])
        self.assertEqual(big["ocpp"], small["ocpp"])
        for ours, theirs in zip(big["components"], small["components"], strict=True):
            self.assertLessEqual(theirs.items(), ours.items())

    def test_floors_equal_to_the_package_are_accepted(self):
        self.judge(0, "ok", components=[{"id": "rootfs", "security_version": 7},
                                        {"id": "safety", "security_version": 3}])

    def test_state_of_a_newer_profile_counts_with_an_older_profile(self):
        learnt = self.lab.write("newer.json", {"state": 1, "vendor": "acme", "model": "ac22",
                                               "security_versions": {"rootfs": 8}})
        newer = self.lab.path("newer.evt")
        self.lab.must("state", "init", learnt, "-o", newer)
        blob, _ = self.profile(components=["rootfs", "safety"])
        self.assert_verdict(4, "rollback", self.file, blob, newer, "--hardware", "3")
        self.assert_verdict(0, "ok", self.file, blob, None, "--hardware", "3")

    def test_slice_of_a_component_that_need_not_come_along_is_accepted(self):
        self.judge(0, "ok", self.sliced(), components=["rootfs",
                                                       {"id": "safety", "needed": False}])

    def test_slice_without_a_needed_component_is_refused(self):
        self.judge(4, "component_absent", self.sliced())

    def sliced(self):
        """The package with its first component alone."""
        data = bytearray(self.package.data[:self.package.payload_start + 20_000 + 2 * 64])
        data[12:16] = (1).to_bytes(4, "big")
        return bytes(data)


class Refused(VerdictTestCase):
    def test_wrong_device(self):
        self.judge(4, "wrong_device", model="dc60")
        self.judge(4, "wrong_device", vendor="zeta")

    def test_wrong_hardware(self):
        for hardware in ("1", "5", "2147483647", None):
            self.judge(4, "wrong_hardware", hardware=hardware)

    def test_wrong_serial_number(self):
        recipe = self.lab.recipe("serials.json", [self.rootfs], compatible=[
            {"vendor": "acme", "model": "ac22", "serials": ["A-17", "A-18"]}])
        file = self.lab.sign(recipe, "serials.evs", "--force")
        self.judge(4, "wrong_serial", file)
        self.judge(4, "wrong_serial", file, more=["--serial", "A-1"])
        self.judge(0, "ok", file, more=["--serial", "A-18"])

    def test_rollback(self):
        for floors in ([{"id": "rootfs", "security_version": 8}, "safety"],
                       ["rootfs", {"id": "safety", "security_version": 4}]):
            self.judge(4, "rollback", components=floors)

    def test_version_jump(self):
        self.judge(4, "version_jump", limits={"size": "full", "security_version_jump": 6})
        self.judge(0, "ok", limits={"size": "full", "security_version_jump": 7})

    def test_unknown_component(self):
        self.judge(4, "component_unknown", components=["rootfs", "kernel"])

    def test_unmet_requirement(self):
        needy = ("safety", b"x" * 100, {"requires": [{"id": "kernel",
                                                      "min_security_version": 5}]})
        recipe = self.lab.recipe("needy.json", [needy])
        floors = ["safety", {"id": "kernel", "security_version": 5}]
        blob, _ = self.profile(components=floors)
        file = self.lab.sign(recipe, "needy.evs", "--device", blob)
        self.judge(0, "ok", file, components=floors)
        self.judge(4, "requirement_unmet", file, components=["safety", "kernel"])

    def test_limits_of_the_device(self):
        self.judge(5, "limit_chunk", limits={"size": "small"})
        self.judge(5, "limit_components", limits={"components": 1})
        self.judge(5, "envelope_length", limits={"envelope_bytes": 1024})

    def test_stage(self):
        stages = {"allow": {"stages": ["dev", "prod"]}}
        self.judge(4, "stage_refused", stages=["prod"], role=stages)
        self.judge(3, "anchor_scope", stages=["prod"])

    def test_scope_of_the_role(self):
        self.judge(4, "scope_component", role={"allow": {"components": ["rootfs"]}})
        self.judge(4, "scope_model", role={"allow": {"models": ["dc60"]}})

    def test_times(self):
        self.judge(4, "expired_floor", time_floor="2090-01-01T00:00:00Z")
        self.judge(0, "ok", time_floor="2026-01-01T00:00:00Z")
        bare = self.without_crls()
        for now, status in (("2090-01-01T00:00:00Z", "clock_after"),
                            ("2001-01-01T00:00:00Z", "clock_before")):
            self.judge(4, status, bare, more=["--now", now], clock="trusted")
            self.judge(4, "crl_stale", more=["--now", now], clock="trusted")
            self.judge(0, "ok", more=["--now", now], clock="untrusted")

    def without_crls(self):
        """The same package without revocation lists, which have times of their own."""
        signer = json.loads((self.pki / "signer.json").read_text())
        signer.pop("crls")
        self.lab.write("pki/without-crls.json", signer)
        return self.lab.sign(self.lab.path("recipe.json"), "without-crls.evs", "--force",
                             signer="pki/without-crls.json")

    def test_chain_to_the_device(self):
        self.judge(3, "chain_too_long", role={"max_intermediates": 0})
        stranger = self.lab.pki("stranger", model="zeta/ac22")
        self.judge(3, "chain_no_anchor", role={"anchors": [str(stranger / "root.pem")]})

    def test_root_of_the_same_name_with_another_key(self):
        twin = self.lab.pki("twin")
        self.judge(3, "chain_signature", role={"anchors": [str(twin / "root.pem")]})

    def test_role_that_requires_revocation_lists(self):
        self.judge(0, "ok", role={"crl": "required"})
        self.judge(4, "crl_missing", self.without_crls(), role={"crl": "required"})

    def test_signer_that_the_role_does_not_name(self):
        other = self.lab.pki("unlisted")
        self.judge(3, "signer_not_listed", role={"signers": [str(other / "firmware.pem")]})

    def test_too_few_signers(self):
        other = self.lab.pki("second")
        self.judge(4, "threshold_not_met",
                   role={"threshold": 2,
                         "signers": ["firmware.pem", str(other / "firmware.pem")]})

    def test_unsigned_package(self):
        unsigned = self.lab.path("unsigned.evs")
        self.lab.must("build", self.lab.path("recipe.json"), "-o", unsigned)
        self.judge(3, "unsigned", unsigned)


class Damaged(VerdictTestCase):
    def variant(self, offset, value):
        data = bytearray(self.package.data)
        data[offset:offset + len(value)] = value
        return bytes(data)

    def test_file_header(self):
        self.judge(5, "file_magic", self.variant(0, b"\0"))
        self.judge(5, "file_magic", self.variant(7, b"\0"))
        self.judge(5, "file_version", self.variant(4, b"2"))
        self.judge(5, "envelope_length", self.variant(8, bytes(4)))
        for length in (16385, 65537, 2**31, 2**32 - 1):
            self.judge(5, "envelope_length", self.variant(8, length.to_bytes(4, "big")))
        self.judge(5, "file_magic", random.Random(8).randbytes(30_000))

    def test_component_mask(self):
        for mask in (3, 4, 2**31, 2**32 - 1):
            self.judge(5, "component_mask", self.variant(12, mask.to_bytes(4, "big")))

    def test_truncated(self):
        start, end = self.package.payload_start, len(self.package.data)
        for length in (0, 7, 8, HEADER - 1, HEADER, HEADER + 1, self.package.envelope_end - 1,
                       self.package.envelope_end, start - 1, start, start + 63, end - 1):
            self.judge(5, "truncated", self.package.data[:length])

    def test_trailing_data(self):
        self.judge(5, "trailing_data", self.package.data + b"\0")
        self.judge(5, "trailing_data", self.package.data * 2)

    def test_padding(self):
        self.judge(5, "padding", self.variant(self.package.envelope_end, b"\1"))
        self.judge(5, "padding", self.variant(self.package.payload_start - 1, b"\1"))

    def test_payload(self):
        start = self.package.payload_start
        self.judge(3, "tree_node", flipped(self.package.data, start))
        self.judge(3, "tree_node", flipped(self.package.data, start + 127))
        self.judge(3, "chunk_digest", flipped(self.package.data, start + 128))
        self.judge(3, "chunk_digest", flipped(self.package.data, len(self.package.data) - 1))

    def test_every_kind_of_flip_in_the_envelope(self):
        """150 single bits with a fixed seed: the same status and exit code from both."""
        blob, state = self.profile()
        choose = random.Random(9)
        for _ in range(30 if support.SANITIZED else 150):
            offset = choose.randrange(HEADER, self.package.envelope_end)
            bit = choose.randrange(8)
            file = self.lab.write("flip.evs", flipped(self.package.data, offset, bit))
            big = self.lab.evseal("verify", file, "--device", blob, "--state", state,
                                  "--hardware", "3", "--json").json
            small = self.lab.evseal_verify("--device", blob, "--state", state, "--hardware", "3",
                                           "--json", file).json
            self.assertEqual((big["code"], big["status"]), (small["code"], small["status"]),
                             (offset, bit))
            self.assertIn(small["code"], (3, 4, 5), (offset, bit))


class Hints(VerdictTestCase):
    """Where the person in front of the device can do something, evseal-verify says what."""

    def assert_hint(self, hint, *words, package=None, state=("--factory-new",), blob=None):
        blob = blob or self.profile()[0]
        command = ["--device", blob, *state, *words, package or self.file]
        answer = self.lab.evseal_verify(*command)
        self.assertRegex(answer.err, rf"(?m)^evseal-verify: hint: .*{hint}", str(answer))
        machine = self.lab.evseal_verify(*command, "--json").json
        self.assertEqual(machine["schema"], "evseal.device-verify/1")
        self.assertRegex(machine["hint"], hint)
        return answer

    def test_refusals(self):
        self.assert_hint("--hardware N")
        recipe = self.lab.recipe("serial.json", [self.rootfs], compatible=[
            {"vendor": "acme", "model": "ac22", "serials": ["A-17"]}])
        self.assert_hint("--serial TEXT", package=self.lab.sign(recipe, "serial.evs", "--force"))
        self.assert_hint("fetch it again", "--hardware", "3", package=self.lab.write(
            "short.evs", self.package.data[:-1]))
        self.assert_hint(r"\.evs package", package=self.lab.write("no.evs", b"x" * 99))
        self.assert_hint("--device", "--hardware", "3", blob=self.profile(model="dc60")[0])
        self.assert_hint("--now", "--hardware", "3", "--now", "2090-01-01T00:00:00Z",
                         blob=self.profile(clock="trusted")[0])

    def test_state(self):
        empty = self.lab.write("empty.evt", b"")
        self.assert_hint("--factory-new", state=("--state", empty))
        answer = self.assert_hint("different models", state=("--state", self.other_state()))
        self.assertIn("foreign.evt", answer.err)

    def other_state(self):
        _, state = self.profile(model="dc60")
        return state.rename(self.lab.path("foreign.evt"))

    def test_json_where_a_compiled_file_is_needed(self):
        answer = self.assert_hint("evseal device build", blob=self.pki / "device.json")
        self.assertIn("JSON profile", answer.err)
        state = self.lab.write("state.json", '{"state":1,"vendor":"acme","model":"ac22"}')
        answer = self.assert_hint("--initial-state", state=("--state", state))
        self.assertIn("JSON state", answer.err)

    def test_command_line(self):
        for words, error, hint in (
                (["--write", "rootfs=a", "--write", "rootfs=b"], "a component twice", "--help"),
                (["--write", "rootfs=a", "--write", "safety=a"], "a file twice", "--help"),
                (["--write", "rootfs"], "ID=FILE", "--help"), (["--hardware"], "a value", "--help"),
                (["--hardware", "x"], "number from 0", "--help"),
                (["--now", "today"], "2026-11-20T", "--help"),
                (["--factory-knew"], "--factory-knew: is no option", "--factory-new"),
                (["-x"], "-x: is no option", "^evseal-verify: hint: `evseal-verify --help`")):
            answer = self.lab.evseal_verify("--device", "d", *words)
            self.assert_code(answer, 2)
            self.assertRegex(answer.err.splitlines()[0], error)
            self.assertRegex(answer.err.splitlines()[1], hint)


class Configuration(VerdictTestCase):
    """A profile or state that is damaged is no verdict: exit code 2, with its status."""

    def assert_misconfigured(self, statuses, blob, state):
        for answer in self.ask_both(blob, state):
            self.assertEqual((answer.code, answer.json["result"]), (2, "error"), str(answer))
            self.assertIn(answer.json["status"], statuses, str(answer))
            self.assertRegex(answer.err, r"(?m)^evseal(-verify)?: error: ")

    def test_damaged_profile(self):
        blob, state = self.profile()
        data = blob.read_bytes()
        for damaged in (flipped(data, 40), flipped(data, len(data) - 1), data[:-1], data + b"\0"):
            self.assert_misconfigured(["profile_damaged"], self.lab.write("bad.evd", damaged),
                                      state)

    def test_damaged_state(self):
        blob, state = self.profile()
        data = state.read_bytes()
        for damaged in (flipped(data, 30), flipped(data, len(data) - 1), data[:-1], data + b"\0"):
            self.assert_misconfigured(["state_damaged"], blob, self.lab.write("bad.evt", damaged))

    def test_empty_state(self):
        blob, _ = self.profile()
        self.assert_misconfigured(["state_missing"], blob, self.lab.write("empty.evt", b""))
        self.assert_misconfigured(["state_damaged"], blob, self.lab.write("zero.evt", bytes(99)))

    def test_state_of_another_model(self):
        _, state = self.profile(model="dc60")
        other = self.lab.path("other.evt")
        state.rename(other)
        blob, _ = self.profile()
        self.assert_misconfigured(["state_mismatch"], blob, other)


if __name__ == "__main__":
    support.main()
