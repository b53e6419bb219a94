"""Several parties and a long life: revocation, officers, operators, rotation of roots.

The drills are those of a manufacturer's bad days, with real keys in SoftHSM tokens.
"""

import json

import support


class PartiesTestCase(support.LabTestCase):
    """One token `fw` with a development PKI, and helpers to make further parties."""

    @classmethod
    def prepare(cls):
        cls.lab.token("fw")
        cls.pki = cls.lab.pki("pki")
        cls.recipe = cls.lab.recipe()

    @classmethod
    def key(cls, label, token="fw"):
        cls.lab.must("key", "generate", "--token", token, "--label", label, "--module", "softhsm2",
                     "--pin-file", cls.lab.pin)
        return f"pkcs11:token={token};object={label}"

    @classmethod
    def root(cls, label):
        key = cls.key(label)
        path = cls.lab.path(f"{label}.pem")
        cls.lab.must("pki", "root", "--key", key, "--module", "softhsm2", "--pin-file",
                     cls.lab.pin, "--subject", f"CN={label},O=Acme", "-o", path)
        return key, path

    @classmethod
    def issue(cls, label, kind, issuer, *more):
        """A key and its certificate below an issuer (key, certificate); returns both."""
        key = cls.key(label)
        path = cls.lab.path(f"{label}.pem")
        cls.lab.must("pki", "issue", "--kind", kind, *more, "--key", key, "--module", "softhsm2",
                     "--pin-file", cls.lab.pin, "--issuer-key", issuer[0], "--issuer-cert",
                     issuer[1], "--subject", f"CN={label},O=Acme", "-o", path)
        return key, path

    @classmethod
    def signer(cls, name, identity, device, chain=(), crls=()):
        key, certificate = identity
        return cls.lab.write(name, {
            "signer": 1, "key": key, "certificate": str(certificate), "module": "softhsm2",
            "chain": [str(path) for path in chain], "crls": [str(path) for path in crls],
            "devices": [str(device)] if device else []})

    @property
    def root_identity(self):
        return "pkcs11:token=fw;object=pki-root", self.pki / "root.pem"

    @property
    def ca_identity(self):
        return "pkcs11:token=fw;object=pki-intermediate", self.pki / "intermediate.pem"

    def sign_with(self, output, recipe, *signers, more=()):
        words = [word for signer in signers for word in ("--signer", signer)]
        return self.lab.must("sign", recipe, *words, "--pin-file", self.lab.pin, "-o",
                             self.lab.path(output), *more, "--json").json

    def status(self, package, device, state=None, code=None):
        """The verdict of both programs, which must agree."""
        blob = self.lab.path("judge.evd")
        self.lab.must("device", "build", device, "-o", blob, "--force")
        which = ["--state", state] if state else []
        more = ["--hardware", "3"]
        big = self.lab.evseal("verify", package, "--device", blob, *which, *more, "--json")
        small = self.lab.evseal_verify("--device", blob, *(which or ["--factory-new"]), *more,
                                       "--json", package)
        self.assertEqual(big.code, small.code, f"{big}\n{small}")
        self.assertEqual(big.json["status"], small.json["status"], f"{big}\n{small}")
        if code is not None:
            self.assertEqual(big.code, code, str(big))
        return big.json["status"]

    def apply(self, package, device, output, state=None, *more):
        """What a device stores next, by both programs; returns the path."""
        path = self.lab.path(output)
        which = ["--state", state] if state else []
        self.lab.must("state", "apply", package, "--device", device, *which, "--hardware", "3",
                      *more, "-o", path)
        blob, other = self.lab.path("apply.evd"), self.lab.path("apply.evt")
        self.lab.must("device", "build", device, "-o", blob, "--force")
        self.lab.evseal_verify("--device", blob, *(which or ["--factory-new"]), "--hardware", "3",
                               "--next-state", other, "--force", *more, "--quiet", package)
        self.assertEqual(path.read_bytes(), other.read_bytes())
        return path

    def trust_recipe(self, name, epoch, roles, require, **more):
        return self.lab.write(name, {
            "recipe": 1, "package": {"id": "acme-trust", "version": str(epoch), "stage": "dev",
                                     "kind": "trust-update"},
            "compatible": [{"vendor": "acme", "model": "ac22"}], "epoch": epoch,
            "roles": roles, "require": require, **more})


class Revocation(PartiesTestCase):
    def test_stolen_leaf_is_shut_out_by_the_next_package(self):
        device = self.pki / "device.json"
        by_thief = self.lab.sign(self.recipe, "thief.evs")
        self.assertEqual(self.status(by_thief, device, code=0), "ok")
        made = self.lab.must(
            "pki", "revoke", "--cert", self.pki / "firmware.pem", "--last",
            self.pki / "intermediate.crl", "--issuer-key", self.ca_identity[0], "--issuer-cert",
            self.ca_identity[1], "--module", "softhsm2", "--pin-file", self.lab.pin, "-o",
            self.lab.path("ca-2.crl"), "--json").json
        self.assertEqual((made["crl"]["number"], len(made["crl"]["revoked"])), (2, 1))
        honest = self.signer("honest.json",
                             self.issue("fw-2", "firmware", self.ca_identity, "--stage", "dev"),
                             device, [self.ca_identity[1]],
                             [self.pki / "root.crl", self.lab.path("ca-2.crl")])
        signed = self.sign_with("next.evs", self.recipe, honest)
        self.assertEqual(sorted(crl["number"] for crl in signed["crls"]), [1, 2])
        # A device that was offline for a year takes the next package, and the thief is out.
        state = self.apply(self.lab.path("next.evs"), device, "after.evt")
        self.assertEqual(self.status(by_thief, device, state, code=4), "revoked")
        shown = self.lab.must("state", "show", state, "--json").json["state"]
        self.assertEqual(sum(len(crl["revoked"]) for crl in shown["crls"]), 1)
        # One that refuses the package learns too.
        blocked = self.lab.write("blocked.json", {
            "state": 1, "vendor": "acme", "model": "ac22", "security_versions": {"rootfs": 99}})
        self.lab.must("state", "init", blocked, "-o", self.lab.path("blocked.evt"))
        self.assertEqual(self.status(self.lab.path("next.evs"), device,
                                     self.lab.path("blocked.evt"), code=4), "rollback")
        learnt = self.apply(self.lab.path("next.evs"), device, "learnt.evt",
                            self.lab.path("blocked.evt"), "--remember", "revocations")
        self.assertEqual(self.status(by_thief, device, learnt, code=4), "revoked")
        # The signing side refuses too, for the package and for the thief's own list.
        self.assert_refuses(4, "sign", self.recipe, "--signer", self.pki / "signer.json", "--crl",
                            self.lab.path("ca-2.crl"), "--pin-file", self.lab.pin, "-o",
                            self.lab.path("no.evs"), status="revoked", hint=".")
        self.assert_refuses(4, "crl", "refresh", by_thief, "--crl", self.lab.path("ca-2.crl"),
                            "--device", device, "-o", self.lab.path("no.evs"), status="revoked",
                            hint=".")

    def test_refresh_needs_no_key_and_goes_forward_only(self):
        device = self.pki / "device.json"
        package = self.lab.sign(self.recipe, "refresh.evs")
        self.lab.must("pki", "crl", "--last", self.pki / "root.crl", "--issuer-key",
                      self.root_identity[0], "--issuer-cert", self.root_identity[1], "--module",
                      "softhsm2", "--pin-file", self.lab.pin, "-o", self.lab.path("root-2.crl"))
        fresh = self.lab.path("refreshed.evs")
        made = self.lab.must("crl", "refresh", package, "--crl", self.lab.path("root-2.crl"),
                             "--device", device, "-o", fresh, "--json").json
        self.assertEqual(made["identity"],
                         self.lab.must("inspect", package, "--json").json["identity"])
        numbers = [crl["number"] for crl in self.lab.must("crl", "show", fresh,
                                                          "--json").json["crls"]]
        self.assertEqual(sorted(numbers), [1, 2])
        self.assertEqual(self.status(fresh, device, code=0), "ok")
        self.assert_refuses(4, "crl", "refresh", fresh, "--crl", self.pki / "root.crl", "--device",
                            device, "-o", self.lab.path("no.evs"), status="crl_stripped",
                            hint="newest")

    def test_resign_replaces_a_signature(self):
        device = self.pki / "device.json"
        package = self.lab.sign(self.recipe, "old.evs")
        signer = self.signer("renewed.json",
                             self.issue("fw-3", "firmware", self.ca_identity, "--stage", "dev"),
                             device, [self.ca_identity[1]])
        made = self.lab.must("resign", package, "--signer", signer, "--pin-file", self.lab.pin,
                             "-o", self.lab.path("resigned.evs"), "--json").json
        self.assertEqual(made["identity"],
                         self.lab.must("inspect", package, "--json").json["identity"])
        self.assertEqual(self.status(self.lab.path("resigned.evs"), device, code=0), "ok")
        shown = self.lab.must("inspect", self.lab.path("resigned.evs"), "--json").json
        self.assertEqual([signer["subject"] for signer in shown["signatures"]],
                         ["CN=fw-3, O=Acme"])

    def test_chain_verify_asks_every_list(self):
        words = ["chain", "verify", "--anchor", self.pki / "root.pem", "--intermediate",
                 self.pki / "intermediate.pem", "--cert", self.pki / "firmware.pem"]
        lists = ["--crl", self.pki / "root.crl", "--crl", self.pki / "intermediate.crl"]
        self.lab.must(*words, *lists)
        answer = self.lab.evseal(*words, "--crl", self.pki / "root.crl", "--json")
        self.assertEqual((answer.code, answer.json["status"]), (1, "crl_missing"))


class Operators(PartiesTestCase):
    """Firmware needs the manufacturer and an operator; three officers, two of whom must sign."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.operator_root = cls.root("op-root")
        root = ("pkcs11:token=fw;object=pki-root", cls.pki / "root.pem")
        cls.officers = [cls.issue(f"officer-{name}", "trust-update", root) for name in "abcd"]
        cls.roles = {
            "firmware": {"anchors": [str(cls.pki / "root.pem")]},
            "operator": {"anchors": [str(cls.operator_root[1])]},
            "trust": {"anchors": [str(cls.pki / "root.pem")], "threshold": 2,
                      "signers": [str(path) for _, path in cls.officers[:3]]}}
        cls.require = {"firmware": ["firmware", "operator"], "trust-update": ["trust"]}
        profile = json.loads((cls.pki / "device.json").read_text())
        profile.update(roles=cls.roles, require=cls.require)
        cls.device = cls.lab.write("two-parties.json", profile)
        cls.maker = cls.signer("maker.json", ("pkcs11:token=fw;object=pki-firmware",
                                              cls.pki / "firmware.pem"), cls.device,
                               [cls.pki / "intermediate.pem"])
        cls.operator = cls.signer(
            "operator.json",
            cls.issue("op-fw", "firmware", cls.operator_root, "--stage", "dev"), cls.device)
        cls.trust_signers = [cls.signer(f"officer-{i}.json", officer, cls.device)
                             for i, officer in enumerate(cls.officers)]

    def test_manufacturer_first_and_operator_later(self):
        out = self.lab.path("partial.evs")
        self.assert_refuses(4, "sign", self.recipe, "--signer", self.maker, "--pin-file",
                            self.lab.pin, "-o", out, status="threshold_not_met", hint="--partial")
        made = self.sign_with("partial.evs", self.recipe, self.maker, more=["--partial"])
        self.assertEqual((made["result"], made["partial"]), ("partial", True))
        self.assertEqual(self.status(out, self.device, code=4), "threshold_not_met")
        both = self.sign_with("both.evs", out, self.operator, more=["--add"])
        self.assertEqual((both["result"], both["identity"]), ("ok", made["identity"]))
        self.assertEqual(self.status(self.lab.path("both.evs"), self.device, code=0), "ok")
        answer = self.lab.must("verify", self.lab.path("both.evs"), "--device", self.device,
                               "--hardware", "3")
        self.assertIn(" as firmware", answer.text)
        self.assertIn(" as operator", answer.text)
        self.assert_refuses(4, "sign", "--add", self.lab.path("both.evs"), "--signer",
                            self.operator, "--pin-file", self.lab.pin, "-o",
                            self.lab.path("no.evs"), status="signer_repeated", hint="resign")

    def test_both_in_one_call_by_one_signer_file(self):
        together = self.lab.write("together.json", {
            "signer": 1, "signers": [self.maker.name, self.operator.name]})
        made = self.sign_with("together.evs", self.recipe, together)
        self.assertEqual(len(made["signers"]), 2)
        self.assertEqual(self.status(self.lab.path("together.evs"), self.device, code=0), "ok")

    def test_lost_token_of_an_officer(self):
        roles = json.loads(json.dumps(self.roles))
        roles["trust"]["signers"][2] = str(self.officers[3][1])
        recipe = self.trust_recipe("replace-c.json", 1, roles, self.require)
        shown = self.lab.must("trust", "show", recipe, "--json").json
        self.assertEqual((shown["epoch"], shown["from"]), (1, "recipe"))
        self.assertEqual(self.lab.evseal("trust", "diff", self.device, recipe).code, 1)
        self.assert_refuses(4, "sign", recipe, "--signer", self.trust_signers[0], "--pin-file",
                            self.lab.pin, "-o", self.lab.path("no.evs"),
                            status="threshold_not_met", hint="--signer")
        self.sign_with("trust-1.evs", recipe, *self.trust_signers[:2])
        state = self.apply(self.lab.path("trust-1.evs"), self.device, "trust-1.evt")
        self.assertEqual(self.status(self.lab.path("trust-1.evs"), self.device, state, code=4),
                         "trust_epoch")
        shown = self.lab.must("trust", "show", state, "--json").json
        self.assertEqual((shown["epoch"], shown["from"]), (1, "state"))
        # The lost officer counts no more, the new one does.
        again = self.trust_recipe("again.json", 2, roles, self.require)
        after = ["--after", self.lab.path("trust-1.evs")]
        answer = self.lab.evseal("sign", again, "--signer", self.trust_signers[2], "--signer",
                                 self.trust_signers[0], "--pin-file", self.lab.pin, *after, "-o",
                                 self.lab.path("no.evs"), "--json")
        self.assertEqual((answer.code, answer.json["status"]), (4, "threshold_not_met"))
        self.sign_with("trust-2.evs", again, self.trust_signers[3], self.trust_signers[0],
                       more=after)

    def test_bankrupt_operator(self):
        roles = {name: role for name, role in self.roles.items() if name != "operator"}
        require = {"firmware": ["firmware"], "trust-update": ["trust"]}
        recipe = self.trust_recipe("no-operator.json", 1, roles, require)
        self.lab.must("trust", "build", recipe, "-o", self.lab.path("unsigned.evs"))
        self.sign_with("no-operator.evs", self.lab.path("unsigned.evs"), *self.trust_signers[1:3])
        state = self.apply(self.lab.path("no-operator.evs"), self.device, "no-operator.evt")
        alone = self.sign_with("alone.evs", self.recipe, self.maker, more=["--state", state])
        self.assertFalse(alone["partial"])
        self.assertEqual(self.status(self.lab.path("alone.evs"), self.device, state, code=0), "ok")
        self.assertEqual(self.status(self.lab.path("alone.evs"), self.device, code=4),
                         "threshold_not_met")
        answer = self.lab.evseal("sign", self.recipe, "--signer", self.operator, "--state", state,
                                 "--pin-file", self.lab.pin, "-o", self.lab.path("no.evs"),
                                 "--json")
        self.assertEqual((answer.code, answer.json["status"]), (3, "chain_no_anchor"))


class Rotation(PartiesTestCase):
    """From one root to the next in two steps, and a unit that lay on a shelf meanwhile."""

    @classmethod
    def prepare(cls):
        super().prepare()
        root = ("pkcs11:token=fw;object=pki-root", cls.pki / "root.pem")
        cls.next_root = cls.root("root-2")
        cls.old_officer = cls.issue("old-officer", "trust-update", root)
        cls.new_officer = cls.issue("new-officer", "trust-update", cls.next_root)
        cls.next_firmware = cls.issue("next-fw", "firmware", cls.next_root, "--stage", "dev")
        profile = json.loads((cls.pki / "device.json").read_text())
        cls.require = {"firmware": ["firmware"], "trust-update": ["trust"]}
        profile.update(roles=cls.roles([cls.pki / "root.pem"]), require=cls.require)
        cls.device = cls.lab.write("shelf.json", profile)

    @classmethod
    def roles(cls, roots):
        anchors = [str(path) for path in roots]
        return {"firmware": {"anchors": anchors}, "trust": {"anchors": anchors}}

    def test_two_steps_and_a_package_that_carries_them(self):
        device = self.device
        both = self.trust_recipe("both.json", 1,
                                 self.roles([self.pki / "root.pem", self.next_root[1]]),
                                 self.require)
        only = self.trust_recipe("only.json", 2, self.roles([self.next_root[1]]), self.require)
        step_1, step_2 = self.lab.path("step-1.evs"), self.lab.path("step-2.evs")
        self.sign_with("step-1.evs", both, self.signer("old.json", self.old_officer, device))
        self.sign_with("step-2.evs", only, self.signer("new.json", self.new_officer, device),
                       more=["--after", step_1])
        by_new = self.signer("next.json", self.next_firmware, device)
        self.sign_with("fw.evs", self.recipe, by_new, more=["--after", step_1, "--after", step_2])
        self.assertEqual(self.status(self.lab.path("fw.evs"), device, code=3), "chain_no_anchor")
        carried = self.lab.path("carried.evs")
        made = self.lab.must("trust", "path", "--from", "0", step_2, step_1, "--device", device,
                             "--package", self.lab.path("fw.evs"), "-o", carried, "--json").json
        self.assertEqual([step["epoch"] for step in made["steps"]], [1, 2])
        self.assertEqual(carried.read_bytes(),
                         b"".join(path.read_bytes()
                                  for path in (step_1, step_2, self.lab.path("fw.evs"))))
        # The unit from the shelf takes the steps on the way, from a file and from a pipe.
        self.assertEqual(self.status(carried, device, code=0), "ok")
        blob = self.lab.path("judge.evd")
        piped = self.lab.evseal_verify("--device", blob, "--factory-new", "--hardware", "3",
                                       "--json", "-", input=carried.read_bytes())
        self.assertEqual(piped.json["status"], "ok", str(piped))
        self.assertEqual([step["status"] for step in piped.json["steps"]], ["ok", "ok"])
        state = self.apply(carried, device, "carried.evt")
        shown = self.lab.must("state", "show", state, "--json").json["state"]
        self.assertEqual(shown["trust_epoch"], 2)
        # One that has the first step leaves it out; what the old root signed is gone for good.
        middle = self.apply(step_1, device, "middle.evt")
        self.assertEqual(self.status(carried, device, middle, code=0), "ok")
        old = self.lab.sign(self.recipe, "by-old-root.evs", "--device", device)
        self.assertEqual(self.status(old, device, state, code=3), "chain_no_anchor")
        self.assertEqual(self.status(old, device, middle, code=0), "ok")
        for shown in (self.lab.must("inspect", carried, "--json").json,
                      self.lab.must("verify", carried, "--device", device, "--hardware", "3",
                                    "--json").json):
            steps = shown.get("steps") or shown["devices"][0]["steps"]
            self.assertEqual([step["epoch"] for step in steps], [1, 2])
        # Images come out of it as of any other package.
        self.lab.must("extract", carried, "--device", device, "--hardware", "3", "-d",
                      self.lab.path("images"))
        self.assertEqual((self.lab.path("images") / "rootfs.img").read_bytes(), bytes(9000))
        self.assert_refuses(4, "trust", "path", step_2, "--device", device, status="trust_epoch",
                            hint="every trust-update")
        self.assert_refuses(4, "trust", "path", step_1, "--to", "3", "--device", device,
                            status="trust_epoch", hint="every trust-update")


class LostState(PartiesTestCase):
    """A unit whose state was destroyed, and the one trust-update that answers its challenge."""

    CHALLENGE = "5a" * 32

    @classmethod
    def prepare(cls):
        super().prepare()
        root = ("pkcs11:token=fw;object=pki-root", cls.pki / "root.pem")
        officer = cls.issue("officer", "trust-update", root)
        cls.roles = {"firmware": {"anchors": [str(cls.pki / "root.pem")]},
                     "trust": {"anchors": [str(cls.pki / "root.pem")]}}
        cls.require = {"firmware": ["firmware"], "trust-update": ["trust"]}
        profile = json.loads((cls.pki / "device.json").read_text())
        profile.update(roles=cls.roles, require=cls.require)
        cls.device = cls.lab.write("unit.json", profile)
        cls.blob = cls.lab.path("unit.evd")
        cls.lab.must("device", "build", cls.device, "-o", cls.blob)
        cls.officer = cls.signer("officer.json", officer, cls.device)
        cls.slots = profile["components"]

    def answer(self, name, challenge=CHALLENGE, serial="SN-0017", floors=9, epoch=4):
        """The signed trust-update for a challenge."""
        recipe = self.trust_recipe(
            name + ".json", epoch, self.roles, self.require, recovery=challenge,
            compatible=[{"vendor": "acme", "model": "ac22", "serials": [serial]}],
            resets={"security_versions": {slot: floors for slot in self.slots},
                    "time_floor": "2026-01-01T00:00:00Z"})
        self.sign_with(name + ".evs", recipe, self.officer)
        return self.lab.path(name + ".evs")

    def judge(self, package, *words):
        """The verdict of both programs, which must agree; the unit's hardware is known."""
        big = self.lab.evseal("verify", package, "--device", self.blob, "--hardware", "3", *words,
                              "--json")
        given = "--state" in words or "--recovery" in words
        small = self.lab.evseal_verify("--device", self.blob, "--hardware", "3", *words,
                                       *([] if given else ["--factory-new"]), "--json", package)
        self.assertEqual((big.code, big.json["status"]), (small.code, small.json["status"]),
                         f"{big}\n{small}")
        return big.json["status"]

    def test_only_the_answer_to_its_own_challenge_brings_it_back(self):
        serial = ["--serial", "SN-0017"]
        damaged = self.lab.path("damaged.evt")
        damaged.write_bytes(bytes(200))
        firmware = self.lab.sign(self.recipe, "fw.evs", "--device", self.device)
        self.assertEqual(self.judge(firmware, *serial, "--state", damaged), "state_damaged")
        answer = self.answer("answer")
        recover = [*serial, "--recovery", self.CHALLENGE]
        self.assertEqual(self.judge(answer, *serial, "--state", damaged), "state_damaged")
        self.assertEqual(self.judge(answer, *serial), "recovery_refused")
        self.assertEqual(self.judge(answer, *serial, "--recovery", "5b" * 32), "recovery_refused")
        self.assertEqual(self.judge(answer, "--serial", "SN-0018", "--recovery", self.CHALLENGE),
                         "wrong_serial")
        self.assertEqual(self.judge(firmware, *recover), "recovery_refused")
        self.assertEqual(self.judge(answer, *recover), "ok")
        # The state that it brings has the floors that the officers named, not zero.
        state = self.lab.path("back.evt")
        self.lab.evseal_verify("--device", self.blob, "--hardware", "3", *recover, "--next-state",
                               state, "--quiet", answer)
        same = self.lab.path("same.evt")
        self.lab.must("state", "apply", answer, "--device", self.blob, "--hardware", "3", *recover,
                      "-o", same)
        self.assertEqual(state.read_bytes(), same.read_bytes())
        shown = self.lab.must("state", "show", state, "--json").json["state"]
        self.assertEqual(shown["trust_epoch"], 4)
        self.assertEqual(shown["security_versions"], {slot: 9 for slot in self.slots})
        self.assertEqual(self.judge(firmware, *serial, "--state", state), "rollback")
        self.assertEqual(self.judge(answer, *serial, "--state", state), "recovery_refused")
        # Without floors for every slot the answer is worth nothing.
        recipe = self.trust_recipe(
            "few.json", 5, self.roles, self.require, recovery=self.CHALLENGE,
            compatible=[{"vendor": "acme", "model": "ac22", "serials": ["SN-0017"]}])
        self.assert_refuses(4, "sign", recipe, "--signer", self.officer, "--pin-file", self.lab.pin,
                            "-o", self.lab.path("no.evs"), status="recovery_refused")


if __name__ == "__main__":
    support.main()
