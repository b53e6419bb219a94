"""Cases of trust-updates: format.md sections 2, 7.3, 9.1, 9.3 (both stores), 9.4 (recovery), and steps."""

import gen_der as d
import gen_package as pack
import gen_parties as party
import gen_pki as pki
from cases_revocation import by_issuer, kept, known, sixteen
from cases_signers import OTHER_DIGEST, WRONG
from gen_suite import SERIAL, both, cut, dropper, flip, setter

SCHEMA = "manifest_schema"
CHALLENGE = "5a" * 32


def add_cases(suite):
    """All cases of this module."""
    _file(suite)
    _kinds(suite)
    _members(suite)
    _epochs(suite)
    _stores(suite)
    _store_forms(suite)
    _signers(suite)
    _both_stores(suite)
    _times(suite)
    _work(suite)
    _crls(suite)
    _resets(suite)
    _reset_crls(suite)
    _remembered(suite)
    _with_state_store(suite)
    _recovery(suite)
    _recovery_refused(suite)
    _recovered(suite)
    _steps(suite)
    _steps_broken(suite)


def _adder(suite, prefix):
    """A function that adds a trust-update, signed by one officer where nothing else is said."""
    def add(case_id, what, expect, *parties, profile=None, **more):
        fields = {name: more.pop(name) for name in ("trust", "epoch", "edit", "raw", "crls", "ordered", "file",
                                                    "resets", "update_recovery", "certificates") if name in more}
        if "update_recovery" in fields:
            fields["recovery"] = fields.pop("update_recovery")
        octets = party.update(*(parties or party.world().officer[:1]), **fields)
        suite.add(f"{prefix}.{case_id}", what, expect, package=octets, profile=profile or party.update_profile(),
                  **more)
    return add


def trusting(*roles, **changes):
    """The raw field `trust` of a state."""
    return d.tlv(0xA0, party.store(*roles, **changes))


def after(epoch=1, trust=None, time_floor=None, counter=1, slots=(), crls=()):
    """The state of a factory-new device after a trust-update (the floor is 400 days above the profile's)."""
    floor = pack.seconds("2025-01-01T00:00:00Z") + 34_560_000 if time_floor is None else time_floor
    trust = trusting(party.oem_role(), party.officer_role()) if trust is None else trust
    return pack.State(counter=counter, time_floor=floor, trust_epoch=epoch, slots=slots, crls=crls, trust=trust)


def _file(suite):
    """Section 2."""
    add = _adder(suite, "update.file")
    add("good", "A good trust-update.", "ok", keeps=kept(), keeps_all=after())
    add("version", "Octet 4 of the magic is 2.", "file_version", file={"magic": b"\x89EVU2\r\n\x1a"})
    add("magic-letter", "Octet 3 of the magic is V.", "file_magic", file={"magic": b"\x89EVV1\r\n\x1a"})
    add("magic-lower", "Octet 3 of the magic is u.", "file_magic", file={"magic": b"\x89EVu1\r\n\x1a"})
    add("kind-header", "The header says firmware, the manifest trust-update.", "kind_mismatch",
        file={"magic": pack.MAGIC})
    firmware = party.package(party.world().oem[0], file={"magic": pack.MAGIC_TRUST_UPDATE, "edit": _without_payload})
    suite.add("update.file.kind-manifest", "The header says trust-update, the manifest firmware.", "kind_mismatch",
              package=firmware, profile=party.update_profile())
    add("mask", "The mask is 1.", "component_mask", file={"mask": 1})
    add("mask-high", "The highest bit of the mask is set.", "component_mask", file={"mask": 1 << 31})
    add("padding", "A padding octet is not zero.", "padding", file={"padding": flip(5)})
    add("padding-last", "The last padding octet is not zero.", "padding", file={"padding": flip(-1)})
    add("padding-cut", "The last padding octet is missing.", "truncated", file={"edit": cut(-1)})
    add("envelope-cut", "The file ends in the envelope.", "truncated", file={"edit": cut(300)})
    add("header-only", "The file ends after the header.", "truncated", file={"edit": cut(16)})
    add("length-0", "The envelope's length is 0.", "envelope_length", file={"length": 0})
    add("mask-before-epoch", "The mask is 1, and the epoch is not the next.", "component_mask", file={"mask": 1},
        epoch=3)
    add("refused-before-padding", "A padding octet is not zero, and the epoch is not the next.", "trust_epoch",
        file={"padding": flip(5)}, epoch=3)


def _without_payload(whole):
    end = 16 + int.from_bytes(whole[8:12], "big")
    return whole[:end + -end % 4096]


def _kinds(suite):
    add = _adder(suite, "update.kind")
    add("no-requirement", "The trust store names no role for trust-updates.", "kind_unsupported",
        profile=party.profile(party.oem_role(), party.officer_role(kinds=3), firmware=("oem",)))
    add("stage-refused", "A trust-update of a stage that the device does not take.", "stage_refused",
        edit=setter("package", "stage", "dev"))
    add("stage-pilot", "A trust-update of stage pilot.", "ok", edit=setter("package", "stage", "pilot"),
        keeps_all=after(time_floor=pack.Profile([]).time_floor))
    add("stage-scope", "The officers' scope lacks the stage.", "scope_model",
        profile=party.update_profile(party.oem_role(), party.officer_role(stages=3)))
    add("model-scope", "The officers' scope lacks the model.", "scope_model",
        profile=party.update_profile(party.oem_role(), party.officer_role(models=("cp-8",))))
    add("component-scope", "The officers' scope has one component.", "ok",
        profile=party.update_profile(party.oem_role(), party.officer_role(components=("app",))))
    add("other-model", "The trust-update is for another model.", "wrong_device",
        edit=setter("compatible", 0, "model", "cp-8"))
    add("other-serial", "The trust-update is for another serial number.", "wrong_serial",
        edit=setter("compatible", 0, "serials", ["CP-0043"]))
    add("serial", "The trust-update is for this serial number.", "ok", edit=setter("compatible", 0, "serials",
                                                                               [SERIAL]))
    prod = party.world().officer_ca.leaf("officer-prod")
    add("leaf-prod", "The officer's leaf has the policy of prod, the role's scope trust-updates only.", "anchor_scope",
        prod)
    add("leaf-both", "The officer's leaf has two policies.", "leaf_policy", party.world().officer_ca.leaf(
        "officer-both", policy=None, ext={"policies": pki.policies("prod", "trust-update")}))
    bare = party.world().officer_ca.leaf("officer-bare", policy=None)
    add("waived", "The officers' role waives policies, the leaf has none.", "ok", bare,
        profile=party.update_profile(party.oem_role(), party.officer_role(flags=2)),
        trust=party.store(party.oem_role(), party.officer_role(flags=2)))
    add("oem", "The OEM's firmware signer signs a trust-update.", ["stage_mismatch"], party.world().oem[0])
    shared = party.oem_role(kinds=3)
    add("one-role", "One role for firmware and trust-updates.", "ok", party.world().oem_ca.leaf(
        "oem-officer", policy="trust-update"), profile=party.profile(shared, trust_update=("oem",)),
        trust=party.store(shared, trust_update=("oem",)))
    add("one-role-leaf", "One role for both kinds; the leaf is for firmware.", "stage_mismatch",
        party.world().oem[0], profile=party.profile(shared, trust_update=("oem",)),
        trust=party.store(shared, trust_update=("oem",)))
    firmware = party.package(party.world().officer[0])
    suite.add("update.kind.officer-firmware", "An officer signs firmware.", "stage_mismatch", package=firmware,
              profile=party.profile(party.oem_role(), party.officer_role(kinds=3), firmware=("oem",)))
    suite.add("update.kind.officer-firmware-scope", "An officer signs firmware, which the role's scope lacks.",
              ["stage_mismatch"], package=firmware, profile=party.update_profile())


def _members(suite):
    """Section 7.3, each member broken."""
    add = _adder(suite, "update.member")
    wide = party.update_profile(envelope_bytes=65536)
    def one(case_id, what, edit, expect=SCHEMA):
        add(case_id, what, expect, edit=edit, profile=wide)
    one("components", "There are components.", setter("components", []))
    one("components-filled", "There is a component.", lambda members: members.update(
        components=[pack.standard_components()[0].entry()]))
    for name in ("epoch", "trust"):
        one(f"{name}-missing", f"{name} is missing.", dropper(name))
    for label, value in (("0", 0), ("2-31", 2**31), ("true", True), ("text", "1"), ("array", [1])):
        one(f"epoch-{label}", f"epoch is {value!r}.", setter("epoch", value))
    for label, value in (("empty", ""), ("odd", "300"), ("upper", "30AB"), ("no-hex", "30xy"), ("number", 30),
                         ("space", "30 0"), ("long", "30" * 16385)):
        one(f"trust-{label}", f"trust is not hexadecimal text of its form ({label}).", setter("trust", value))
    one("trust-longest", "trust has 32,768 digits.", setter("trust", "30" * 16384), "trust_store")
    one("trust-2", "trust has two digits.", setter("trust", "30"), "trust_store")
    for label, value in (("array", []), ("text", "x"), ("true", True)):
        one(f"resets-{label}", f"resets is of another type ({label}).", setter("resets", value))
    one("resets-empty", "resets is empty.", setter("resets", {}), "ok")
    key = "ab" * 32
    for label, value in (("empty", []), ("object", {}), ("short", [key[:-1]]), ("upper", [key.upper()]),
                         ("twice", [key, key]), ("unsorted", ["ac" * 32, key]),
                         ("17", [f"{at:064x}" for at in range(17)]), ("number", [7])):
        one(f"resets-crls-{label}", f"resets.crls breaks its form ({label}).", setter("resets", {"crls": value}))
    one("resets-crls-16", "resets.crls has 16 keys.", setter("resets", {"crls": [f"{at:064x}" for at in range(16)]}),
        "ok")
    def floor(name, version=1):
        return {"id": name, "security_version": version}
    for label, value in (("empty", []), ("object", {}), ("twice", [floor("app"), floor("app", 2)]),
                         ("unsorted", [floor("boot"), floor("app")]), ("id-capital", [floor("App")]),
                         ("id-long", [floor("a" * 33)]), ("version-missing", [{"id": "app"}]),
                         ("id-missing", [{"security_version": 1}]), ("version-2-31", [floor("app", 2**31)]),
                         ("version-text", [floor("app", "1")]), ("33", [floor(f"s{at:02}") for at in range(33)])):
        one(f"resets-floors-{label}", f"resets.security_versions breaks its form ({label}).",
            setter("resets", {"security_versions": value}))
    one("resets-floors-unknown-member", "An entry of resets.security_versions has an unknown member.",
        setter("resets", {"security_versions": [{"id": "app", "security_version": 1, "zz": 1}]}), "ok")
    one("resets-floors-unknown-slot", "resets.security_versions names a slot that the profile lacks.",
        setter("resets", {"security_versions": [floor("radio")]}), "component_unknown")
    for label, value in (("number", 5), ("offset", "2026-01-01T00:00:00+00:00"), ("month-13", "2026-13-01T00:00:00Z"),
                         ("february-30", "2026-02-30T00:00:00Z"), ("short", "2026-01-01"), ("empty", "")):
        one(f"resets-time-{label}", f"resets.time_floor breaks its form ({label}).",
            setter("resets", {"time_floor": value}))
    one("resets-time-1969", "resets.time_floor is in 1969, which no state can hold.",
        setter("resets", {"time_floor": "1969-12-31T23:59:59Z"}), [SCHEMA, "ok"])
    one("resets-time-1970", "resets.time_floor is the first second of 1970.",
        setter("resets", {"time_floor": "1970-01-01T00:00:00Z"}), "ok")
    one("resets-unknown", "resets has an unknown member.", setter("resets", {"zz_new": 1}), "ok")
    for label, value in (("short", "ab" * 31), ("long", "ab" * 33), ("upper", "AB" * 32), ("number", 5)):
        one(f"recovery-{label}", f"recovery breaks its form ({label}).", setter("recovery", value))
    one("critical", "critical names members of trust-updates.", setter("critical", [
        "epoch", "recovery", "resets", "security_versions", "time_floor", "trust"]), "ok")
    one("critical-unknown", "critical names an unknown member.", setter("critical", ["zz_new"]), "manifest_critical")
    one("unknown", "There is an unknown member.", setter("zz_new", 1), "ok")
    one("crls-broken", "crls is empty.", setter("crls", []))
    one("sbom", "There is an sbom.", setter("sbom", [{"name": "x", "format": "spdx-2.3", "sha256": "ab" * 32}]), "ok")


def _epochs(suite):
    add = _adder(suite, "update.epoch")
    def state(epoch, **changes):
        return pack.State(trust_epoch=epoch, **changes)
    add("1", "The first epoch on a factory-new device.", "ok", epoch=1)
    add("2", "The second epoch on a factory-new device.", "trust_epoch", epoch=2)
    add("same", "The device's own epoch once more.", "trust_epoch", epoch=5, state=state(5))
    add("next", "The next epoch.", "ok", epoch=6, state=state(5))
    add("after-next", "The epoch after the next.", "trust_epoch", epoch=7, state=state(5))
    add("older", "An older epoch.", "trust_epoch", epoch=1, state=state(5))
    add("largest", "The largest epoch.", "ok", epoch=2**31 - 1, state=state(2**31 - 2))
    add("beyond", "The device has the largest epoch.", "trust_epoch", epoch=2**31 - 1, state=state(2**31 - 1))
    add("before-store", "The epoch is not the next, and trust is no TrustStore.", "trust_epoch", epoch=2,
        trust=d.NULL)
    add("after-threshold", "The epoch is not the next, and nobody signed whom the device needs.", "chain_no_anchor",
        party.world().foreign[0], epoch=2)
    add("after-crls", "The epoch is not the next, and a CRL is named that is missing.", "crl_stripped", epoch=2,
        edit=setter("crls", [{"issuer_key": party.world().officer_ca.hash().hex(), "number": 1}]))
    add("before-slot", "The epoch is not the next, and a reset names an unknown slot.", "trust_epoch", epoch=2,
        resets={"security_versions": [{"id": "radio", "security_version": 1}]})
    add("slot-before-store", "A reset names an unknown slot, and trust is no TrustStore.", "component_unknown",
        trust=d.NULL, resets={"security_versions": [{"id": "radio", "security_version": 1}]})
    add("store-before-time", "trust is no TrustStore, and the officer's leaf had expired.", "trust_store",
        party.world().officer_ca.leaf("officer-old-0", not_after="2026-02-01T00:00:00Z", policy="trust-update"),
        trust=d.NULL)


def store_defects():
    """Stores that cannot meet their own requirements, or break section 9.1: label -> (what, DER)."""
    oem, officer = party.oem_role(), party.officer_role()
    world = party.world()
    key = [bytes([at]) * 32 for at in range(9)]
    def role(**changes):
        return party.role("oem", world.oem_root, **changes)
    store = party.store
    return {
        "firmware-unknown": ("firmware names a role that there is not", store(oem, officer, firmware=("other",))),
        "update-unknown": ("trustUpdate names a role that there is not", store(oem, officer, trust_update=("other",))),
        "firmware-twice": ("firmware names a role twice", store(oem, officer, firmware=("oem", "oem"))),
        "update-twice": ("trustUpdate names a role twice", store(oem, officer, trust_update=("officers",) * 2)),
        "firmware-kind": ("firmware names a role for trust-updates", store(oem, officer, firmware=("officers",))),
        "update-kind": ("trustUpdate names a role for firmware", store(oem, officer, trust_update=("oem",))),
        "firmware-none": ("firmware names no role", store(oem, officer, firmware=())),
        "firmware-sum-5": ("the thresholds of firmware add up to five", store(
            role(threshold=4, signers=tuple(key[:4])), party.operator_role(), officer)),
        "update-sum-5": ("the thresholds of trustUpdate add up to five", store(
            oem, party.officer_role(threshold=3, signers=tuple(key[:3])), party.operator_role(
                kinds=2, threshold=2, signers=tuple(key[4:6])), trust_update=("officers", "operator"))),
        "threshold-no-signers": ("a threshold of two without signers", store(role(threshold=2), officer)),
        "threshold-1-signer": ("a threshold of two with one signer", store(role(threshold=2, signers=key[:1]),
                                                                          officer)),
        "threshold-unneeded": ("a threshold of two without signers, in a role that nothing needs", store(
            oem, officer, party.operator_role(threshold=2), firmware=("oem",))),
        "threshold-same-signer": ("a threshold of two with one signer twice", store(
            role(threshold=2, signers=(key[0], key[0])), officer)),
        "threshold-3-same-signer": ("a threshold of two with two signers, one of them twice", store(
            role(threshold=2, signers=(key[0], key[1], key[0])), officer)),
        "names-same": ("two roles have the same name", store(oem, officer, oem)),
        "roles-9": ("there are nine roles", store(oem, officer, *[
            party.role(f"r{at}", world.foreign_root) for at in range(7)], firmware=("oem",))),
        "threshold-5": ("a threshold of five", store(role(threshold=5, signers=tuple(key[:5])), officer)),
        "threshold-0": ("a threshold of 0", store(role(threshold=0), officer)),
        "flags-16": ("flags are 16", store(role(flags=16), officer)),
        "signers-9": ("nine signers", store(role(signers=tuple(key)), officer)),
        "signers-31": ("a signer of 31 octets", store(role(signers=(b"x" * 31,)), officer)),
        "anchors-none": ("a role without anchors", store(pack.Role("oem", []), officer)),
        "anchors-9": ("a role with nine anchors", store(party.role("oem", *[world.oem_root] * 9), officer)),
        "anchor-key-null": ("an anchor's key is NULL", store(pack.Role(
            "oem", [(world.oem_root.subject, d.NULL)]), officer)),
        "scope-kinds-0": ("a scope without kinds", store(role(kinds=0), officer, firmware=("oem",))),
        "name-capital": ("a role's name is no name", store(party.role("OEM", world.oem_root), officer)),
        "not-der": ("a length is not minimal", d.tlv_long(0x30, d.content_of(store(oem, officer)))),
        "trailing": ("a NULL follows", store(oem, officer) + d.NULL),
        "extra": ("a NULL follows the last field", d.sequence(d.content_of(store(oem, officer)), d.NULL)),
        "missing": ("trustUpdate is missing", d.sequence(d.content_of(store(oem, officer, trust_update=()))[:-2])),
        "set": ("it is a SET", b"\x31" + store(oem, officer)[1:]),
        "empty": ("it is empty", d.sequence()),
    }


def good_stores():
    """Stores at the edge of what section 9.1 allows: label -> (what, DER)."""
    oem, officer = party.oem_role(), party.officer_role()
    key = [bytes([at]) * 32 for at in range(9)]
    return {
        "sum-4": ("the thresholds of firmware add up to four", party.store(
            party.oem_role(threshold=3, signers=(*key[:3],)), party.operator_role(), officer)),
        "signers-more": ("a threshold of two with eight signers", party.store(
            party.oem_role(threshold=2, signers=tuple(key[:8])), officer)),
        "sum-of-each": ("firmware and trustUpdate each add up to four", party.store(
            party.oem_role(threshold=4, signers=tuple(key[:4])), officer, party.operator_role(
                kinds=2, threshold=3, signers=tuple(key[:3])), trust_update=("officers", "operator"))),
        "both-kinds": ("one role for both kinds beside the officers", party.store(
            party.oem_role(kinds=3), officer, trust_update=("officers",), firmware=("oem",))),
        "roles-8": ("there are eight roles", party.store(oem, officer, *[
            party.role(f"r{at}", party.world().foreign_root) for at in range(6)], firmware=("oem",))),
    }


def _stores(suite):
    add = _adder(suite, "update.store")
    for label, (what, store) in store_defects().items():
        add(label, f"The new trust store: {what}.", "trust_store", trust=store)
    officer = party.officer_role()
    add("no-update", "The new trust store names no role for trust-updates.", "trust_store",
        trust=party.store(party.oem_role(), officer, trust_update=()))
    for label, (what, store) in good_stores().items():
        signer_kept = label != "sum-of-each"
        add(f"good-{label}", f"The new trust store: {what}.", "ok" if signer_kept else "threshold_not_met",
            trust=store)
    profile = party.update_profile
    for label, (what, store) in store_defects().items():
        if label in ("not-der", "trailing", "extra", "missing", "set", "empty"):
            continue
        suite.add(f"profile.store-{label}", f"The profile's trust store: {what}.", "profile_damaged",
                  package=party.package(party.world().oem[0]), profile=profile(
                      edit=lambda content, store=store: _with_store(content, store)))
        suite.add(f"state.store-{label}", f"The state's trust store: {what}.", "state_damaged",
                  package=party.package(party.world().oem[0]), profile=profile(),
                  state=pack.State(trust_epoch=1, trust=d.tlv(0xA0, store)))
    for label in ("both-kinds", "roles-8"):
        what, store = good_stores()[label]
        suite.add(f"state.store-good-{label}", f"The state's trust store: {what}.", "ok",
                  package=party.package(party.world().oem[0]), profile=profile(),
                  state=pack.State(trust_epoch=1, trust=d.tlv(0xA0, store)))
    suite.add("profile.store-no-update", "The profile's trust store names no role for trust-updates.", "ok",
              package=party.package(party.world().oem[0]), profile=party.profile())
    suite.add("state.store-no-update", "The state's trust store names no role for trust-updates.", "ok",
              package=party.package(party.world().oem[0]), profile=profile(), state=pack.State(
                  trust_epoch=1, trust=trusting(party.oem_role(), trust_update=())))
    twice = party.oem_role(signers=(party.world().oem[0].hash(),) * 2)
    add("signers-alike-threshold-1", "The new store: a threshold of one with one signer twice.", ["ok", "trust_store"],
        trust=party.store(twice, officer))


def _with_store(content, store):
    """The profile with another trust store, its last field."""
    fields, at, inner = [], 0, d.content_of(content)
    while at < len(inner):
        end = d.element_end(inner, at)
        fields.append(inner[at:end])
        at = end
    return d.sequence(*fields[:-1], store)


def _store_forms(suite):
    """The size of the new store."""
    add = _adder(suite, "update.size")
    models = tuple(f"m{at}-" + "x" * 58 for at in range(8))
    roles = [party.role(f"role-{at}", party.world().foreign_root, models=models) for at in range(6)]
    large = party.store(party.oem_role(), party.officer_role(), *roles, firmware=("oem",))
    add("large", f"The new store has {len(large)} octets.", "ok", trust=large)
    add("chunk", "The new store is larger than the device's chunks.", "trust_store", trust=large,
        profile=party.update_profile(chunk_bytes=4096))
    for label, size, expect in (("chunk-equal", 4096, "ok"), ("chunk-and-1", 4097, "trust_store")):
        store = _store_of(size)
        add(label, f"The new store has {size} octets, the device's chunks 4,096.", expect, trust=store,
            profile=party.update_profile(chunk_bytes=4096))


def _store_of(size):
    """A good TrustStore of so many octets: roles whose scopes have components, the last one as many as needed."""
    def store(full, number, last):
        ids = tuple(f"c{at:02}".ljust(32, "x") for at in range(32))
        roles = [party.role(f"role-{at}", party.world().foreign_root, components=ids) for at in range(full)]
        roles.append(party.role("n" * last, party.world().foreign_root, components=ids[:number]))
        return party.store(party.oem_role(), party.officer_role(), *roles, firmware=("oem",))
    full = max(at for at in range(6) if len(store(at, 0, 1)) <= size)
    number = max(at for at in range(33) if len(store(full, at, 1)) <= size)
    return next(found for last in range(1, 65) if len(found := store(full, number, last)) == size)


def _signers(suite):
    """The old store's requirements."""
    add = _adder(suite, "update.signers")
    world = party.world()
    officers = world.officer
    listed = tuple(one.hash() for one in officers[:3])
    strict = party.officer_role(threshold=2, signers=listed)
    profile = party.update_profile(party.oem_role(), strict)
    trust = party.store(party.oem_role(), strict)
    add("2-of-3", "Two of three officers.", "ok", *officers[:2], profile=profile, trust=trust)
    add("1-of-3", "One of three officers.", "threshold_not_met", officers[0], profile=profile, trust=trust)
    add("unlisted", "One listed officer and one who is not.", "threshold_not_met", officers[0], officers[3],
        profile=profile, trust=trust)
    add("unlisted-only", "An officer who is not listed.", "signer_not_listed", officers[3], profile=profile,
        trust=trust)
    add("oem-too", "An officer and the OEM's firmware signer, who does not count.", "ok", officers[0], world.oem[2])
    add("oem-wrong", "An officer, and the OEM's firmware signer with a wrong signature.", "signature_invalid",
        officers[0], world.oem[2].signing(**WRONG))
    add("foreign", "An officer, and a signer without anchor.", "ok", officers[0], world.foreign[2])
    add("foreign-only", "A signer without anchor.", "chain_no_anchor", world.foreign[0])
    add("wrong", "The officer's signature does not verify.", "signature_invalid", officers[0].signing(**WRONG))
    add("digest", "The officer's digest does not match.", "digest_mismatch", officers[0].signing(**OTHER_DIGEST))
    two_roles = party.update_profile(party.oem_role(), party.officer_role(), party.operator_role(kinds=3, flags=2),
                                     firmware=("oem",), trust_update=("officers", "operator"))
    trust_two = party.store(party.oem_role(), party.officer_role(), party.operator_role(kinds=3, flags=2),
                            firmware=("oem",), trust_update=("officers", "operator"))
    add("two-roles", "An officer and the operator must sign, both have.", "ok", officers[0], world.operator[2],
        profile=two_roles, trust=trust_two)
    add("two-roles-one", "An officer and the operator must sign, the officer has.", "threshold_not_met", officers[0],
        profile=two_roles, trust=trust_two)


def _both_stores(suite):
    """Rule 9: old and new store must agree."""
    add = _adder(suite, "update.both")
    world = party.world()
    old, new = world.officer, world.next_officer
    officers = party.role("officers", world.next_root, kinds=2)
    rotated = party.store(party.oem_role(), officers)
    add("rotation", "The officers' root is replaced, officers of both sign.", "ok", old[0], new[2], trust=rotated,
        keeps_all=after(trust=d.tlv(0xA0, rotated)))
    add("rotation-reversed", "The same, the new officer stands first.", "ok", new[0], old[2], trust=rotated)
    add("old-only", "The officers' root is replaced, only an old officer signs.", "chain_no_anchor", old[0],
        trust=rotated)
    add("new-only", "The officers' root is replaced, only a new officer signs.", "chain_no_anchor", new[0],
        trust=rotated)
    added = party.store(party.oem_role(), party.role("officers", world.officer_root, world.next_root, kinds=2))
    add("added", "The new root is added, an old officer signs.", "ok", old[0], trust=added)
    add("added-new-only", "The new root is added, only a new officer signs.", "chain_no_anchor", new[0], trust=added)
    two = party.officer_role(threshold=2, signers=tuple(one.hash() for one in old[:3]))
    add("higher", "The new threshold is two, one officer signs.", "threshold_not_met", old[0],
        trust=party.store(party.oem_role(), two))
    add("higher-both", "The new threshold is two, two officers sign.", "ok", *old[:2],
        trust=party.store(party.oem_role(), two))
    add("lower", "The old threshold is two, one officer signs.", "threshold_not_met", old[0],
        profile=party.update_profile(party.oem_role(), two))
    add("lower-both", "The old threshold is two, the new one is one.", "ok", *old[:2],
        profile=party.update_profile(party.oem_role(), two))
    other = party.officer_role(signers=(old[1].hash(),))
    add("unlisted", "The new store lists another officer.", "signer_not_listed", old[0],
        trust=party.store(party.oem_role(), other))
    add("unlisted-both", "The new store lists another officer, who signs, too.", "ok", *old[:2],
        trust=party.store(party.oem_role(), other))
    add("new-unlisted-first", "The new store lists another officer, who signs wrongly.", "signature_invalid", old[0],
        old[1].signing(**WRONG), trust=party.store(party.oem_role(), other))
    add("new-wrong", "The officers' root is replaced, the new officer's signature does not verify.",
        "signature_invalid", old[0], new[2].signing(**WRONG), trust=rotated)
    add("new-digest", "The officers' root is replaced, the new officer's digest does not match.", "digest_mismatch",
        old[0], new[2].signing(**OTHER_DIGEST), trust=rotated)
    add("conflict", "Two roles of the new store have the officers' root.", "role_conflict", old[0], trust=party.store(
        party.oem_role(), party.officer_role(), party.role("others", world.officer_root, kinds=2)))
    add("scope-model", "The new officers' scope lacks the model.", "scope_model", old[0], trust=party.store(
        party.oem_role(), party.officer_role(models=("cp-8",))))
    add("scope-stage", "The new officers' scope lacks the stage.", "scope_model", old[0], trust=party.store(
        party.oem_role(), party.officer_role(stages=1)))
    add("length", "The new officers' role allows no intermediate.", "chain_too_long", old[0], trust=party.store(
        party.oem_role(), party.officer_role(max_intermediates=0)))
    add("renamed", "The new store names the officers' role otherwise.", "ok", old[0], trust=party.store(
        party.oem_role(), party.role("keepers", world.officer_root, kinds=2), trust_update=("keepers",)))
    add("firmware-only", "The new store replaces the OEM's root only.", "ok", old[0], trust=party.store(
        party.role("oem", world.next_root), party.officer_role()))
    add("other-role", "The new store's trust-updates need the OEM, who signs, too.", "ok", old[0], world.oem_ca.leaf(
        "oem-officer-2", 2, policy="trust-update"), trust=party.store(
            party.oem_role(kinds=3), party.officer_role(), trust_update=("oem",)))
    required = party.officer_role(flags=1)
    add("crl-required", "The new officers' role requires CRLs, there is none.", "crl_missing", old[0],
        trust=party.store(party.oem_role(), required))
    add("crl-required-there", "The new officers' role requires CRLs, both are there.", "ok", old[0],
        trust=party.store(party.oem_role(), required), crls=[world.officer_ca.crl(), world.officer_root.crl()])
    foreign_twice = world.foreign[3]
    add("foreign", "A signer whom neither store knows.", "ok", old[0], foreign_twice)
    add("padding-after", "The new store is not met, and a padding octet is not zero.", "chain_no_anchor", old[0],
        trust=rotated, file={"padding": flip(0)})


def _times(suite):
    add = _adder(suite, "update.time")
    world = party.world()
    def officer(label, order=0, issuer=world.officer_ca, **changes):
        return issuer.leaf(f"officer-{label}", order, policy="trust-update", **changes)
    old = officer("expired", not_after="2026-02-01T00:00:00Z")
    add("expired", "The officer's leaf had expired.", "expired", old)
    floor = officer("floor", not_after="2026-06-01T00:00:00Z")
    late = party.update_profile(time_floor=pack.seconds("2026-07-01T00:00:00Z"))
    state = pack.State(time_floor=pack.seconds("2030-01-01T00:00:00Z"))
    add("profile-floor", "The officer's leaf is below the profile's floor.", "expired_floor", floor, profile=late)
    add("state-floor", "The officer's leaf is below the state's floor.", "expired_floor", floor, state=state)
    add("state-floor-reset", "… which the update resets.", "ok", floor, state=state,
        resets={"time_floor": "2026-05-01T00:00:00Z"})
    add("state-floor-reset-late", "… which the update resets to a time that is still too late.", "expired_floor",
        floor, state=state, resets={"time_floor": "2026-06-01T00:00:01Z"})
    add("reset-equal", "The update resets the floor to notAfter.", "ok", floor, state=state,
        resets={"time_floor": "2026-06-01T00:00:00Z"})
    add("reset-raises", "The update resets the floor to a time after notAfter.", "expired_floor", floor,
        resets={"time_floor": "2026-07-01T00:00:00Z"})
    add("profile-floor-reset", "The update resets the floor, the profile's own is too late.", "expired_floor", floor,
        profile=late, resets={"time_floor": "2026-05-01T00:00:00Z"})
    new = world.next_ca.leaf("next-expired", 2, policy="trust-update", not_after="2026-02-01T00:00:00Z")
    rotated = party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2))
    add("new-expired", "The new root's officer had expired, the new store is not met.", "chain_no_anchor",
        world.officer[0], new, trust=rotated)
    add("new-expired-first", "The same, the new root's officer stands first.", "expired", world.next_ca.leaf(
        "next-expired-0", 0, policy="trust-update", not_after="2026-02-01T00:00:00Z"), world.officer[2],
        trust=rotated)
    clock = party.update_profile(clock=1)
    add("clock-after", "The trusted clock is after the officer's notAfter.", "clock_after", floor, profile=clock,
        now="2026-08-01T00:00:00Z")
    add("clock", "The trusted clock is within the officer's validity.", "ok", floor, profile=clock,
        now="2026-05-01T00:00:00Z")
    both_expired = party.officer_role(threshold=2, signers=(old.hash(), world.officer[1].hash()))
    add("one-of-two", "Two officers are needed, one had expired.", "threshold_not_met", old, world.officer[1],
        profile=party.update_profile(party.oem_role(), both_expired))


def _work(suite):
    """Section 5.2: the work that both stores together may cost."""
    add = _adder(suite, "update.work")
    world = party.world()
    listed = party.officer_role(threshold=4, signers=tuple(one.hash() for one in world.officer))
    add("four", "Four officers below one intermediate are needed by both stores: nine operations.", "ok",
        *world.officer, profile=party.update_profile(party.oem_role(), listed),
        trust=party.store(party.oem_role(), listed))
    apart = [world.officer_root.ca(f"work-{at}").leaf(f"work-leaf-{at}", at, policy="trust-update")
             for at in range(4)]
    add("twelve", "Four officers below four intermediates: twelve operations, none twice.", "ok", *apart)
    new = [world.next_root.ca(f"work-new-{at}").leaf(f"work-new-leaf-{at}", 2 + at, policy="trust-update")
           for at in range(2)]
    rotated = party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2))
    add("rotation", "Two officers of the old and two of the new root: twelve operations.", "ok", *apart[:2], *new,
        trust=rotated)
    add("rotation-crl", "The same with a CRL: thirteen operations.", "chain_budget", *apart[:2], *new, trust=rotated,
        crls=[world.next_root.crl(1)])
    others = [party.role(f"name-{at}", party.root(f"name-root-{at}")) for at in range(6)]
    deep = world.officer_root.ca("work-upper").ca("work-lower")
    four = [deep.leaf(f"work-deep-{at}", at, policy="trust-update") for at in range(4)]
    roles = (party.oem_role(), party.officer_role(), *others)
    add("steps", "Four officers below two intermediates, eight roles in both stores: 192 name steps for each.",
        ["ok", "chain_budget"], *four, profile=party.update_profile(*roles, firmware=("oem",)),
        trust=party.store(*roles, firmware=("oem",)))
    three = roles[:5]
    add("steps-few", "The same with five roles: 120 name steps for each store.", "ok", *four,
        profile=party.update_profile(*three, firmware=("oem",)), trust=party.store(*three, firmware=("oem",)))


def _crls(suite):
    add = _adder(suite, "update.crls")
    world = party.world()
    ca, officer = world.officer_ca, world.officer[0]
    add("good", "The update brings the officers' CRL.", "ok", crls=[ca.crl(1)], keeps=kept(known(ca, 1)),
        keeps_all=after(crls=(known(ca, 1),)))
    add("revoked", "The update's CRL lists the officer.", "revoked", crls=[ca.crl(officer.serial)],
        keeps=kept(known(ca, officer.serial)))
    add("revoked-state", "The state lists the officer.", "revoked", state=pack.State(
        crls=(known(ca, officer.serial),)))
    add("revoked-reset", "The state lists the officer, and the update would forget it.", "revoked", state=pack.State(
        crls=(known(ca, officer.serial),)), resets={"crls": [ca.hash().hex()]})
    add("tampered", "The update's CRL is tampered with.", "crl_issuer", crls=[ca.crl(edit_signature=flip(-1))])
    rotated = party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2))
    add("new-root", "The new root's officers have a CRL, which only the new store can judge.", "ok", officer,
        world.next_officer[2], trust=rotated, crls=[world.next_ca.crl(3)], keeps=kept(known(world.next_ca, 3)),
        keeps_all=after(trust=d.tlv(0xA0, rotated), crls=(known(world.next_ca, 3),)))
    add("new-root-revoked", "The new root's CRL lists its officer: the new store is not met.", "chain_no_anchor",
        officer, world.next_officer[2], trust=rotated, crls=[world.next_ca.crl(world.next_officer[2].serial)],
        states=True)
    add("new-root-refused", "The new store is not met (an officer too few), a CRL of the new root is there.",
        "threshold_not_met", officer, world.next_officer[2], trust=party.store(party.oem_role(), party.role(
            "officers", world.next_root, kinds=2, threshold=2, signers=tuple(
                one.hash() for one in world.next_officer[2:]))), crls=[world.next_ca.crl(3)], states=True)
    add("old-refused", "The old store is not met, a CRL of the new root is there.", "chain_no_anchor",
        world.next_officer[0], trust=rotated, crls=[world.next_ca.crl(3)], keeps=kept())
    add("named", "The manifest names the new root's CRL, which is missing: the old store's issuers are asked.", "ok",
        officer, world.next_officer[2], trust=rotated, edit=setter("crls", [
            {"issuer_key": world.next_ca.hash().hex(), "number": 1}]))
    full = pack.State(crls=sixteen())
    victim = full.crls[3]
    rest = tuple(one for one in full.crls if one is not victim)
    forgotten = {"crls": [victim.issuer.hex()]}
    add("too-many", "The state has 16 issuers, the update's CRL is the 17th.", "crl_too_many", crls=[ca.crl(1)],
        state=full, keeps=kept(*full.crls, state=full))
    floor = pack.seconds("2026-03-01T12:00:00Z")
    add("room", "The state has 16 issuers; the update forgets one and brings another.", "ok", crls=[ca.crl(1)],
        state=full, resets=forgotten, keeps_all=after(counter=13, slots=full.slots, time_floor=floor,
                                                      crls=by_issuer(*rest, known(ca, 1))))
    add("room-refused", "The same, but a padding octet is not zero.", "padding", crls=[ca.crl(1)], state=full,
        resets=forgotten, file={"padding": flip(0)}, keeps=kept(*full.crls, state=full))
    add("room-not-enough", "The state has 16 issuers; the update forgets one and brings two.", "crl_too_many",
        crls=[ca.crl(1), world.officer_root.crl(2)], state=full, resets=forgotten, keeps=kept(*full.crls, state=full))
    add("room-other", "The update forgets an issuer that the state does not have.", "crl_too_many",
        crls=[ca.crl(1)], state=full, resets={"crls": ["00" * 31 + "01"]})


def _resets(suite):
    add = _adder(suite, "update.resets")
    state = pack.State(slots=(("app", 9), ("boot", 8)), time_floor=pack.seconds("2026-02-01T00:00:00Z"))
    own = pack.seconds(pack.SIGNING_TIME)
    def one(case_id, what, floors, slots, time_floor=None, **more):
        resets = {}
        if floors:
            resets["security_versions"] = [{"id": name, "security_version": version} for name, version in floors]
        if time_floor is not None:
            resets["time_floor"] = time_floor
        floor = more.pop("floor", own if time_floor is None else pack.seconds(time_floor))
        add(case_id, what, "ok", state=more.pop("state", state), resets=resets, keeps_all=after(
            counter=13, slots=slots, time_floor=floor), **more)
    one("lower", "A floor is reset to a lower one.", [("app", 5)], (("app", 5), ("boot", 8)))
    one("higher", "A floor is reset to a higher one.", [("app", 50)], (("app", 50), ("boot", 8)))
    one("zero", "A floor is reset to 0.", [("app", 0)], (("boot", 8),))
    one("new", "A floor is set for a slot that the state does not list.", [("modem", 4)],
        (("app", 9), ("boot", 8), ("modem", 4)))
    one("all", "All floors are reset.", [("app", 1), ("boot", 1), ("meter", 1), ("modem", 1)],
        (("app", 1), ("boot", 1), ("meter", 1), ("modem", 1)))
    one("time-lower", "The time floor is reset to an earlier time.", [], state.slots, "2025-03-01T00:00:00Z")
    one("time-higher", "The time floor is reset to a later time.", [], state.slots, "2040-03-01T00:00:00Z")
    one("time-0", "The time floor is reset to 1970: it is never below the profile's.", [], state.slots,
        "1970-01-01T00:00:00Z", floor=pack.Profile([]).time_floor)
    add("time-1969", "The time floor is reset to a time before 1970.", "manifest_schema", state=state,
        resets={"time_floor": "1969-12-31T23:59:59Z"})
    one("none", "Nothing is reset: the time floor rises.", [], state.slots)
    one("time-pilot", "A trust-update of another stage resets the time floor.", [], state.slots,
        "2025-03-01T00:00:00Z", edit=setter("package", "stage", "pilot"))
    add("pilot", "A trust-update of another stage than the highest raises no floor.", "ok", state=state,
        edit=setter("package", "stage", "pilot"), keeps_all=after(counter=13, slots=state.slots,
                                                                  time_floor=state.time_floor))
    add("refused", "A refused update resets nothing.", "trust_epoch", epoch=2, state=state, resets={
        "security_versions": [{"id": "app", "security_version": 1}]}, keeps=kept(state=state))
    unsorted = state.changed(slots=(("boot", 8), ("app", 9), ("meter", 0)))
    one("unsorted-state", "The state's slots are not in order, one has the floor 0.", [("modem", 4)],
        (("app", 9), ("boot", 8), ("modem", 4)), state=unsorted)


def _reset_crls(suite):
    add = _adder(suite, "update.forgets")
    world = party.world()
    ca, other = world.officer_ca, world.foreign_ca
    state = pack.State(crls=by_issuer(known(ca, 1, 2), known(other, 3)))
    floor = pack.seconds(pack.SIGNING_TIME)
    def one(case_id, what, crls, keys, left):
        add(case_id, what, "ok", crls=crls, state=state, resets={"crls": sorted(node.hash().hex() for node in keys)},
            keeps_all=after(counter=13, slots=state.slots, time_floor=floor, crls=by_issuer(*left)))
    one("one", "One issuer is forgotten.", [], [other], [known(ca, 1, 2)])
    one("both", "Both issuers are forgotten.", [], [ca, other], [])
    one("own", "The issuer of the update's own CRL is forgotten: its CRL is kept.", [ca.crl(7, number=6)], [ca],
        [known(ca, 7, number=6), known(other, 3)])
    one("own-older", "The same, with a CRL older than what is forgotten.", [ca.crl(7, number=2)], [ca],
        [known(ca, 7, number=2), known(other, 3)])
    one("unknown", "An issuer that the state does not have is forgotten.", [], [world.next_ca],
        [known(ca, 1, 2), known(other, 3)])
    incomplete = pack.State(crls=(known(ca, number=9, complete=False),))
    add("incomplete", "A list that is not complete is forgotten, and the CRL is short.", "ok",
        crls=[ca.crl(7, number=9)], state=incomplete, resets={"crls": [ca.hash().hex()]}, keeps_all=after(
            counter=13, slots=incomplete.slots, time_floor=floor, crls=(known(ca, 7, number=9),)))


def _remembered(suite):
    add = _adder(suite, "update.remember")
    world = party.world()
    early, late = "2025-12-01T00:00:00Z", "2026-05-01T00:00:00Z"
    recent = party.update_profile(time_floor=pack.seconds("2025-11-01T00:00:00Z"))
    add("smallest", "Two officers sign: the smaller signing time.", "ok", world.officer[0].signing(signing_time=late),
        world.officer[2].signing(signing_time=early), profile=recent,
        keeps_all=after(time_floor=pack.seconds(early)))
    rotated = party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2))
    add("smallest-new", "The new root's officer has the smaller signing time; for the old store it does not count.",
        "ok", world.officer[0].signing(signing_time=late), world.next_officer[2].signing(signing_time=early),
        profile=recent, trust=rotated, states=True)
    add("smallest-old", "The old root's officer has the smaller signing time; for the new store it does not count.",
        "ok", world.officer[0].signing(signing_time=early), world.next_officer[2].signing(signing_time=late),
        profile=recent, trust=rotated, states=True)
    add("below", "The signing time is below the floor.", "ok", profile=party.update_profile(
        time_floor=pack.seconds("2026-12-01T00:00:00Z")), keeps_all=after(
            time_floor=pack.seconds("2026-12-01T00:00:00Z")))


def _with_state_store(suite):
    """The state's trust store replaces the profile's."""
    world = party.world()
    profile = party.update_profile()
    def state(*roles, **changes):
        return pack.State(trust_epoch=3, trust=trusting(*roles, **changes))
    def add(case_id, what, expect, octets, before, **more):
        suite.add(f"store.{case_id}", what, expect, package=octets, profile=profile, state=before, **more)
    new_oem = party.role("oem", world.next_root)
    new = state(new_oem, party.officer_role())
    add("new-root", "The state's store has another OEM root, whose signer signs.", "ok",
        party.package(world.next_oem[0]), new)
    add("old-root", "The state's store has another OEM root, the profile's signer signs.", "chain_no_anchor",
        party.package(world.oem[0]), new)
    add("update-next", "The next update under the state's store.", "ok", party.update(
        world.officer[0], epoch=4, trust=party.store(new_oem, party.officer_role())), new)
    add("update-first-again", "The first update once more.", "trust_epoch", party.update(world.officer[0]), new)
    add("no-update", "The state's store takes no trust-updates.", "kind_unsupported", party.update(
        world.officer[0], epoch=4), state(party.oem_role(), party.officer_role(), trust_update=()))
    add("no-update-unknown", "The state's store does not know the officers.", "chain_no_anchor", party.update(
        world.officer[0], epoch=4), state(party.oem_role(), trust_update=()))
    add("two-roles", "The state's store needs the operator, too.", "threshold_not_met", party.package(world.oem[0]),
        state(party.oem_role(), party.operator_role(), party.officer_role()))
    add("epoch-0", "The state has a trust store and epoch 0.", ["ok", "state_damaged"], party.package(world.oem[0]),
        state(party.oem_role(), party.officer_role()).changed(trust_epoch=0))
    add("epoch-without", "The state has epoch 3 and no trust store.", ["ok", "state_damaged"],
        party.package(world.oem[0]), pack.State(trust_epoch=3))
    floor = pack.seconds(pack.SIGNING_TIME)
    add("kept", "The state's store stays after a firmware package.", "ok", party.package(world.next_oem[0]), new,
        keeps_all=new.changed(counter=13, slots=(("app", 7), ("boot", 3), ("modem", 1)), time_floor=floor))


FLOORS = [{"id": name, "security_version": version} for name, version in
          (("app", 6), ("boot", 2), ("meter", 0), ("modem", 1))]
RESETS = {"time_floor": "2026-01-01T00:00:00Z", "security_versions": FLOORS}
OWN = setter("compatible", 0, "serials", [SERIAL])


def _recovery_adder(suite, prefix):
    add = _adder(suite, prefix)
    def one(case_id, what, expect, *parties, edits=(), **more):
        fields = {"update_recovery": CHALLENGE, "resets": RESETS, "recovery": CHALLENGE, "epoch": 7, **more}
        add(case_id, what, expect, *parties, edit=both(OWN, *edits), **{
            name: value for name, value in fields.items() if value is not None})
    return one


def _recovered_state(**changes):
    return after(**{"epoch": 7, "time_floor": pack.seconds("2026-01-01T00:00:00Z"),
                    "slots": (("app", 6), ("boot", 2), ("modem", 1)), **changes})


def _recovery(suite):
    """Section 9.4."""
    add = _recovery_adder(suite, "recovery")
    world = party.world()
    add("good", "A trust-update for the recovery of this device.", "ok", keeps_all=_recovered_state())
    add("damaged-state", "The same, the state is damaged.", "ok", state=pack.State(counter=-1),
        keeps_all=_recovered_state())
    add("other-state", "The same, the state is of another model.", "ok", state=pack.State(model="cp-8"))
    add("good-state", "The same, there is a good state.", "ok", state=pack.State(), keeps_all=_recovered_state())
    add("epoch-1", "The recovery has epoch 1.", "ok", epoch=1, keeps_all=_recovered_state(epoch=1))
    add("epoch-largest", "The recovery has the largest epoch.", "ok", epoch=2**31 - 1)
    retired = pack.State(trust_epoch=3, trust=trusting(party.oem_role(), party.role(
        "officers", world.next_root, kinds=2)))
    add("profile-store", "The lost state had another store: the profile's counts.", "ok", state=retired)
    add("profile-store-new", "The lost state had another store, whose officer signs.", "chain_no_anchor",
        world.next_officer[0], state=retired)
    add("crls-of-state", "The lost state revoked the officer.", "ok", state=pack.State(
        crls=(known(world.officer_ca, world.officer[0].serial),)))
    add("own-crl", "The recovery brings a CRL.", "ok", crls=[world.officer_ca.crl(1)],
        keeps_all=_recovered_state(crls=(known(world.officer_ca, 1),)))
    add("own-crl-revoked", "The recovery brings a CRL that lists the officer.", "revoked",
        crls=[world.officer_ca.crl(world.officer[0].serial)])
    add("forgets", "The recovery forgets issuers, of which there are none.", "ok",
        resets={**RESETS, "crls": ["ab" * 32]}, keeps_all=_recovered_state())
    add("two-officers", "The recovery needs two officers, one signs.", "threshold_not_met",
        profile=party.update_profile(party.oem_role(), party.officer_role(threshold=2, signers=tuple(
            one.hash() for one in world.officer[:2]))))
    add("new-store", "The recovery installs a new root, officers of both sign.", "ok", world.officer[0],
        world.next_officer[2], trust=party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2)))
    add("new-store-not-met", "The recovery installs a new root, whose officer has not signed.", "chain_no_anchor",
        trust=party.store(party.oem_role(), party.role("officers", world.next_root, kinds=2)))
    old = world.officer_ca.leaf("officer-recovery", policy="trust-update", not_after="2026-04-01T00:00:00Z")
    add("time", "The reset time is within the officer's validity, the signing time, too.", "ok", old)
    add("time-profile", "The profile's time floor is after the officer's notAfter.", "expired_floor", old,
        profile=party.update_profile(time_floor=pack.seconds("2026-05-01T00:00:00Z")))
    add("time-reset", "The reset time is after the officer's notAfter.", "expired_floor", old,
        resets={**RESETS, "time_floor": "2026-05-01T00:00:00Z"})
    add("pilot", "A recovery of another stage than the highest.", "ok", edits=[setter("package", "stage", "pilot")],
        keeps_all=_recovered_state())


def _recovery_refused(suite):
    add = _recovery_adder(suite, "recovery.refused")
    refused = "recovery_refused"
    add("no-challenge", "A recovery, which this device did not ask for.", refused, recovery=None)
    add("no-challenge-next", "The same, with the next epoch.", refused, recovery=None, epoch=1)
    add("other-challenge", "A recovery for another challenge.", refused, update_recovery="5b" * 32)
    add("not-recovery", "The device asks for a recovery, the trust-update is none.", refused, update_recovery=None)
    suite.add("recovery.refused.firmware", "The device asks for a recovery, the package is firmware.", refused,
              package=party.package(party.world().oem[0]), profile=party.update_profile(), recovery=CHALLENGE)
    suite.add("recovery.refused.firmware-member", "… and the firmware's manifest has a member recovery.", refused,
              package=party.package(party.world().oem[0], edit=setter("recovery", CHALLENGE)),
              profile=party.update_profile(), recovery=CHALLENGE)
    suite.add("recovery.firmware-member", "A firmware's manifest has a member recovery, nobody asked.", "ok",
              package=party.package(party.world().oem[0], edit=setter("recovery", CHALLENGE)),
              profile=party.update_profile())
    add("no-serials", "The entry of the recovery lists no serial numbers.", "wrong_serial", edits=[
        setter("compatible", [{"vendor": pack.VENDOR, "model": pack.MODEL}])])
    add("other-serial", "The entry of the recovery lists another serial number.", "wrong_serial", edits=[
        setter("compatible", 0, "serials", ["CP-0043"])])
    suite.add("recovery.refused.serial-unknown", "The unit's serial number is not known.", "wrong_serial",
              package=party.update(party.world().officer[0], epoch=7, edit=OWN, resets=RESETS, recovery=CHALLENGE),
              profile=party.update_profile(), recovery=CHALLENGE, serial=None)
    add("second-entry", "The second entry lists the serial number, the first none.", "ok", edits=[
        setter("compatible", [{"vendor": pack.VENDOR, "model": pack.MODEL},
                              {"vendor": pack.VENDOR, "model": pack.MODEL, "serials": [SERIAL]}])])
    add("no-resets", "The recovery resets nothing.", refused, resets=None)
    add("no-time", "The recovery does not give the floor of time.", refused, resets={"security_versions": FLOORS})
    add("no-floors", "The recovery does not give the floors of slots.", refused,
        resets={"time_floor": RESETS["time_floor"]})
    add("floor-missing", "The recovery lacks the floor of one slot.", refused,
        resets={**RESETS, "security_versions": FLOORS[:3]})
    add("slot-unknown", "The recovery gives the floor of a slot that the profile lacks.", "component_unknown",
        resets={**RESETS, "security_versions": [*FLOORS, {"id": "radio", "security_version": 1}]})
    add("slot-unknown-and-missing", "… and lacks the floor of one slot.", "component_unknown",
        resets={**RESETS, "security_versions": [*FLOORS[:3], {"id": "radio", "security_version": 1}]})
    add("before-store", "The recovery lacks a floor, and trust is no TrustStore.", refused, trust=d.NULL,
        resets={"security_versions": FLOORS})
    add("mask-first", "The recovery lacks a floor, and the mask is 1.", "component_mask", file={"mask": 1},
        resets={"security_versions": FLOORS})
    add("challenge-before-stage", "A recovery for another challenge, of a stage that is refused.", refused,
        update_recovery="5b" * 32, edits=[setter("package", "stage", "dev")])
    add("kind-first", "A recovery for another challenge; the store takes no trust-updates.", "kind_unsupported",
        update_recovery="5b" * 32, profile=party.profile(party.oem_role(), party.officer_role(), firmware=("oem",)))
    add("clock", "The clock is trusted, but no time is given.", "clock_missing", profile=party.update_profile(clock=1),
        needs="no-system-clock")
    add("profile", "The profile is damaged.", "profile_damaged", profile=party.update_profile(stages=0))


def _recovered(suite):
    """Afterwards the device is an ordinary one."""
    state = _recovered_state()
    world = party.world()
    suite.add("recovery.after", "A firmware package after a recovery.", "ok", package=party.package(world.oem[0]),
              profile=party.update_profile(), state=state)
    suite.add("recovery.after-rollback", "A firmware package below the floors of a recovery.", "rollback",
              package=party.package(world.oem[0], edit=setter("components", 2, "security_version", 0)),
              profile=party.update_profile(), state=state)
    suite.add("recovery.after-again", "The same recovery once more, without a challenge.", "recovery_refused",
              package=party.update(world.officer[0], epoch=7, edit=OWN, resets=RESETS, recovery=CHALLENGE),
              profile=party.update_profile(), state=state)
    suite.add("recovery.after-next", "The next epoch after a recovery.", "ok", package=party.update(
        world.officer[0], epoch=8), profile=party.update_profile(), state=state)


def _steps(suite):
    """Section 2: trust-updates in front of a firmware package."""
    world = party.world()
    def add(case_id, what, expect, *parts, profile=None, needs="steps", **more):
        suite.add(f"steps.{case_id}", what, expect, package=b"".join(parts), profile=profile or party.update_profile(),
                  needs=needs, **more)
    new_oem = party.role("oem", world.next_root)
    store = party.store(new_oem, party.officer_role())
    first = party.update(world.officer[0], trust=store)
    old, new = party.package(world.oem[0]), party.package(world.next_oem[0])
    add("one", "A step installs the root that signed the firmware.", "ok", first, new, states=True)
    add("one-old", "A step replaces the root that signed the firmware.", "chain_no_anchor", first, old, states=True)
    add("known", "The device has the step already.", "ok", first, new, states=True, state=pack.State(
        trust_epoch=1, trust=d.tlv(0xA0, store)))
    add("not-needed", "The step is refused (a later epoch), the firmware needs none.", "ok", party.update(
        world.officer[0], epoch=2, trust=store), old, states=True)
    add("refused", "The step is refused, the firmware needs it.", "chain_no_anchor", party.update(
        world.foreign[0], trust=store), new)
    back = party.store(party.oem_role(), party.officer_role())
    second = party.update(world.officer[0], epoch=2, trust=back)
    add("two", "Two steps, the second goes back to the first root.", "ok", first, second, old, states=True)
    add("two-second-only", "Two steps, the device has the first.", "ok", first, second, old, states=True,
        state=pack.State(trust_epoch=1, trust=d.tlv(0xA0, store)))
    add("two-reversed", "Two steps in the wrong order: only the first epoch is taken.", "chain_no_anchor", second,
        first, old)
    eight = [party.update(world.officer[0], epoch=at, trust=back) for at in range(1, 9)]
    add("8", "Eight steps.", "ok", *eight, old, states=True)
    ninth = party.update(world.officer[0], epoch=9, trust=back)
    add("9", "Nine steps.", "trailing_data", *eight, ninth, old)
    add("crl", "A refused step brings a CRL that revokes the firmware's signer.", "revoked", party.update(
        world.officer[0], world.oem[2], epoch=5, crls=[world.oem_ca.crl(world.oem[0].serial)]), old, states=True)
    add("crl-refused", "A refused step brings a CRL of the officers, which is kept.", "ok", party.update(
        world.officer[0], epoch=5, crls=[world.officer_ca.crl(1)]), old, states=True)
    add("crl-revokes", "A step's CRL revokes the officer of the next step.", "chain_no_anchor", party.update(
        world.officer[0], trust=back, crls=[world.officer_ca.crl(world.officer[1].serial)]), party.update(
            world.officer[1], epoch=2, trust=store), new, states=True)
    add("floor", "A step resets a floor that the firmware needs.", "ok", party.update(world.officer[0], resets={
        "security_versions": [{"id": "app", "security_version": 7}]}), old, state=pack.State(slots=(("app", 90),)),
        states=True)
    add("recovery", "A recovery is the step in front of a firmware package.", "ok", party.update(
        world.officer[0], epoch=7, edit=OWN, resets=RESETS, recovery=CHALLENGE), old, recovery=CHALLENGE,
        states=True)
    add("recovery-refused", "A refused recovery is the step in front of a firmware package.", "recovery_refused",
        party.update(world.officer[0], epoch=7, edit=OWN, resets=RESETS, recovery="5b" * 32), old,
        recovery=CHALLENGE)


def _steps_broken(suite):
    """Steps that are no packages; and trust-updates with something behind that is no firmware package."""
    world = party.world()
    update, firmware = party.update(world.officer[0]), party.package(world.oem[0])
    def add(case_id, what, expect, *parts, **more):
        suite.add(f"steps.broken-{case_id}", what, expect, package=b"".join(parts), profile=party.update_profile(),
                  needs="steps", **more)
    add("envelope", "The step's envelope is no DER.", "ok", flip(20)(update), firmware, states=True)
    add("padding", "The step's padding is not zero.", "ok", flip(-1)(update), firmware, states=True)
    add("mask", "The step's mask is not 0.", "ok", flip(15)(update), firmware, states=True)
    add("signature", "The step's signature does not verify.", "ok", party.update(world.officer[0].signing(**WRONG)),
        firmware, states=True)
    blank = pack.MAGIC_TRUST_UPDATE + (100).to_bytes(4, "big") + bytes(4)
    add("zeros", "The step is a header and zero octets.", "ok", blank.ljust(4096, b"\0"), firmware)
    huge = pack.MAGIC_TRUST_UPDATE + (20000).to_bytes(4, "big") + bytes(4)
    add("huge", "The step is a header, its envelope is larger than the device takes.", "ok", huge.ljust(20480, b"\0"),
        firmware)
    empty = pack.MAGIC_TRUST_UPDATE + bytes(8)
    add("empty", "The step's envelope has length 0.", "ok", empty.ljust(4096, b"\0"), firmware)
    add("short", "The step ends a block too early.", ["file_magic", "file_version"], update[:-4096] if len(
        update) > 4096 else update[:2048], firmware)
    add("gap", "A block of zero octets stands between step and firmware.", "file_magic", update, bytes(4096), firmware)
    add("behind", "The trust-update stands behind the firmware.", "trailing_data", firmware, update)
    add("two-updates", "Two trust-updates, no firmware.", "ok", update, party.update(
        world.officer[0], epoch=2), states=True)
    add("octet", "A trust-update and a zero octet.", "file_magic", update, b"\0")
    add("text", "A trust-update and some text.", "file_magic", update, b"this is no package" * 3)
    add("half", "A trust-update and the header of a firmware package.", "truncated", update, firmware[:16])
