"""Cases of section 7.1 (compatible) and of rules 8 to 10 of section 9.3, and of the order of the rules."""

import time

import gen_der as d
import gen_package as pack
import gen_pki as pki
from gen_suite import both, flip, profile_for, setter

BASE = pki.standard_chain
SIGNED = pack.seconds(pack.SIGNING_TIME)


def add_cases(suite):
    """All cases of this module."""
    _stages(suite)
    _compatible(suite)
    _limits(suite)
    _floors(suite)
    _requirements(suite)
    _other_hardware(suite)
    _times(suite)
    _signing_times(suite)
    _clock(suite)
    _remembered(suite)
    _order_of_signature(suite)
    _order_of_rules(suite)
    _order_manifest(suite)


def staged(stage, policy=None, kind="p256"):
    """A manifest of a stage under a leaf with that stage's policy."""
    return {"chain": BASE(kind).leaf(ext={"policies": pki.policies(policy or stage)}),
            "edit": setter("package", "stage", stage)}


def _stages(suite):
    for stage, bit in (("dev", 1), ("pilot", 2), ("prod", 4)):
        for mask in range(1, 8):
            suite.add(f"stage.{stage}-on-{mask}", f"A package of stage {stage} on a device that takes {mask:03b}.",
                      "ok" if mask & bit else "stage_refused", profile=profile_for(stages=mask), **staged(stage))
        for policy in ("dev", "pilot", "prod"):
            if policy != stage:
                suite.add(f"stage.{stage}-by-{policy}", f"A package of stage {stage}, signed by a leaf for {policy}.",
                          "stage_mismatch", profile=profile_for(stages=7), **staged(stage, policy))


def _compatible(suite):
    own = {"vendor": pack.VENDOR, "model": pack.MODEL}
    def add(case_id, what, expect, *entries, **more):
        suite.add(f"compatible.{case_id}", what, expect, edit=setter("compatible", list(entries)), **more)
    add("other-vendor", "The only entry is for another vendor.", "wrong_device", {**own, "vendor": "other"})
    add("other-model", "The only entry is for another model.", "wrong_device", {**own, "model": "cp-8"})
    add("crossed", "One entry has the vendor, another the model.", "wrong_device", {**own, "vendor": "other"},
        {**own, "model": "cp-8"})
    add("second", "The second entry matches.", "ok", {**own, "model": "cp-8"}, own)
    def hardware(low, high, **more):
        return {**own, "hardware": {"max": high, "min": low}, **more}
    add("hardware-inside", "The revision lies within.", "ok", hardware(1, 5))
    add("hardware-min", "The revision is the lower bound.", "ok", hardware(3, 5))
    add("hardware-max", "The revision is the upper bound.", "ok", hardware(1, 3))
    add("hardware-below", "The revision is one below the lower bound.", "wrong_hardware", hardware(4, 9))
    add("hardware-above", "The revision is one above the upper bound.", "wrong_hardware", hardware(0, 2))
    add("hardware-0", "The revision is 0.", "ok", hardware(0, 0), hardware=0)
    add("hardware-largest", "The revision is 2^31 - 1.", "ok", hardware(2**31 - 1, 2**31 - 1), hardware=2**31 - 1)
    add("hardware-unknown", "The revision is not known.", "wrong_hardware", hardware(0, 2**31 - 1), hardware=None)
    add("hardware-unknown-second", "The revision is not known; the second entry asks for none.", "ok",
        hardware(0, 9), own, hardware=None)
    add("hardware-unneeded", "The revision is not known, and no entry asks for one.", "ok", own, hardware=None)
    add("hardware-gap", "The revision lies between the ranges of two entries.", "wrong_hardware", hardware(0, 2),
        hardware(4, 9))
    add("hardware-second", "The revision lies in the range of the second entry.", "ok", hardware(0, 2),
        hardware(3, 9))
    def serials(*values, **more):
        return {**own, "serials": list(values), **more}
    add("serial", "The serial number is listed.", "ok", serials("CP-0001", "CP-0042", "CP-0099"))
    add("serial-other", "The serial number is not listed.", "wrong_serial", serials("CP-0041", "CP-0043"))
    add("serial-prefix", "A prefix of the serial number is listed.", "wrong_serial", serials("CP-004", "CP-00420"))
    add("serial-case", "The serial number is listed in small letters.", "wrong_serial", serials("cp-0042"))
    add("serial-unknown", "The serial number is not known.", "wrong_serial", serials("CP-0042"), serial=None)
    add("serial-unneeded", "The serial number is not known, and no entry asks for one.", "ok", own, serial=None)
    add("serial-second", "The second entry lists the serial number.", "ok", serials("CP-0041"), serials("CP-0042"))
    add("serial-hardware", "One entry has the revision, another the serial number.", "wrong_serial",
        hardware(3, 3, serials=["CP-0041"]), hardware(4, 4, serials=["CP-0042"]))
    add("serial-hardware-both", "Revision and serial number match in one entry.", "ok",
        hardware(3, 3, serials=["CP-0042"]))
    add("hardware-before-serial", "Neither the revision nor the serial number matches.", "wrong_hardware",
        hardware(4, 4, serials=["CP-0041"]))
    add("device-before-hardware", "An entry for another model has revision and serial number.", "wrong_device",
        {"vendor": pack.VENDOR, "model": "cp-8", "hardware": {"max": 3, "min": 3}, "serials": ["CP-0042"]})
    add("serial-unit-not-ascii", "The unit's serial number has a character that no manifest can list.",
        "wrong_serial", serials("CP-0042"), serial="CP-004\u00e4")


def _limits(suite):
    base = pack.standard_components
    def add(case_id, what, expect, **profile):
        suite.add(f"limit.{case_id}", what, expect, profile=profile_for(**profile), components=base())
    add("components-equal", "As many components as the device can hold.", "ok", max_components=3)
    add("components-above", "One component more than the device can hold.", "limit_components", max_components=2)
    add("chunk-equal", "The largest chunk_size is the device's limit.", "ok", chunk_bytes=8192)
    add("chunk-above", "A chunk_size is above the device's limit.", "limit_chunk", chunk_bytes=4096)
    suite.add("limit.chunk-above-absent", "The component with the large chunks is absent by the mask.",
              ["limit_chunk", "ok"], profile=profile_for(chunk_bytes=4096), mask=0b011)
    suite.add("limit.components-above-slice", "A slice of fewer components, but the manifest has more than the device "
              "can hold.", ["limit_components", "ok"], profile=profile_for(max_components=2), mask=0b010)


def _sv(boot=3, app=7, modem=1):
    """An edit that sets the security versions."""
    def edit(members):
        for component, value in zip(members["components"], (boot, app, modem)):
            component["security_version"] = value
    return edit


def _floors(suite):
    def add(case_id, what, expect, versions=None, state=None, **profile):
        suite.add(f"floor.{case_id}", what, expect, edit=_sv(**(versions or {})), state=state,
                  profile=profile_for(**profile))
    add("equal", "Each security_version is the profile's floor.", "ok", {"boot": 2, "app": 5, "modem": 0})
    add("below-profile", "A security_version is one below the profile's floor.", "rollback", {"app": 4})
    add("below-profile-unneeded", "The same for a component that the device does not need.", "rollback", {"boot": 1})
    state = pack.State()
    add("state", "A device state with higher floors, all met.", "ok", state=state)
    add("state-equal", "A security_version is the state's floor.", "ok", {"app": 6}, state)
    add("state-below", "A security_version is the profile's floor, below the state's.", "rollback", {"app": 5}, state)
    low = pack.State(slots=(("app", 1), ("boot", 0)))
    add("state-lower", "The state's floors are below the profile's, which count.", "rollback", {"app": 4}, low)
    add("state-lower-ok", "The state's floors are below the profile's, which are met.", "ok", {"app": 5}, low)
    none = pack.State(slots=())
    add("state-empty", "The state lists no slot: the profile's floors count.", "rollback", {"app": 4}, none)
    add("state-empty-ok", "The state lists no slot, the profile's floors are met.", "ok", {"app": 5}, none)
    add("state-other-slot", "The state lists a slot that the profile lacks.", ["ok", "state_damaged",
        "state_mismatch"], state=pack.State(slots=(("other", 9),)))
    add("jump-equal", "A security_version is floor + jump.", "ok", {"app": 105})
    add("jump-above", "A security_version is floor + jump + 1.", "version_jump", {"app": 106})
    add("jump-state", "A security_version is the state's floor + jump.", "ok", {"app": 106}, state)
    add("jump-state-above", "A security_version is the state's floor + jump + 1.", "version_jump", {"app": 107},
        state)
    largest = 2**31 - 1
    add("jump-largest", "Floor and jump are 2^31 - 1, and so is the security_version.", "ok", {"app": largest},
        pack.State(slots=(("app", largest),)), jump=largest)
    add("jump-no-overflow", "Floor and jump add up to more than 2^31; the security_version is above the floor.", "ok",
        {"app": largest}, pack.State(slots=(("app", largest - 1),)), jump=largest)
    add("jump-1", "The jump is 1, the security_version two above the floor.", "version_jump",
        {"boot": 3, "app": 7}, jump=1)
    slots = tuple(slot for slot in pack.SLOTS if slot[0] != "modem")
    add("unknown", "The device has no slot for the last component.", "component_unknown", slots=slots)
    add("unknown-in-state", "The device's profile has no slot for the last component, but its state.",
        ["component_unknown", "state_damaged", "state_mismatch"], state=pack.State(slots=(("modem", 0),)),
        slots=slots)
    first = tuple(slot for slot in pack.SLOTS if slot[0] != "boot")
    add("unknown-before-rollback", "The first component has no slot, the second is too old.", "component_unknown",
        {"app": 4}, slots=first)
    add("rollback-before-unknown", "The second component is too old, the third has no slot.", "rollback", {"app": 4},
        slots=slots)
    add("jump-before-rollback", "The first component is too far ahead, the second is too old.", "version_jump",
        {"boot": 300, "app": 4})
    suite.add("floor.absent-component", "A component that the mask leaves out is too old: the rule holds for it, too.",
              "rollback", edit=_sv(modem=1), mask=0b011, state=pack.State(slots=(("modem", 2),)))


def _requirements(suite):
    def add(case_id, what, expect, requires, at=1, state=None, **more):
        entries = [{"id": name, "min_security_version": version} for name, version in requires]
        edits = both(setter("components", at, "requires", entries), *more.pop("edits", ()))
        suite.add(f"requires.{case_id}", what, expect, edit=edits, state=state, **more)
    add("manifest", "Another component of the manifest meets the requirement.", "ok", [("boot", 3)])
    add("manifest-later", "A later component of the manifest meets the requirement.", "ok", [("modem", 1)])
    add("too-old", "The other component is too old.", "requirement_unmet", [("boot", 4)])
    add("floor-profile", "The profile's floor of a slot that the manifest lacks meets the requirement.", "ok",
        [("meter", 0)])
    add("floor-too-low", "The floor of a slot that the manifest lacks is too low.", "requirement_unmet",
        [("meter", 1)])
    add("floor-state", "The state's floor of a slot that the manifest lacks meets the requirement.", "ok",
        [("meter", 5)], state=pack.State(slots=(("meter", 5),)))
    add("floor-state-too-low", "The state's floor of a slot that the manifest lacks is too low.",
        "requirement_unmet", [("meter", 6)], state=pack.State(slots=(("meter", 5),)))
    add("unknown", "The required component is neither in the manifest nor on the device.", "requirement_unmet",
        [("radio", 0)])
    add("itself", "A component requires its own version.", "ok", [("app", 7)])
    add("itself-newer", "A component requires a newer version of itself.", "requirement_unmet", [("app", 8)])
    add("one-of-two", "One of two requirements is not met.", "requirement_unmet", [("boot", 3), ("modem", 2)])
    add("cycle", "Two components require each other.", "ok", [("boot", 3)], edits=[setter(
        "components", 0, "requires", [{"id": "app", "min_security_version": 7}])])
    add("absent", "The required component is in the manifest, but the mask leaves it out.",
        ["ok", "requirement_unmet"], [("modem", 1)], mask=0b011)
    add("absent-but-installed", "The mask leaves the required component out, the slot's floor meets it.", "ok",
        [("modem", 1)], mask=0b011, state=pack.State(slots=(("modem", 1),)))
    add("other-hardware", "The required component is in the manifest, but for other hardware.",
        ["ok", "requirement_unmet"], [("modem", 1)], edits=[setter("components", 2, "hardware",
                                                                   {"max": 9, "min": 4})])
    add("largest", "A requirement of 2^31 - 1.", "requirement_unmet", [("boot", 2**31 - 1)])


OTHER = {"max": 9, "min": 4}


def _other_hardware(suite):
    def add(case_id, what, expect, at=2, hardware=3, edits=(), **more):
        suite.add(f"hardware.{case_id}", what, expect, hardware=hardware,
                  edit=both(setter("components", at, "hardware", OTHER), *edits), **more)
    package = pack.standard_components()
    start = {0: 0, 1: 3000, 2: 3000 + 10000 + 128}
    add("last", "The last component is for other hardware and skipped.", "ok")
    add("first", "The first component is for other hardware and skipped.", "ok", 0)
    add("needed", "The needed component is for other hardware and skipped.", "ok", 1)
    add("taken", "The component's hardware has the unit's revision.", "ok", hardware=4)
    for at in (0, 1, 2):
        name = package[at].id
        add(f"tampered-{name}", f"{name} is for other hardware; its payload is tampered with, nobody looks at it.",
            "ok", at, file={"edit_payload": flip(start[at] + 500)})
    add("tampered-taken", "The payload of a component for the unit's revision is tampered with.", "chunk_digest", 0,
        hardware=4, file={"edit_payload": flip(500)})
    add("tampered-other", "A component is skipped, another one's payload is tampered with.", "tree_node", 0,
        file={"edit_payload": flip(3000)})
    add("truncated", "The file ends within the skipped last component.", "truncated",
        file={"edit": lambda whole: whole[:-1]})
    add("trailing", "A zero octet follows the skipped last component.", "trailing_data", file={"after": b"\0"})
    add("absent-needed", "The needed component is for other hardware and absent by the mask.", "ok", 1, mask=0b101)
    add("rollback", "A component for other hardware is too old: rule 8 holds for it.", "rollback",
        edits=[setter("components", 0, "hardware", OTHER), setter("components", 0, "security_version", 1)])
    add("version-jump", "A component for other hardware is too far ahead.", "version_jump",
        edits=[setter("components", 2, "security_version", 101)])
    add("unknown", "The device has no slot for a component for other hardware.", "component_unknown",
        profile=profile_for(slots=tuple(slot for slot in pack.SLOTS if slot[0] != "modem")))
    add("chunk", "The chunks of a component for other hardware are too large.", "limit_chunk",
        profile=profile_for(chunk_bytes=4096))
    add("requires", "A component for other hardware has a requirement that is not met.", "requirement_unmet",
        edits=[setter("components", 2, "requires", [{"id": "radio", "min_security_version": 0}])])
    add("revision-unknown", "A component names hardware, the unit's revision is not known.",
        ["wrong_hardware", "ok"], hardware=None)
    add("all", "All components are for other hardware.", ["ok", "wrong_hardware", "component_absent"],
        edits=[setter("components", 0, "hardware", OTHER), setter("components", 1, "hardware", OTHER)])


def _at(offset):
    """The signing time moved by some seconds, as text."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(SIGNED + offset))


def _time_adder(suite):
    """A function that adds a case with other validities, floors and fields of the signer."""
    def add(case_id, what, expect, leaf=None, ca=None, floor=None, state_floor=None, kind="p256", **signer):
        chain = BASE(kind).leaf(**(leaf or {})).intermediate(**(ca or {}))
        profile = profile_for(kind, **({"time_floor": pack.seconds(floor)} if floor else {}))
        state = pack.State(time_floor=pack.seconds(state_floor)) if state_floor else None
        suite.add(f"time.{case_id}", what, expect, kind=kind, chain=chain, profile=profile, state=state, signer=signer)
    return add


def _times(suite):
    add = _time_adder(suite)
    for label, part in (("leaf", "leaf"), ("intermediate", "ca")):
        def one(case_id, what, expect, part=part, label=label, **more):
            change = more.pop("change")
            add(f"{label}-{case_id}", what.format(label), expect, **{part: change}, **more)
        one("not-before-equal", "The signing time is notBefore of the {}.", "ok",
            change={"not_before": pack.SIGNING_TIME})
        one("not-before-later", "notBefore of the {} is a second after the signing time.", "not_yet_valid",
            change={"not_before": _at(1)})
        one("not-after-equal", "The signing time is notAfter of the {}.", "ok", change={"not_after": pack.SIGNING_TIME})
        one("not-after-earlier", "notAfter of the {} is a second before the signing time.", "expired",
            change={"not_after": _at(-1)})
        one("floor-equal", "The profile's time floor is notAfter of the {}.", "ok",
            change={"not_after": "2026-06-01T00:00:00Z"}, floor="2026-06-01T00:00:00Z")
        one("floor-later", "The profile's time floor is a second after notAfter of the {}.", "expired_floor",
            change={"not_after": "2026-06-01T00:00:00Z"}, floor="2026-06-01T00:00:01Z")
        one("state-floor-equal", "The state's time floor is notAfter of the {}.", "ok",
            change={"not_after": "2026-06-01T00:00:00Z"}, state_floor="2026-06-01T00:00:00Z")
        one("state-floor-later", "The state's time floor is a second after notAfter of the {}.", "expired_floor",
            change={"not_after": "2026-06-01T00:00:00Z"}, state_floor="2026-06-01T00:00:01Z")
        one("profile-floor-higher", "The profile's time floor is above the state's and after notAfter of the {}.",
            "expired_floor", change={"not_after": "2026-06-01T00:00:00Z"}, floor="2026-07-01T00:00:00Z",
            state_floor="2026-05-01T00:00:00Z")
        one("reversed", "notAfter of the {} is before its notBefore, both around the signing time.",
            ["not_yet_valid", "expired", "cert_validity"], change={"not_before": _at(5), "not_after": _at(-5)})


def _signing_times(suite):
    add = _time_adder(suite)
    add("signed-before-floor", "The signing time is before the time floor: no rule refuses that.", "ok",
        floor="2026-12-01T00:00:00Z")
    add("signed-2049", "The signing time is the last second of 2049.", "ok", signing_time="2049-12-31T23:59:59Z",
        leaf={"not_after": "2060-01-01T00:00:00Z"}, ca={"not_after": "2060-01-01T00:00:00Z"})
    add("signed-2050", "The signing time is in 2050, a GeneralizedTime.", "ok", signing_time="2050-03-01T12:00:00Z",
        leaf={"not_after": "2060-01-01T00:00:00Z"}, ca={"not_after": "2060-01-01T00:00:00Z"})
    add("signed-2050-expired", "The signing time is in 2050, after notAfter.", "expired",
        signing_time="2050-03-01T12:00:00Z")
    add("signed-1999", "The signing time is in 1999, before notBefore.", "not_yet_valid",
        signing_time="1999-03-01T12:00:00Z")
    add("signed-1970", "The signing time is the first second of 1970, the certificates are older.", "ok",
        signing_time="1970-01-01T00:00:00Z", leaf={"not_before": d.utc_time("690101000000Z")},
        ca={"not_before": d.utc_time("690101000000Z")})
    add("floor-9999", "notAfter is the end of 9999, and so is the time floor.", "ok",
        leaf={"not_after": d.generalized_time("99991231235959Z")}, ca={"not_after": d.generalized_time(
            "99991231235959Z")}, floor="9999-12-31T23:59:59Z")


def _clock(suite):
    def add(case_id, what, expect, now, clock=1, leaf=None, ca=None, **more):
        chain = BASE("p256").leaf(**(leaf or {})).intermediate(**(ca or {}))
        suite.add(f"clock.{case_id}", what, expect, now=now, chain=chain, profile=profile_for(clock=clock), **more)
    good = "2026-04-01T00:00:00Z"
    add("good", "The clock is trusted and within all validities.", "ok", good)
    add("missing", "The clock is trusted, but no time is given.", "clock_missing", None, needs="no-system-clock")
    add("untrusted-now", "The clock is not trusted: a time long after notAfter does not matter.", "ok",
        "2099-01-01T00:00:00Z", 0)
    add("untrusted-before", "The clock is not trusted: a time before notBefore does not matter.", "ok",
        "1999-01-01T00:00:00Z", 0)
    add("before-signing", "The trusted clock is before the signing time, but within all validities.", "ok",
        "2025-04-01T00:00:00Z")
    add("before-floor", "The trusted clock is before the time floor, but within all validities.", "ok",
        "2024-06-01T00:00:00Z")
    for label, part in (("leaf", "leaf"), ("intermediate", "ca")):
        add(f"{label}-not-after-equal", f"The trusted clock is notAfter of the {label}.", "ok",
            "2026-06-01T00:00:00Z", **{part: {"not_after": "2026-06-01T00:00:00Z"}})
        add(f"{label}-after", f"The trusted clock is a second after notAfter of the {label}.", "clock_after",
            "2026-06-01T00:00:01Z", **{part: {"not_after": "2026-06-01T00:00:00Z"}})
        add(f"{label}-not-before-equal", f"The trusted clock is notBefore of the {label}.", "ok",
            "2026-02-01T00:00:00Z", **{part: {"not_before": "2026-02-01T00:00:00Z"}})
        add(f"{label}-before", f"The trusted clock is a second before notBefore of the {label}.", "clock_before",
            "2026-01-31T23:59:59Z", **{part: {"not_before": "2026-02-01T00:00:00Z"}})
    add("1970", "The trusted clock says 1970.", "clock_before", "1970-01-01T00:00:00Z")


def _remembered(suite):
    """Section 9.3, what the device remembers."""
    floors = {"boot": 2, "app": 5, "modem": 0, "meter": 0}
    def add(case_id, what, time_floor, changed, **parts):
        suite.add(f"remember.{case_id}", what, "ok",
                  remembers={"floors": {**floors, **changed}, "time_floor": time_floor}, **parts)
    installed = {"boot": 3, "app": 7, "modem": 1}
    add("400-days", "The signing time is more than 400 days above the floor of 2025-01-01.", "2026-02-05T00:00:00Z",
        installed)
    add("signing-time", "The signing time is less than 400 days above the floor.", pack.SIGNING_TIME, installed,
        profile=profile_for(time_floor=pack.seconds("2026-01-01T00:00:00Z")))
    exact = SIGNED - 34_560_000
    add("400-days-exact", "The signing time is 400 days above the floor, to the second.", pack.SIGNING_TIME,
        installed, profile=profile_for(time_floor=exact))
    add("400-days-and-1", "The signing time is 400 days and a second above the floor.", _at(-1), installed,
        profile=profile_for(time_floor=exact - 1))
    add("earlier", "The signing time is below the floor, which stays.", "2026-12-01T00:00:00Z", installed,
        profile=profile_for(time_floor=pack.seconds("2026-12-01T00:00:00Z")))
    add("state", "The state's floors are higher than the profile's.", "2026-03-01T12:00:00Z",
        {"boot": 3, "app": 7, "modem": 1, "meter": 4}, state=pack.State(slots=(("app", 6), ("meter", 4))))
    add("slice", "A slice: only the component that it carries is installed.", "2026-02-05T00:00:00Z", {"app": 7},
        mask=0b010)
    add("other-hardware", "A component for other hardware is not installed.", "2026-02-05T00:00:00Z",
        {"boot": 3, "app": 7}, edit=setter("components", 2, "hardware", OTHER))
    add("lower-stage", "A pilot package on a device that takes prod, too, raises no floor.", "2025-01-01T00:00:00Z",
        {}, **staged("pilot"))
    add("highest-stage", "A pilot package on a device that takes dev and pilot raises floors.",
        "2026-02-05T00:00:00Z", installed, profile=profile_for(stages=3), **staged("pilot"))
    add("dev-only", "A dev package on a device that takes dev only raises floors.", "2026-02-05T00:00:00Z", installed,
        profile=profile_for(stages=1), **staged("dev"))


WRONG_DIGEST = {"message_digest": d.octets(b"\x11" * 32)}


def _order_adder(suite):
    def add(case_id, what, expect, **parts):
        suite.add(f"order.{case_id}", what, expect, **parts)
    return add


def _order_of_signature(suite):
    """Two defects each, one of them in rules 1 to 7: the earlier rule of section 9.3 decides."""
    add = _order_adder(suite)
    chain = BASE("p256")
    forged = chain.intermediate(edit_signature=flip(-1))
    purpose = chain.leaf(ext={"eku": pki.ext_key_usage("server")})
    lost = chain.intermediate(issuer=pki.name("Elsewhere"))
    broken = {"edit_signature": flip(-1)}
    add("1-version-before-2", "An unknown file version, and an envelope that is no DER.", "file_version",
        file={"magic": b"\x89EVS2\r\n\x1a", "edit": lambda whole: whole[:16] + b"\0" + whole[17:]})
    add("2-before-3", "An unsigned attribute, and no anchor.", "cms_unsigned_attributes", chain=lost,
        signer={"after": d.tlv(0xA1)})
    add("2-before-6", "An attribute is missing, and the signature does not verify.", "cms_attributes",
        signer={"edit_attributes": lambda a: a[:3], **broken})
    add("2-before-8", "digestAlgorithms has one too many, and the manifest is no JSON.", "cms_digest_algorithms",
        raw=lambda _: b"{", envelope={"digest_algorithms": d.set_of(pack.digest_identifier("sha256"),
                                                                    pack.digest_identifier("sha512"))})
    add("3-before-4", "No anchor, and the leaf is for another purpose.", "chain_no_anchor",
        chain=purpose.intermediate(issuer=pki.name("Elsewhere")))
    add("3-signature-before-4", "The intermediate is forged, and the leaf is for another purpose.", "chain_signature",
        chain=purpose.intermediate(edit_signature=flip(-1)))
    add("3-before-6", "The intermediate is forged, and the digest does not match.", "chain_signature", chain=forged,
        signer=WRONG_DIGEST)
    add("4-before-6", "The leaf is for another purpose, and the digest does not match.", "leaf_purpose",
        chain=purpose, signer=WRONG_DIGEST)
    add("4-policy-before-6", "The leaf has no policy, and the digest does not match.", "leaf_policy",
        chain=chain.leaf(ext={"policies": None}), signer=WRONG_DIGEST)
    add("6-digest-before-signature", "The digest does not match, and another key signed.", "digest_mismatch",
        signer={**WRONG_DIGEST, "sign_with": lambda key, data: pki.set_s(pki.key("p256:other").sign(data),
                                                                   pki.ORDER["p256"], False)})
    add("4-listed-before-6", "The digest does not match, and the signer is not listed.", "signer_not_listed",
        signer=WRONG_DIGEST, profile=profile_for(role={"signers": (b"\x01" * 32,)}))
    add("7-before-8", "The signer is not listed, and the manifest is no JSON.", "signer_not_listed",
        raw=lambda _: b"{", profile=profile_for(role={"signers": (b"\x01" * 32,)}))
    add("6-before-8", "The digest does not match, and the manifest is no JSON.", "digest_mismatch", raw=lambda _: b"{",
        signer=WRONG_DIGEST)


def _order_of_rules(suite):
    """Two defects each in rules 8 to 10."""
    add = _order_adder(suite)
    old = BASE("p256").leaf(not_after=_at(-1))
    add("8-before-9", "The manifest is no JSON, and the leaf had expired.", "manifest_syntax", raw=lambda _: b"{",
        chain=old)
    add("8-rollback-before-9", "A component is too old, and the leaf had expired.", "rollback", edit=_sv(app=4),
        chain=old)
    add("8-absent-before-9", "A needed component is absent, and the leaf had expired.", "component_absent",
        mask=0b001, chain=old)
    add("8-mask-before-9", "The mask names all components, and the leaf had expired.", "component_mask",
        file={"mask": 0b111}, chain=old)
    add("9-before-10", "The leaf had expired, and the padding is not zero.", "expired", chain=old,
        file={"padding": flip(0)})
    add("9-before-truncated", "The leaf had expired, and the file ends after the envelope.", "expired", chain=old,
        file={"edit": _only_envelope})
    add("8-before-truncated", "The package is for another model, and the file ends after the envelope.",
        "wrong_device", edit=setter("compatible", 0, "model", "cp-8"), file={"edit": _only_envelope})
    add("10-padding-first", "The padding is not zero, and a chunk is tampered with.", "padding",
        file={"padding": flip(0), "edit_payload": flip(0)})
    add("10-file-order", "A chunk of the first and a node of the second component are tampered with.",
        "chunk_digest", file={"edit_payload": lambda payload: flip(3000)(flip(0)(payload))})
    add("10-trailing-last", "A chunk is tampered with, and a zero octet follows.", "chunk_digest",
        file={"edit_payload": flip(0), "after": b"\0"})
    add("10-node-before-chunk", "A node and the chunk behind it are tampered with.", "tree_node",
        file={"edit_payload": lambda payload: flip(3200)(flip(3000)(payload))})


def _only_envelope(whole):
    return whole[:16 + int.from_bytes(whole[8:12], "big")]


def _order_manifest(suite):
    """Two defects each within rule 8."""
    def add(case_id, what, expect, *edits, **parts):
        suite.add(f"order.8-{case_id}", what, expect, edit=both(*edits), **parts)
    other = setter("compatible", 0, "model", "cp-8")
    dev = setter("package", "stage", "dev")
    critical = setter("critical", ["zz_new"])
    large = profile_for(chunk_bytes=4096)
    add("schema-before-critical", "A member is missing, and critical names an unknown one.", "manifest_critical",
        critical, setter("created", 5))
    add("critical-before-stage", "critical names an unknown member, and the stage is refused.", "manifest_critical",
        critical, dev)
    add("refused-before-mismatch", "The stage is refused, and the leaf is for another.", "stage_refused", dev)
    add("refused-before-device", "The stage is refused, and the package is for another model.", "stage_refused", dev,
        other)
    add("device-before-mismatch", "The leaf is for another stage, and the package is for another model.",
        "wrong_device", setter("package", "stage", "pilot"), other)
    add("limits-before-mismatch", "The leaf is for another stage, and a chunk_size is too large.", "limit_chunk",
        setter("package", "stage", "pilot"), profile=large)
    add("mismatch-before-rollback", "The leaf is for another stage, and a component is too old.", "stage_mismatch",
        setter("package", "stage", "pilot"), _sv(app=4))
    add("device-before-limits", "The package is for another model, and a chunk_size is too large.", "wrong_device",
        other, profile=large)
    add("limits-before-scope", "A chunk_size is too large, and the role's scope has other models.", "limit_chunk",
        profile=profile_for(chunk_bytes=4096, role={"models": ("cp-8",)}))
    add("scope-model-before-component", "The role's scope has other models and other components.", "scope_model",
        profile=profile_for(role={"models": ("cp-8",), "components": ("zz",)}))
    add("scope-before-rollback", "The role's scope has other components, and a component is too old.",
        "scope_component", _sv(app=4), profile=profile_for(role={"components": ("zz",)}))
    add("rollback-before-mask", "A component is too old, and the mask names all components.", "rollback", _sv(app=4),
        file={"mask": 0b111})
    add("rollback-before-requires", "A component is too old, and its requirement is not met.", "rollback",
        _sv(app=4), setter("components", 1, "requires", [{"id": "radio", "min_security_version": 1}]))
    add("requires-before-next", "The requirement of the first component is not met, the second is too old.",
        "requirement_unmet", _sv(app=4), setter("components", 0, "requires",
                                                [{"id": "radio", "min_security_version": 1}]))
