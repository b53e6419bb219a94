"""The same inputs give the same bytes; two signatures of them differ in the SignerInfo alone."""

import hashlib
import json
import os
import random

import support
from package_bytes import Package

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
CREATED = "2023-11-14T22:13:20Z"


class ReproducibleTestCase(support.LabTestCase):
    key_type = "p256"

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki(key_type=cls.key_type)
        octets = random.Random(13).randbytes
        text = b"".join(b"line %d of a log that packs well\n" % i for i in range(60_000))
        cls.components = [
            ("rootfs", octets(1_500_000), {"chunk_size": 65536}),
            ("kernel", text + octets(300_000) + text, {"encoding": "gzip"}),
            ("safety", b"", {"file": "safety.hex", "security_version": 3})]
        lab.write("safety.hex", ":0400000001020304F2\n:00000001FF\n")
        cls.recipe = lab.recipe(components=cls.components)

    def build(self, name, *more, recipe=None, **options):
        output = self.lab.path(name)
        self.lab.must("build", recipe or self.recipe, "-o", output, "--force", *more,
                      **{"env": EPOCH, **options})
        return output


class Build(ReproducibleTestCase):
    def test_two_builds_are_the_same_bytes(self):
        first = self.build("first.evs").read_bytes()
        self.assertEqual(self.build("second.evs").read_bytes(), first)

    def test_number_of_threads_does_not_matter(self):
        first = self.build("first.evs").read_bytes()
        for threads in ("1", "2", "5"):
            again = self.build("threads.evs", "--threads", threads).read_bytes()
            self.assertEqual(hashlib.sha256(again).digest(), hashlib.sha256(first).digest(),
                             threads)

    def test_folder_names_and_times_of_the_inputs_do_not_matter(self):
        first = self.build("first.evs").read_bytes()
        elsewhere = self.lab.recipe("elsewhere/recipe.json", self.components)
        for name in ("rootfs.img", "kernel.img", "safety.hex"):
            target = self.lab.path(f"elsewhere/{name}")
            target.write_bytes(self.lab.path(name).read_bytes())
            os.utime(target, (1, 1))
            target.chmod(0o600)
        again = self.build("again.evs", recipe=elsewhere, env={**EPOCH, "TZ": "America/Lima"})
        self.assertEqual(again.read_bytes(), first)

    def test_creation_time_is_the_one_of_the_environment(self):
        manifest = json.loads(Package.read(self.build("first.evs")).manifest)
        self.assertEqual(manifest["created"], CREATED)

    def test_another_build_time_changes_the_manifest_alone(self):
        one = Package.read(self.build("first.evs"))
        other = Package.read(self.build("other.evs", env={"SOURCE_DATE_EPOCH": "1700000001"}))
        self.assertNotEqual(one.manifest, other.manifest)
        self.assertEqual(one.payload, other.payload)

    def test_manifest_build_gives_the_manifest_that_build_packs(self):
        output = self.lab.path("fw.manifest.json")
        self.lab.must("manifest", "build", self.recipe, "-o", output, env=EPOCH)
        self.assertEqual(output.read_bytes(), Package.read(self.build("first.evs")).manifest)


class Sign(ReproducibleTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.first = Package.read(cls.lab.sign(cls.recipe, "first.evs", env=EPOCH))
        cls.second = Package.read(cls.lab.sign(cls.recipe, "second.evs", env=EPOCH))

    def test_two_signed_packages_have_the_same_manifest_and_payload(self):
        self.assertEqual(self.first.manifest, self.second.manifest)
        self.assertEqual(self.first.payload, self.second.payload)

    def test_two_signed_packages_differ_in_the_signer_info_alone(self):
        one, two = (self.without_signer_info(package) for package in (self.first, self.second))
        self.assertEqual(one, two)

    def without_signer_info(self, package):
        """The fields of the SignedData before the SignerInfos, and the SignerInfos' fixed part."""
        (signer,) = package.signer_infos
        return ([field.encoded for field in package.signed_data[:-1]],
                signer.digest_algorithm, signer.signature_algorithm)

    def test_manifest_build_gives_the_manifest_that_is_signed(self):
        """But for `crls`, which only who signs can know."""
        output = self.lab.path("fw.manifest.json")
        self.lab.must("manifest", "build", self.recipe, "-o", output, env=EPOCH)
        signed = json.loads(self.first.manifest)
        self.assertEqual(len(signed.pop("crls")), 2)
        self.assertEqual(json.loads(output.read_bytes()), signed)
        bare = json.loads((self.lab.path("pki") / "signer.json").read_text())
        del bare["crls"]
        self.lab.write("pki/without-crls.json", bare)
        same = Package.read(self.lab.sign(self.recipe, "without-crls.evs", env=EPOCH,
                                          signer="pki/without-crls.json"))
        self.assertEqual(output.read_bytes(), same.manifest)

    def test_signing_the_unsigned_package_gives_the_same_manifest_and_payload(self):
        signed = Package.read(self.lab.sign(self.build("unsigned.evs"), "signed.evs"))
        self.assertEqual(signed.manifest, self.first.manifest)
        self.assertEqual(signed.payload, self.first.payload)

    def test_number_of_threads_does_not_matter(self):
        signed = Package.read(self.lab.sign(self.recipe, "threads.evs", "--threads", "5",
                                            env=EPOCH))
        self.assertEqual(signed.manifest, self.first.manifest)
        self.assertEqual(signed.payload, self.first.payload)


class Ed25519(Sign):
    """Ed25519 signs without random numbers, so that the signing time alone makes a difference."""

    key_type = "ed25519"

    @classmethod
    def prepare(cls):
        cls.lab.forgive_leaks()
        super().prepare()

    def test_same_signing_time_gives_the_same_package(self):
        by_time = {}
        for i in range(40):
            package = Package.read(self.lab.sign(self.recipe, f"time-{i}.evs", env=EPOCH))
            time = package.signer_infos[0].attribute("2a864886f70d010905").content
            if by_time.setdefault(time, package.data) is not package.data:
                self.assertEqual(by_time[time], package.data)
                return
        self.skipTest("no two signatures fell into the same second")


class Diff(ReproducibleTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.file = cls.lab.sign(cls.recipe, "fw.evs", env=EPOCH)

    def diff(self, code, result, *files):
        answer = self.lab.evseal("diff", *files)
        self.assert_code(answer, code)
        machine = self.lab.evseal("diff", *files, "--json")
        self.assert_code(machine, code)
        self.assertEqual(machine.json["result"], result)
        self.assertEqual(bool(machine.json["differences"]), code == 1)
        return answer.text, machine.json

    def test_signed_and_unsigned_package_and_manifest_are_the_same(self):
        unsigned = self.build("unsigned.evs")
        manifest = self.lab.path("fw.manifest.json")
        self.lab.must("manifest", "build", self.recipe, "-o", manifest, env=EPOCH)
        for one, other in ((self.file, self.file), (unsigned, manifest)):
            text, machine = self.diff(0, "same", one, other)
            self.assertEqual(text, "")
            self.assertEqual(machine["before"], machine["after"])
        # Who signs adds the revocation lists, and nothing else.
        text, _ = self.diff(1, "differs", unsigned, self.file)
        self.assertEqual({line.split("[")[0] for line in text.splitlines()}, {"crls"})

    def test_manifest_with_the_newline_of_an_editor_is_the_same(self):
        manifest = self.lab.write("edited.json", Package.read(self.file).manifest + b"\n")
        self.diff(0, "same", self.file, manifest)

    def test_differences_are_named(self):
        self.lab.write("other.img", b"other")
        changed = [("rootfs", b"", {"file": "other.img", "security_version": 8}),
                   *self.components[1:]]
        recipe = self.lab.recipe("changed.json", changed)
        text, machine = self.diff(1, "differs", self.file, self.build("new.evs", recipe=recipe))
        self.assertIn("components[rootfs].security_version: 7 -> 8\n", text)
        where = {difference["where"] for difference in machine["differences"]}
        self.assertLessEqual({"components[rootfs].sha256", "components[rootfs].size"}, where)
        self.assertFalse([name for name in where if "kernel" in name])


if __name__ == "__main__":
    support.main()
