"""The happy path of every command: what it prints, what its JSON object holds, what it writes."""

import datetime
import json
import random
import re

import support
from package_bytes import Package

COMMANDS = ["build", "manifest build", "manifest check", "manifest show", "sign", "verify",
            "inspect", "extract", "diff", "slice", "token list", "token init", "token unlock", "key generate", "key list",
            "pki init", "pki root", "pki issue", "pki crl", "pki revoke", "chain verify",
            "signature verify", "device build", "resign", "crl refresh", "crl show", "trust build",
            "trust show", "trust diff", "trust path", "state show", "state init", "state apply"]
KEY_TYPES = {"p256": 256, "p384": 384, "rsa2048": 2048, "rsa3072": 3072, "ed25519": 255}
HEX64 = r"^[0-9a-f]{64}$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


class Help(support.LabTestCase):
    def test_list_of_commands_is_complete(self):
        """A new command needs its tests: this list and the program's must agree."""
        found = []
        for name in self.subcommands():
            found += [f"{name} {verb}" for verb in self.subcommands(name)] or [name]
        self.assertEqual(sorted(found), sorted(COMMANDS))

    def subcommands(self, *group):
        text = self.lab.must(*group, "--help").text
        listed = re.search(r"Subcommands:\n((?:  .*\n)+)", text)
        return [line.split()[0] for line in listed[1].splitlines()] if listed else []

    def test_help_of_every_command_shows_an_example_first(self):
        for command in COMMANDS:
            answer = self.lab.must(*command.split(), "--help")
            lines = answer.text.splitlines()
            self.assertEqual(lines[0], "Example:", command)
            self.assertTrue(lines[1].startswith(f"  evseal {command} "), command)
            for option in ("--json", "--quiet", "--help"):
                self.assertIn(option, answer.text, command)
            self.assertEqual(answer.err, "")

    def test_help_of_the_program_and_of_evseal_verify(self):
        for program in (self.lab.evseal, self.lab.evseal_verify):
            for option in ("--help", "-h"):
                answer = program(option)
                self.assert_code(answer, 0)
                self.assertIn("Exit codes:", answer.text)
        self.assertTrue(self.lab.evseal_verify("--help").text.startswith("evseal-verify --device"))

    def test_both_programs_have_the_same_version(self):
        one, other = (program("--version").text for program in (self.lab.evseal,
                                                                self.lab.evseal_verify))
        self.assertRegex(one, r"^evseal \d+\.\d+\.\d+\n$")
        self.assertEqual(one.split()[1:], other.split()[1:])


class Tokens(support.LabTestCase):
    def ask(self, *words):
        return self.lab.must(*words, "--module", "softhsm2", "--json").json

    def test_token_init_and_list(self):
        made = self.ask("token", "init", "--label", "einhundert %", "--so-pin-file",
                        self.lab.so_pin, "--pin-file", self.lab.pin)
        self.assertEqual((made["schema"], made["label"]), ("evseal.token.init/1", "einhundert %"))
        listed = self.ask("token", "list")
        self.assertEqual(listed["schema"], "evseal.token.list/1")
        (token,) = [token for token in listed["tokens"] if token["serial"] == made["serial"]]
        self.assertEqual((token["label"], token["initialized"], token["uri"], token["flags"]),
                         ("einhundert %", True, made["uri"], ["login-required"]))
        self.assertIn(made["uri"], self.lab.must("token", "list", "--module", "softhsm2").text)

    def test_token_unlock_gives_the_user_a_new_pin(self):
        self.lab.token("forgotten")
        old = ["--token", "forgotten", "--pin-file", self.lab.pin]
        self.ask("key", "generate", *old, "--label", "kept")
        new_pin = self.lab.path("new.pin")
        new_pin.write_text("2718281828\n")
        new_pin.chmod(0o600)
        made = self.ask("token", "unlock", "--token", "forgotten", "--so-pin-file",
                        self.lab.so_pin, "--pin-file", new_pin)
        self.assertEqual((made["schema"], made["label"]), ("evseal.token.unlock/1", "forgotten"))
        self.assertEqual(self.lab.evseal("key", "list", *old, "--module", "softhsm2").code, 8)
        new = ["--token", "forgotten", "--pin-file", new_pin]
        self.assertEqual([key["label"] for key in self.ask("key", "list", *new)["keys"]], ["kept"])
        self.assert_refuses(8, "token", "unlock", "--token", "forgotten", "--so-pin-file", new_pin,
                            "--pin-file", new_pin, "--module", "softhsm2")

    def test_keys_of_each_type(self):
        self.lab.token("keys")
        login = ["--token", "keys", "--pin-file", self.lab.pin]
        for type_, bits in KEY_TYPES.items():
            made = self.ask("key", "generate", *login, "--type", type_, "--label", f"a {type_}")
            self.assertEqual((made["label"], made["bits"]), (f"a {type_}", bits))
            self.assertTrue(type_.startswith(made["type"]), made)
            self.assertTrue(made["sensitive"] and made["local"] and not made["extractable"])
            self.assertRegex(made["key_hash"], HEX64)
        listed = self.ask("key", "list", *login)["keys"]
        self.assertEqual({key["label"] for key in listed}, {f"a {type_}" for type_ in KEY_TYPES})
        self.assertEqual(len({key["key_hash"] for key in listed}), len(KEY_TYPES))

    def test_empty_slot_is_not_called_locked(self):
        empty = [token for token in self.ask("token", "list")["tokens"]
                 if not token["initialized"]]
        self.assertTrue(empty)
        for token in empty:
            self.assertEqual(token["flags"], ["not-initialised"])

    def test_keys_are_listed_by_label_and_id(self):
        self.lab.token("order")
        login = ["--token", "order", "--pin-file", self.lab.pin]
        for label, id_ in (("b", "02"), ("c", "01"), ("a", "09")):
            self.ask("key", "generate", *login, "--label", label, "--id", id_)
        for _ in range(3):
            keys = self.ask("key", "list", *login)["keys"]
            self.assertEqual([(key["label"], key["id"]) for key in keys],
                             [("a", "09"), ("b", "02"), ("c", "01")])

    def test_key_with_a_given_id(self):
        self.lab.token("ids")
        login = ["--token", "ids", "--pin-file", self.lab.pin]
        made = self.ask("key", "generate", *login, "--label", "k", "--id", "01ab")
        self.assertEqual((made["id"], made["type"]), ("01ab", "p256"))
        self.assertIn("id=%01%AB", made["uri"])

    def test_key_that_asks_for_the_pin_at_each_signature(self):
        self.lab.token("always")
        login = ["--pin-file", self.lab.pin]
        made = self.ask("key", "generate", "--token", "always", *login, "--label", "k",
                        "--always-authenticate")
        self.assertTrue(made["always_authenticate"])
        self.ask("pki", "root", "--key", made["uri"], *login, "--subject", "CN=always", "-o",
                 self.lab.path("always.pem"))


class ThreeTiers(support.LabTestCase):
    """Root in one token, intermediate and firmware key in another, each issued by hand."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        cls.root_pin = lab.secret("root.pin", "root-pin-5512")
        lab.must("token", "init", "--label", "root", "--so-pin-file", lab.so_pin, "--pin-file",
                 cls.root_pin, "--module", "softhsm2")
        lab.token("fw")
        for token, label, type_, pin in (("root", "root-2026", "p384", cls.root_pin),
                                         ("fw", "maker-2026", "rsa2048", lab.pin),
                                         ("fw", "fw-2026", "p256", lab.pin)):
            lab.must("key", "generate", "--token", token, "--label", label, "--type", type_,
                     "--module", "softhsm2", "--pin-file", pin)
        cls.certificates = {
            "root.pem": cls.root(), "maker.pem": cls.issue(
                "intermediate", "maker-2026", "root", "root-2026", cls.root_pin, "root.pem",
                "dev", "prod"),
            "fw.pem": cls.issue("firmware", "fw-2026", "fw", "maker-2026", lab.pin, "maker.pem",
                                "prod")}

    @classmethod
    def root(cls):
        return cls.lab.must("pki", "root", "--key", "pkcs11:token=root;object=root-2026",
                            "--module", "softhsm2", "--pin-file", cls.root_pin, "--subject",
                            "CN=Acme Größe root,O=Acme\\, Inc,C=DE", "-o",
                            cls.lab.path("root.pem"), "--json").json

    @classmethod
    def issue(cls, kind, label, issuer_token, issuer_label, issuer_pin, issuer, *stages):
        name = "maker.pem" if kind == "intermediate" else "fw.pem"
        # The leaf is issued seconds after its issuer, and must not outlive it.
        days = "100" if kind == "intermediate" else "99"
        stage_options = [word for stage in stages for word in ("--stage", stage)]
        return cls.lab.must(
            "pki", "issue", "--kind", kind, *stage_options, "--key",
            f"pkcs11:token=fw;object={label}", "--pin-file", cls.lab.pin, "--module", "softhsm2",
            "--issuer-key", f"pkcs11:token={issuer_token};object={issuer_label}",
            "--issuer-pin-file", issuer_pin, "--issuer-cert", cls.lab.path(issuer), "--subject",
            f"CN=Acme {kind},O=Acme", "--days", days, "-o", cls.lab.path(name), "--json").json

    def test_answers_describe_the_certificates(self):
        for name, made in self.certificates.items():
            self.assertEqual(made["output"], str(self.lab.path(name)))
            self.assertRegex(made["key_hash"], HEX64)
            self.assertRegex(made["serial"], r"^[0-9a-f]{2,40}$")
            self.assertRegex(made["not_before"], TIME)
            self.assertRegex(made["not_after"], TIME)
        self.assertEqual(self.certificates["fw.pem"]["issuer"],
                         self.certificates["maker.pem"]["subject"])
        self.assertIn("Acme Größe root", self.certificates["root.pem"]["subject"])

    def test_openssl_accepts_the_chain(self):
        self.lab.tool("openssl", "verify", "-x509_strict", "-CAfile", self.lab.path("root.pem"),
                      "-untrusted", self.lab.path("maker.pem"), self.lab.path("fw.pem"))

    def test_firmware_signed_with_it_is_accepted(self):
        device = self.lab.write("device.json", {
            "device": 1, "vendor": "acme", "model": "ac22", "stages": ["prod"],
            "clock": "trusted", "components": ["rootfs"],
            "roles": {"firmware": {"anchors": ["root.pem"]}},
            "require": {"firmware": ["firmware"]}})
        self.lab.write("signer.json", {
            "signer": 1, "key": "pkcs11:token=fw;object=fw-2026", "certificate": "fw.pem",
            "chain": ["maker.pem", "root.pem"], "module": "softhsm2", "devices": ["device.json"]})
        recipe = self.lab.recipe(package={"id": "x", "version": "1", "stage": "prod"})
        file = self.lab.sign(recipe, "fw.evs", signer="signer.json")
        self.assertEqual(len(Package.read(file).certificates), 2)
        self.assert_verdict(0, "ok", file, self.lab.device(device)[0], None, "--hardware", "2")

    def refuse(self, *words):
        self.assert_refuses(2, "pki", "issue", "--key", "pkcs11:token=fw;object=fw-2026",
                            "--pin-file", self.lab.pin, "--module", "softhsm2", "--issuer-key",
                            "pkcs11:token=fw;object=maker-2026", "--subject", "CN=x", "-o",
                            self.lab.path("no.pem"), *words, hint=".")

    def test_certificates_that_cannot_be(self):
        maker = ["--issuer-cert", self.lab.path("maker.pem")]
        self.refuse(*maker, "--stage", "dev", "--days", "101")
        self.refuse(*maker, "--stage", "dev", "--stage", "prod")
        self.refuse("--issuer-cert", self.lab.path("fw.pem"), "--stage", "prod")
        self.refuse(*maker)


class Chains(support.LabTestCase):
    @classmethod
    def prepare(cls):
        cls.lab.token()
        cls.pki, cls.other = cls.lab.pki(), cls.lab.pki("other", model="zeta/dc60")

    def words(self, *more, names=("--anchor", "--intermediate"), root=None):
        return ["chain", "verify", names[0], (root or self.pki) / "root.pem", names[1],
                self.pki / "intermediate.pem", "--cert", self.pki / "firmware.pem", *more]

    def test_chain_that_holds(self):
        for names in (("--anchor", "--intermediate"), ("--trust", "--untrusted")):
            answer = self.lab.must(*self.words(names=names))
            self.assertTrue(answer.text.startswith("the chain holds\n"))
            machine = self.lab.must(*self.words("--json", names=names)).json
            self.assertEqual((machine["schema"], machine["result"], machine["status"]),
                             ("evseal.chain.verify/1", "holds", "ok"))
            self.assertEqual(len(machine["path"]), 2)
            self.assertIn("acme firmware", machine["path"][0])
            self.assertEqual(machine["public_key_operations"], 2)

    def test_purposes(self):
        for purpose in ("codeSigning", "updatePackageSigning", "1.3.6.1.5.5.7.3.3"):
            self.lab.must(*self.words("--eku", purpose))
        self.lab.must(*self.words("--eku", "serverAuth", "--eku", "codeSigning"))
        self.assert_fails("leaf_purpose|chain_purpose", "--eku", "serverAuth")

    def assert_fails(self, status, *more, **options):
        answer = self.lab.evseal(*self.words(*more, **options))
        self.assert_code(answer, 1)
        self.assertRegex(answer.text, f"^the chain does not hold: .*({status})")
        machine = self.lab.evseal(*self.words(*more, "--json", **options))
        self.assertEqual(machine.json["result"], "does_not_hold")
        self.assertRegex(machine.json["status"], status)
        self.assertTrue(machine.json["text"])

    def test_chain_that_does_not_hold(self):
        self.assert_fails("chain_no_anchor", root=self.other)
        self.assert_fails("chain_too_long", "--max-depth", "0")
        self.assert_fails("clock_after|expired", "--time", "2090-01-01T00:00:00Z")
        self.assert_fails("clock_before|not_yet_valid", "--time", "2020-01-01T00:00:00Z")

    def test_missing_intermediate(self):
        answer = self.lab.evseal("chain", "verify", "--anchor", self.pki / "root.pem", "--cert",
                                 self.pki / "firmware.pem", "--json")
        self.assertEqual((answer.code, answer.json["status"]), (1, "chain_no_anchor"))

    def test_revocation_list_is_not_ignored(self):
        crl = self.lab.write("some.crl", "x")
        self.assert_refuses(5, *self.words("--crl", crl), hint="X509 CRL")


class Signatures(support.LabTestCase):
    """Signatures that OpenSSL made, of each algorithm."""

    RSA = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    PSS = ["-sigopt", "rsa_padding_mode:pss"]
    CASES = [
        ("ecdsa-p256-sha256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
         ["-sha256"]),
        ("ecdsa-p384-sha384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
         ["-sha384"]),
        ("rsa-pkcs1-sha256", RSA, ["-sha256"]),
        ("rsa-pkcs1-sha384", RSA, ["-sha384"]),
        ("rsa-pkcs1-sha512", RSA, ["-sha512"]),
        ("rsa-pss-sha256-mgf-sha256-salt32", RSA,
         ["-sha256", *PSS, "-sigopt", "rsa_pss_saltlen:32"]),
        ("rsa-pss-sha384-mgf-sha384-salt48", RSA,
         ["-sha384", *PSS, "-sigopt", "rsa_pss_saltlen:48"]),
        ("rsa-pss-sha512-mgf-sha512-salt64", RSA,
         ["-sha512", *PSS, "-sigopt", "rsa_pss_saltlen:64"]),
        ("ed25519", ["-algorithm", "ED25519"], None),
    ]

    def make(self, key_options, digest):
        key, public, message, signature = (
            self.lab.path(name) for name in ("key.pem", "pub.pem", "message", "signature"))
        message.write_bytes(random.Random(14).randbytes(1000))
        self.lab.tool("openssl", "genpkey", *key_options, "-out", key)
        self.lab.tool("openssl", "pkey", "-in", key, "-pubout", "-out", public)
        if digest is None:
            self.lab.tool("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message,
                          "-out", signature)
        else:
            self.lab.tool("openssl", "dgst", "-sign", key, *digest, "-out", signature, message)

    def verify(self, algorithm, code, *more, key="pub.pem"):
        words = ["signature", "verify", "--alg", algorithm, "--key", self.lab.path(key), "--sig",
                 self.lab.path("signature"), "--msg", self.lab.path("message"), *more]
        answer = self.lab.evseal(*words)
        self.assert_code(answer, code)
        machine = self.lab.evseal(*words, "--json")
        self.assertEqual(machine.json["result"], "does_not_hold" if code else "holds")
        self.assertEqual(machine.json["schema"], "evseal.signature.verify/1")
        return machine.json["status"]

    def test_signatures_of_each_algorithm_hold_and_changed_messages_do_not(self):
        for algorithm, key_options, digest in self.CASES:
            with self.subTest(algorithm):
                self.make(key_options, digest)
                self.assertEqual(self.verify(algorithm, 0), "ok")
                self.lab.tool("openssl", "pkey", "-pubin", "-in", self.lab.path("pub.pem"),
                              "-outform", "DER", "-out", self.lab.path("pub.der"))
                self.assertEqual(self.verify(algorithm, 0, key="pub.der"), "ok")
                with open(self.lab.path("message"), "ab") as message:
                    message.write(b"!")
                self.assertEqual(self.verify(algorithm, 1), "signature_invalid")

    def test_key_of_another_kind_does_not_hold(self):
        _, key_options, digest = self.CASES[0]
        self.make(key_options, digest)
        for other in ("ecdsa-p384-sha384", "rsa-pkcs1-sha256", "ed25519"):
            self.verify(other, 1)

    def test_backend_of_libsodium(self):
        self.make(*self.CASES[-1][1:])
        self.assertEqual(self.verify("ed25519", 0, "--backend", "sodium"), "ok")
        self.make(*self.CASES[0][1:])
        answer = self.lab.evseal("signature", "verify", "--alg", "ecdsa-p256-sha256", "--backend",
                                 "sodium", "--key", self.lab.path("pub.pem"), "--sig",
                                 self.lab.path("signature"), "--msg", self.lab.path("message"))
        self.assert_code(answer, 2)

    def test_backends_of_bearssl(self):
        if "bearssl" not in self.lab.evseal("signature", "verify", "--help").text:
            self.skipTest("BearSSL was not found when evseal was built")
        for algorithm, key_options, digest in self.CASES:
            with self.subTest(algorithm=algorithm):
                self.make(key_options, digest)
                self.assertEqual(self.verify(algorithm, 0, "--backend", "bearssl+sodium"), "ok")
                if algorithm != "ed25519":
                    self.assertEqual(self.verify(algorithm, 0, "--backend", "bearssl"), "ok")


class Packages(support.LabTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        image = random.Random(15).randbytes
        cls.images = {"rootfs": image(150_000), "kernel": b"kernel " * 30_000,
                      "safety": image(100), "hmi": image(5000)}
        cls.recipe = lab.recipe(
            components=[("rootfs", cls.images["rootfs"], {}),
                        ("kernel", cls.images["kernel"], {"encoding": "gzip"}),
                        ("safety", cls.images["safety"], {"metrology": True}),
                        ("hmi", cls.images["hmi"], {"hardware": {"min": 4, "max": 4}})],
            source={"repository": "https://example.org/fw.git", "commit": "0a1b", "build": "7"})
        cls.signed = lab.must("sign", cls.recipe, "--signer", cls.pki / "signer.json",
                              "--pin-file", lab.pin, "-o", lab.path("fw.evs"), "--json").json
        cls.file = lab.path("fw.evs")
        cls.device = ["--device", cls.pki / "device.json"]

    def ask(self, *words):
        return self.lab.must(*words, "--json").json

    def test_sign(self):
        self.assertEqual((self.signed["schema"], self.signed["signed"], self.signed["algorithm"]),
                         ("evseal.sign/1", True, "p256"))
        self.assertEqual(self.signed["size"], self.file.stat().st_size)
        self.assertRegex(self.signed["identity"], HEX64)
        self.assertRegex(self.signed["signing_time"], TIME)
        (device,) = self.signed["devices"]
        self.assertEqual((device["status"], device["hardware"]), ("ok", [2, 4]))

    def test_build_and_manifest_build(self):
        for words, schema in ((["build"], "evseal.build/1"),
                              (["manifest", "build"], "evseal.manifest.build/1")):
            output = self.lab.path("output")
            made = self.ask(*words, self.recipe, "-o", output)
            self.assertEqual((made["schema"], made["output"]), (schema, str(output)))
            self.assertRegex(made["identity"], HEX64)
            output.unlink()

    def test_manifest_show_and_check(self):
        shown = self.ask("manifest", "show", self.file)
        self.assertEqual((shown["result"], shown["verified"]), ("unverified", False))
        self.assertEqual(shown["manifest"], json.loads(Package.read(self.file).manifest))
        checked = self.ask("manifest", "check", self.file)
        self.assertEqual(checked["size"], len(Package.read(self.file).manifest))
        raw = self.lab.write("fw.manifest.json", Package.read(self.file).manifest)
        self.assertEqual(self.ask("manifest", "check", raw)["identity"], shown["identity"])
        text = self.lab.must("manifest", "show", self.file).text
        for part in ("acme-ac22 2.4.1 (firmware, dev) from acme", "commit 0a1b",
                     "legally relevant for metering", "for hardware 4-4", "gzip"):
            self.assertIn(part, text)

    def test_inspect(self):
        shown = self.ask("inspect", self.file)
        self.assertEqual((shown["verified"], shown["signers"], shown["component_mask"]),
                         (False, 1, 0))
        self.assertEqual(sorted(one["ca"] for one in shown["certificates"]), [False, True])
        self.assertTrue(self.lab.must("inspect", self.file).text.startswith("NOT VERIFIED"))

    def test_verify(self):
        verdict = self.ask("verify", self.file, *self.device, "--hardware", "3", "--full")
        self.assertEqual((verdict["schema"], verdict["result"], verdict["status"],
                          verdict["accepted"], verdict["refused"]),
                         ("evseal.verify/1", "accepted", "ok", 1, 0))
        self.assertNotIn("components", verdict)
        (device,) = verdict["devices"]
        self.assertTrue(device["authenticated"])
        self.assertEqual([one["applicable"] for one in device["components"]],
                         [True, True, True, False])
        text = self.lab.must("verify", self.file, *self.device, "--hardware", "3").text
        self.assertTrue(text.startswith("ACCEPTED "))
        self.assertIn("hmi 1.0, security version 7, 4.9 KiB, for other hardware", text)

    def test_verify_for_several_devices_is_a_table(self):
        other = self.lab.write("pki/other.json", {
            **json.loads((self.pki / "device.json").read_text()), "model": "dc60"})
        words = ["verify", self.file, *self.device, "--device", other, "--hardware", "2"]
        answer = self.lab.evseal(*words)
        self.assert_code(answer, 4)
        self.assertRegex(answer.text, r"(?m)^ACCEPTED +\S+device\.json")
        self.assertRegex(answer.text, r"(?m)^REFUSED +\S+other\.json.*wrong_device")
        summary = self.lab.evseal(*words, "--json").json
        self.assertEqual([one["status"] for one in summary["devices"]], ["ok", "wrong_device"])
        self.assertEqual((summary["status"], summary["accepted"], summary["refused"]),
                         ("wrong_device", 1, 1))
        self.assertIn("compatible", summary["hint"])
        for member in ("device", "signers", "components", "time_floor_after", "authenticated"):
            self.assertNotIn(member, summary, "this is about one device, not about all")

    def test_clock_that_the_profile_does_not_trust(self):
        """--now is ignored there, and that is said."""
        now = ["--hardware", "3", "--now", "2090-01-01T00:00:00Z"]
        profile, _ = self.lab.device(self.pki / "device.json", "clock")
        for program, words, name in (
                (self.lab.evseal, ["verify", self.file, *self.device, *now], "evseal"),
                (self.lab.evseal_verify, ["--device", profile, "--factory-new", *now, self.file],
                 "evseal-verify")):
            answer = program(*words)
            self.assert_code(answer, 0)
            self.assertRegex(answer.err, rf"(?m)^{name}: warning: --now is ignored.*untrusted")
            machine = program(*words, "--json")
            self.assertRegex(" ".join(machine.json["warnings"]), "--now is ignored")
            self.assertEqual(program(*words, "--quiet").err, "")
        self.assertEqual(self.ask("verify", self.file, *self.device, "--hardware",
                                  "3")["warnings"], [])

    def test_options_may_stand_before_the_file(self):
        folder, output = self.lab.path("before"), self.lab.path("before.evs")
        self.lab.write("h.hex", ":0400000001020304F2\n:00000001FF\n")
        recipe = self.lab.recipe("h.json", [("safety", b"", {"file": "h.hex"})])
        for words in (["verify", "--hardware", "3", *self.device, self.file],
                      ["verify", *self.device, self.file, "--hardware", "3"],
                      ["extract", *self.device, "--hardware", "3", "--component", "rootfs",
                       self.file, "-d", folder],
                      ["build", "--hex-range", "0-4", recipe, "-o", output]):
            with self.subTest(" ".join(map(str, words))):
                self.assert_code(self.lab.evseal(*words), 0)

    def test_extract(self):
        folder = self.lab.path("images")
        made = self.ask("extract", self.file, *self.device, "--hardware", "4", "-d", folder)
        self.assertEqual((made["schema"], made["result"]), ("evseal.extract/1", "accepted"))
        for image in made["images"]:
            data = (folder / f"{image['id']}.img").read_bytes()
            self.assertEqual((data, image["size"]), (self.images[image["id"]], len(data)))
        self.assertEqual(len(made["images"]), 4)

    def test_extract_leaves_out_what_is_for_other_hardware_or_not_asked_for(self):
        folder = self.lab.path("some")
        self.lab.must("extract", self.file, *self.device, "--hardware", "3", "-d", folder)
        self.assertEqual(sorted(self.lab.listing(folder)),
                         ["kernel.img", "rootfs.img", "safety.img"])
        folder = self.lab.path("one")
        self.lab.must("extract", self.file, *self.device, "--hardware", "3", "-d", folder,
                      "--component", "safety")
        self.assertEqual(sorted(self.lab.listing(folder)), ["safety.img"])

    def test_evseal_verify_reads_standard_input_like_a_file(self):
        profile, state = self.lab.device(self.pki / "device.json", "compiled")
        words = ["--device", profile, "--state", state, "--hardware", "3", "--json"]
        data = self.file.read_bytes()
        for package in (data, data[:-1], data[:200], b"", data + b"\0"):
            file = self.lab.write("variant.evs", package)
            from_file = self.lab.evseal_verify(*words, file)
            from_input = self.lab.evseal_verify(*words, "-", input=package)
            self.assertEqual((from_file.code, from_file.json),
                             (from_input.code, from_input.json))

    def test_evseal_verify_writes_the_images(self):
        profile, state = self.lab.device(self.pki / "device.json", "writing")
        outputs = {id_: self.lab.path(f"w-{id_}") for id_ in ("rootfs", "kernel", "safety")}
        writes = [word for id_, path in outputs.items() for word in ("--write", f"{id_}={path}")]
        answer = self.lab.evseal_verify("--device", profile, "--state", state, "--hardware", "3",
                                        *writes, "-", input=self.file.read_bytes())
        self.assert_code(answer, 0)
        for id_, path in outputs.items():
            self.assertEqual(path.read_bytes(), self.images[id_])

    def test_device_build(self):
        blob, header, state = (self.lab.path(f"d.{end}") for end in ("evd", "h", "evt"))
        made = self.ask("device", "build", self.pki / "device.json", "-o", blob, "--c-header",
                        header, "--name", "ac22_profile", "--initial-state", state)
        self.assertEqual((made["schema"], made["size"]),
                         ("evseal.device.build/1", blob.stat().st_size))
        self.assertRegex(made["sha256"], HEX64)
        program = self.lab.write("d.c", f'#include "{header}"\n'
                                 "const unsigned char *first(void) { return ac22_profile; }\n"
                                 "unsigned long size(void) { return sizeof ac22_profile; }\n")
        self.lab.tool("gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                      "-fsyntax-only", program)
        octets = bytes(int(octet, 16) for octet in re.findall(r"0x([0-9a-fA-F]{2})\b",
                                                              header.read_text()))
        self.assertEqual(octets, blob.read_bytes())
        self.assert_verdict(0, "ok", self.file, blob, state, "--hardware", "3")

    def test_pki_init_with_labels_that_are_taken(self):
        words = ["pki", "init", "--development", "--token", "fw", "--module", "softhsm2",
                 "--pin-file", self.lab.pin, "--model", "acme/ac22", "-o", self.lab.path("again")]
        login = ["--token", "fw", "--module", "softhsm2", "--pin-file", self.lab.pin]
        self.lab.must("key", "generate", *login, "--label", "half-firmware")
        before = self.ask("key", "list", *login)["keys"]
        for prefix in ("pki", "half"):
            answer = self.lab.evseal(*words, "--prefix", prefix)
            self.assert_code(answer, 2)
            self.assertRegex(answer.err, "(?m)^evseal: hint: .*--prefix")
            self.assertEqual(self.ask("key", "list", *login)["keys"], before)

    def test_pki_init_gives_the_device_a_time_floor(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for name, environment, expected in (
                ("floor-now", {}, now), ("floor-future", {"SOURCE_DATE_EPOCH": "4102444800"}, now),
                ("floor-build", {"SOURCE_DATE_EPOCH": "1750000000"},
                 datetime.datetime.fromtimestamp(1750000000, datetime.timezone.utc))):
            self.lab.must("pki", "init", "--development", "--token", "fw", "--module", "softhsm2",
                          "--pin-file", self.lab.pin, "--model", "acme/ac22", "--prefix", name,
                          "-o", self.lab.path(name), env=environment)
            floor = json.loads(self.lab.path(f"{name}/device.json").read_text())["time_floor"]
            off = datetime.datetime.fromisoformat(floor.replace("Z", "+00:00")) - expected
            self.assertLess(abs(off.total_seconds()), 60)
        verdict = self.ask("verify", self.file, *self.device, "--hardware", "3")
        self.assertGreaterEqual(verdict["devices"][0]["time_floor_after"], now.strftime("%Y-"))

    def test_pki_init_for_a_small_device(self):
        made = self.ask("pki", "init", "--development", "--token", "fw", "--module", "softhsm2",
                        "--pin-file", self.lab.pin, "--model", "acme/mini", "--prefix", "mini",
                        "--stage", "pilot", "--component", "app", "--small", "-o",
                        self.lab.path("mini"))
        profile = json.loads(open(made["device"], encoding="utf-8").read())
        self.assertEqual((profile["components"], profile["stages"], profile["limits"]),
                         (["app"], ["pilot"], {"size": "small"}))
        for name in ("root", "intermediate", "firmware", "signer", "device"):
            self.assertTrue(made[name].startswith(str(self.lab.path("mini"))))


if __name__ == "__main__":
    support.main()
