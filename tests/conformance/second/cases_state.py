"""Cases of format.md section 9.2: each field of a device state broken, the CRLs in it, and what is written of it."""

import gen_der as d
import gen_package as pack
import gen_parties as party
from cases_revocation import kept
from gen_suite import flip, setter

DAMAGED = "state_damaged"
KEYS = [bytes([at]) * 32 for at in range(1, 40)]


def add_cases(suite):
    """All cases of this module."""
    _crls(suite)
    _revoked(suite)
    _fields(suite)
    _counters(suite)
    _floors(suite)
    _profiles(suite)


def _adder(suite, prefix):
    octets = party.package(party.world().oem[0])
    def add(case_id, what, expect=DAMAGED, package=None, profile=None, **changes):
        more = {name: changes.pop(name) for name in ("keeps", "keeps_all") if name in changes}
        suite.add(f"{prefix}.{case_id}", what, expect, package=package or octets,
                  profile=profile or party.profile(), state=pack.State(**changes), **more)
    return add


def _crls(suite):
    add = _adder(suite, "state.crls")
    known = pack.Known
    def one(case_id, what, expect, *entries):
        add(case_id, what, expect, crls=entries)
    one("one", "One issuer.", "ok", known(KEYS[0]))
    one("16", "16 issuers.", "ok", *(known(key) for key in KEYS[:16]))
    one("17", "17 issuers.", DAMAGED, *(known(key) for key in KEYS[:17]))
    one("unsorted", "Two issuers, not in order.", DAMAGED, known(KEYS[1]), known(KEYS[0]))
    one("twice", "An issuer stands twice.", DAMAGED, known(KEYS[0]), known(KEYS[0], 6))
    one("key-31", "issuerKey has 31 octets.", DAMAGED, known(b"\1" * 31))
    one("key-33", "issuerKey has 33 octets.", DAMAGED, known(b"\1" * 33))
    one("key-empty", "issuerKey is empty.", DAMAGED, known(b""))
    one("number-negative", "number is -1.", DAMAGED, known(KEYS[0], -1))
    one("number-largest", "number is 2^63 - 1.", "ok", known(KEYS[0], 2**63 - 1))
    one("number-2-63", "number is 2^63.", DAMAGED, known(KEYS[0], 2**63))
    one("complete-01", "complete is TRUE as 01.", DAMAGED, known(KEYS[0], complete=b"\x01\x01\x01"))
    one("complete-integer", "complete is an INTEGER.", DAMAGED, known(KEYS[0], complete=d.integer(1)))
    one("complete-missing", "complete is missing.", DAMAGED, known(KEYS[0], complete=b""))
    one("incomplete", "complete is FALSE, nothing is listed.", "ok", known(KEYS[0], complete=False))
    one("incomplete-listed", "complete is FALSE, a serial number is listed.", DAMAGED,
        known(KEYS[0], 5, False, (1,)))
    entry = known(KEYS[0]).der()
    def raw(case_id, what, octets):
        add(case_id, what, DAMAGED, edit=lambda content: content.replace(entry, octets, 1)
            if content.count(entry) == 1 else None, crls=(known(KEYS[0]),))
    raw("extra", "A NULL follows the serial numbers.", d.sequence(d.octets(KEYS[0]), d.integer(5), d.boolean(True),
                                                                 d.sequence())[:-2] + d.NULL)
    raw("set", "An entry is a SET.", b"\x31" + entry[1:])
    raw("key-bits", "issuerKey is a BIT STRING.", entry.replace(b"\x04\x20", b"\x03\x20"))
    add("missing", "crls is missing.", edit=lambda content: d.sequence(d.content_of(content)[:-2]))
    add("old", "There is a third list, as in an older text.", edit=lambda content: d.sequence(
        d.content_of(content), d.sequence()))


def _revoked(suite):
    add = _adder(suite, "state.revoked")
    known = pack.Known
    def one(case_id, what, expect, *revoked):
        add(case_id, what, expect, crls=(known(KEYS[0], 5, True, revoked),))
    one("sorted", "By length, then octets.", "ok", 1, 2, 127, 128, 255, 256, 65536)
    one("unsorted", "Two serial numbers, not in order.", DAMAGED, 2, 1)
    one("twice", "A serial number stands twice.", DAMAGED, 7, 7)
    one("length-first", "A longer serial number stands first.", DAMAGED, 256, 7)
    one("negative", "Negative serial numbers, by length, then octets.", "ok", 1, -1, 128, -129)
    one("negative-unsorted", "Negative serial numbers by value.", DAMAGED, -1, 1)
    one("zero", "The serial number 0.", "ok", 0, 1)
    one("not-minimal", "A serial number is not minimal.", DAMAGED, b"\x02\x02\x00\x07")
    one("empty", "A serial number has no content.", DAMAGED, b"\x02\x00")
    one("octets", "A serial number is an OCTET STRING.", DAMAGED, d.octets(b"\7"))
    one("21", "A serial number has 21 octets.", "ok", 2**167 - 1)
    one("22", "A serial number has 22 octets.", DAMAGED, 2**175 - 1)
    many = tuple(range(1000, 1257))
    one("256", "256 serial numbers of one issuer.", "ok", *many[:256])
    one("257", "257 serial numbers of one issuer.", DAMAGED, *many)
    add("256-of-two", "256 serial numbers of two issuers.", "ok", crls=(
        known(KEYS[0], 5, True, many[:128]), known(KEYS[1], 5, True, many[:128])))
    add("257-of-two", "257 serial numbers of two issuers.", crls=(
        known(KEYS[0], 5, True, many[:128]), known(KEYS[1], 5, True, many[:129])))


def _fields(suite):
    """The fields around, in other orders and types."""
    add = _adder(suite, "state.field")
    def fields(edit):
        def change(content):
            found, at, inner = [], 0, d.content_of(content)
            while at < len(inner):
                end = d.element_end(inner, at)
                found.append(inner[at:end])
                at = end
            return d.sequence(*edit(found))
        return change
    names = ("version", "counter", "vendor", "model", "time-floor", "trust-epoch", "slots", "crls")
    for at, name in enumerate(names):
        add(f"{name}-missing", f"{name} is missing.", edit=fields(lambda found, at=at: found[:at] + found[at + 1:]))
        add(f"{name}-twice", f"{name} stands twice.", edit=fields(
            lambda found, at=at: found[:at + 1] + found[at:]))
        add(f"{name}-null", f"{name} is NULL.", edit=fields(
            lambda found, at=at: found[:at] + [d.NULL] + found[at + 1:]))
    add("swapped", "timeFloor and trustEpoch change places: the floor is then 0.", ["ok", DAMAGED], trust_epoch=0,
        edit=fields(lambda found: [*found[:4], found[5], found[4], *found[6:]]))
    store = party.store(party.oem_role(), party.officer_role())
    add("trust", "A trust store.", "ok", trust_epoch=1, trust=d.tlv(0xA0, store))
    add("trust-implicit", "The trust store is IMPLICIT.", trust_epoch=1, trust=b"\xa0" + store[1:])
    add("trust-tag-1", "The trust store has the tag [1].", trust_epoch=1, trust=d.tlv(0xA1, store))
    add("trust-bare", "The trust store has no tag.", trust_epoch=1, trust=store)
    add("trust-twice", "There are two trust stores.", trust_epoch=1, trust=d.tlv(0xA0, store) * 2)
    add("trust-two-inside", "Two trust stores stand in one field.", trust_epoch=1, trust=d.tlv(0xA0, store, store))
    add("trust-empty", "The field of the trust store is empty.", trust_epoch=1, trust=d.tlv(0xA0))
    add("slot-unknown", "A slot that the profile lacks.", ["ok", DAMAGED], slots=(("app", 1), ("radio", 1)))
    add("slots-unsorted", "Slots are not in order.", "ok", slots=(("boot", 1), ("app", 1)))
    add("slot-twice", "A slot stands twice.", [DAMAGED, "ok"], slots=(("app", 1), ("app", 2)))
    add("slot-twice-rollback", "A slot stands twice, the second floor is above the package's version.",
        [DAMAGED, "ok", "rollback"], slots=(("app", 1), ("app", 90)))
    add("slots-32", "32 slots, most of which the profile lacks.", ["ok", DAMAGED],
        slots=(("app", 6), *((f"part-{at:02}", 0) for at in range(31))))
    blobs = ("first", "middle", "last")
    for label, at in zip(blobs, (13, 40, -33)):
        add(f"flipped-{label}", f"A bit of the DER is flipped ({label} octets).", edit_blob=flip(at))


def _counters(suite):
    add = _adder(suite, "state.counter")
    for label, value in (("0", 0), ("7", 7), ("2-31", 2**31), ("largest", 2**32 - 1)):
        before = pack.State(counter=value)
        add(label, f"The counter is {value}.", "ok", counter=value, keeps=kept(state=before))


def _floors(suite):
    """What is written: floors of slots and of time."""
    add = _adder(suite, "state.written")
    signed = pack.seconds(pack.SIGNING_TIME)
    def one(case_id, what, before, after_slots, after_floor, edit=None, profile=None, mask=0, leaf=None, dropped=()):
        state = pack.State(**before)
        add(case_id, what, "ok", package=party.package(leaf or party.world().oem[0], edit=edit, mask=mask),
            profile=profile, keeps=state.changed(counter=13, slots=tuple(
                (name, floor) for name, floor in sorted(state.slots) if floor and name not in dropped)),
            keeps_all=state.changed(counter=13, slots=after_slots, time_floor=after_floor), **before)
    all_three = (("app", 7), ("boot", 3), ("modem", 1))
    one("plain", "All floors rise.", {}, all_three, signed)
    one("slice", "Only the components of the file are installed.", {}, (("app", 7), ("boot", 2)), signed, mask=0b010)
    one("higher", "A slot of the state that the package does not have stays.", {"slots": (("meter", 9),)},
        (*all_three[:2], ("meter", 9), all_three[2]), signed)
    one("equal", "A security_version is the floor of the profile.", {"slots": ()},
        (("app", 5), ("boot", 3), ("modem", 1)), signed, edit=setter("components", 1, "security_version", 5))
    one("zero", "A security_version is 0.", {"slots": ()}, all_three[:2], signed,
        edit=setter("components", 2, "security_version", 0))
    one("zero-in-state", "The state lists a slot with the floor 0.", {"slots": (("app", 6), ("meter", 0))},
        all_three, signed)
    one("unsorted", "The state's slots are not in order.", {"slots": (("meter", 4), ("app", 6))},
        (*all_three[:2], ("meter", 4), all_three[2]), signed)
    one("400-days", "The time floor rises by 400 days.", {"time_floor": 0}, all_three,
        pack.seconds("2025-01-01T00:00:00Z") + 34_560_000)
    late = pack.seconds("2026-12-01T00:00:00Z")
    one("late", "The time floor is above the signing time.", {"time_floor": late}, all_three, late)
    pilot = party.world().oem_ca.leaf("oem-pilot-state", policy="pilot")
    one("pilot", "A package of another stage than the highest: nothing rises.", {}, (("app", 6), ("boot", 2)),
        pack.State().time_floor, edit=setter("package", "stage", "pilot"), leaf=pilot)
    one("pilot-0", "The same, the state's time floor is below the profile's.", {"time_floor": 0},
        (("app", 6), ("boot", 2)), pack.Profile([]).time_floor, edit=setter("package", "stage", "pilot"), leaf=pilot)
    one("unknown-slot", "The state lists a slot that the profile lacks: it is left out.", {
        "slots": (("app", 6), ("radio", 3))}, all_three, signed, dropped=("radio",))


def _profiles(suite):
    """Section 9.1: profiles with more than one role."""
    octets = party.package(party.world().oem[0])
    def add(case_id, what, expect, profile):
        suite.add(f"profile.{case_id}", what, expect, package=octets, profile=profile)
    oem, officer = party.oem_role(), party.officer_role()
    add("update-optional", "The officers' role is there, trustUpdate does not name it.", "ok",
        party.profile(oem, officer, firmware=("oem",)))
    add("update-unknown", "trustUpdate names a role that there is not.", "profile_damaged",
        party.profile(oem, trust_update=("officers",)))
    add("update-firmware", "trustUpdate names a role for firmware.", "profile_damaged",
        party.profile(oem, trust_update=("oem",)))
    add("update-nine", "trustUpdate names nine roles.", "profile_damaged", party.profile(
        oem, officer, firmware=("oem",), trust_update=("officers",) * 9))
    same = party.profile(party.oem_role(), party.role("twin", party.world().foreign_root))
    add("two-needed", "Two roles are needed, one has signed.", "threshold_not_met", same)
