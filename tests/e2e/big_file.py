"""A component past the reach of 32 bits, in little memory. Only where EVSEAL_BIG_TESTS=1."""

import json
import os
import unittest

import support

SIZE = 5 << 30
MEMORY = 64 << 20
# AddressSanitizer's shadow and quarantine are not ours to limit.
MEASURED = not support.SANITIZED


@unittest.skipUnless(os.environ.get("EVSEAL_BIG_TESTS") == "1",
                     "takes minutes and 16 GiB of disk: set EVSEAL_BIG_TESTS=1")
class BigFile(support.LabTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.seconds = 1800
        lab.token()
        cls.pki = lab.pki()
        image = lab.path("rootfs.img")
        with open(image, "wb") as file:
            file.truncate(SIZE)
            file.seek(SIZE - 1)
            file.write(b"\1")
        lab.write("safety.img", b"small, behind the large one")
        cls.recipe = lab.recipe(components=[
            ("rootfs", b"", {"file": "rootfs.img", "chunk_size": 65536}),
            ("safety", b"", {"file": "safety.img"})])
        cls.unsigned, cls.signed = lab.path("unsigned.evs"), lab.path("fw.evs")
        cls.profile, cls.state = lab.device(cls.pki / "device.json")

    def measured(self, program, *words):
        """Runs a program, which has to succeed; checks its peak memory."""
        command = [str(word) for word in (program, *words)]
        output = self.lab.path("stdout")
        files = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
        process = os.posix_spawn(command[0], command, self.lab.env, file_actions=files)
        _, status, usage = os.wait4(process, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, command)
        if MEASURED:
            self.assertLess(usage.ru_maxrss * 1024, MEMORY, command)
        return output.read_text()

    def test_built_signed_and_verified_in_little_memory(self):
        self.measured(support.EVSEAL, "build", self.recipe, "-o", self.unsigned)
        self.measured(support.EVSEAL, "sign", self.unsigned, "--signer", self.pki / "signer.json",
                      "--pin-file", self.lab.pin, "-o", self.signed)
        self.unsigned.unlink()
        self.measured(support.EVSEAL, "verify", self.signed, "--device",
                      self.pki / "device.json", "--hardware", "3")
        words = ["--device", self.profile, "--state", self.state, "--hardware", "3", "--json"]
        verdict = json.loads(self.measured(support.EVSEAL_VERIFY, *words, self.signed))
        self.assertEqual([one["size"] for one in verdict["components"]], [SIZE, 27])
        with open(self.signed, "r+b") as file:  # the last octet of the large image
            end = file.seek(-1 - 27, os.SEEK_END)
            self.assertEqual(file.read(1), b"\1")
            file.seek(end)
            file.write(b"\2")
        self.assert_verdict_of_the_changed(words)

    def assert_verdict_of_the_changed(self, words):
        small = self.lab.evseal_verify(*words, self.signed)
        self.assertEqual((small.code, small.json["status"]), (3, "chunk_digest"))
        big = self.lab.evseal("verify", self.signed, "--device", self.pki / "device.json",
                              "--hardware", "3", "--json")
        self.assertEqual((big.code, big.json["status"]), (3, "chunk_digest"))


if __name__ == "__main__":
    support.main()
