#!/usr/bin/python3
"""
A second verifier of evseal packages, written from docs/format.md alone.

It implements one role with a threshold of one, and neither CRLs nor trust-updates. It prints the name of the status
(section 10) and exits with its class.
"""

import argparse
import hashlib
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import chain  # noqa: E402
import cms  # noqa: E402
import device  # noqa: E402
import manifest  # noqa: E402
import oids  # noqa: E402
import times  # noqa: E402
import tree  # noqa: E402
from status import CLASS, Refused, require  # noqa: E402

MAGIC = bytes.fromhex("89455653310d0a1a")
STAGES = {"dev": 1, "pilot": 2, "prod": 4}
STAGE_POLICY = {"dev": oids.POLICY_DEV, "pilot": oids.POLICY_PILOT, "prod": oids.POLICY_PROD}
TIME_FLOOR_STEP = 34_560_000


class Unit:
    """What the verifier is told about the single device: hardware revision, serial number, time; each may be None."""

    def __init__(self, hardware=None, serial=None, now=None):
        self.hardware = hardware
        self.serial = serial
        self.now = now


class Verdict:
    """The outcome over a package that was accepted, with what the device remembers (section 9.3)."""


def judge(package, profile_blob, state_blob, unit):
    """Section 9.3: the rules in order; the first failure is final (Refused). Returns the Verdict."""
    profile = device.load_profile(profile_blob)
    state = device.load_state(state_blob, profile)
    require(not profile.clock_trusted or unit.now is not None, "clock_missing")
    mask, envelope_octets = read_header(package, profile)                           # rule 1
    envelope = cms.parse_envelope(envelope_octets)                                  # rule 2
    signer = envelope.signer
    require(signer.certificate.key is not None, "algorithm_unknown")                # section 3: never counted
    path = chain.ChainJudge(profile.role, signer.certificate, signer.listed,
                            signer.signing_time).judge()                            # rules 3 and 4
    cms.check_signature(envelope)                                                   # rule 6
    check_listed(path, profile.role)                                                # rule 7
    members = manifest.load(envelope.manifest)                                      # rule 8
    floors = device.floors(profile, state)
    check_manifest(members, profile, path, unit)
    check_components(members, profile, floors)
    carried = check_mask(members, mask, profile, unit)
    time_floor = max(profile.time_floor, state.time_floor)
    check_times(path, signer.signing_time, time_floor, unit.now if profile.clock_trusted else None)    # rule 9
    stream = tree.Stream(package, 16 + len(envelope_octets))                        # rule 10
    images = read_payload(stream, members, carried, unit)
    return conclude(envelope, members, images, profile, floors, time_floor)


def read_header(package, profile):
    """Rule 1, section 2: magic, version, length. Returns the mask and the envelope."""
    magic = package[:8]
    if len(magic) == 8 and magic != MAGIC:
        version_only = magic[:4] + magic[5:] == MAGIC[:4] + MAGIC[5:]
        raise Refused("file_version" if version_only else "file_magic")
    require(magic == MAGIC[:len(magic)], "file_magic")
    require(len(package) >= 16, "truncated", "header")
    length = int.from_bytes(package[8:12], "big")
    require(1 <= length <= profile.envelope_bytes, "envelope_length", str(length))
    require(len(package) >= 16 + length, "truncated", "envelope")
    return int.from_bytes(package[12:16], "big"), package[16:16 + length]


def check_listed(path, role):
    """Rule 7: with `signers`, only leaf keys or issuing keys that are listed count."""
    require(not role.signers or path.signing_keys() & set(role.signers), "signer_not_listed")


def in_range(hardware, revision):
    """Sections 7.1 and 7.2: whether a revision lies within {min, max}."""
    return hardware["min"] <= revision <= hardware["max"]


def check_manifest(members, profile, path, unit):
    """Rule 8 from the stage to `crls`."""
    stage, role = members["package"]["stage"], profile.role
    require(profile.stages & STAGES[stage], "stage_refused")
    require(path.policy in (None, STAGE_POLICY[stage]), "stage_mismatch")
    check_compatible(members["compatible"], profile, unit)
    components = members["components"]
    require(len(components) <= profile.max_components, "limit_components")
    require(all(one["chunk_size"] <= profile.chunk_bytes for one in components), "limit_chunk")
    require(not role.scope_models or profile.model in role.scope_models, "scope_model", "model")
    require(role.scope_kinds & 1, "scope_model", "kind")
    require(role.scope_stages & STAGES[stage], "scope_model", "stage")
    allowed = role.scope_components
    require(not allowed or all(one["id"] in allowed for one in components), "scope_component")
    require("crls" not in members, "crl_unsupported", "the manifest names CRLs")


def check_compatible(entries, profile, unit):
    """Section 7.1."""
    entries = [one for one in entries if (one["vendor"], one["model"]) == (profile.vendor, profile.model)]
    require(entries, "wrong_device")
    entries = [one for one in entries if "hardware" not in one
               or unit.hardware is not None and in_range(one["hardware"], unit.hardware)]
    require(entries, "wrong_hardware")
    entries = [one for one in entries if "serials" not in one or unit.serial in one["serials"]]
    require(entries, "wrong_serial")


def check_components(members, profile, floors):
    """Rule 8 for each component in order: slot, floor, jump, requirements."""
    listed = {one["id"]: one["security_version"] for one in members["components"]}
    for component in members["components"]:
        name, version = component["id"], component["security_version"]
        require(name in floors, "component_unknown", name)
        require(version >= floors[name], "rollback", name)
        require(version <= floors[name] + profile.version_jump, "version_jump", name)
        for needed in component.get("requires", []):
            have = max(listed.get(needed["id"], -1), floors.get(needed["id"], -1))
            require(have >= needed["min_security_version"], "requirement_unmet", f"{name} needs {needed['id']}")


def for_other_hardware(component, unit):
    """Section 7.2: whether the unit skips the component. An unknown revision cannot be judged: refused."""
    if "hardware" not in component:
        return False
    require(unit.hardware is not None, "wrong_hardware", "the revision is not known")
    return not in_range(component["hardware"], unit.hardware)


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


def check_times(path, signing_time, time_floor, now):
    """Rule 9 for each certificate of the path; `now` only where the clock is trusted."""
    for certificate in path.certificates:
        require(certificate.not_before <= signing_time, "not_yet_valid")
        require(signing_time <= certificate.not_after, "expired")
        require(time_floor <= certificate.not_after, "expired_floor")
        if now is not None:
            require(certificate.not_before <= now, "clock_before")
            require(now <= certificate.not_after, "clock_after")


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


def conclude(envelope, members, images, profile, floors, time_floor):
    """Section 9.3, what the device remembers: floors rise only by packages of the profile's highest stage."""
    verdict = Verdict()
    verdict.manifest = envelope.manifest
    verdict.identity = hashlib.sha256(envelope.manifest).hexdigest()
    verdict.images = images
    verdict.floors, verdict.time_floor = dict(floors), time_floor
    if STAGES[members["package"]["stage"]] == 1 << profile.stages.bit_length() - 1:
        for name, (component, _) in images.items():
            verdict.floors[name] = max(floors[name], component["security_version"])
        signing_time = envelope.signer.signing_time
        verdict.time_floor = max(time_floor, min(signing_time, time_floor + TIME_FLOOR_STEP))
    return verdict


def extract(verdict, folder):
    """Write each image, inflated, under its component id."""
    images = {name: tree.image_of(component, stored) for name, (component, stored) in verdict.images.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        (folder / name).write_bytes(image)


def report(status, detail, verdict, as_json):
    """Print the outcome: the status name, or one JSON object."""
    if not as_json:
        print(status)
        return
    result = {"status": status, "exit": CLASS[status]}
    if detail:
        result["detail"] = detail
    if verdict is not None:
        result.update(identity=verdict.identity, components=sorted(verdict.images), floors=verdict.floors,
                      time_floor=times.format_text(verdict.time_floor))
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--manifest-out", type=pathlib.Path, metavar="FILE", help="write the accepted manifest")
    parser.add_argument("--extract", type=pathlib.Path, metavar="DIR", help="write the accepted images")
    options = parser.parse_args(arguments)
    for path in (options.package, options.profile):
        if not path.is_file():
            parser.error(f"no file {path}")
    return options


def main(arguments=None):
    """Judge one package; the exit code is the class of the status."""
    options = parse_arguments(arguments)
    unit = Unit(options.hardware, options.serial, options.now)
    status, detail, verdict = "ok", "", None
    try:
        state = None
        if options.state is not None:
            require(options.state.exists(), "state_missing")
            state = options.state.read_bytes()
        verdict = judge(options.package.read_bytes(), options.profile.read_bytes(), state, unit)
        if options.extract:
            extract(verdict, options.extract)
        if options.manifest_out:
            options.manifest_out.write_bytes(verdict.manifest)
    except Refused as refused:
        status, detail, verdict = refused.status, refused.detail, None
    report(status, detail, verdict, options.json)
    return CLASS[status]


if __name__ == "__main__":
    sys.exit(main())
