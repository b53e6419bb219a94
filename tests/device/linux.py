"""samples/charger-linux as a charger runs it: good and bad packages, power cuts at every moment, trials.

EVSEAL_CUT_LIBRARY is power_cut.so, which ends the program at the n-th call that changes the medium. The
everyday run tries a sample of the moments; EVSEAL_ALL_CUTS=1 tries all.
"""

import base64
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import support  # noqa: E402
from package_bytes import HEADER, Package, parse_der  # noqa: E402

CHARGER = str(support.BIN / "charger-update")
CHARGER_SODIUM = str(support.BIN / "charger-update-sodium")
CUT = os.environ.get("EVSEAL_CUT_LIBRARY", "")
ALL = os.environ.get("EVSEAL_ALL_CUTS") == "1"
SLOW = support.SANITIZED or os.environ.get("EVSEAL_FEW_CUTS") == "1"
SAMPLE, LAST = (4, 2) if SLOW else (16, 8)  # moments of each series in the everyday run

IDS = ["bootloader", "rootfs", "safety"]
CHUNK = 4096
SIZES = {"bootloader": 5000, "rootfs": 70_000, "safety": 9000}


@dataclasses.dataclass
class Charger:
    """The folder that the updater of one charger writes in, and how it is called."""

    lab: support.Lab
    root: pathlib.Path
    program: str = CHARGER
    options: tuple = ()
    fetched: int = 0

    def command(self, *words):
        return [self.program, "--root", self.root, "--device", self.lab.path("device.evd"), "--hardware", "3",
                *self.options, *words]

    def ask(self, *words, **options):
        """The answer and its events."""
        answer = self.lab.ask(*self.command(*words), **options)
        return answer, [json.loads(line) for line in answer.text.splitlines()]

    def must(self, *words, **options):
        answer, events = self.ask(*words, **options)
        if answer.code != 0:
            raise AssertionError(str(answer))
        return events

    def install(self, data, *words, offset=0, env=None, more=()):
        """Streams octets of a file from `offset` on; counts what the program read of them."""
        with open(data, "rb") as file:
            file.seek(offset)
            answer = self.lab.run(*self.command("install", "--offset", offset, "--sync-bytes", "1", *words, *more),
                                  stdin=file, env=env)
            self.fetched += os.lseek(file.fileno(), 0, os.SEEK_CUR) - offset
        if answer.code not in support.KNOWN_CODES | {-signal.SIGKILL}:
            raise AssertionError(str(answer))
        return answer, [json.loads(line) for line in answer.text.splitlines()]

    def offset(self, *words):
        return self.must("offset", *words)[-1]["offset"]

    def status(self):
        return self.must("status")[-1]

    def boots(self, status=None):
        """What boots now: the octets of each component's image."""
        return {entry["id"]: (self.root / entry["boots"] / f"{entry['id']}.img").read_bytes()
                for entry in (status or self.status())["components"]}

    def floors(self):
        """What the newer whole copy of the state says (docs/format.md §9.2), without evseal."""
        states = [read_state(self.root / name) for name in ("state-0.evt", "state-1.evt")]
        return max((state for state in states if state), key=lambda state: state["counter"])

    def slice(self, id_, more=""):
        """Where the slice for a controller goes: a folder of its own, which nothing else syncs."""
        return self.root / "out" / f"{id_}.evs{more}"

    def raised(self):
        """What only a boot that is confirmed may raise."""
        state = self.floors()
        return state["floors"], state["time_floor"]

    def copy(self, name):
        target = self.lab.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.root, target)
        return dataclasses.replace(self, root=target, fetched=0)


class ChargerTestCase(support.LabTestCase):
    """A charger with the old firmware, and packages of the old and the new one."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki("pki", "--component", "bootloader", "--component", "rootfs", "--component", "safety")
        lab.device(cls.pki / "device.json")
        image = random.Random(5).randbytes
        cls.old = {id_: image(SIZES[id_] + 777) for id_ in IDS}
        cls.new = {id_: image(SIZES[id_]) for id_ in IDS}
        cls.old_file = cls.package("old.evs", cls.old, 7)
        cls.new_file = cls.package("new.evs", cls.new, 8)
        cls.size = cls.new_file.stat().st_size
        cls.payload = Package.read(cls.new_file).payload_start
        cls.fresh = cls.charger("fresh")

    @classmethod
    def package(cls, name, images, version, *more, ids=tuple(IDS), **changes):
        recipe = cls.lab.recipe(f"{name}.json", [
            (id_, images[id_], {"chunk_size": CHUNK, "security_version": version, "file": f"{name}.{id_}.img"})
            for id_ in ids if cls.lab.write(f"{name}.{id_}.img", images[id_])], **changes)
        return cls.lab.sign(recipe, name, *more)

    @classmethod
    def charger(cls, name, program=CHARGER, options=()):
        """As it comes from the factory."""
        made = Charger(cls.lab, cls.lab.folder / name, program, options)
        shutil.rmtree(made.root, ignore_errors=True)
        (made.root / "slot-a").mkdir(parents=True)
        (made.root / "slot-b").mkdir()
        (made.root / "out").mkdir()
        for id_ in IDS:
            (made.root / "slot-a" / f"{id_}.img").write_bytes(cls.old[id_])
        made.must("init")
        return made

    @classmethod
    def with_step(cls):
        """A charger that takes trust-updates, and the new package with one in front of it."""
        lab = cls.lab
        if not lab.path("with-step.evs").exists():
            profile, update = lab.trust_update(cls.pki)
            lab.device(profile, "updatable")
            lab.write("with-step.evs", update.read_bytes() + cls.new_file.read_bytes())
        made = cls.charger("updatable", options=("--device", lab.path("updatable.evd")))
        return made, lab.path("with-step.evs")

    def another(self):
        return self.fresh.copy(self.id().rsplit(".", 1)[-1])

    def assert_old(self, charger):
        """The old firmware boots, and nothing else may."""
        status = charger.status()
        self.assertEqual(status["phase"], "idle")
        self.assertEqual(charger.boots(status), self.old)
        self.assertEqual([entry["valid_b"] for entry in status["components"]], [False] * 3)

    def assert_bootable(self, charger):
        """At no moment is there anything but one whole set, the old or the new."""
        status = charger.status()
        self.assertIn(charger.boots(status), (self.old, self.new))
        for entry in status["components"]:
            self.assertTrue(entry["valid_" + entry["boots"][-1]], status)
        return status

    def confirm_all(self, charger):
        charger.must("boot")
        for id_ in IDS:
            events = charger.must("confirm", id_)
        return events


class Installs(ChargerTestCase):
    def test_good_package_boots_is_confirmed_and_raises_the_floors(self):
        charger = self.another()
        before = charger.raised()
        answer, events = charger.install(self.new_file)
        self.assert_code(answer, 0)
        self.assertEqual([event["event"] for event in events], ["downloading", "verdict", "ready"])
        self.assertEqual(events[1]["ocpp"], "SignatureVerified")
        self.assertEqual(charger.raised(), before, "not before the boot")
        (boot,) = charger.must("boot")
        self.assertEqual((boot["phase"], boot["attempt"]), ("trial", 1))
        self.assertEqual(charger.boots(), self.new)
        for id_ in IDS[:2]:
            charger.must("confirm", id_)
            self.assertEqual(charger.raised(), before, "not before the last is confirmed")
        self.assertEqual(charger.must("confirm", "safety")[-1]["ocpp"], "Installed")
        self.assertEqual(charger.floors()["floors"], dict.fromkeys(IDS, 8))
        self.assertEqual(charger.must("boot")[-1]["phase"], "idle")
        self.assertEqual(charger.boots(), self.new)

    def test_rollback_is_refused_after_the_commit_and_allowed_before(self):
        charger = self.another()
        charger.install(self.new_file)
        charger.must("boot")
        charger.must("fail", "rootfs")
        self.assert_code(charger.install(self.old_file)[0], 0)
        self.confirm_all(charger)
        self.assert_code(charger.install(self.new_file)[0], 0)
        self.confirm_all(charger)
        answer, events = charger.install(self.old_file)
        self.assert_code(answer, 4)
        self.assertEqual(events[-1]["status"], "rollback")
        self.assertEqual(charger.boots(), self.new)

    def test_package_with_one_component_leaves_the_others_where_they_are(self):
        charger = self.another()
        part = self.package("part.evs", self.new, 8, ids=["safety"])
        self.assert_code(charger.install(part)[0], 0)
        self.assertEqual(charger.boots(), {**self.old, "safety": self.new["safety"]})
        answer, _ = charger.ask("confirm", "safety")
        self.assert_code(answer, 2)  # it has not booted yet
        charger.must("boot")
        charger.must("confirm", "safety")
        self.assertEqual(charger.floors()["floors"], {"safety": 8})
        self.assert_code(charger.install(self.new_file)[0], 0)
        self.assertEqual([entry["boots"] for entry in charger.status()["components"]],
                         ["slot-b", "slot-b", "slot-a"])
        self.assertEqual(charger.boots(), self.new)

    def test_new_state_is_that_of_evseal_verify(self):
        charger = self.another()
        charger.install(self.new_file)
        self.confirm_all(charger)
        expected = self.lab.path("expected.evt")
        self.assert_code(self.lab.evseal_verify(
            "--device", self.lab.path("device.evd"), "--state", self.lab.path("device.evt"), "--hardware", "3",
            "--next-state", expected, self.new_file), 0)
        state, floors = read_state(expected), charger.floors()
        for member in state.keys() - {"counter"}:
            self.assertEqual(floors[member], state[member])

    def test_steps_are_taken_at_once_and_once(self):
        charger, package = self.with_step()
        answer, events = charger.install(package)
        self.assert_code(answer, 0)
        self.assertEqual([event["status"] for event in events if event["event"] == "step"], ["ok"])
        self.assertEqual(charger.floors()["epoch"], 1, "a trust-update waits for no boot")
        charger.must("boot")
        charger.must("fail", "rootfs")
        self.assertEqual(charger.floors()["epoch"], 1)
        answer, events = charger.install(package)
        self.assertEqual([event["status"] for event in events if event["event"] == "step"], ["trust_epoch"])
        self.assert_code(answer, 0)
        self.confirm_all(charger)
        self.assertEqual(charger.floors()["floors"], dict.fromkeys(IDS, 8))

    def test_trust_update_alone_touches_no_slot(self):
        charger, _ = self.with_step()
        self.assert_code(charger.install(self.lab.path("trust.evs"))[0], 0)
        self.assertEqual(charger.floors()["epoch"], 1)
        self.assert_old(charger)
        answer, events = charger.install(self.lab.path("trust.evs"))
        self.assert_code(answer, 4)
        self.assertEqual(events[-1]["status"], "trust_epoch")

    def test_stream_from_a_pipe(self):
        """In pieces of any length."""
        charger = self.another()
        data = self.new_file.read_bytes()
        process = self.lab.start(*charger.command("install", "-"), stdin=-1)
        pieces = random.Random(3)

        def feed():
            at = 0
            while at < len(data):
                size = pieces.choice([1, 7, 64, 5000])
                process.stdin.write(data[at:at + size])
                process.stdin.flush()
                at += size
            process.stdin.close()
            process.stdin = None

        thread = threading.Thread(target=feed)
        thread.start()
        thread.join(support.SECONDS)
        process.communicate(timeout=support.SECONDS)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(charger.boots(), self.new)

    def test_other_crypto_backend(self):
        if not os.access(CHARGER_SODIUM, os.X_OK):
            self.skipTest("charger-update-sodium is not built: libsodium's headers are missing")
        charger = self.charger("sodium", CHARGER_SODIUM)
        answer, events = charger.install(self.new_file)
        self.assert_code(answer, 2)
        self.assertEqual(events[-1]["status"], "crypto_missing")
        self.assert_old(charger)
        self.lab.forgive_leaks()
        pki = self.lab.pki("edwards", *(word for id_ in IDS for word in ("--component", id_)), key_type="ed25519")
        self.lab.device(pki / "device.json", "edwards")
        recipe = self.lab.path("new.evs.json")
        package = self.lab.sign(recipe, "edwards.evs", signer="edwards/signer.json")
        charger.options = ("--device", self.lab.path("edwards.evd"))
        self.assert_code(charger.install(package)[0], 0)
        self.assertEqual(charger.boots(), self.new)


class Refused(ChargerTestCase):
    def bad_packages(self):
        """Name, octets, exit code, status."""
        good = Package.read(self.new_file).data
        start = self.payload

        def changed(at, data=good):
            out = bytearray(data)
            out[at] ^= 1
            return bytes(out)

        yield "magic", changed(0), 5, "file_magic"
        yield "padding", changed(start - 1), 5, "padding"
        yield "first chunk", changed(start + 64), 3, "chunk_digest"
        yield "a node", changed(start), 3, "tree_node"
        yield "last octet", changed(-1), 3, "chunk_digest"
        yield "trailing octet", good + b"\0", 5, "trailing_data"
        unsigned = self.lab.path("unsigned.evs")
        self.lab.must("build", self.lab.path("new.evs.json"), "-o", unsigned, "--force")
        yield "unsigned", unsigned.read_bytes(), 3, "unsigned"
        slice_ = self.lab.path("part-of-it.evs")
        self.lab.must("slice", self.new_file, "--component", "safety", "--device",
                      self.lab.controller(self.pki / "device.json", "safety"), "-o", slice_, "--force")
        yield "slice", slice_.read_bytes(), 4, "component_absent"
        self.lab.pki("stranger")
        strange = self.lab.sign(self.lab.path("new.evs.json"), "strange.evs", signer="stranger/signer.json")
        yield "a stranger's", strange.read_bytes(), 3, "chain_signature"  # the names are the same
        other = self.package("other.evs", self.new, 8, compatible=[
            {"vendor": "acme", "model": "ac22", "hardware": {"min": 4, "max": 4}}])
        yield "other hardware", other.read_bytes(), 4, "wrong_hardware"

    def test_bad_package_changes_nothing_that_boots(self):
        charger = self.another()
        for name, data, code, status in self.bad_packages():
            with self.subTest(name):
                file = self.lab.write("bad.evs", data)
                answer, events = charger.install(file)
                self.assert_code(answer, code)
                verdict = next(event for event in events if event["event"] == "verdict")
                self.assertEqual((verdict["status"], verdict["code"]), (status, code))
                self.assertTrue(verdict["ocpp"])
                self.assert_old(charger)
                self.assertEqual(charger.offset(), 0, "what was refused does not go on")
                self.assertFalse((charger.root / "after-boot.evt").exists())
        self.assert_code(charger.install(self.new_file)[0], 0)
        self.assertEqual(charger.boots(), self.new)

    def test_download_that_ends_early_goes_on_and_is_never_valid(self):
        for end in (0, 10, 1000, self.payload, self.payload + 70, self.payload + 9000, self.size - 1):
            with self.subTest(end):
                charger = self.another()
                file = self.lab.write("cut.evs", self.new_file.read_bytes()[:end])
                answer, events = charger.install(file)
                self.assert_code(answer, 5)
                self.assertEqual((events[-1]["event"], events[-1]["retryable"]), ("paused", True))
                self.assertEqual(charger.offset(), events[-1]["offset"])
                self.assert_old(charger)
                self.assert_code(charger.install(self.new_file, offset=charger.offset())[0], 0)
                self.assertEqual(charger.boots(), self.new)

    def test_offset_of_another_place(self):
        charger = self.another()
        file = self.lab.write("cut.evs", self.new_file.read_bytes()[:self.payload + 30_000])
        charger.install(file)
        wanted = charger.offset()
        self.assertGreater(wanted, self.payload)
        answer, events = charger.install(self.new_file, offset=wanted + 1)
        self.assert_code(answer, 2)
        self.assertEqual(events[-1]["offset"], wanted)
        self.assert_code(charger.install(self.new_file, offset=wanted - 1000)[0], 0)
        self.assertEqual(charger.boots(), self.new)

    def test_going_on_with_another_package_is_refused(self):
        charger = self.another()
        file = self.lab.write("cut.evs", self.new_file.read_bytes()[:self.payload + 30_000])
        charger.install(file)
        answer, _ = charger.install(self.old_file, offset=charger.offset())
        self.assertIn(answer.code, (3, 5))
        self.assert_old(charger)

    def test_forged_progress_gains_nothing(self):
        """Whatever the hints and the slots hold: what is valid afterwards is the new firmware."""
        broken = self.another()
        broken.install(self.lab.write("cut.evs", self.new_file.read_bytes()[:self.payload + 40_000]))
        forge = random.Random(17)
        progress = (broken.root / "download.progress").read_bytes()
        head = (broken.root / "download.head").read_bytes()
        slot = broken.root / "slot-b" / "rootfs.img"
        variants = [("download.progress", progress[:40] + (2).to_bytes(4, "big") + progress[44:]),
                    ("download.progress", progress[:44] + (17).to_bytes(4, "big") + progress[48:]),
                    ("download.progress", b""), ("download.progress", progress[:30]),
                    ("download.progress", progress + bytes(700)),
                    ("download.head", head[:8] + Package.read(self.old_file).data[:self.payload]),
                    ("download.head", bytes(8) + head[8:40]), ("download.head", b""),
                    ("download.head", b"\xff" * 8 + head[8:]),
                    ("slot-b/rootfs.img", self.old["rootfs"]), ("slot-b/rootfs.img", b"")]
        for name, data in (("download.progress", progress), ("download.head", head),
                           ("slot-b/rootfs.img", slot.read_bytes())):
            for _ in range(40 if ALL else 5):
                out = bytearray(data)
                out[forge.randrange(len(out))] ^= 1 << forge.randrange(8)
                variants.append((name, bytes(out)))
        for name, data in variants:
            charger = broken.copy("forged")
            (charger.root / name).write_bytes(data)
            self.finish(charger)
            self.assertEqual(charger.boots(), self.new, name)

    def finish(self, charger, *more):
        """Goes on from the offset that is asked for; from the beginning where it is refused."""
        for _ in range(4):
            if charger.status()["phase"] == "trial":
                return
            offset = charger.offset(*more)
            answer, _ = charger.install(self.new_file, offset=offset if offset < self.size else 0, more=more)
            self.assertIn(answer.code, (0, 2, 3, 4, 5), str(answer))
            if answer.code != 0:
                self.assert_old(charger)
        self.assertEqual(charger.status()["phase"], "trial")

    def test_second_process_is_refused(self):
        charger = self.another()
        with open(charger.root / "lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for words in (["install", self.new_file], ["boot"], ["status"], ["offset"], ["confirm", "rootfs"]):
                answer, events = charger.ask(*words)
                self.assert_code(answer, 6)
                self.assertIn("another charger-update", events[-1]["why"])
        self.assert_old(charger)

    def test_install_while_an_update_waits(self):
        charger = self.another()
        charger.install(self.new_file)
        for words in (["install", self.new_file], ["offset"]):
            self.assert_code(charger.ask(*words)[0], 2)
        charger.must("boot")
        self.assert_code(charger.ask("install", self.new_file)[0], 2)
        self.assertEqual(charger.boots(), self.new)

    def test_usage(self):
        charger = self.another()
        for words in ([], ["fly"], ["boot", "now"], ["confirm"], ["install", "--offset", "-1"], ["install", "--offset", "x"],
                      ["install", "--slice", "safety"], ["boot", "--boots", "0"], ["status", "--fast"], ["init"]):
            self.assert_code(charger.ask(*words)[0], 2)
        self.assert_code(charger.ask("install", self.lab.path("missing.evs"))[0], 6)
        self.assertIn("Exit codes", self.lab.run(CHARGER, "--help").text)
        self.assert_old(charger)

    def test_missing_or_damaged_state_is_no_new_beginning(self):
        charger = self.another()
        for name in ("state-0.evt", "state-1.evt"):
            (charger.root / name).rename(charger.root / f"{name}.gone")
        answer, events = charger.install(self.new_file)
        self.assert_code(answer, 2)
        self.assertEqual(events[-1]["status"], "state_missing")
        self.assert_code(charger.ask("init")[0], 2)
        (charger.root / "state-0.evt.gone").rename(charger.root / "state-0.evt")
        self.assert_code(charger.install(self.new_file)[0], 0)
        self.assertTrue((charger.root / "state-1.evt").exists(), "the copies are two again")

    def test_compressed_component_is_refused_before_anything_is_written(self):
        charger = self.another()
        packed = {"rootfs": {"encoding": "gzip"}}
        recipe = self.lab.recipe("packed.json", [
            (id_, self.new[id_], {"chunk_size": CHUNK, "security_version": 8, **packed.get(id_, {})}) for id_ in IDS])
        before = self.lab.listing(charger.root)
        answer, events = charger.install(self.lab.sign(recipe, "packed.evs"))
        self.assert_code(answer, 2)
        self.assertIn("compressed", events[-1]["why"])
        self.assert_old(charger)
        after = self.lab.listing(charger.root)
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        self.assertLessEqual(changed, {"state-0.evt", "state-1.evt"}, "but for revocations that it brought")

    def test_damaged_record_is_an_error(self):
        charger = self.another()
        record = charger.root / "slots"
        good = record.read_bytes()
        for data in (b"", good[:-1], good + b"x", bytes([good[0] ^ 1]) + good[1:], good[:60] + b"?" + good[61:]):
            record.write_bytes(data)
            for words in (["boot"], ["install", self.new_file], ["status"]):
                self.assert_code(charger.ask(*words)[0], 6 if len(data) > len(good) else 2)
        record.write_bytes(good)
        self.assert_old(charger)

    def test_full_disk(self):
        charger = self.another()
        disk = self.lab.path("disk")
        disk.mkdir()
        if self.lab.run("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk).code != 0:
            self.skipTest("a tmpfs cannot be mounted here (root is needed)")
        self.addCleanup(self.lab.tool, "umount", disk)
        slot = charger.root / "slot-b"
        slot.rmdir()
        slot.symlink_to(disk)
        (disk / "filler").write_bytes(bytes(80_000))
        answer, events = charger.install(self.new_file)
        self.assert_code(answer, 6)
        self.assert_old(charger)
        (disk / "filler").unlink()
        self.assertGreater(charger.offset(), self.payload)
        self.assert_code(charger.install(self.new_file, offset=charger.offset())[0], 0)
        self.assertEqual(charger.boots(), self.new)


class Trials(ChargerTestCase):
    def test_each_component_that_fails_takes_all_back(self):
        for failing in IDS:
            charger = self.another()
            before = charger.raised()
            charger.install(self.new_file)
            charger.must("boot")
            for id_ in IDS:
                if id_ != failing:
                    charger.must("confirm", id_)
            events = charger.must("fail", failing)
            self.assertEqual((events[-1]["event"], events[-1]["ocpp"]), ("rolled-back", "InstallationFailed"))
            self.assertEqual(charger.must("boot")[-1]["phase"], "idle")
            self.assert_old(charger)
            self.assertEqual(charger.raised(), before)
            self.assert_code(charger.install(self.old_file)[0], 0)  # not below any floor

    def test_update_that_never_confirms_is_given_up(self):
        for boots in (1, 3):
            charger = self.another()
            charger.options = ("--boots", str(boots))
            charger.install(self.new_file)
            for attempt in range(1, boots + 1):
                (boot,) = charger.must("boot")
                self.assertEqual((boot["phase"], boot["attempt"]), ("trial", attempt))
                self.assertEqual(charger.boots(), self.new)
            charger.ask("confirm", "rootfs")
            events = charger.must("boot")
            self.assertEqual([event["event"] for event in events], ["rolled-back", "boot"])
            self.assert_old(charger)

    def test_revocation_is_stored_at_once_whatever_the_verdict(self):
        charger = self.another()
        self.lab.must("pki", "revoke", "--cert", self.pki / "firmware.pem", "--issuer-key",
                      "pkcs11:token=fw;object=pki-intermediate", "--issuer-cert", self.pki / "intermediate.pem",
                      "--module", "softhsm2", "--pin-file", self.lab.pin, "--last", self.pki / "intermediate.crl",
                      "-o", self.lab.path("revoking.crl"))
        relaxed = self.lab.path("revoked.evs")
        made = self.lab.evseal("crl", "refresh", self.new_file, "--crl", self.lab.path("revoking.crl"), "--device",
                               self.pki / "device.json", "-o", relaxed)
        self.assertEqual(made.code, 4)  # the tool does not make what the device refuses
        data = with_crl(self.new_file.read_bytes(), self.lab.path("revoking.crl").read_bytes())
        relaxed.write_bytes(data)
        before = charger.floors()
        answer, events = charger.install(relaxed)
        self.assert_code(answer, 4)
        self.assertEqual((events[-1]["status"], events[-1]["security_event"]),
                         ("revoked", "InvalidFirmwareSigningCertificate"))
        self.assertNotEqual(charger.floors()["crls"], before["crls"])
        # The thief's package as it was: it brings no list, and it is refused nevertheless.
        answer, events = charger.install(self.new_file)
        self.assert_code(answer, 4)
        self.assertEqual(events[-1]["status"], "revoked")
        self.assert_old(charger)


class SliceTestCase(ChargerTestCase):
    """With the slices that `evseal slice` makes."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.slices = {}
        for id_ in IDS:
            path = cls.lab.path(f"{id_}.slice.evs")
            cls.lab.must("slice", cls.new_file, "--component", id_, "--device",
                         cls.lab.controller(cls.pki / "device.json", id_), "-o", path)
            cls.slices[id_] = path.read_bytes()

    def slice_with_step(self, package):
        path = self.lab.path("step.slice.evs")
        self.lab.must("slice", package, "--component", "safety", "--device",
                      self.lab.controller(self.lab.path("updatable.json"), "safety"), "-o", path, "--force")
        self.assertGreater(path.stat().st_size, len(self.slices["safety"]))
        return path.read_bytes()

    def words(self, charger, *ids):
        return [word for id_ in ids for word in ("--slice", f"{id_}={charger.slice(id_)}")]


class Slices(SliceTestCase):
    def test_slices_are_those_of_evseal_slice(self):
        charger = self.another()
        self.assert_code(charger.install(self.new_file, *self.words(charger, *IDS))[0], 0)
        for id_ in IDS:
            self.assertEqual(charger.slice(id_).read_bytes(), self.slices[id_], id_)

    def test_steps_in_front_go_to_the_controller_too(self):
        """Also those that this device has already: the controller's state is its own."""
        charger, package = self.with_step()
        expected = self.slice_with_step(package)
        for attempt in range(2):
            self.assert_code(charger.install(package, *self.words(charger, "safety"))[0], 0)
            self.assertEqual(charger.slice("safety").read_bytes(), expected)
            charger.slice("safety").unlink()
            charger.must("boot")
            charger.must("fail", "safety")
        for end in (5000, self.lab.path("trust.evs").stat().st_size + self.payload + 20_000):
            charger.install(self.lab.write("cut.evs", package.read_bytes()[:end]), *self.words(charger, "safety"))
            offset = charger.offset(*self.words(charger, "safety"))
            self.assertEqual(offset > 0, end > 5000)
            self.assert_code(charger.install(package, *self.words(charger, "safety"), offset=offset)[0], 0)
            self.assertEqual(charger.slice("safety").read_bytes(), expected)
            charger.must("boot")
            charger.must("fail", "safety")

    def test_step_that_no_device_takes_is_left_out(self):
        """Longer than any envelope: nobody's signature, in front of a good package."""
        charger = self.another()
        step = bytes.fromhex("89455655310d0a1a") + (100_000).to_bytes(4, "big") + bytes(4)
        step += bytes(102_400 - len(step))
        file = self.lab.write("long-step.evs", step + self.new_file.read_bytes())
        self.assert_code(charger.install(file, *self.words(charger, "safety"))[0], 0)
        self.assertEqual(charger.boots(), self.new)
        self.assertEqual(charger.slice("safety").read_bytes(), self.slices["safety"])

    def test_pipe_gets_all_of_it_after_a_break(self):
        charger = self.another()
        pipe = charger.root / "uart"
        os.mkfifo(pipe)
        charger.install(self.lab.write("cut.evs", self.new_file.read_bytes()[:self.payload + 30_000]))
        self.assertGreater(charger.offset(), self.payload)
        words = ["--slice", f"safety={pipe}"]
        self.assertEqual(charger.offset(*words), self.payload, "the controller has seen nothing yet")
        got = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
        reader.start()
        self.assert_code(charger.install(self.new_file, *words, offset=self.payload)[0], 0)
        reader.join(support.SECONDS)
        self.assertEqual(got, [self.slices["safety"]])

    def test_into_a_pipe_while_it_comes(self):
        charger = self.another()
        pipe = charger.root / "uart"
        os.mkfifo(pipe)
        got = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
        reader.start()
        answer, _ = charger.install(self.new_file, "--slice", f"safety={pipe}")
        reader.join(support.SECONDS)
        self.assert_code(answer, 0)
        self.assertEqual(got, [self.slices["safety"]])

    def test_package_of_one_component_is_handed_over_whole(self):
        charger = self.another()
        part = self.package("part.evs", self.new, 8, ids=["safety"])
        self.assert_code(charger.install(part, *self.words(charger, "rootfs", "safety"))[0], 0)
        self.assertEqual(charger.slice("safety").read_bytes(), part.read_bytes())
        self.assertFalse(charger.slice("rootfs").exists())

    def test_refused_package_leaves_the_slice_of_before(self):
        charger = self.another()
        charger.slice("safety").write_bytes(b"of before")
        bad = bytearray(self.new_file.read_bytes())
        bad[-1] ^= 1
        answer, _ = charger.install(self.lab.write("bad.evs", bad), *self.words(charger, "safety"))
        self.assert_code(answer, 3)
        self.assertEqual(charger.slice("safety").read_bytes(), b"of before")
        self.assertFalse(charger.slice("safety", ".part").exists())

    def test_slice_goes_on_after_a_break_and_begins_anew_where_it_is_not_what_it_was(self):
        def shorten(part):
            os.truncate(part, part.stat().st_size - 1)

        def change(part):
            data = bytearray(part.read_bytes())
            data[100] ^= 1  # of the envelope
            part.write_bytes(data)

        for lose in (None, pathlib.Path.unlink, shorten, change):
            for end in (self.payload + 100, self.payload + 30_000, self.size - 10):
                charger = self.another()
                words = self.words(charger, *IDS)
                charger.install(self.lab.write("cut.evs", self.new_file.read_bytes()[:end]), *words)
                if lose:
                    lose(charger.slice("bootloader", ".part"))
                offset = charger.offset(*words)
                self.assertTrue(self.payload <= offset <= end)
                # One octet less does no harm where it was behind the last checkpoint.
                if lose is not shorten or end > self.payload + 100:
                    self.assertEqual(offset == self.payload, lose is not None)
                self.assert_code(charger.install(self.new_file, *words, offset=offset)[0], 0)
                for id_ in IDS:
                    self.assertEqual(charger.slice(id_).read_bytes(), self.slices[id_])


class PowerCuts(SliceTestCase):
    """The program ends at the n-th call that changes the medium, and goes on afterwards."""

    def cut_env(self, mode, **more):
        # The preloaded library must not make AddressSanitizer's runtime complain about the order.
        asan = self.lab.env["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        return {"LD_PRELOAD": CUT, "CUT_MODE": mode, "ASAN_OPTIONS": asan, **more}

    def moments(self, count):
        """Which of the calls 1 to count are tried: all, or some, and the last ones, where it is decided."""
        if ALL or count <= SAMPLE:
            return range(1, count + 1)
        spread = {1 + round(i * (count - 1) / (SAMPLE - 1)) for i in range(SAMPLE)}
        return sorted(spread | set(range(count - LAST + 1, count + 1)))

    def test_slot_is_marked_invalid_before_it_is_written(self):
        """Here the other slots hold the old images too, and the record says that they may boot."""
        start = self.another()
        for id_ in IDS:
            (start.root / "slot-b" / f"{id_}.img").write_bytes(self.old[id_])
        mark_valid(start.root / "slots")
        status = start.status()
        self.assertEqual([entry["valid_b"] for entry in status["components"]], [True] * 3)
        touched = 0
        for name, charger in self.series(start, self.install_with_slices):
            with self.subTest(name):
                status = self.assert_bootable(charger)
                for entry in status["components"]:
                    image = (charger.root / "slot-b" / f"{entry['id']}.img").read_bytes()
                    if image != self.old[entry["id"]] and status["phase"] == "idle":
                        touched += 1
                        self.assertFalse(entry["valid_b"])
        self.assertGreater(touched, 5)

    def test_steps_survive_a_cut_at_every_moment(self):
        """A trust-update in front: stored once, whatever is cut off when."""
        start, package = self.with_step()
        size = package.stat().st_size
        steps = size - self.size
        expected = self.slice_with_step(package)

        def call(charger, env):
            return charger.install(package, *self.words(charger, "safety"), env=env)[0]

        for name, charger in self.series(start, call):
            with self.subTest(name):
                words = self.words(charger, "safety")
                self.assert_bootable(charger)
                if charger.status()["phase"] == "idle":
                    self.assert_code(charger.install(package, *words, offset=charger.offset(*words))[0], 0)
                self.assertEqual(charger.slice("safety").read_bytes(), expected)
                self.assertEqual(charger.boots(), self.new)
                self.assertEqual(charger.floors()["epoch"], 1)
                self.assertLessEqual(charger.fetched, size + steps + self.payload + CHUNK + 20 * 64)
                self.confirm_all(charger)
                self.assertEqual(charger.floors()["floors"], dict.fromkeys(IDS, 8))
                self.assertEqual(charger.floors()["epoch"], 1)

    def count(self, charger, call):
        """How many calls an undisturbed run makes, in either mode."""
        path = self.lab.folder / "count"
        call(charger, self.cut_env("power", CUT_COUNT=str(path)))
        return int(path.read_text())

    def series(self, start, call):
        """Chargers that were cut off at each moment of a call, each with a name for messages."""
        total = self.count(start.copy("counted"), call)
        self.assertGreater(total, 3)
        for mode in ("kill", "power"):
            for moment in self.moments(total):
                charger = start.copy("cut")
                answer = call(charger, self.cut_env(mode, CUT_AT=str(moment)))
                self.assertEqual(answer.code, -signal.SIGKILL, f"{mode} {moment}: {answer}")
                yield f"{mode} at {moment} of {total}", charger

    def test_download_survives_a_cut_at_every_moment(self):
        most = 0
        for name, charger in self.series(self.another(), self.install_with_slices):
            with self.subTest(name):
                words = self.words(charger, "safety")
                self.assert_bootable(charger)
                for _ in range(3):
                    if charger.status()["phase"] == "trial":
                        break
                    self.assert_old(charger)
                    self.assert_code(charger.install(self.new_file, *words, offset=charger.offset(*words))[0], 0)
                self.assertEqual(charger.boots(), self.new)
                self.assertEqual(charger.slice("safety").read_bytes(), self.slices["safety"])
                # What was not lost is not fetched again: at most the head, or one chunk and its nodes.
                most = max(most, charger.fetched - self.size)
                self.assertLessEqual(charger.fetched, self.size + max(self.payload, CHUNK + 20 * 64))
                self.confirm_all(charger)
                self.assertEqual(charger.floors()["floors"], dict.fromkeys(IDS, 8))
        print(f"at most {most} octets of {self.size} were fetched twice", file=sys.stderr)

    def install_with_slices(self, charger, env):
        return charger.install(self.new_file, *self.words(charger, "safety"), env=env)[0]

    def test_cut_after_cut_gets_there(self):
        """The next run is cut off too, again and again, each a little later."""
        for mode in ("kill", "power"):
            charger = self.another()
            steps = 0
            while charger.status()["phase"] != "trial":
                steps += 1
                self.assertLess(steps, 60)
                charger.install(self.new_file, offset=charger.offset(),
                                env=self.cut_env(mode, CUT_AT=str(8 + steps)))
                self.assert_bootable(charger)
            self.assertGreater(steps, 3)
            self.assertEqual(charger.boots(), self.new)

    def test_nothing_goes_on_once_an_update_is_complete(self):
        start = self.another()
        for name, charger in self.series(start, self.install_with_slices):
            if charger.status()["phase"] == "trial":
                charger.must("boot")
                charger.must("fail", "rootfs")
                self.assertEqual(charger.offset(), 0, name)

    def test_refusal_survives_a_cut_at_every_moment(self):
        """The last chunk is bad: whatever is cut off when, it never boots, and the good package does afterwards."""
        bad = bytearray(self.new_file.read_bytes())
        bad[-1] ^= 1
        file = self.lab.write("bad.evs", bad)

        def call(charger, env):
            return charger.install(file, *self.words(charger, "safety"), env=env)[0]

        for name, charger in self.series(self.another(), call):
            with self.subTest(name):
                self.assert_old(charger)
                words = self.words(charger, "safety")
                answer, _ = charger.install(file, *words, offset=charger.offset(*words))
                self.assert_code(answer, 3)
                self.assert_old(charger)
                self.assertFalse(charger.slice("safety").exists())
                self.assert_code(charger.install(self.new_file, *words, offset=charger.offset(*words))[0], 0)
                self.assertEqual(charger.boots(), self.new)

    def test_trial_survives_a_cut_at_every_moment(self):
        """boot, confirm and fail: the record and the floors change over together, or are made to."""
        start = self.another()
        start.install(self.new_file)
        old_floors = start.floors()["floors"]
        for command in (["boot"], ["confirm", "bootloader"], ["confirm", "rootfs"], ["confirm", "safety"]):
            def call(charger, env, words=tuple(command)):
                return self.lab.run(*charger.command(*words), env=env)

            for name, charger in self.series(start, call):
                with self.subTest(f"{command}: {name}"):
                    self.assert_bootable(charger)
                    status = charger.status()
                    if status["phase"] == "trial":
                        self.assertEqual(charger.floors()["floors"], old_floors)
                        charger.must("boot")
                        for entry in status["components"]:
                            if not entry["confirmed"]:
                                charger.must("confirm", entry["id"])
                    self.assertEqual(charger.status()["phase"], "idle")
                    self.assertEqual(charger.boots(), self.new)
                    self.assertEqual(charger.floors()["floors"], dict.fromkeys(IDS, 8))
            start.must(*command)

    def test_way_back_survives_a_cut_at_every_moment(self):
        start = self.another()
        start.install(self.new_file)
        start.must("boot")
        floors = start.floors()["floors"]

        def call(charger, env):
            return self.lab.run(*charger.command("fail", "safety"), env=env)

        for name, charger in self.series(start, call):
            with self.subTest(name):
                if self.assert_bootable(charger)["phase"] == "trial":
                    charger.must("fail", "safety")
                self.assert_old(charger)
                self.assertEqual(charger.floors()["floors"], floors)
                self.assert_code(charger.install(self.new_file, offset=charger.offset())[0], 0)


def mark_valid(record):
    """Both slots of each component may boot, says the record: magic, phase, attempts, package, count, entries."""
    data = bytearray(record.read_bytes()[:-32])
    for i in range(len(IDS)):
        data[52 + 38 * i + 34:52 + 38 * i + 36] = b"\1\1"
    record.write_bytes(data + hashlib.sha256(data).digest())


def read_state(path):
    """The members of a state that are compared here; None where the copy is not whole."""
    blob = path.read_bytes() if path.exists() else b""
    if len(blob) < 44 or hashlib.sha256(blob[:-32]).digest() != blob[-32:]:
        return None
    fields = parse_der(blob[12:-32]).children
    return {"counter": int.from_bytes(fields[1].content, "big"),
            "time_floor": int.from_bytes(fields[4].content, "big"),
            "epoch": int.from_bytes(fields[5].content, "big"),
            "floors": {slot.children[0].content.decode(): int.from_bytes(slot.children[1].content, "big")
                       for slot in fields[6].children},
            "crls": fields[7].encoded, "trust": b"".join(field.encoded for field in fields[8:])}


def der(tag, content):
    length = len(content)
    size = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size) if size else length]) + size + content


def with_crl(package, crl):
    """The package with a list in the place of the older one of its issuer."""
    if crl.startswith(b"-----"):
        crl = base64.b64decode(b"".join(crl.splitlines()[1:-1]))
    whole = Package(package)
    info = parse_der(whole.data[HEADER:whole.envelope_end])
    signed = info.children[1].children[0]

    def issuer(encoded):
        return parse_der(encoded).children[0].children[2].encoded

    fields = []
    for field in signed.children:
        if field.tag == 0xA1:
            lists = [one.encoded for one in field.children if issuer(one.encoded) != issuer(crl)] + [crl]
            fields.append(der(0xA1, b"".join(sorted(lists))))
        else:
            fields.append(field.encoded)
    envelope = der(0x30, info.children[0].encoded + der(0xA0, der(0x30, b"".join(fields))))
    head = whole.data[:8] + len(envelope).to_bytes(4, "big") + whole.data[12:16] + envelope
    return head + bytes(-len(head) % 4096) + whole.data[whole.payload_start:]


if __name__ == "__main__":
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"  # what is lost in a power cut is power_cut.c's to say, not the disk's
    for needed in (CHARGER, CUT):
        if not os.access(needed, os.R_OK):
            sys.exit(f"{needed or 'EVSEAL_CUT_LIBRARY'} is missing: build the tests first")
    support.main()
