"""Outputs appear whole or not at all: existing files, full disks, signals, read-only folders."""

import contextlib
import os
import random
import signal
import subprocess
import time

import support
from package_bytes import Package

ATTEMPTS = 10
SPARSE = 200 << 20


class OutputTestCase(support.LabTestCase):
    """A token, a PKI and a package of two images; every command that writes a file."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        image = random.Random(12).randbytes
        cls.images = {"rootfs": image(700_000), "safety": image(3000)}
        cls.recipe = lab.recipe(components=[(id_, data, {}) for id_, data in cls.images.items()])
        cls.file = lab.sign(cls.recipe, "fw.evs")
        cls.unsigned = lab.path("unsigned.evs")
        lab.must("build", cls.recipe, "-o", cls.unsigned)
        cls.profile, cls.state = lab.device(cls.pki / "device.json")
        cls.controller = lab.controller(cls.pki / "device.json", "safety")
        cls.signing = ["--signer", cls.pki / "signer.json", "--pin-file", lab.pin]
        cls.judging = ["--device", cls.pki / "device.json", "--hardware", "3"]

    def writers(self, output):
        """Each evseal command that writes one file, by a name."""
        key = ["--key", "pkcs11:token=fw;object=pki-root", "--subject", "CN=x", "--module",
               "softhsm2", "--pin-file", self.lab.pin, "-o", output]
        profile = self.pki / "device.json"
        yield "build", ["build", self.recipe, "-o", output]
        yield "manifest build", ["manifest", "build", self.recipe, "-o", output]
        yield "sign recipe", ["sign", self.recipe, *self.signing, "-o", output]
        yield "sign package", ["sign", self.unsigned, *self.signing, "-o", output]
        yield "slice", ["slice", self.file, "--component", "safety", "--device", self.controller, "-o",
                        output]
        yield "pki root", ["pki", "root", *key]
        yield "pki issue", ["pki", "issue", "--stage", "dev", "--issuer-key",
                            "pkcs11:token=fw;object=pki-root", "--issuer-cert",
                            self.pki / "root.pem", *key]
        yield "device build", ["device", "build", profile, "-o", output]
        yield "c header", ["device", "build", profile, "--c-header", output]
        yield "initial state", ["device", "build", profile, "--initial-state", output]

    def write_image(self, *writes, package=None):
        """An evseal-verify command that writes images: (id, path) each."""
        words = [f"--write={id_}={path}" for id_, path in writes]
        words = [part for word in words for part in word.split("=", 1)]
        return ["--device", self.profile, "--state", self.state, "--hardware", "3", *words,
                package or self.file]

    def keys(self):
        return self.lab.must("key", "list", "--token", "fw", "--module", "softhsm2", "--pin-file",
                             self.lab.pin, "--json").json["keys"]

    @contextlib.contextmanager
    def tmpfs(self, name, options):
        """A real tmpfs; without the right to mount one, the test is skipped."""
        folder = self.lab.path(name)
        folder.mkdir()
        mounted = self.lab.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder)
        if mounted.code != 0:
            folder.rmdir()
            self.skipTest("a tmpfs cannot be mounted here (root is needed): " + mounted.err)
        try:
            yield folder
        finally:
            self.lab.tool("umount", folder)
            folder.rmdir()

    def assert_file_error(self, answer):
        self.assert_code(answer, 6)
        self.assertRegex(answer.err, r"(?m)^evseal(-verify)?: error: .+: .+", str(answer))
        self.assertRegex(answer.err, r"(?m)^evseal(-verify)?: hint: .+", str(answer))


class Existing(OutputTestCase):
    def test_existing_file_is_kept_without_force_and_replaced_with_it(self):
        output = self.lab.path("existing")
        for name, command in self.writers(output):
            with self.subTest(name):
                output.write_text("precious")
                self.assert_refuses(2, *command, hint="--force", quoting="exists already")
                self.lab.must(*command, "--force")
                self.assertNotEqual(output.read_bytes(), b"precious")
        output.unlink()

    def test_existing_link_is_not_followed(self):
        target, link = self.lab.write("target", "precious"), self.lab.path("link")
        for name, command in self.writers(link):
            with self.subTest(name):
                link.symlink_to(target)
                self.assert_refuses(2, *command, hint="--force")
                self.lab.must(*command, "--force")
                self.assertFalse(link.is_symlink())
                self.assertEqual(target.read_text(), "precious")
                link.unlink()

    def test_folder_is_never_replaced(self):
        folder = self.lab.path("folder")
        folder.mkdir()
        for name, command in self.writers(folder):
            with self.subTest(name):
                before = self.lab.listing()
                self.assertIn(self.lab.evseal(*command, "--force").code, (2, 6))
                self.assertEqual(self.lab.listing(), before)
        folder.rmdir()

    def test_existing_image_is_kept_by_extract(self):
        folder = self.lab.path("images")
        for existing in self.images:
            folder.mkdir()
            (folder / f"{existing}.img").write_text("precious")
            command = ["extract", self.file, *self.judging, "-d", folder]
            self.assert_refuses(2, *command, hint="--force", quoting="exists already")
            self.lab.must(*command, "--force")
            for id_, image in self.images.items():
                self.assertEqual((folder / f"{id_}.img").read_bytes(), image)
                (folder / f"{id_}.img").unlink()
            folder.rmdir()

    def test_existing_image_is_kept_by_evseal_verify(self):
        existing = self.lab.write("existing.img", "precious")
        command = self.write_image(("rootfs", existing))
        before = self.lab.listing()
        answer = self.lab.evseal_verify(*command)
        self.assert_code(answer, 2)
        self.assertRegex(answer.err, "(?m)^evseal-verify: hint: .*--force")
        self.assertEqual(self.lab.listing(), before)
        self.assert_code(self.lab.evseal_verify("--force", *command), 0)
        self.assertEqual(existing.read_bytes(), self.images["rootfs"])
        existing.unlink()

    def test_existing_state_is_kept_by_evseal_verify(self):
        """It is refused before the package is read: no image is written either."""
        existing, image = self.lab.write("next.evt", "precious"), self.lab.path("free.img")
        command = ["--next-state", existing, *self.write_image(("rootfs", image))]
        before = self.lab.listing()
        answer = self.lab.evseal_verify(*command)
        self.assert_code(answer, 2)
        self.assertRegex(answer.err, "(?m)^evseal-verify: hint: .*--force")
        self.assertEqual(self.lab.listing(), before)
        self.assert_code(self.lab.evseal_verify("--force", *command), 0)
        self.assertEqual(image.read_bytes(), self.images["rootfs"])
        again = ["--device", self.profile, "--state", existing, "--hardware", "3", self.file]
        self.assert_code(self.lab.evseal_verify(*again), 0)
        existing.unlink()
        image.unlink()

    def test_two_images_are_written_both_or_neither_by_evseal_verify(self):
        existing, free = self.lab.write("existing.img", "precious"), self.lab.path("free.img")
        self.addCleanup(free.unlink, missing_ok=True)
        for writes in ([("rootfs", free), ("safety", existing)],
                       [("rootfs", existing), ("safety", free)]):
            before = self.lab.listing()
            self.assert_code(self.lab.evseal_verify(*self.write_image(*writes)), 2)
            self.assertEqual(self.lab.listing(), before)

    def test_outputs_of_device_build_are_written_all_or_none(self):
        free, existing = self.lab.path("free"), self.lab.write("existing", "precious")
        self.addCleanup(free.unlink, missing_ok=True)
        for first, second in (("-o", "--c-header"), ("-o", "--initial-state"),
                              ("--c-header", "--initial-state")):
            with self.subTest(second):
                self.assert_refuses(2, "device", "build", self.pki / "device.json", first, free,
                                    second, existing, hint="--force")

    def test_what_is_no_file_is_never_replaced(self):
        """A named pipe here; a partition or /dev/null is replaced as easily."""
        pipe = self.lab.path("pipe")
        image = ["evseal-verify --write", None]
        for name, command in [*self.writers(pipe), image]:
            with self.subTest(name):
                os.mkfifo(pipe)
                answer = self.lab.evseal(*command, "--force") if command else \
                    self.lab.evseal_verify("--force", *self.write_image(("rootfs", pipe)))
                still = pipe.is_fifo()
                pipe.unlink()
                self.assertIn(answer.code, (2, 6), str(answer))
                self.assertTrue(still, "the named pipe is gone")

    def test_two_images_for_one_path_are_refused(self):
        output = self.lab.path("one.img")
        self.addCleanup(output.unlink, missing_ok=True)
        before = self.lab.listing()
        for writes in ([("rootfs", output), ("safety", output)],
                       [("rootfs", output), ("rootfs", self.lab.path("two.img"))]):
            for more in ([], ["--force"]):
                answer = self.lab.evseal_verify(*more, *self.write_image(*writes))
                self.assert_code(answer, 2)
                self.assertEqual(self.lab.listing(), before)
        command = self.write_image(("rootfs", output))
        answer = self.lab.evseal_verify("--next-state", output, *command)
        self.assert_code(answer, 2)
        self.assertEqual(self.lab.listing(), before)

    def test_package_may_replace_its_own_input(self):
        file = self.lab.write("in-place.evs", self.unsigned.read_bytes())
        self.lab.must("sign", file, *self.signing, "--force", "-o", file)
        self.lab.must("verify", file, *self.judging)
        self.assertEqual(Package.read(file).payload, Package.read(self.unsigned).payload)
        file.unlink()

    def test_component_that_is_not_there_is_not_written(self):
        before = self.lab.listing()
        answer = self.lab.evseal_verify(*self.write_image(("rootfs", self.lab.path("a.img")),
                                                          ("kernel", self.lab.path("b.img"))))
        self.assert_code(answer, 2)
        self.assertIn("kernel", answer.err)
        self.assertEqual(self.lab.listing(), before)

    def test_existing_pki_is_never_overwritten_and_no_key_is_made(self):
        keys = self.keys()
        self.assert_refuses(2, "pki", "init", "--development", "--token", "fw", "--module",
                            "softhsm2", "--pin-file", self.lab.pin, "--model", "acme/ac22", "-o",
                            self.pki, hint="-o", quoting="exists already")
        self.assertEqual(self.keys(), keys)

    def test_umask_decides_who_may_read_an_output(self):
        output = self.lab.path("mode.evd")
        old = os.umask(0o027)
        try:
            self.lab.must("device", "build", self.pki / "device.json", "-o", output)
        finally:
            os.umask(old)
        self.assertEqual(output.stat().st_mode & 0o777, 0o640)
        output.unlink()


class FullDisk(OutputTestCase):
    """A tmpfs of 300 KiB and an image of 700 KB."""

    def assert_full(self, program, *words):
        """Exit code 6, a hint, `retryable`; the disk is empty again and the input untouched."""
        before = self.lab.listing()
        answer = program(*words)
        self.assert_file_error(answer)
        self.assertIn("No space left on device", answer.err)
        again = program(*words, "--json").json
        self.assertEqual((again["code"], again["result"]), (6, "error"))
        self.assertTrue(again["retryable"], "the same command succeeds once there is space")
        self.assertEqual(self.lab.listing(), before)

    def test_build_sign_and_extract(self):
        with self.tmpfs("disk", "size=300k") as disk:
            free = os.statvfs(disk).f_bfree
            for command in (["build", self.recipe, "-o", disk / "fw.evs"],
                            ["sign", self.recipe, *self.signing, "-o", disk / "fw.evs"],
                            ["sign", self.unsigned, *self.signing, "-o", disk / "fw.evs"],
                            ["slice", self.file, "--component", "rootfs", "--device",
                             self.lab.controller(self.pki / "device.json", "rootfs"), "-o",
                             disk / "fw.evs"],
                            ["extract", self.file, *self.judging, "-d", disk]):
                with self.subTest(command[0]):
                    self.assert_full(self.lab.evseal, *command)
                    self.assertEqual(os.statvfs(disk).f_bfree, free)

    def test_evseal_verify_with_write(self):
        with self.tmpfs("disk", "size=300k") as disk:
            free = os.statvfs(disk).f_bfree
            self.assert_full(self.lab.evseal_verify,
                             *self.write_image(("rootfs", disk / "rootfs.img")))
            self.assertEqual(os.statvfs(disk).f_bfree, free)

    def test_second_image_that_does_not_fit_takes_the_first_with_it(self):
        with self.tmpfs("disk", "size=300k") as disk:
            answer = self.lab.evseal_verify(*self.write_image(
                ("safety", disk / "safety.img"), ("rootfs", disk / "rootfs.img")))
            self.assert_file_error(answer)
            self.assertEqual(self.lab.listing(disk), {})

    def test_existing_file_survives_a_full_disk(self):
        with self.tmpfs("disk", "size=300k") as disk:
            output = disk / "fw.evs"
            output.write_text("precious")
            self.assert_full(self.lab.evseal, "build", self.recipe, "--force", "-o", output)
            self.assertEqual(output.read_text(), "precious")

    def test_pki_that_a_full_disk_stopped_can_be_made_again(self):
        def init(folder):
            return self.lab.evseal("pki", "init", "--development", "--token", "fw", "--module",
                                   "softhsm2", "--pin-file", self.lab.pin, "--model",
                                   "acme/ac22", "--prefix", "full", "-o", folder)

        with self.tmpfs("disk", "size=16k") as disk:
            (disk / "filler").write_bytes(bytes(16384))
            self.assert_file_error(init(disk / "pki"))
        self.assert_code(init(self.lab.path("again")), 0)


class ReadOnly(OutputTestCase):
    @contextlib.contextmanager
    def read_only(self):
        """A folder that takes no files: by its permissions, for root by its file system."""
        if os.geteuid() == 0:
            with self.tmpfs("read-only", "size=64k,ro") as folder:
                yield folder
            return
        folder = self.lab.path("read-only")
        folder.mkdir(mode=0o555)
        try:
            yield folder
        finally:
            folder.rmdir()

    def test_every_output_in_a_read_only_folder(self):
        with self.read_only() as folder:
            for name, command in self.writers(folder / "output"):
                with self.subTest(name):
                    self.assert_refuses(6, *command)
            self.assert_refuses(6, "extract", self.file, *self.judging, "-d", folder)
            self.assert_refuses(6, "extract", self.file, *self.judging, "-d", folder / "new")
            answer = self.lab.evseal_verify(*self.write_image(("rootfs", folder / "x.img")))
            self.assert_file_error(answer)

    def test_pki_in_a_read_only_folder_makes_no_key(self):
        keys = self.keys()
        with self.read_only() as folder:
            for place in (folder, folder / "new"):
                answer = self.lab.evseal("pki", "init", "--development", "--token", "fw",
                                         "--module", "softhsm2", "--pin-file", self.lab.pin,
                                         "--model", "acme/ac22", "--prefix", "ro", "-o", place)
                self.assert_code(answer, 6)
                self.assertEqual(self.keys(), keys)

    def test_every_output_in_a_missing_folder(self):
        for name, command in self.writers(self.lab.path("nowhere/output")):
            with self.subTest(name):
                self.assert_refuses(6, *command, hint="path")
        answer = self.lab.evseal_verify(*self.write_image(
            ("rootfs", self.lab.path("nowhere/x.img"))))
        self.assert_file_error(answer)


class ImpossibleNames(OutputTestCase):
    """What is wrong with a name is said before the work starts."""

    def names(self):
        yield "too long", self.lab.path("n" * 256), 6, "shorter"
        yield "folder is a file", self.recipe / "output", 6, "folder"
        yield "path too long", self.lab.path("/".join(["d" * 200] * 21)), 6, "shorter"

    def test_names_that_no_file_can_have(self):
        for why, output, code, hint in self.names():
            for name, command in self.writers(output):
                with self.subTest(f"{name}: {why}"):
                    self.assert_refuses(code, *command, hint=hint)
            answer = self.lab.evseal_verify(*self.write_image(("rootfs", output)))
            self.assert_file_error(answer)

    def test_longest_name_is_possible(self):
        output = self.lab.path("n" * 255)
        for name, command in self.writers(output):
            with self.subTest(name):
                self.lab.must(*command)
                output.unlink()
        self.assert_code(self.lab.evseal_verify(*self.write_image(("rootfs", output))), 0)
        output.unlink()

    def test_name_is_judged_before_the_images(self):
        gone = self.lab.recipe("gone.json", [("rootfs", b"", {"file": "gone.img"})])
        for words in (["build", gone], ["manifest", "build", gone],
                      ["sign", gone, *self.signing]):
            answer = self.lab.evseal(*words, "-o", self.lab.path("n" * 256))
            self.assert_code(answer, 6)
            self.assertNotIn("gone.img", answer.err)
            self.assertRegex(answer.err, "nnnn: cannot create: File name too long")

    def test_evseal_verify_judges_the_name_before_the_package(self):
        damaged = self.lab.write("no-package.evs", b"x" * 5000)
        for name in ("n" * 256, "nowhere/x.img", "", "pki/"):
            output = f"{self.lab.work}/{name}" if name else ""
            words = self.write_image(("rootfs", output), package=damaged)
            answer = self.lab.evseal_verify(*words)
            self.assertIn(answer.code, (2, 6), str(answer))
            self.assertNotIn("no-package", answer.err + answer.text)


class Killed(OutputTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        image = cls.lab.folder / "sparse.img"  # beside the work folder, which is hashed
        with open(image, "wb") as file:
            file.truncate(SPARSE)
        cls.sparse = cls.lab.recipe("sparse.json", [("rootfs", b"", {"file": str(image)})])

    def written(self, process):
        """How many octets the process has in open files below the work folder."""
        total = 0
        with contextlib.suppress(OSError):
            for link in os.scandir(f"/proc/{process.pid}/fd"):
                target = os.readlink(link.path)
                if target.startswith(str(self.lab.work)):
                    total += os.stat(link.path).st_blocks * 512
        return total

    def kill_mid_write(self, number, *command):
        """Sends a signal as soon as a program has written a MiB; its exit code."""
        for _ in range(ATTEMPTS):
            process = self.lab.start(*command)
            while process.poll() is None and self.written(process) < 1 << 20:
                pass
            alive = process.poll() is None
            process.send_signal(number)
            process.communicate(timeout=support.SECONDS)
            if alive and process.returncode != 0:
                return process.returncode
            self.lab.path("out.evs").unlink(missing_ok=True)
        raise AssertionError(f"{command[0]} was never caught writing")

    def test_build_that_is_killed_leaves_no_file(self):
        before = self.lab.listing()
        command = [support.EVSEAL, "build", self.sparse, "-o", self.lab.path("out.evs")]
        for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130),
                             (signal.SIGTERM, 130), (signal.SIGHUP, 130)):
            with self.subTest(number.name):
                self.assertEqual(self.kill_mid_write(number, *command), code)
                self.assertEqual(self.lab.listing(), before)

    def test_existing_file_survives_a_build_that_is_killed(self):
        output = self.lab.write("existing.evs", "precious")
        before = self.lab.listing()
        self.kill_mid_write(signal.SIGTERM, support.EVSEAL, "build", self.sparse, "--force", "-o",
                            output)
        self.assertEqual(self.lab.listing(), before)
        output.unlink()

    def test_evseal_verify_that_is_killed_leaves_no_image(self):
        package = Package.read(self.file)
        before = self.lab.listing()
        for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 130),
                             (signal.SIGINT, 130), (signal.SIGHUP, 130)):
            process = self.lab.start(support.EVSEAL_VERIFY, *self.write_image(
                ("rootfs", self.lab.path("out.img")), package="-"), stdin=subprocess.PIPE)
            process.stdin.write(package.data[:package.payload_start + 400_000])
            process.stdin.flush()
            deadline = time.monotonic() + support.SECONDS
            while self.written(process) < 100_000 and time.monotonic() < deadline:
                pass
            self.assertIsNone(process.poll())
            process.send_signal(number)
            process.wait(support.SECONDS)
            process.communicate()
            self.assertEqual(process.returncode, code)
            self.assertEqual(self.lab.listing(), before)


class StandardOutput(OutputTestCase):
    """An answer that nobody received is no success."""

    def assert_not_received(self, program, *words):
        with open("/dev/full", "wb") as full:
            answer = program(*words, stdout=full)
        self.assertNotEqual(answer.code, 0, str(answer))

    def test_full_standard_output_is_an_error(self):
        token = ["--module", "softhsm2"]
        chain = ["chain", "verify", "--anchor", self.pki / "root.pem", "--intermediate",
                 self.pki / "intermediate.pem", "--cert", self.pki / "firmware.pem"]
        for words in (["inspect", self.file], ["manifest", "show", self.file],
                      ["manifest", "show", "--raw", self.file], ["manifest", "check", self.file],
                      ["verify", self.file, *self.judging], chain, ["token", "list", *token],
                      ["key", "list", "--token", "fw", *token, "--pin-file", self.lab.pin]):
            for more in ([], ["--json"]):
                with self.subTest(" ".join(map(str, words[:2] + more))):
                    self.assert_not_received(self.lab.evseal, *words, *more)

    def test_full_standard_output_of_evseal_verify_is_an_error(self):
        for more in ([], ["--json"]):
            self.assert_not_received(self.lab.evseal_verify, *more, "--device", self.profile,
                                     "--state", self.state, "--hardware", "3", self.file)

    def test_help_and_version_that_nobody_can_read_are_errors(self):
        for words in (["--help"], ["--version"]):
            for program in (self.lab.evseal, self.lab.evseal_verify):
                with self.subTest(f"{program.__name__} {words[0]}"):
                    self.assert_not_received(program, *words)

    def test_closed_standard_streams_do_not_end_up_in_files(self):
        """A file that is opened as descriptor 1 or 2 must not receive the answer."""
        wanted = Package.read(self.unsigned).payload
        built, image = self.lab.path("closed.evs"), self.lab.path("closed.img")
        for closed, code in (("<&-", 0), (">&-", 6), ("2>&-", 0), (">&- 2>&-", 6),
                             ("<&- >&- 2>&-", 6)):
            with self.subTest(closed):
                for program, words in (
                        (support.EVSEAL, ["build", self.recipe, "-o", built]),
                        (support.EVSEAL_VERIFY, self.write_image(("rootfs", image)))):
                    shell = ["sh", "-c", f'"$@" {closed}', "sh", program, *words]
                    self.assertEqual(self.lab.run(*shell).code, code, shell)
                self.assertEqual(Package.read(built).payload, wanted)
                self.assertEqual(image.read_bytes(), self.images["rootfs"])
                built.unlink()
                image.unlink()

    def test_closed_pipe_ends_without_a_crash(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        answer = self.lab.evseal("inspect", self.file, stdout=write_end)
        os.close(write_end)
        self.assert_code(answer, 6)

    def test_quiet_says_nothing_and_keeps_the_exit_code(self):
        for program, words, code in (
                (self.lab.evseal, ["verify", self.file, *self.judging, "--quiet"], 0),
                (self.lab.evseal, ["verify", self.file, *self.judging, "--hardware", "9", "-q"],
                 2), (self.lab.evseal, ["verify", self.unsigned, *self.judging, "--quiet"], 3),
                (self.lab.evseal_verify, [*self.write_image(), "--quiet"], 0),
                (self.lab.evseal_verify, [*self.write_image(package=self.unsigned), "--quiet"],
                 3)):
            answer = program(*words)
            self.assert_code(answer, code)
            self.assertEqual(answer.text, "")


if __name__ == "__main__":
    support.main()
