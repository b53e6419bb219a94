#!/usr/bin/python3
"""
A second verifier of evseal packages, written from docs/format.md alone.

It prints the name of the status (section 10) and exits with its class.
"""

import argparse
import hashlib
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cms  # noqa: E402
import der  # noqa: E402
import device  # noqa: E402
import manifest  # noqa: E402
import memory  # noqa: E402
import signers  # noqa: E402
import times  # noqa: E402
import tree  # noqa: E402
from status import CLASS, Refused, require  # noqa: E402

MAGIC = {"firmware": bytes.fromhex("89455653310d0a1a"), "trust-update": bytes.fromhex("89455655310d0a1a")}
STAGES = {"dev": 1, "pilot": 2, "prod": 4}
MAX_STEPS = 8


class Unit:
    """
    What the verifier is told about the single device: hardware revision, serial number, time, and the challenge for
    the recovery of a lost state; each may be None.
    """

    def __init__(self, hardware=None, serial=None, now=None, challenge=None):
        self.hardware = hardware
        self.serial = serial
        self.now = now
        self.challenge = challenge


class Update:
    """What an accepted trust-update asks for: epoch, store, and what is reset."""

    def __init__(self, members, store):
        resets = members.get("resets", {})
        self.epoch = members["epoch"]
        self.store = store
        self.forgotten = {bytes.fromhex(issuer) for issuer in resets.get("crls", [])}
        self.floors = {one["id"]: one["security_version"] for one in resets.get("security_versions", [])}
        self.time_floor = times.parse_text(resets["time_floor"]) if "time_floor" in resets else None


class Package:
    """
    One package on its way through the rules of section 9.3. `refused` is None, or the first failure; what the device
    remembers of it is in after_revocations and after_everything.
    """

    def __init__(self, octets, profile, state, unit):
        self.octets = octets
        self.profile = profile
        self.state = state
        self.unit = unit
        self.kind = self.refused = self.judge = self.update = None
        self.images = {}

    def run(self):
        """All rules; returns itself."""
        try:
            self._run()
        except Refused as refused:
            self.refused = refused
        return self

    def _run(self):
        require(not self.profile.clock_trusted or self.unit.now is not None, "clock_missing")
        self.kind, mask, envelope_octets = read_header(self.octets, self.profile)           # rule 1
        envelope = cms.parse_envelope(envelope_octets, self.profile.envelope_bytes)         # rule 2
        self.manifest = envelope.manifest
        self.judge = signers.Judge(envelope, self.profile, self.state, self.unit.now)
        store = self.state.trust or self.profile.trust
        counting = self.judge.rules_3_to_7(store)
        members = self._manifest(store, counting)                                           # rule 8
        if self.kind == "firmware":
            floors = device.floors(self.profile, self.state)
            check_components(members, self.profile, floors, self.unit)
            carried = check_mask(members, mask, self.profile, self.unit)
        else:
            carried = []
            self._trust_update(mask)
        reset = None if self.update is None else self.update.time_floor
        counting.judge_times(reset)                                                         # rule 9
        if self.update is not None:
            again = self.judge.rules_3_to_7(self.update.store)
            again.judge_scopes(members)
            again.judge_times(reset)
        forgotten = set() if self.update is None else self.update.forgotten
        remaining = {issuer for issuer in self.state.crls if issuer not in forgotten}
        require(memory.has_room(remaining, self._learnt()), "crl_too_many")
        self.signing_times = counting.signing_times()
        stream = tree.Stream(self.octets, 16 + len(envelope_octets))                        # rule 10
        self.images = read_payload(stream, members, carried, self.unit)

    def _manifest(self, store, counting):
        """Rule 8 up to `crls`; returns the members."""
        members = self.members = manifest.load(self.manifest)
        profile = self.profile
        require(members["package"]["kind"] == self.kind, "kind_mismatch")
        require(store.required(self.kind), "kind_unsupported")
        given = None
        if self.kind == "trust-update" and "recovery" in members:
            given = bytes.fromhex(members["recovery"])
        require(given == self.unit.challenge, "recovery_refused")
        require(profile.stages & self.stage_bit(), "stage_refused")
        check_compatible(members["compatible"], profile, self.unit, self.unit.challenge is not None)
        components = members.get("components", [])
        require(len(components) <= profile.max_components, "limit_components")
        require(all(one["chunk_size"] <= profile.chunk_bytes for one in components), "limit_chunk")
        counting.judge_scopes(members)
        counting.judge_named_crls(members.get("crls", []))
        return members

    def _trust_update(self, mask):
        """Rule 8 for a trust-update, after `crls`; sections 7.3 and 9.4."""
        members, challenge = self.members, self.unit.challenge
        require(mask == 0, "component_mask")
        require(challenge is not None or members["epoch"] == self.state.trust_epoch + 1, "trust_epoch")
        resets = members.get("resets", {})
        reset_slots = {one["id"] for one in resets.get("security_versions", [])}
        require(reset_slots <= set(self.profile.components), "component_unknown")
        if challenge is not None:
            complete = "time_floor" in resets and reset_slots == set(self.profile.components)
            require(complete, "recovery_refused", "a floor is missing")
        encoded = bytes.fromhex(members["trust"])
        require(len(encoded) <= self.profile.chunk_bytes, "trust_store", "too long for this device")
        try:
            whole = der.read_only(encoded, der.SEQUENCE)
            der.check_deep(whole)
            store = device.read_trust_store(whole)
        except der.DerError as error:
            raise Refused("trust_store", str(error)) from error
        require(store.trust_update, "trust_store", "no further trust-update could be signed")
        self.update = Update(members, store)

    def stage_bit(self):
        """The stage as in the profile's `stages`."""
        return STAGES[self.members["package"]["stage"]]

    def _learnt(self):
        return [] if self.judge is None else self.judge.revocation.learnt

    def after_revocations(self):
        """The state with nothing but the CRLs."""
        return memory.after_revocations(self.profile, self.state, self._learnt())

    def after_everything(self):
        """The state after the package was accepted and, if firmware, booted."""
        if self.update is not None:
            return memory.after_trust_update(self.profile, self.state, self._learnt(), self.update, self.stage_bit(),
                                             self.signing_times)
        installed = {name: component["security_version"] for name, (component, _) in self.images.items()}
        return memory.after_firmware(self.profile, self.state, self._learnt(), installed, self.stage_bit(),
                                     self.signing_times)


class Verdict:
    """
    The outcome over a file: `refused` is None or the failure, `package` the one that was judged last, and `state` what
    held when it was judged; those are None where a blob of the device was refused.
    """

    def __init__(self):
        self.refused = self.package = None

    def next_state(self, remember):
        """The blob to keep after `revocations` only, or after `all`; None where there is nothing to keep."""
        package = self.package
        if package is None or self.refused is not None and (remember == "all" or package.unit.challenge is not None):
            return None     # what is refused makes no new state in the place of a lost one
        return (package.after_everything() if remember == "all" else package.after_revocations()).encode()


def judge_file(octets, profile_blob, state_blob, unit):
    """Section 9.3 for a file with any steps in front (section 2)."""
    verdict = Verdict()
    try:
        profile = device.load_profile(profile_blob)
        lost = unit.challenge is not None
        state = device.factory_new(profile) if lost else device.load_state(state_blob, profile)
        for _ in range(MAX_STEPS):
            end = end_of_step(octets)
            if end is None:
                break
            step = Package(octets[:end], profile, state, unit).run()
            if not step.refused:
                state, lost = step.after_everything(), False
                unit.challenge = None       # a recovery is over once it is accepted
            elif not lost:
                state = step.after_revocations()
            octets = octets[end:]
        verdict.package = Package(octets, profile, state, unit).run()
        verdict.refused = verdict.package.refused
    except Refused as refused:
        verdict.refused = refused
    return verdict


def end_of_step(octets):
    """Section 2: where a trust-update ends that stands in front of something, or None."""
    if octets[:8] != MAGIC["trust-update"] or len(octets) < 16:
        return None
    end = 16 + int.from_bytes(octets[8:12], "big")
    end += -end % tree.BLOCK
    return end if end < len(octets) else None


def read_header(package, profile):
    """Rule 1, section 2: magic, version, length. Returns the kind, the mask and the envelope."""
    magic = package[:8]
    kinds = [kind for kind, one in MAGIC.items() if one[:len(magic)] == magic]
    if not kinds:
        version_only = len(magic) == 8 and any(magic[:4] + magic[5:] == one[:4] + one[5:] for one in MAGIC.values())
        raise Refused("file_version" if version_only else "file_magic")
    require(len(package) >= 16, "truncated", "header")
    length = int.from_bytes(package[8:12], "big")
    require(1 <= length <= profile.envelope_bytes, "envelope_length", str(length))
    require(len(package) >= 16 + length, "truncated", "envelope")
    return kinds[0], int.from_bytes(package[12:16], "big"), package[16:16 + length]


def in_range(hardware, revision):
    """Sections 7.1 and 7.2: whether a revision lies within {min, max}."""
    return hardware["min"] <= revision <= hardware["max"]


def check_compatible(entries, profile, unit, recovery):
    """Section 7.1, and for the recovery of a lost state section 9.4: the entry lists the serial number."""
    entries = [one for one in entries if (one["vendor"], one["model"]) == (profile.vendor, profile.model)]
    require(entries, "wrong_device")
    entries = [one for one in entries if "hardware" not in one
               or unit.hardware is not None and in_range(one["hardware"], unit.hardware)]
    require(entries, "wrong_hardware")
    entries = [one for one in entries if unit.serial in one.get("serials", [] if recovery else [unit.serial])]
    require(entries, "wrong_serial")


def check_components(members, profile, floors, unit):
    """Rule 8 for each component in order: slot, floor, jump, requirements; then for which units they are."""
    components = members["components"]
    own = {one["id"]: one["security_version"] for one in components if not for_other_hardware(one, unit)}
    for component in components:
        name, version = component["id"], component["security_version"]
        require(name in floors, "component_unknown", name)
        require(version >= floors[name], "rollback", name)
        require(version <= floors[name] + profile.version_jump, "version_jump", name)
        for needed in component.get("requires", []):
            have = max(own.get(needed["id"], -1), floors.get(needed["id"], -1))
            require(have >= needed["min_security_version"], "requirement_unmet", f"{name} needs {needed['id']}")
    known = unit.hardware is not None or all("hardware" not in one for one in components)
    require(known, "wrong_hardware", "the revision is not known")
    require(own, "wrong_hardware", "no component for this unit")


def for_other_hardware(component, unit):
    """Section 7.2: whether the unit skips the component; none where the revision is not known."""
    return "hardware" in component and unit.hardware is not None and not in_range(component["hardware"], unit.hardware)


def check_mask(members, mask, profile, unit):
    """Section 2: the mask has one form, and no component that the device needs is absent. Returns those present."""
    components = members["components"]
    everything = (1 << len(components)) - 1
    require(mask < everything, "component_mask")
    carried = []
    for position, component in enumerate(components):
        if mask == 0 or mask >> position & 1:
            carried.append(component)
        elif not for_other_hardware(component, unit):
            require(not profile.components[component["id"]][0], "component_absent", component["id"])
    return carried


def read_payload(stream, members, carried, unit):
    """Rule 10: padding, each component present that the device takes, nothing after."""
    stream.take_padding()
    images = {}
    for component in carried:
        if for_other_hardware(component, unit):
            stream.take(tree.stored_octets(component))
        else:
            images[component["id"]] = (component, tree.read_component(stream, component))
    stream.finish()
    return images


def extract(package, folder):
    """Write each image, inflated, under its component id."""
    images = {name: tree.image_of(component, stored) for name, (component, stored) in package.images.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        (folder / name).write_bytes(image)


def report(status, detail, package, as_json):
    """Print the outcome: the status name, or one JSON object."""
    if not as_json:
        print(status)
        return
    result = {"status": status, "exit": CLASS[status]}
    if detail:
        result["detail"] = detail
    if package is not None and status == "ok":
        after = package.after_everything()
        result.update(identity=hashlib.sha256(package.manifest).hexdigest(), components=sorted(package.images),
                      floors=device.floors(package.profile, after),
                      time_floor=times.format_text(max(package.profile.time_floor, after.time_floor)))
    print(json.dumps(result, sort_keys=True))


def parse_arguments(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("--profile", type=pathlib.Path, required=True, help="device profile (.evd)")
    parser.add_argument("--state", type=pathlib.Path, help="device state (.evt); without: a factory-new device")
    parser.add_argument("--hardware", type=int, help="hardware revision of the unit")
    parser.add_argument("--serial", help="serial number of the unit")
    parser.add_argument("--now", type=times.parse_text, metavar="RFC3339", help="time of the unit's clock")
    parser.add_argument("--recovery", type=bytes.fromhex, metavar="HEX", help="challenge for a lost state")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--manifest-out", type=pathlib.Path, metavar="FILE", help="write the accepted manifest")
    parser.add_argument("--extract", type=pathlib.Path, metavar="DIR", help="write the accepted images")
    parser.add_argument("--next-state", type=pathlib.Path, metavar="FILE", help="write what the device remembers")
    parser.add_argument("--remember", choices=("revocations", "all"), default="all",
                        help="what the next state has: only CRLs, or everything after the package was booted")
    options = parser.parse_args(arguments)
    for path in (options.package, options.profile):
        if not path.is_file():
            parser.error(f"no file {path}")
    return options


def judge_options(options):
    """The Verdict over what the command line names."""
    unit = Unit(options.hardware, options.serial, options.now, options.recovery)
    state = None
    if options.state is not None:
        state = options.state.read_bytes() if options.state.exists() else b""
    return judge_file(options.package.read_bytes(), options.profile.read_bytes(), state, unit)


def main(arguments=None):
    """Judge one file; the exit code is the class of the status."""
    options = parse_arguments(arguments)
    verdict = judge_options(options)
    refused = verdict.refused
    try:
        if refused is None and options.extract:
            extract(verdict.package, options.extract)
    except Refused as failure:
        refused = failure
    if refused is None and options.manifest_out:
        options.manifest_out.write_bytes(verdict.package.manifest)
    blob = verdict.next_state(options.remember) if options.next_state else None
    if blob is not None:
        options.next_state.write_bytes(blob)
    status, detail = ("ok", "") if refused is None else (refused.status, refused.detail)
    report(status, detail, verdict.package, options.json)
    return CLASS[status]


if __name__ == "__main__":
    sys.exit(main())
