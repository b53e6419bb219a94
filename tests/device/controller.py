#!/usr/bin/python3
"""
The sample controller on a board: `controller.py BOARD PROGRAM [unittest arguments]`.

A package of two components is signed, sliced for the controller, and delivered to samples/charger-controller in QEMU. The
power fails at every change of its flash, and QEMU is killed at random moments: each time the board must come up with a
slot that holds a released image, whole, and take the update in the end.

EVSEAL_ALL_CUTS=1 tries every cut; else every seventh.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import support  # noqa: E402
from board import BOARDS  # noqa: E402

BOARD, PROGRAM = BOARDS[sys.argv[1]], pathlib.Path(sys.argv[2]).resolve()
SECTOR = 4096
FIRST_BOOT, FIRST_SLOT, SLOT_SECTORS = 4, 8, 80
BOOT_MAGIC = 0x31425645
FLASH_SIZE = (FIRST_SLOT + 2 * SLOT_SECTORS) * SECTOR
POWER_CUT = 42
CUT_STEP = 1 if os.environ.get("EVSEAL_ALL_CUTS") == "1" else 7
KILLS = 60 if os.environ.get("EVSEAL_ALL_CUTS") == "1" else 8
VERSIONS = (1, 2, 3)
IMAGE_SIZE = 9 * SECTOR + 1234


class Controller:
    """One unit: its flash, and what it answers."""

    def __init__(self, folder, flash=None):
        self.folder = folder
        self.flash = folder / "flash"
        self.flash.write_bytes(b"\xff" * FLASH_SIZE if flash is None else flash)

    def do(self, *words, cut=0):
        """One start of the board; the answer and the exit code."""
        more = [f"cut={cut}"] if cut else []
        done = BOARD.run(PROGRAM, [words[0], "flash", *words[1:], *more], self.folder)
        return done.stdout.strip(), done.returncode

    def must(self, *words):
        answer, code = self.do(*words)
        if code != 0:
            raise AssertionError(f"{words}: exit code {code}: {answer}")
        return answer

    def slot_sizes(self):
        """Octets of the image in each slot, as the newer boot record says; 0: no image."""
        flash = self.flash.read_bytes()
        records = [struct.unpack_from("<IIIIII32sI", flash, (FIRST_BOOT + copy) * SECTOR) for copy in (0, 1)]
        newer = max((record for record in records if record[0] == BOOT_MAGIC), key=lambda record: record[1])
        return [newer[5], newer[7]]

    def slot(self, number, size=IMAGE_SIZE):
        start = (FIRST_SLOT + number * SLOT_SECTORS) * SECTOR
        return self.flash.read_bytes()[start:start + size]


class ControllerTestCase(support.LabTestCase):
    """Three versions of the safety controller's image, each in a slice."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki("pki", "--small")
        device = json.loads((cls.pki / "device.json").read_text())
        device["components"] = [{"id": "rootfs"}, {"id": "safety"}]
        (cls.pki / "device.json").write_text(json.dumps(device))
        cls.profile = lab.controller(cls.pki / "device.json", "safety")
        blob, _ = lab.device(cls.profile, "profile")
        cls.folder = lab.path("unit")
        cls.folder.mkdir()
        (cls.folder / "profile").write_bytes(blob.read_bytes())
        cls.images = {}
        for version in VERSIONS:
            cls.images[version] = random.Random(version).randbytes(IMAGE_SIZE)
            cls.deliver(f"v{version}", cls.images[version], version)
        unit = Controller(cls.folder)
        unit.must("provision", "profile")
        unit.must("update", "v1")
        unit.must("boot")
        unit.must("confirm")
        cls.with_v1 = unit.flash.read_bytes()

    @classmethod
    def deliver(cls, name, image, security_version):
        """A slice of a signed package, in the folder where the board reads files."""
        lab = cls.lab
        chunk = {"chunk_size": SECTOR, "security_version": security_version}
        recipe = lab.recipe(components=[("rootfs", bytes(50_000), chunk), ("safety", image, chunk)])
        package = lab.sign(recipe, f"{name}.evs")
        lab.must("slice", package, "--component", "safety", "--device", cls.profile, "-o", cls.folder / name)

    def unit(self):
        """A unit that runs the first version."""
        return Controller(self.folder, self.with_v1)

    def version_booted(self, unit, answer):
        """Which image the board boots: whole, and one that was released."""
        booted = re.match(r"boot slot ([01]) ", answer)
        self.assertIsNotNone(booted, answer)
        octets = unit.slot(int(booted[1]))
        found = [version for version, image in self.images.items() if image == octets]
        self.assertTrue(found, f"{answer}: the slot holds no released image: {hashlib.sha256(octets).hexdigest()}")
        return found[0]


class Update(ControllerTestCase):
    def test_trial_then_confirmed(self):
        unit = self.unit()
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)
        self.assertRegex(unit.must("update", "v2"), r"^ok fetched \d+ operations 5 ")
        first = unit.must("boot")
        self.assertIn("on trial", first)
        self.assertEqual(self.version_booted(unit, first), 2)
        unit.must("confirm")
        last = unit.must("boot")
        self.assertIn("confirmed", last)
        self.assertEqual(self.version_booted(unit, last), 2)
        # From now on the floor of version 2 holds.
        answer, code = unit.do("update", "v1")
        self.assertEqual((answer.split()[0], code), ("rollback", 1))
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)

    def test_image_that_never_confirms_is_left_and_raises_no_floor(self):
        unit = self.unit()
        unit.must("update", "v3")
        answers = [unit.must("boot") for _ in range(4)]
        self.assertEqual([self.version_booted(unit, answer) for answer in answers], [3, 3, 3, 1])
        self.assertIn("after a failed update", answers[3])
        # Version 2 is older than what failed, and newer than what runs: it still installs.
        unit.must("update", "v2")
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)

    def test_no_update_while_one_is_on_trial(self):
        unit = self.unit()
        unit.must("update", "v2")
        answer, code = unit.do("update", "v3")
        self.assertEqual((answer.split()[0], code), ("aborted", 1))
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)

    def test_slot_is_no_image_before_it_is_written(self):
        unit = self.unit()
        unit.must("update", "v2")
        unit.must("boot")
        unit.must("confirm")
        self.assertEqual(unit.do("update", "v3", cut=4)[1], POWER_CUT)
        sizes = unit.slot_sizes()
        self.assertEqual(sorted(sizes), [0, IMAGE_SIZE])
        self.assertEqual(unit.slot(sizes.index(IMAGE_SIZE)), self.images[2])

    def test_damaged_slot_is_not_booted(self):
        unit = self.unit()
        unit.must("update", "v2")
        flash = bytearray(unit.flash.read_bytes())
        number = 0 if unit.slot(0) == self.images[2] else 1
        flash[(FIRST_SLOT + number * SLOT_SECTORS) * SECTOR + 5000] ^= 1
        unit.flash.write_bytes(flash)
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)

    def test_what_is_not_authentic_changes_nothing_that_boots(self):
        good = (self.folder / "v2").read_bytes()
        for name, at in (("header", 3), ("envelope", 700), ("payload", len(good) - 9)):
            with self.subTest(name):
                unit = self.unit()
                (self.folder / "bad").write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                self.assertEqual(unit.do("update", "bad")[1], 1)
                self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)
        (self.folder / "bad").write_bytes(good + b"\0")
        unit = self.unit()
        self.assertEqual(unit.do("update", "bad")[0].split()[0], "trailing_data")
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)
        (self.folder / "bad").write_bytes(good[:-1])
        unit = self.unit()
        self.assertEqual(unit.do("update", "bad")[1], 1)
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)
        # What was stored of it is kept: the good file needs only what is missing.
        whole = int(re.search(r"fetched (\d+)", self.unit().must("update", "v2"))[1])
        unit = Controller(self.folder, self.with_v1)
        unit.do("update", "bad")
        rest = int(re.search(r"fetched (\d+)", unit.must("update", "v2"))[1])
        self.assertLess(rest, whole - 8 * SECTOR)

    def test_profile_above_the_limits_of_the_board_is_refused_at_the_factory(self):
        pki = self.lab.pki("large-pki")
        blob, _ = self.lab.device(pki / "device.json", "large")
        (self.folder / "large").write_bytes(blob.read_bytes())
        answer, code = Controller(self.folder).do("provision", "large")
        self.assertEqual((answer, code), ("not provisioned", 1))


class TrustUpdates(ControllerTestCase):
    """Alone, and in front of a slice: each is judged by itself, and stored at once."""

    @classmethod
    def prepare(cls):
        super().prepare()
        profile, update = cls.lab.trust_update(cls.pki)
        blob, _ = cls.lab.device(cls.lab.controller(profile, "safety"), "updatable")
        (cls.folder / "updatable").write_bytes(blob.read_bytes())
        (cls.folder / "trust").write_bytes(update.read_bytes())
        (cls.folder / "step-v2").write_bytes(update.read_bytes() + (cls.folder / "v2").read_bytes())
        unit = Controller(cls.folder)
        unit.must("provision", "updatable")
        unit.must("update", "v1")
        unit.must("boot")
        unit.must("confirm")
        cls.with_v1 = unit.flash.read_bytes()

    def assert_taken(self, unit):
        """The epoch is stored: the same trust-update is not the next one any more."""
        answer, code = unit.do("update", "trust")
        self.assertEqual((answer.split()[0], code), ("trust_epoch", 1))

    def test_alone(self):
        unit = self.unit()
        unit.must("update", "trust")
        self.assert_taken(unit)
        answer = unit.must("boot")
        self.assertIn("confirmed", answer)
        self.assertEqual(self.version_booted(unit, answer), 1)

    def test_in_front_of_a_slice(self):
        unit = self.unit()
        self.assertRegex(unit.must("update", "step-v2"), "^ok ")
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)
        unit.must("confirm")
        self.assert_taken(unit)
        # One that was taken before is left out.
        self.assertEqual(unit.do("update", "step-v2")[1], 0)

    def test_refused_package_keeps_the_step_and_octets_behind_a_package_are_refused(self):
        data = (self.folder / "step-v2").read_bytes()
        (self.folder / "bad").write_bytes(data + b"\0")
        unit = self.unit()
        self.assertEqual(unit.do("update", "bad")[0].split()[0], "trailing_data")
        self.assert_taken(unit)
        self.assertEqual(self.version_booted(unit, unit.must("boot")), 1)


class PowerCuts(ControllerTestCase):
    def changes(self, unit, *words):
        """How often the flash is changed by a command."""
        before = unit.flash.read_bytes()
        count = 0
        while unit.do(*words, cut=count + 1)[1] == POWER_CUT:
            unit.flash.write_bytes(before)
            count += 1
        return count

    def come_up(self, unit, allowed):
        """After a cut: something authentic boots, and the update is taken in the end."""
        self.assertIn(self.version_booted(unit, unit.must("boot")), allowed)

    def test_at_every_change_of_an_update(self):
        total = int(re.search(r"changes (\d+)", self.unit().must("update", "v2"))[1])
        self.assertGreater(total, 40)
        for cut in range(1, total + 1, CUT_STEP):
            with self.subTest(cut=cut):
                unit = self.unit()
                self.assertEqual(unit.do("update", "v2", cut=cut)[1], POWER_CUT)
                answer = unit.must("boot")
                self.come_up(unit, (1, 2))
                if "on trial" not in answer:
                    unit.must("update", "v2")
                self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)

    def test_twice_in_one_update(self):
        total = int(re.search(r"changes (\d+)", self.unit().must("update", "v2"))[1])
        dice = random.Random(7)
        for _ in range(12):
            cuts = [dice.randrange(1, total), dice.randrange(1, total // 2)]
            with self.subTest(cuts=cuts):
                unit = self.unit()
                for cut in cuts:
                    unit.do("update", "v2", cut=cut)
                    self.come_up(unit, (1, 2))
                answer, _ = unit.do("boot")
                if "on trial" not in answer:
                    unit.must("update", "v2")
                self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)

    def test_at_every_change_of_a_confirmation(self):
        unit = self.unit()
        unit.must("update", "v2")
        unit.must("boot")
        on_trial = unit.flash.read_bytes()
        total = self.changes(unit, "confirm")
        self.assertGreater(total, 3)
        for cut in range(1, total + 1):
            with self.subTest(cut=cut):
                unit = Controller(self.folder, on_trial)
                self.assertEqual(unit.do("confirm", cut=cut)[1], POWER_CUT)
                self.come_up(unit, (2,))
                unit.must("confirm")
                self.assertIn("confirmed", unit.must("boot"))
                self.assertEqual(unit.do("update", "v1")[0].split()[0], "rollback")

    def test_at_every_change_of_going_back(self):
        unit = self.unit()
        unit.must("update", "v3")
        for _ in range(3):
            unit.must("boot")
        last_try = unit.flash.read_bytes()
        total = self.changes(unit, "boot")
        self.assertGreater(total, 0)
        for cut in range(1, total + 1):
            with self.subTest(cut=cut):
                unit = Controller(self.folder, last_try)
                self.assertEqual(unit.do("boot", cut=cut)[1], POWER_CUT)
                self.come_up(unit, (1,))
                unit.must("update", "v2")

    def test_killed_at_any_moment(self):
        """The whole of QEMU, between any two instructions."""
        dice = random.Random(11)
        start = time.monotonic()
        self.unit().must("update", "v2")
        takes = time.monotonic() - start
        for _ in range(KILLS):
            unit = self.unit()
            for _ in range(3):
                words = ["update", "flash", "v2"]
                process = subprocess.Popen(BOARD.command(PROGRAM, words), cwd=self.folder, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(dice.uniform(0, takes))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                answer = unit.must("boot")
                if self.version_booted(unit, answer) == 2:
                    break
            else:
                unit.must("update", "v2")
            self.assertEqual(self.version_booted(unit, unit.must("boot")), 2)


if __name__ == "__main__":
    if BOARD.missing():
        print(f"skipped: not installed: {' '.join(BOARD.missing())}")
        sys.exit(77)
    del sys.argv[1:3]
    support.main()
