"""A package with any octet changed, missing or added is refused, as early as can be.

The exhaustive run over every bit stands in the tests of the C library. Here the shipped program
judges a sample with a fixed seed, one process each.
"""

import concurrent.futures
import os
import random
import subprocess
import time

import support
from package_bytes import HEADER, Package, flipped

REFUSALS = (3, 4, 5)  # not authentic, authentic but refused, malformed
PIPE_BYTES = 65536
THIN = 6 if support.SANITIZED else 1  # one in so many, where each process is slow
AT_ONCE = 10 * (5 if support.SANITIZED else 1)  # seconds within which "at once" is


def bits_of(offsets, step=1):
    return [(offset, bit) for offset in offsets for bit in range(8)][::step]


def one_bit_each(offsets, seed):
    choose = random.Random(seed).randrange
    return [(offset, choose(8)) for offset in offsets]


class Judge:
    """Runs evseal-verify over many variants of a package, two at a time."""

    def __init__(self, lab, profile, state):
        self.command = [support.EVSEAL_VERIFY, "--quiet", "--device", str(profile), "--state",
                        str(state), "--hardware", "3", "-"]
        self.env = lab.env
        self.null = os.open(os.devnull, os.O_WRONLY)

    def close(self):
        os.close(self.null)

    def __call__(self, data):
        """The exit code for a package that comes through a pipe, which takes it whole."""
        read_end, write_end = os.pipe()
        os.write(write_end, data[:PIPE_BYTES])
        os.close(write_end)
        files = [(os.POSIX_SPAWN_DUP2, read_end, 0), (os.POSIX_SPAWN_DUP2, self.null, 1)]
        process = os.posix_spawn(self.command[0], self.command, self.env, file_actions=files)
        os.close(read_end)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def accepted(self, variants):
        """The labels of the variants that are not refused, with their exit codes."""
        labels, packages = zip(*variants)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            codes = pool.map(self, packages)
        return [(label, code) for label, code in zip(labels, codes) if code not in REFUSALS]


class EveryChange:
    """The tests for one type of key; the classes below say how thin the sample is."""

    key_type = ""
    all_bits = False
    step = 12

    @classmethod
    def prepare(cls):
        lab = cls.lab
        if cls.key_type == "ed25519":
            lab.forgive_leaks()
        lab.token()
        pki = lab.pki("pki", "--component", "rootfs", "--component", "safety",
                      key_type=cls.key_type)
        images = random.Random(2).randbytes
        recipe = lab.recipe(components=[("rootfs", images(9000), {"chunk_size": 4096}),
                                        ("safety", images(700), {})])
        cls.package = Package.read(lab.sign(recipe, "fw.evs"))
        cls.data = cls.package.data
        cls.judge = Judge(lab, *lab.device(pki / "device.json"))
        cls.addClassCleanup(cls.judge.close)

    def assert_all_refused(self, variants):
        self.assertEqual(self.judge.accepted(variants), [])

    def assert_flips_refused(self, flips):
        self.assert_all_refused(((offset, bit), flipped(self.data, offset, bit))
                                for offset, bit in flips)

    def test_unchanged_package_is_accepted(self):
        self.assertEqual(self.judge(self.data), 0)
        self.assertLess(len(self.data), PIPE_BYTES)

    def test_every_bit_of_the_header_is_needed(self):
        self.assert_flips_refused(bits_of(range(HEADER)))

    def test_bits_of_the_envelope_are_needed(self):
        start, end = HEADER, self.package.envelope_end
        if self.all_bits:
            head, tail = range(start, start + 400), range(end - 600, end)
            flips = bits_of(head, THIN) + bits_of(tail, THIN)
            flips += one_bit_each(range(start + 400, end - 600), seed=3)[::THIN]
        else:
            flips = one_bit_each(range(start, end), seed=3)[::self.step // 4 * THIN]
        self.assert_flips_refused(flips)

    def test_bits_of_the_padding_are_needed(self):
        start, end = self.package.envelope_end, self.package.payload_start
        sample = [start, end - 1, *range(start, end, 5 * self.step * THIN)]
        self.assert_flips_refused(one_bit_each(sample, seed=4))

    def test_bits_of_the_payload_are_needed(self):
        start, end = self.package.payload_start, len(self.data)
        nodes = range(start, start + 128)  # 9000 octets in chunks of 4096: a node, then another
        sample = [start, end - 1, *nodes[::THIN], *range(start + 128, end, 2 * self.step * THIN)]
        self.assert_flips_refused(one_bit_each(sample, seed=5))

    def test_truncated_packages_are_refused(self):
        step = THIN if self.all_bits else self.step * THIN
        lengths = [*range(0, HEADER), *range(HEADER, self.package.envelope_end, step),
                   *range(self.package.envelope_end, len(self.data), 16 * self.step * THIN),
                   len(self.data) - 1]
        self.assert_all_refused((length, self.data[:length]) for length in lengths)

    def test_appended_octets_are_refused(self):
        more = [b"\0", b"\xff", bytes(4096), self.data[:1], self.data]
        self.assert_all_refused((tail[:4], self.data + tail) for tail in more)


class P256(EveryChange, support.LabTestCase):
    key_type = "p256"
    all_bits = True


class P384(EveryChange, support.LabTestCase):
    key_type = "p384"


class Rsa2048(EveryChange, support.LabTestCase):
    key_type = "rsa2048"


class Ed25519(EveryChange, support.LabTestCase):
    key_type = "ed25519"


class Early(support.LabTestCase):
    """The verdict comes as soon as the octets that decide it are there."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        pki = lab.pki()
        image = random.Random(6).randbytes(5 * 4096)
        recipe = lab.recipe(components=[("rootfs", image, {"chunk_size": 4096})])
        cls.package = Package.read(lab.sign(recipe, "fw.evs"))
        cls.data = cls.package.data
        cls.profile, cls.state = lab.device(pki / "device.json")
        # 5 chunks: node (4|1), node (2|2), node (1|1), chunk, chunk, node (1|1), chunk, ...
        cls.first_chunk = cls.package.payload_start + 3 * 64

    def start(self, *more, package="-"):
        process = self.lab.start(support.EVSEAL_VERIFY, "--device", self.profile, "--state",
                                 self.state, "--hardware", "3", *more, package,
                                 stdin=subprocess.PIPE)
        self.addCleanup(process.kill)  # whatever fails, nothing stays behind
        return process

    def feed(self, data, *more):
        """Feeds octets and keeps the pipe open; exit code and status."""
        process = self.start("--json", *more)
        process.stdin.write(data)
        process.stdin.flush()
        return self.finish(process)

    def finish(self, process):
        """Exit code and status of a program whose input stays open."""
        try:
            code = process.wait(AT_ONCE)
        except subprocess.TimeoutExpired:
            code = None
        process.kill()
        out, err = process.communicate()
        answer = support.Answer(process.args, code, out, err.decode())
        return code, answer.json["status"] if code is not None else "no verdict yet"

    def waits(self, data, *more):
        """Whether the program wants more octets after these."""
        process = self.start("--json", *more)
        process.stdin.write(data)
        process.stdin.flush()
        time.sleep(0.3)
        answered = process.poll() is not None
        process.kill()
        process.communicate()
        return not answered

    def test_good_octets_get_no_verdict_before_the_end(self):
        for end in (self.package.envelope_end, self.package.payload_start,
                    self.first_chunk + 4096, len(self.data) - 1):
            self.assertTrue(self.waits(self.data[:end]), end)
        self.assertEqual(self.feed(self.data + b"\0"), (5, "trailing_data"))

    def test_corrupt_envelope_is_refused_before_any_payload(self):
        (signer,) = self.package.signer_infos
        last = self.package.offset_of(signer.signature) + len(signer.signature) - 1
        changes = {"der_encoding": HEADER, "digest_mismatch":
                   self.package.offset_of(self.package.manifest) + 5, "signature_invalid": last}
        for status, offset in changes.items():
            head = flipped(self.data, offset)[:self.package.envelope_end]
            code, reported = self.feed(head)
            self.assertIn(code, REFUSALS, status)
            self.assertEqual(reported, status)

    def test_corrupt_envelope_is_refused_from_a_named_pipe(self):
        fifo = self.lab.path("fw.fifo")
        os.mkfifo(fifo)
        process = self.start("--json", package=fifo)
        with open(fifo, "r+b", buffering=0) as pipe:  # waits for no reader
            pipe.write(flipped(self.data, self.package.envelope_end - 1)
                       [:self.package.envelope_end])
            self.assertEqual(self.finish(process), (3, "signature_invalid"))

    def test_wrong_device_is_refused_before_any_payload(self):
        code, status = self.feed(self.data[:self.package.envelope_end], "--hardware", "5")
        self.assertEqual((code, status), (4, "wrong_hardware"))

    def test_bad_magic_is_refused_after_the_header(self):
        self.assertEqual(self.feed(b"\x7fELF" + bytes(12)), (5, "file_magic"))

    def test_corrupt_node_is_refused_when_it_is_read(self):
        start = self.package.payload_start
        before = self.lab.listing()
        for node in range(3):
            head = flipped(self.data, start + 64 * node)[:start + 64 * (node + 1)]
            self.assertEqual(self.feed(head, "--write", "rootfs=out.img"), (3, "tree_node"))
        self.assertEqual(self.lab.listing(), before)

    def test_corrupt_chunk_is_refused_when_it_is_read(self):
        before = self.lab.listing()
        second = self.first_chunk + 4096
        for start, end in ((self.first_chunk, second), (second, second + 4096)):
            for offset in (start, end - 1):
                head = flipped(self.data, offset)[:end]
                self.assertTrue(self.waits(head[:-1]))
                self.assertEqual(self.feed(head, "--write", "rootfs=out.img"),
                                 (3, "chunk_digest"))
        self.assertEqual(self.lab.listing(), before)

    def test_write_leaves_nothing_behind_whatever_is_wrong(self):
        end = len(self.data)
        bad = {"last chunk": flipped(self.data, end - 1), "truncated": self.data[:-1],
               "one octet more": self.data + b"\0", "unfinished": self.data[:self.first_chunk],
               "padding": flipped(self.data, self.package.payload_start - 1)}
        before = self.lab.listing()
        for name, data in bad.items():
            answer = self.lab.evseal_verify("--device", self.profile, "--state", self.state,
                                            "--hardware", "3", "--write", "rootfs=out.img", "-",
                                            input=data)
            self.assertIn(answer.code, REFUSALS, name)
            self.assertEqual(self.lab.listing(), before, name)

    def test_image_has_no_name_while_it_is_written(self):
        before = self.lab.listing()
        self.assertTrue(self.waits(self.data[:-1], "--write", "rootfs=out.img"))
        self.assertEqual(self.lab.listing(), before)


if __name__ == "__main__":
    support.main()
