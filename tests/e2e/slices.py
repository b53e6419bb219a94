"""`evseal slice`: the part of a package for one controller, judged by the programs that take it."""

import itertools
import json
import os
import random
import resource
import subprocess

import support
from package_bytes import Package

IDS = ["bootloader", "rootfs", "safety"]
SIZES = {"bootloader": 5000, "rootfs": 150_000, "safety": 9000}
BIG = 300 << 20


class SliceTestCase(support.LabTestCase):
    """A signed package of three components; the charger's profile, and one of each controller."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        image = random.Random(31).randbytes
        cls.images = {id_: image(SIZES[id_]) for id_ in IDS}
        cls.recipe = lab.recipe(components=[(id_, cls.images[id_], {"chunk_size": 4096})
                                            for id_ in IDS])
        cls.file = lab.sign(cls.recipe, "fw.evs")
        cls.controllers = {id_: lab.controller(cls.pki / "device.json", id_) for id_ in IDS}

    def command(self, *ids, device=None, package=None, output=None):
        named = [word for id_ in ids for word in ("--component", id_)]
        return ["slice", package or self.file, *named, "--device",
                device or self.lab.controller(self.pki / "device.json", *ids), "-o",
                output or self.lab.path("slice.evs")]

    def slice(self, *ids, **more):
        """Makes a slice; the answer and its octets. The file is gone again."""
        path = self.lab.path("slice.evs")
        answer = self.lab.must(*self.command(*ids, **more), "--json").json
        data = path.read_bytes()
        path.unlink()
        return answer, data

    def expected(self, *ids):
        """The slice by docs/format.md §2, made without evseal."""
        package = Package.read(self.file)
        data = bytearray(package.data[:package.payload_start])
        mask, at = 0, package.payload_start
        for i, id_ in enumerate(IDS):
            chunks = -(-SIZES[id_] // 4096)
            end = at + SIZES[id_] + 64 * (chunks - 1)
            if id_ in ids:
                mask |= 1 << i
                data += package.data[at:end]
            at = end
        self.assertEqual(at, len(package.data))
        data[12:16] = (mask if mask != 7 else 0).to_bytes(4, "big")
        return bytes(data)


class Slices(SliceTestCase):
    def test_each_set_of_components_whichever_way_it_is_named(self):
        for count in (1, 2, 3):
            for ids in itertools.combinations(IDS, count):
                expected = self.expected(*ids)
                for order in ([*ids], [*reversed(ids)], [*ids, ids[0]]):
                    answer, data = self.slice(*order)
                    self.assertEqual(data, expected, order)
                    self.assertEqual(answer["schema"], "evseal.slice/1")
                    self.assertEqual(answer["components"], [*ids])
                    self.assertEqual((answer["size"], answer["steps"]), (len(data), 0))
                    self.assertEqual(answer["component_mask"],
                                     int.from_bytes(expected[12:16], "big"))

    def test_identity_is_the_package_s(self):
        whole = self.lab.must("inspect", self.file, "--json").json["identity"]
        self.assertEqual(self.slice("safety")[0]["identity"], whole)

    def test_who_takes_which_slice(self):
        """Both programs: a controller with its component in the slice accepts, others do not."""
        blobs = {id_: self.lab.device(path, id_) for id_, path in self.controllers.items()}
        for count in (1, 2):
            for ids in itertools.combinations(IDS, count):
                file = self.lab.write("sent.evs", self.slice(*ids)[1])
                for id_, (profile, state) in blobs.items():
                    verdict = (0, "ok") if id_ in ids else (4, "component_absent")
                    self.assert_verdict(*verdict, file, profile, state, "--hardware", "3")

    def test_image_from_a_slice(self):
        self.lab.write("sent.evs", self.slice("safety")[1])
        self.lab.must("extract", self.lab.path("sent.evs"), "--device",
                      self.controllers["safety"], "--hardware", "3", "-d", self.lab.path("images"))
        self.assertEqual(self.lab.path("images/safety.img").read_bytes(), self.images["safety"])
        self.assertEqual(os.listdir(self.lab.path("images")), ["safety.img"])

    def test_several_controllers_and_a_state(self):
        both = self.lab.controller(self.pki / "device.json", "rootfs", "safety")
        learnt = self.lab.write("learnt.json", {"state": 1, "vendor": "acme", "model": "ac22",
                                                "security_versions": {"safety": 8}})
        command = [*self.command("rootfs", "safety", device=both), "--device",
                   self.controllers["safety"]]
        made = self.lab.must(*command, "--json").json
        self.assertEqual([entry["hardware"] for entry in made["devices"]], [[2, 4], [2, 4]])
        self.lab.path("slice.evs").unlink()
        one = self.lab.must(*command, "--hardware", "3", "--json").json
        self.assertEqual([entry["hardware"] for entry in one["devices"]], [[3], [3]])
        self.lab.path("slice.evs").unlink()
        self.assert_refuses(4, *command, "--state", learnt, status="rollback")
        self.assert_refuses(4, *command, "--device", self.controllers["bootloader"],
                            status="component_absent", hint="profile of the controller")

    def test_for_people_and_quiet(self):
        text = self.lab.must(*self.command("safety")).text
        self.assertIn("the slice with safety", text)
        self.assertIn("accepted by the verifier of", text)
        answer = self.lab.must(*self.command("safety"), "--force", "--quiet")
        self.assertEqual(answer.text + answer.err, "")
        self.lab.path("slice.evs").unlink()


class Refused(SliceTestCase):
    def test_without_a_device(self):
        answer = self.assert_refuses(2, "slice", self.file, "--component", "safety", "-o",
                                     self.lab.path("slice.evs"), hint="profile of the controller")
        self.assertIn("--device", answer.err)

    def test_without_or_with_an_unknown_component(self):
        self.assert_refuses(2, "slice", self.file, "--device", self.controllers["safety"], "-o",
                            self.lab.path("slice.evs"))
        for id_ in ("modem", "Safety", "", "a b"):
            self.assert_refuses(2, *self.command(id_, device=self.controllers["safety"]),
                                hint="bootloader, rootfs, safety")

    def test_with_the_profile_of_the_whole_charger(self):
        whole = self.lab.controller(self.pki / "device.json", *IDS)
        self.assert_refuses(4, *self.command("safety", device=whole), status="component_absent",
                            hint="not `needed` there")

    def test_slice_of_a_slice(self):
        sent = self.lab.write("sent.evs", self.slice("safety")[1])
        self.assert_refuses(2, *self.command("safety", package=sent), hint="the whole package",
                            quoting="is a slice")

    def test_what_is_no_signed_firmware_package(self):
        unsigned = self.lab.path("unsigned.evs")
        self.lab.must("build", self.recipe, "-o", unsigned)
        self.assert_refuses(3, *self.command("safety", package=unsigned))
        for name, data in (("empty", b""), ("short", Package.read(self.file).data[:10]),
                           ("recipe", self.recipe.read_bytes()), ("zeros", bytes(9000))):
            file = self.lab.write(f"{name}.evs", data)
            self.assert_refuses(5, *self.command("safety", package=file))
        self.assert_refuses(6, *self.command("safety", package=self.lab.path("missing.evs")))

    def test_package_that_is_cut_off_or_changed_anywhere(self):
        whole = Package.read(self.file)
        random_ = random.Random(8)
        start, size = whole.payload_start, len(whole.data)
        for at in [0, 15, 16, start - 1, start, size - 1, *random_.sample(range(size), 12)]:
            file = self.lab.write("cut.evs", whole.data[:at])
            self.assertIn(self.lab.evseal(*self.command("safety", package=file)).code, (3, 5), at)
            changed = bytearray(whole.data)
            changed[at] ^= 1 << random_.randrange(8)
            file = self.lab.write("cut.evs", changed)
            answer = self.lab.evseal(*self.command("safety", package=file))
            self.assertIn(answer.code, (2, 3, 4, 5), f"octet {at}: {answer}")
            self.assertFalse(self.lab.path("slice.evs").exists(), at)

    def test_every_other_mask_is_refused_as_input(self):
        for mask in (1, 6, 7, 8, 0xFFFFFFFF):
            data = bytearray(self.file.read_bytes())
            data[12:16] = mask.to_bytes(4, "big")
            file = self.lab.write("masked.evs", data)
            self.assert_refuses(2, *self.command("safety", package=file))

    def test_for_other_devices(self):
        members = json.loads(self.controllers["safety"].read_text())
        path = self.pki / "other.json"
        path.write_text(json.dumps({**members, "model": "dc60"}))
        self.assert_refuses(4, *self.command("safety", device=path), status="wrong_device")
        self.assert_refuses(4, *self.command("safety"), "--hardware", "5", status="wrong_hardware")

    def test_output_that_is_the_package(self):
        before = self.file.read_bytes()
        self.assert_refuses(2, *self.command("safety", output=self.file), hint="--force")
        self.assertEqual(self.file.read_bytes(), before)


class Memory(SliceTestCase):
    def test_memory_does_not_grow_with_the_file(self):
        """A package of 300 MiB, most of it holes, with half as much address space."""
        if support.SANITIZED:
            self.skipTest("AddressSanitizer needs terabytes of address space")
        image = self.lab.folder / "big.img"
        with open(image, "wb") as file:
            file.truncate(BIG)
        recipe = self.lab.recipe("big.json", [
            ("rootfs", b"", {"file": str(image), "chunk_size": 1 << 16}),
            ("safety", self.images["safety"], {})])
        big = self.lab.sign(recipe, "../big.evs")
        self.addCleanup(big.unlink)

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (BIG // 2, BIG // 2))

        command = self.command("rootfs", package=big, output=self.lab.folder / "slice.evs")
        process = subprocess.run([support.EVSEAL, *map(str, command), "--threads", "1"],
                                 env=self.lab.env, cwd=self.lab.work, preexec_fn=limit,
                                 capture_output=True, timeout=support.SECONDS, check=False)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertGreater((self.lab.folder / "slice.evs").stat().st_size, BIG)


if __name__ == "__main__":
    support.main()
