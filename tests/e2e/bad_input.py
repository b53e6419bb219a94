"""Wrong recipes, images, packages and options: an exit code, a reason, a hint, and no file."""

import random
import re

import support
from openssl_pki import OpensslPki
from package_bytes import Package, flipped


def hex_line(kind, offset, octets):
    body = bytes([len(octets), offset >> 8, offset & 0xFF, kind]) + octets
    return ":" + (body + bytes([-sum(body) & 0xFF])).hex().upper() + "\n"


def hex_part(address, octets):
    return hex_line(4, 0, (address >> 16).to_bytes(2, "big")) + hex_line(
        0, address & 0xFFFF, octets)


HEX_END = hex_line(1, 0, b"")


class InputTestCase(support.LabTestCase):
    def refuses(self, code, *words, **expected):
        """The command with an output beside the inputs fails and leaves nothing."""
        output = self.lab.path("out.evs")
        self.addCleanup(output.unlink, missing_ok=True)  # no failure causes the next one
        return self.assert_refuses(code, *words, "-o", output, **expected)

    def component(self, **changes):
        """A recipe whose only component is changed."""
        return self.lab.recipe("changed.json", [("rootfs", b"x" * 100, changes)])


class Recipes(InputTestCase):
    def assert_bad_recipe(self, text, **expected):
        return self.refuses(2, "build", self.lab.write("bad.json", text), **expected)

    def test_missing_recipe(self):
        self.refuses(6, "build", self.lab.path("nowhere.json"), hint="path",
                     quoting=r"nowhere\.json")

    def test_missing_input_file(self):
        self.refuses(6, "build", self.component(file="gone.img"), hint="path",
                     quoting=r"gone\.img")

    def test_unknown_member_is_named_with_its_place_and_a_guess(self):
        self.refuses(2, "build", self.component(secruity_version=1), hint="security_version",
                     quoting=r"changed\.json:1:\d+: .*secruity_version")

    def test_text_that_is_not_json(self):
        for text in ("", "{", "[]", "null", '{"recipe":1,}', "\x00\x01", "\ufeff{}",
                     '{"recipe":1,"recipe":1}', "[" * 100_000, '{"a":' * 50_000):
            self.assert_bad_recipe(text)

    def test_unknown_version_of_recipe(self):
        self.assert_bad_recipe('{"recipe":2}')

    def test_members_out_of_range(self):
        for changes in ({"chunk_size": 5000}, {"chunk_size": 2**21}, {"security_version": 2**31},
                        {"security_version": -1}, {"security_version": "7"}, {"version": ""},
                        {"version": "a\nb"}, {"version": "x" * 65}, {"encoding": "delta"},
                        {"hardware": {"min": 3, "max": 2}}, {"format": "elf"},
                        {"preserve": [{"offset": 0, "size": 0}]}, {"hex_fill": 0},
                        {"requires": [{"id": "A", "min_security_version": 1}]}):
            self.refuses(2, "build", self.component(**changes))

    def test_ids_that_are_no_names(self):
        for id_ in ("", "Rootfs", "root fs", "../rootfs", "-rootfs", "x" * 33, "roötfs"):
            self.refuses(2, "build", self.component(id=id_))

    def test_two_components_with_one_id(self):
        recipe = self.lab.recipe("twice.json", [("rootfs", b"a", {}), ("rootfs", b"a", {})])
        self.refuses(2, "build", recipe, quoting="rootfs")

    def test_preserve_range_past_the_end_of_the_image(self):
        recipe = self.component(preserve=[{"offset": 90, "size": 11}])
        answer = self.lab.evseal("build", recipe, "-o", self.lab.path("out.evs"))
        self.assertIn(answer.code, (2, 5), str(answer))
        self.assertFalse(self.lab.path("out.evs").exists())

    def test_empty_image(self):
        self.lab.write("empty.img", b"")
        self.refuses(5, "build", self.component(file="empty.img"), quoting=r"empty\.img")

    def test_folder_instead_of_a_file(self):
        self.lab.path("folder").mkdir(exist_ok=True)
        self.refuses(6, "build", self.component(file="folder"), quoting="folder")
        self.refuses(6, "build", self.lab.path("folder"))
        self.refuses(6, "manifest", "build", self.lab.path("folder"))

    def test_endless_device_instead_of_a_file(self):
        self.refuses(6, "build", self.component(file="/dev/zero"), quoting="/dev/zero")

    def test_wrong_build_time(self):
        recipe = self.component()
        for text in ("yesterday", "-1", "1e9", "99999999999999999999", " 5", "5 "):
            self.refuses(2, "build", recipe, env={"SOURCE_DATE_EPOCH": text},
                         quoting="SOURCE_DATE_EPOCH")


class IntelHex(InputTestCase):
    def assert_bad_hex(self, text, code=5, **expected):
        recipe = self.lab.recipe("hex.json", [("safety", b"", {"file": "safety.hex"})])
        self.lab.write("safety.hex", text)
        return self.refuses(code, "build", recipe, **expected)

    def test_huge_gap_is_refused_with_a_range_that_works(self):
        image = hex_part(0x08000000, b"A" * 32) + hex_part(0xF0000000, b"B" * 16) + HEX_END
        answer = self.assert_bad_hex(image, hint="--hex-range")
        range_ = re.search(r"--hex-range (\S+?),", answer.err)[1]
        self.lab.must("build", self.lab.path("hex.json"), "--hex-range", range_, "-o",
                      self.lab.path("part.evs"))
        package = Package.read(self.lab.path("part.evs"))
        self.assertEqual(package.payload, b"A" * 32)

    def test_many_small_parts_that_span_everything(self):
        parts = "".join(hex_part(address, b"x") for address in range(0, 2**32, 2**24))
        self.assert_bad_hex(parts + HEX_END, hint="--hex-range")

    def test_malformed_lines_are_named(self):
        good = hex_part(0, b"good")
        for line in (":0000000", ":00000001FE", ":10000000FF", "0000", ":0G000000FF",
                     hex_line(9, 0, b""), hex_line(4, 0, b"\0"), ":" + "00" * 300):
            self.assert_bad_hex(good + line + "\n" + HEX_END, quoting=r"safety\.hex:3")

    def test_missing_end_record(self):
        self.assert_bad_hex(hex_part(0, b"good"), hint="again")

    def test_overlapping_octets(self):
        self.assert_bad_hex(hex_part(0, b"abcd") + hex_part(2, b"XYZ") + HEX_END)

    def test_no_octets(self):
        self.assert_bad_hex(HEX_END)
        self.assert_bad_hex("")

    def test_one_endless_line(self):
        self.assert_bad_hex(":" + "0" * 20_000_000)

    def test_binary_octets(self):
        self.assert_bad_hex(random.Random(10).randbytes(100_000))

    def test_wrong_ranges(self):
        self.lab.write("safety.hex", hex_part(0x100, b"abcd") + HEX_END)
        hex_ = self.lab.recipe("hex.json", [("safety", b"", {"file": "safety.hex"})])
        for range_ in ("", "1", "5-5", "9-3", "a-b", "0x-0x5", "-1-5", "0-0x100000001",
                       "rootfs=0x100-0x104", "safety=", "0x100-0x104-0x108"):
            self.refuses(2, "build", hex_, "--hex-range", range_)
        self.refuses(5, "build", hex_, "--hex-range", "0x200-0x300")
        self.refuses(2, "build", self.component(), "--hex-range", "0-4")


class Packages(InputTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        recipe = lab.recipe(components=[("rootfs", bytes(range(256)) * 40, {})])
        cls.file = lab.sign(recipe, "fw.evs")
        cls.unsigned = lab.path("unsigned.evs")
        lab.must("build", recipe, "-o", cls.unsigned)
        cls.signing = ["--signer", cls.pki / "signer.json", "--pin-file", lab.pin]
        cls.judging = ["--device", cls.pki / "device.json", "--hardware", "3"]

    def readers(self, file):
        """Every command that reads a package without judging it."""
        return [["inspect", file], ["manifest", "show", file], ["manifest", "check", file],
                ["diff", file, self.file], ["diff", self.file, file]]

    def extract(self, code, file, **expected):
        self.assert_refuses(code, "extract", file, *self.judging, "-d", self.lab.path("images"),
                            **expected)

    def test_not_a_package(self):
        for data in (random.Random(11).randbytes(5000), b"", b"\x89EVS", b"MZ" * 100,
                     b"PK\x03\x04" * 2000):
            file = self.lab.write("strange.evs", data)
            for command in self.readers(file):
                self.assert_refuses(5, *command, quoting=r"strange\.evs")
            self.extract(5, file, hint=".")
            self.refuses(2, "sign", file, *self.signing)

    def test_file_of_another_kind_is_called_by_its_name(self):
        pki = self.pki
        compiled, state = self.lab.device(pki / "device.json", "kind")
        kinds = [(b"\x7fELF" + bytes(60), "ELF", "recipe"), (b"\x1f\x8b\x08" + bytes(9), "gzip",
                 "unpack"), (b"hsqs" + bytes(900), "squashfs", "recipe"),
                 (hex_part(0, b"abc").encode(), "Intel HEX", "recipe"), (b"", "empty", "again"),
                 (b"\xff" * 5000, "erased flash", "again"),
                 (b"x" * 300, "no package and no manifest", "manifests"),
                 (self.file.read_bytes().replace(b"\r\n", b"\n"), "damaged", "line ends"),
                 ((pki / "root.pem").read_bytes(), "PEM certificate", "openssl x509"),
                 ((pki / "device.json").read_bytes(), "device profile in JSON", "--device"),
                 ((pki / "signer.json").read_bytes(), "signer file", "--signer"),
                 (self.lab.path("recipe.json").read_bytes(), "recipe", "evseal build"),
                 (compiled.read_bytes(), "compiled device profile", "--device"),
                 (state.read_bytes(), "device state", "--state"),
                 (bytes(257) + b"ustar" + bytes(250), "tar", "unpack")]
        for data, name, hint in kinds:
            with self.subTest(name):
                file = self.lab.write("kind.bin", data)
                self.assert_refuses(5, "inspect", file, quoting=name, hint=hint)
        answer = self.lab.evseal("verify", self.lab.write("kind.bin", kinds[0][0]), *self.judging)
        self.assert_code(answer, 5)
        self.assertRegex(answer.err, "evseal: hint: it looks like an ELF program")

    def test_truncated_package(self):
        package = Package.read(self.file)
        for length in (9, 15, 16, 100, package.envelope_end - 1):
            file = self.lab.write("short.evs", package.data[:length])
            for command in self.readers(file):
                self.assert_refuses(5, *command, status="truncated", quoting=r"short\.evs")
            self.extract(5, file, status="truncated", hint="again")
            self.refuses(5, "sign", file, *self.signing, status="truncated")
        file = self.lab.write("short.evs", package.data[:-1])
        self.extract(5, file, status="truncated", hint="again")

    def test_truncated_unsigned_package_is_not_signed(self):
        data = self.unsigned.read_bytes()
        for length in (len(data) - 1, len(data) - 5000, 4096):
            file = self.lab.write("short.evs", data[:length])
            self.refuses(5, "sign", file, *self.signing, status="truncated")

    def test_missing_package(self):
        gone = self.lab.path("gone.evs")
        for command in self.readers(gone):
            self.assert_refuses(6, *command, hint="path", quoting=r"gone\.evs")
        self.extract(6, gone, hint="path")
        self.assert_refuses(6, "verify", gone, *self.judging, hint="path")
        self.refuses(6, "sign", gone, *self.signing, hint="path")

    def test_folder_instead_of_a_package(self):
        folder = self.lab.path("a-folder")
        folder.mkdir(exist_ok=True)
        for command in self.readers(folder):
            self.assert_refuses(6, *command)
        self.extract(6, folder)
        self.assert_refuses(6, "verify", folder, *self.judging)
        self.refuses(6, "sign", folder, *self.signing)

    def test_evseal_verify_on_what_is_no_file(self):
        profile, state = self.lab.device(self.pki / "device.json")
        for package in (self.lab.path("gone.evs"), self.pki):
            answer = self.lab.evseal_verify("--device", profile, "--state", state, package)
            self.assert_code(answer, 6)
            self.assertRegex(answer.err, r"(?m)^evseal-verify: error: .+: .+\nevseal-verify: hint")
            answer = self.lab.evseal_verify("--device", profile, "--state", state, "--json",
                                            package)
            self.assertEqual(answer.json["result"], "error")
            self.assert_code(answer, 6)

    def test_signed_package_is_not_signed_again(self):
        self.refuses(2, "sign", self.file, *self.signing, hint="evseal build",
                     quoting="signed already")

    def test_unsigned_package_is_not_extracted(self):
        self.extract(3, self.unsigned, status="unsigned", hint="evseal sign")

    def test_changed_payload_of_an_unsigned_package_is_not_signed(self):
        data = self.unsigned.read_bytes()
        file = self.lab.write("changed.evs", flipped(data, len(data) - 1))
        self.refuses(3, "sign", file, *self.signing, status="chunk_digest", hint="damaged")

    def test_changed_manifest_of_an_unsigned_package_is_not_signed(self):
        data = self.unsigned.read_bytes()
        for old, new in ((b'"kind":"firmware"', b'"kind":"filmware"'),
                         (b'"format_version":1', b'"format_version":2'),
                         (b'"created"', b'"createD"'), (b'"max":4', b'"max":1')):
            self.assertEqual(data.count(old), 1)
            file = self.lab.write("changed.evs", data.replace(old, new))
            self.refuses(5, "sign", file, *self.signing)

    def test_image_that_does_not_inflate_is_not_signed(self):
        """The build job is not trusted: what no device could install is not released."""
        data = self.unsigned.read_bytes()
        old, new = b'"encoding":"none"', b'"encoding":"gzip"'
        self.assertEqual(data.count(old), 1)
        file = self.lab.write("bomb.evs", data.replace(old, new))
        self.refuses(5, "sign", file, *self.signing, status="inflate")

    def test_image_with_another_sha256_is_not_signed(self):
        """Bootloaders and people go by the sha256 that a signed manifest states."""
        data = self.unsigned.read_bytes()
        at = data.index(b'"sha256":"') + 10
        lie = data[:at] + bytes(64).replace(b"\0", b"0") + data[at + 64:]
        self.refuses(5, "sign", self.lab.write("lie.evs", lie), *self.signing)

    def test_extract_of_an_unknown_component(self):
        answer = self.assert_refuses(2, "extract", self.file, *self.judging, "--component",
                                     "kernel", "-d", self.lab.path("images"), hint="inspect")
        self.assertIn("kernel", answer.err)


class Signing(InputTestCase):
    """What `evseal sign` refuses before or after it has signed; a good token throughout."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        cls.recipe = lab.recipe()
        cls.signer = cls.pki / "signer.json"

    def sign(self, code, *more, recipe=None, signer=None, **expected):
        return self.refuses(code, "sign", recipe or self.recipe, "--signer",
                            signer or self.signer, "--pin-file", self.lab.pin, *more, **expected)

    def profile(self, name, **changes):
        """Another profile beside the PKI's own, of which a few members differ."""
        members = OpensslPki.profile(None, **changes)
        return self.lab.write(f"pki/{name}.json", members)

    def test_wrong_stage(self):
        package = {"id": "acme-ac22", "version": "1", "stage": "prod"}
        self.sign(4, recipe=self.lab.recipe("prod.json", package=package),
                  status="stage_mismatch", hint="stage")

    def test_wrong_device(self):
        self.sign(4, "--device", self.profile("dc60", model="dc60"), status="wrong_device",
                  hint="compatible", quoting="dc60")

    def test_one_of_two_devices_refuses(self):
        self.sign(4, "--device", self.pki / "device.json", "--device",
                  self.profile("dc60", model="dc60"), status="wrong_device", quoting="dc60")

    def test_lower_security_version_than_the_state(self):
        state = self.lab.write("pki/state.json", {
            "state": 1, "vendor": "acme", "model": "ac22", "security_versions": {"rootfs": 8}})
        self.sign(4, "--state", state, status="rollback", hint="security_version")

    def test_unknown_component(self):
        self.sign(4, "--device", self.profile("safety", components=["safety"]),
                  status="component_unknown", hint="component")

    def test_over_the_limits_of_the_device(self):
        recipe = self.lab.recipe("large.json", [("rootfs", bytes(9000), {"chunk_size": 65536})])
        small = self.profile("small", limits={"size": "small"})
        self.sign(5, "--device", small, recipe=recipe, status="limit_chunk", hint="chunk_size")
        two = self.lab.recipe("two.json", [("rootfs", b"a", {}), ("safety", b"b", {})])
        one = self.profile("one", limits={"components": 1})
        self.sign(5, "--device", one, recipe=two, status="limit_components")
        tiny = self.profile("tiny", limits={"envelope_bytes": 1024})
        self.sign(5, "--device", tiny, status="envelope_length", hint="shorten")

    def test_component_for_hardware_that_no_device_has(self):
        recipe = self.lab.recipe("hw9.json", [
            ("rootfs", b"a", {}), ("safety", b"b", {"hardware": {"min": 9, "max": 9}})])
        self.sign(4, recipe=recipe, quoting="safety", hint="hardware")

    def test_leaf_that_has_expired(self):
        past = OpensslPki(self.lab, "past").chain(leaf=("20200101000000Z", "20210101000000Z"))
        self.sign(4, signer=past, status="expired", hint="evseal pki issue", quoting="2021-01-01")

    def test_leaf_that_is_not_valid_yet(self):
        future = OpensslPki(self.lab, "future").chain(leaf=("20400101000000Z", "20410101000000Z"))
        self.sign(4, signer=future, status="not_yet_valid", hint="clock")

    def test_intermediate_that_has_expired(self):
        pki = OpensslPki(self.lab, "half")
        pki.chain()
        pki.certificate("intermediate", "root", "20200101000000Z", "20210101000000Z")
        pki.certificate("leaf", "intermediate", "20200101000000Z", "20450101000000Z")
        self.sign(4, signer=pki.file("signer.json"), status="expired")

    def test_signer_certificate_for_another_purpose(self):
        pki = OpensslPki(self.lab, "purpose")
        pki.chain()
        config = pki.file("ca.conf")
        config.write_text(config.read_text().replace("codeSigning", "serverAuth"))
        pki.certificate("leaf", "intermediate", "20200101000000Z", "20450101000000Z")
        self.sign(3, signer=pki.file("signer.json"), status="leaf_purpose")

    def test_key_that_anyone_may_use_is_called_development_only(self):
        good = OpensslPki(self.lab, "good").chain()
        output = self.lab.path("development.evs")
        answer = self.lab.must("sign", self.recipe, "--signer", good, "-o", output)
        self.assertRegex(answer.err, "(?m)^evseal: warning: .*development only")

    def test_package_built_in_the_future(self):
        self.sign(4, env={"SOURCE_DATE_EPOCH": "4102444800"}, hint="clock", quoting="2100-01-01")

    def signer_file(self, **changes):
        members = {"signer": 1, "key": "pkcs11:token=fw;object=pki-firmware",
                   "certificate": "firmware.pem", "chain": ["intermediate.pem"],
                   "devices": ["device.json"], "module": "softhsm2", **changes}
        return self.lab.write("pki/changed-signer.json",
                              {name: value for name, value in members.items()
                               if value is not None})

    def test_signer_file_with_mistakes(self):
        for changes in ({"keys": "x"}, {"signer": 2}, {"key": None}, {"key": ""}, {"key": 1},
                        {"certificate": None}, {"chain": "intermediate.pem"}, {"devices": [1]}):
            self.sign(2, signer=self.signer_file(**changes), quoting="changed-signer")
        self.sign(6, signer=self.lab.path("nowhere.json"), hint="path")

    def test_no_device_to_satisfy(self):
        self.sign(2, signer=self.signer_file(devices=[]), quoting="--device", hint="--device")

    def test_certificate_that_does_not_belong_to_the_key(self):
        self.sign(2, signer=self.signer_file(key="pkcs11:token=fw;object=pki-root"),
                  quoting="does not belong to the key")
        self.sign(2, signer=self.signer_file(certificate="root.pem", chain=[]))

    def test_missing_files_of_the_signer(self):
        self.sign(6, signer=self.signer_file(certificate="gone.pem"), hint="path")
        self.sign(6, signer=self.signer_file(chain=["gone.pem"]), hint="path")
        self.sign(6, signer=self.signer_file(devices=["gone.json"]), hint="path")
        self.sign(6, "--device", self.lab.path("gone.json"), hint="path")

    def test_certificate_file_without_a_certificate(self):
        self.lab.write("pki/empty.pem", "")
        self.lab.write("pki/text.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----")
        for name in ("empty.pem", "text.pem", "device.json"):
            self.sign(5, signer=self.signer_file(certificate=name))

    def test_missing_intermediate(self):
        self.sign(3, signer=self.signer_file(chain=[]), status="chain_no_anchor",
                  hint="intermediate")


class CommandLine(InputTestCase):
    def test_wrong_words(self):
        for words in ([], ["bild"], ["build"], ["build", "a", "b"], ["build", "--nonsense", "x"],
                      ["token"], ["token", "nonsense"], ["verify", "x.evs"],
                      ["key", "generate", "--type", "dsa"],
                      ["pki", "init", "--token", "fw", "--model", "a/b", "-o", "pki"],
                      ["pki", "init", "--development", "--token", "fw", "--model", "a", "-o", "p"],
                      ["chain", "verify"], ["signature", "verify"],
                      ["signature", "verify", "--backend", "magic"],
                      ["sign", "r", "--signer", "s", "-o", "o", "--pin-file", "a", "--pin-fd",
                       "3"], ["build", "r", "-o", "x", "--threads", "-1"]):
            self.assert_refuses(2, *words, hint=".")

    def test_mistyped_words_are_named_with_the_nearest(self):
        for words, what, hint in (
                (["bild", "r", "-o", "x"], "bild", "did you mean `evseal build`.*`evseal --help`"),
                (["token", "lst"], "lst", "`evseal token list`.*`evseal token --help`"),
                (["nonsense"], "nonsense", "^evseal: hint: `evseal --help`"),
                (["pki", "init", "--modell=a/b"], "--modell", "--model.*`evseal pki init --help`"),
                (["sign", "r", "--signer", "s", "--pin", "1234", "-o", "o"], "--pin",
                 "did you mean --pin-f"),
                (["build", "-x", "r"], "-x", "^evseal: hint: `evseal build --help`"),
                (["key", "list", "--token", "--nonsense", "--jsn"], "--jsn", "--json")):
            answer = self.assert_refuses(2, *words)
            self.assertTrue(answer.err.startswith(f"evseal: error: {what}: is no "), str(answer))
            self.assertRegex(answer.err.splitlines()[1], hint)
            self.assertNotIn("1234", answer.err)

    def test_usage_errors_name_the_help_of_their_command(self):
        for words, command in ((["pki", "init", "--development"], "pki init"),
                               (["build", "a", "b", "-o", "c"], "build"), (["token"], "token"),
                               (["verify", "x", "--device", "d", "--hardware", "x"], "verify")):
            answer = self.assert_refuses(2, *words, hint=f"`evseal {command} --help`")
            self.assertTrue(answer.err.startswith(f"evseal: error: evseal {command}: "))
        self.assert_refuses(2, hint="`evseal --help`")
        for words, schema in ((["pki", "init"], "evseal.pki.init/1"), ([], "evseal.usage/1")):
            self.assertEqual(self.lab.evseal(*words, "--json").json["schema"], schema)

    def test_wrong_words_for_evseal_verify(self):
        lab = self.lab
        for words in ([], ["x.evs"], ["--device", "d"], ["--device", "d", "x.evs"],
                      ["--device", "d", "--state", "s", "--factory-new", "x.evs"],
                      ["--device", "d", "--factory-new", "a", "b"], ["--nonsense", "1"],
                      ["--device", "d", "--factory-new", "--write", "rootfs", "x.evs"],
                      ["--device", "d", "--factory-new", "--write", "=f", "x.evs"],
                      ["--device", "d", "--factory-new", "--hardware", "-3", "x.evs"],
                      ["--device", "d", "--factory-new", "--hardware", "3x", "x.evs"],
                      ["--device", "d", "--factory-new", "--now", "today", "x.evs"],
                      ["--device", "d", "--factory-new", "--now", "2026-02-30T00:00:00Z", "x"]):
            answer = lab.evseal_verify(*words)
            self.assert_code(answer, 2)
            self.assertRegex(answer.err,
                             r"^evseal-verify: error: .+: .+\nevseal-verify: hint: .+\n$")
            answer = lab.evseal_verify("--json", *words)
            self.assertEqual((answer.json["result"], answer.json["retryable"]), ("error", False))

    def test_wrong_numbers_and_times_for_verify(self):
        for words in (["--hardware", "-1"], ["--hardware", "x"], ["--now", "today"],
                      ["--now", "2026-13-01T00:00:00Z"], ["--hardware", "99999999999"],
                      ["--hardware", "2147483648"]):
            self.assert_refuses(2, "verify", "x.evs", "--device", self.profile(), *words)

    def profile(self):
        pki = OpensslPki(self.lab, "numbers") if not self.lab.path("numbers").exists() else None
        if pki:
            pki.chain()
        return self.lab.path("numbers/device.json")

    def test_device_profiles_with_mistakes(self):
        good = OpensslPki.profile(None)
        self.profile()
        for changes in ({"device": 2}, {"stages": []}, {"stages": ["test"]}, {"clock": "maybe"},
                        {"components": []}, {"components": ["a", "a"]}, {"limits": {"size": "x"}},
                        {"limits": {"chunk_bytes": 5000}}, {"require": {"firmware": ["other"]}},
                        {"roles": {"firmware": {"anchors": []}}}, {"vendr": "acme"},
                        {"roles": {"firmware": {"anchors": ["root.pem"], "threshold": 2}}}):
            profile = self.lab.write("numbers/wrong.json", {**good, **changes})
            self.refuses(2, "device", "build", profile)
        missing = {**good, "roles": {"firmware": {"anchors": ["gone.pem"]}}}
        self.refuses(6, "device", "build", self.lab.write("numbers/wrong.json", missing))


if __name__ == "__main__":
    support.main()
