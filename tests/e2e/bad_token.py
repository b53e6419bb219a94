"""PINs, tokens and keys that are wrong or missing: one try, no hang, no secret in any output."""

import glob
import json
import os
import re
import threading
import unittest

import support

WRONG_PIN = "wrong-pin-4455"


def pin_pipe(lab, name, pin):
    """A named pipe that gives a PIN once. Returns its path and the thread that feeds it."""
    path = lab.folder / name
    os.mkfifo(path, 0o600)

    def feed():
        with open(path, "w", encoding="ascii") as pipe:
            pipe.write(pin)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    return path, thread


class TokenTestCase(support.LabTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        cls.recipe = lab.recipe()
        cls.signer = cls.pki / "signer.json"
        cls.wrong_pin = lab.secret("wrong.pin", WRONG_PIN)
        cls.root_key = "pkcs11:token=fw;object=pki-root"

    def sign_words(self, *pin, signer=None):
        return ["sign", self.recipe, "--signer", signer or self.signer, *pin,
                "-o", self.lab.path("out.evs")]

    def signer_with(self, **changes):
        members = json.loads(self.signer.read_text())
        members.update(changes)
        return self.lab.write("pki/other-signer.json", members)

    def pin_commands(self):
        """Every command that logs in, without its PIN options."""
        module = ["--module", "softhsm2"]
        output = ["-o", self.lab.path("out.pem")]
        subject = ["--subject", "CN=x"]
        yield self.sign_words()
        yield ["key", "list", "--token", "fw", *module]
        yield ["key", "generate", "--token", "fw", "--label", "new", *module]
        yield ["pki", "init", "--development", "--token", "fw", "--model", "acme/ac22", *module,
               "-o", self.lab.path("new-pki")]
        yield ["pki", "root", "--key", self.root_key, *subject, *module, *output]
        yield ["pki", "issue", "--stage", "dev", "--key", "pkcs11:token=fw;object=pki-firmware",
               "--issuer-key", self.root_key, "--issuer-cert", self.pki / "root.pem", *subject,
               *module, *output]

    def flags(self):
        tokens = self.lab.must("token", "list", "--module", "softhsm2", "--json").json["tokens"]
        (token,) = [token for token in tokens if token["label"] == "fw"]
        return token["flags"]

    def log_in_well(self):
        self.lab.must("key", "list", "--token", "fw", "--module", "softhsm2", "--pin-file",
                      self.lab.pin)

    def assert_login_refused(self, *words, **options):
        """Exit code 8, never to be retried by itself, and no PIN in what it says."""
        answer = self.lab.evseal(*words, **options)
        self.assert_code(answer, 8)
        self.assertRegex(answer.err, r"(?m)^evseal: error: .+: .+")
        for secret in (WRONG_PIN, support.USER_PIN):
            self.assertNotIn(secret, answer.err + answer.text)
        return answer


class WrongPin(TokenTestCase):
    def spy(self):
        """The module that logs every call to SoftHSM, and the log; OpenSC brings it."""
        if support.SPY is None or support.SOFTHSM is None:
            self.skipTest("pkcs11-spy.so (package opensc-pkcs11) is not installed")
        log = self.lab.folder / f"{self._testMethodName}.log"
        log.unlink(missing_ok=True)
        env = {"PKCS11SPY": support.SOFTHSM, "PKCS11SPY_OUTPUT": str(log),
               "ASAN_OPTIONS": self.lab.env["ASAN_OPTIONS"] + ":detect_leaks=0"}  # it leaks
        return env, lambda: log.read_text("latin-1").count(": C_Login\n")

    def test_one_command_tries_a_wrong_pin_exactly_once(self):
        env, logins = self.spy()
        before = self.lab.listing()
        for count, command in enumerate(self.pin_commands(), 1):
            words = [support.SPY if word == "softhsm2" else word for word in command]
            more = ["--module", support.SPY] if "--module" not in command else []
            self.assert_login_refused(*words, *more, "--pin-file", self.wrong_pin, env=env)
            self.assertEqual(logins(), count, command)
        self.log_in_well()
        self.assertEqual(self.lab.listing(), before)

    def test_pin_file_is_read_once(self):
        pipe, feeder = pin_pipe(self.lab, "once.pin", WRONG_PIN)
        self.assert_login_refused(*self.sign_words("--pin-file", pipe))
        feeder.join(5)
        self.assertFalse(feeder.is_alive())

    def test_token_says_that_a_try_was_lost_and_forgets_after_a_good_login(self):
        self.log_in_well()
        self.assertNotIn("user-pin-count-low", self.flags())
        self.assert_login_refused(*self.sign_words("--pin-file", self.wrong_pin))
        self.assertIn("user-pin-count-low", self.flags())
        self.log_in_well()
        self.assertNotIn("user-pin-count-low", self.flags())

    def test_machines_are_told_not_to_retry(self):
        for command in self.pin_commands():
            answer = self.assert_login_refused(*command, "--pin-file", self.wrong_pin, "--json")
            self.assertEqual((answer.json["class"], answer.json["retryable"]),
                             ("login_refused", False))
            self.assertEqual(answer.json["status"], "CKR_PIN_INCORRECT")
        self.log_in_well()

    def test_nothing_is_made_in_the_token(self):
        def keys():
            return self.lab.must("key", "list", "--token", "fw", "--module", "softhsm2",
                                 "--pin-file", self.lab.pin, "--json").json["keys"]

        before = keys()
        for command in self.pin_commands():
            self.assert_login_refused(*command, "--pin-file", self.wrong_pin)
            self.log_in_well()
        self.assertEqual(keys(), before)


class NoPin(TokenTestCase):
    def test_empty_pin_is_never_tried(self):
        for name, text in (("empty.pin", ""), ("newline.pin", "\n"), ("crlf.pin", "\r\n")):
            empty = self.lab.secret(name, text)
            answer = self.assert_login_refused(*self.sign_words("--pin-file", empty))
            self.assertIn("empty", answer.err)
        self.assertNotIn("user-pin-count-low", self.flags())

    def test_file_that_holds_more_than_a_pin_is_never_tried(self):
        for name, text in (("two.pin", "1234\n5678\n"), ("long.pin", "x" * 10_000),
                           ("zero.pin", "12\x0034")):
            self.assert_login_refused(*self.sign_words("--pin-file", self.lab.secret(name, text)))
        self.assertNotIn("user-pin-count-low", self.flags())

    def test_without_pin_and_terminal_nothing_hangs(self):
        for command in self.pin_commands():
            answer = self.assert_login_refused(*command)
            self.assertRegex(answer.err, "evseal: hint: .*--pin-file", str(answer))
            self.assertIn("terminal", answer.err)
        self.assertNotIn("user-pin-count-low", self.flags())

    def test_standard_input_is_no_place_for_a_pin_that_nobody_named(self):
        answer = self.assert_login_refused(*self.sign_words(), input=support.USER_PIN.encode())
        self.assertIn("terminal", answer.err)

    def test_token_init_without_pins_and_terminal_initialises_nothing(self):
        self.assert_login_refused("token", "init", "--label", "new", "--module", "softhsm2")
        tokens = self.lab.must("token", "list", "--module", "softhsm2", "--json").json["tokens"]
        self.assertNotIn("new", [token["label"] for token in tokens])

    def test_missing_pin_file(self):
        answer = self.lab.evseal(*self.sign_words("--pin-file", self.lab.path("gone.pin")))
        self.assert_code(answer, 6)
        self.assertRegex(answer.err, r"gone\.pin.*\nevseal: hint: ")

    def test_pin_descriptor_that_is_closed(self):
        self.assert_code(self.lab.evseal(*self.sign_words("--pin-fd", "63")), 6)

    def test_pin_from_a_descriptor_and_from_pin_source_are_right(self):
        output = self.lab.path("out.evs")
        read_end, write_end = os.pipe()
        os.write(write_end, support.USER_PIN.encode() + b"\n")
        os.close(write_end)
        self.lab.must(*self.sign_words("--pin-fd", read_end), pass_fds=[read_end])
        os.close(read_end)
        output.unlink()
        key = json.loads(self.signer.read_text())["key"]
        signer = self.signer_with(key=f"{key}?pin-source=file:{self.lab.pin}")
        self.lab.must(*self.sign_words(signer=signer))
        output.unlink()

    def test_pin_file_open_to_others_is_warned_about(self):
        loose = self.lab.secret("loose.pin", support.USER_PIN)
        loose.chmod(0o644)
        module = ["--module", "softhsm2"]
        key = ["--key", self.root_key, "--subject", "CN=x", "--pin-file", loose, *module,
               "-o", self.lab.path("loose.pem"), "--force"]
        for words in (["key", "list", "--token", "fw", *module, "--pin-file", loose],
                      [*self.sign_words("--pin-file", loose), "--force"],
                      ["pki", "root", *key],
                      ["pki", "issue", "--stage", "dev", "--issuer-key", self.root_key,
                       "--issuer-cert", self.pki / "root.pem", *key],
                      ["token", "init", "--label", "loose", "--so-pin-file", self.lab.so_pin,
                       "--pin-file", loose, *module]):
            answer = self.lab.must(*words)
            warnings = re.findall("(?m)^evseal: warning: .*loose.pin.*chmod 600", answer.err)
            self.assertEqual(len(warnings), 1, str(answer))
        for name in ("loose.pem", "out.evs"):
            self.lab.path(name).unlink()


class NoToken(TokenTestCase):
    def test_missing_token(self):
        signer = self.signer_with(key="pkcs11:token=lost;object=pki-firmware")
        self.assert_refuses(9, *self.sign_words("--pin-file", self.lab.pin, signer=signer),
                            hint=".", quoting="lost")
        for words in (["list"], ["generate", "--label", "x"]):
            self.assert_refuses(9, "key", *words, "--token", "lost", "--module", "softhsm2",
                                "--pin-file", self.lab.pin, quoting="lost")

    def test_missing_key(self):
        signer = self.signer_with(key="pkcs11:token=fw;object=lost-key")
        self.assert_refuses(9, *self.sign_words("--pin-file", self.lab.pin, signer=signer),
                            hint=".", quoting="lost-key")

    def test_uri_that_means_several_keys(self):
        signer = self.signer_with(key="pkcs11:token=fw")
        answer = self.assert_refuses(9, *self.sign_words("--pin-file", self.lab.pin,
                                                         signer=signer))
        for key in ("pki-root", "pki-intermediate", "pki-firmware"):
            self.assertIn(key, answer.err)

    def test_short_name_of_a_module(self):
        if not glob.glob("/usr/lib/*/opensc-pkcs11.so"):
            self.skipTest("the package opensc-pkcs11 is not installed")
        answer = self.lab.evseal("token", "list", "--module", "opensc", env={
            "ASAN_OPTIONS": self.lab.env["ASAN_OPTIONS"] + ":detect_leaks=0"})
        self.assertIn(answer.code, (0, 7), str(answer))
        self.assertNotIn("no PKCS#11 module", answer.err)

    def test_missing_module(self):
        for module in ("no-such-module", self.lab.path("gone.so"), self.recipe):
            answer = self.lab.evseal("token", "list", "--module", module)
            self.assertIn(answer.code, (2, 6, 7, 9), str(answer))
            self.assertRegex(answer.err, r"(?m)^evseal: error: .+: .+")
            self.assertRegex(answer.err, r"(?m)^evseal: hint: ")

    def test_unreadable_softhsm_configuration_is_a_token_that_is_unreachable(self):
        answer = self.lab.evseal(*self.sign_words("--pin-file", self.lab.pin),
                                 env={"SOFTHSM2_CONF": str(self.lab.path("gone.conf"))})
        self.assertIn(answer.code, (7, 9), str(answer))
        self.assertRegex(answer.err, r"(?m)^evseal: error: .+: .+")

    def test_initialised_token_is_never_touched(self):
        pins = ["--so-pin-file", self.lab.so_pin, "--pin-file", self.lab.pin]
        self.assert_refuses(2, "token", "init", "--label", "fw", "--module", "softhsm2", *pins,
                            quoting="fw")
        slot = next(token["slot"] for token in self.lab.must(
            "token", "list", "--module", "softhsm2", "--json").json["tokens"]
            if token["label"] == "fw")
        self.assert_refuses(2, "token", "init", "--label", "again", "--slot", slot, "--module",
                            "softhsm2", *pins, quoting="initialised already")
        self.log_in_well()

    def test_bad_labels_and_pins_for_a_new_token(self):
        module = ["--module", "softhsm2"]
        pins = ["--so-pin-file", self.lab.so_pin, "--pin-file", self.lab.pin]
        for label in ("", "x" * 33, "a\nb"):
            self.assert_refuses(2, "token", "init", "--label", label, *module, *pins)
        short = self.lab.secret("short.pin", "1")
        before = self.lab.listing(self.lab.folder / "tokens")
        self.assert_refuses(2, "token", "init", "--label", "new", *module, "--so-pin-file",
                            self.lab.so_pin, "--pin-file", short)
        self.assertEqual(self.lab.listing(self.lab.folder / "tokens"), before)

    def test_key_ids_that_are_no_hexadecimal(self):
        for id_ in ("xyz", "abc", "0x01"):
            self.assert_refuses(2, "key", "generate", "--token", "fw", "--label", "x", "--id", id_,
                                "--module", "softhsm2", "--pin-file", self.lab.pin)


class SecretsInUris(TokenTestCase):
    """A PIN on the command line stands in the process list and in the shell's history."""

    def assert_refused_unseen(self, *words):
        answer = self.lab.evseal(*words)
        self.assert_code(answer, 2)
        self.assertRegex(answer.err, "(?m)^evseal: error: ")
        self.assertNotIn(support.USER_PIN, answer.err + answer.text)
        self.assertRegex(answer.err, "pin-source|--pin-file")

    def test_pin_value_is_refused_and_not_repeated(self):
        pin = f"?pin-value={support.USER_PIN}"
        self.assert_refused_unseen(*self.sign_words(signer=self.signer_with(
            key=f"pkcs11:token=fw;object=pki-firmware{pin}")))
        self.assert_refused_unseen("key", "list", "--token", f"pkcs11:token=fw{pin}",
                                   "--module", "softhsm2")
        self.assert_refused_unseen("pki", "root", "--key", self.root_key + pin, "--subject",
                                   "CN=x", "-o", self.lab.path("out.pem"), "--module", "softhsm2")
        self.assertFalse(self.lab.path("out.pem").exists())

    def test_pin_source_runs_no_command(self):
        trace = self.lab.path("ran")
        for source in (f"|touch%20{trace}", f"%7Ctouch%20{trace}"):
            answer = self.lab.evseal(*self.sign_words(signer=self.signer_with(
                key=f"pkcs11:token=fw;object=pki-firmware?pin-source={source}")))
            self.assert_code(answer, 2)
            self.assertFalse(trace.exists())

    def test_uris_with_mistakes(self):
        for key in ("pkcs11:", "pkcs11:token", "pkcs11:token=%zz", "pkcs11:token=a;token=b",
                    "pkcs11:token=fw;type=cert", "http://example.com", "", "file:"):
            answer = self.lab.evseal("pki", "root", "--key", key, "--subject", "CN=x", "-o",
                                     self.lab.path("out.pem"), "--module", "softhsm2",
                                     "--pin-file", self.lab.pin)
            self.assertIn(answer.code, (2, 6, 9), f"{key}: {answer}")
            self.assertRegex(answer.err, "(?m)^evseal: error: ")


@unittest.skipIf(support.SOFTHSM is None, "SoftHSM2's library is not found")
class TwoTokens(support.LabTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        for _ in range(2):  # evseal itself refuses to make a second token with the same label
            lab.tool("softhsm2-util", "--init-token", "--free", "--label", "twin", "--so-pin",
                     support.SO_PIN, "--pin", support.USER_PIN)
        tokens = lab.must("token", "list", "--module", "softhsm2", "--json").json["tokens"]
        cls.twins = [token for token in tokens if token["label"] == "twin"]

    def list_keys(self, token):
        return ["key", "list", "--token", token, "--module", "softhsm2", "--pin-file",
                self.lab.pin]

    def test_label_of_two_tokens_is_refused_with_both_candidates(self):
        self.assertEqual(len(self.twins), 2)
        answer = self.assert_refuses(9, *self.list_keys("twin"), hint=".")
        for twin in self.twins:
            self.assertIn(twin["serial"], answer.err)

    def test_serial_number_tells_them_apart(self):
        for twin in self.twins:
            self.lab.must(*self.list_keys(twin["uri"]))

    def test_no_login_is_tried_while_it_is_not_clear_which(self):
        wrong = self.lab.secret("wrong.pin", WRONG_PIN)
        self.assert_code(self.lab.evseal("key", "list", "--token", "twin", "--module", "softhsm2",
                                         "--pin-file", wrong), 9)
        tokens = self.lab.must("token", "list", "--module", "softhsm2", "--json").json["tokens"]
        for token in tokens:
            self.assertNotIn("user-pin-count-low", token["flags"])


if __name__ == "__main__":
    support.main()
