"""Cases of format.md sections 9.1 and 9.2: device profiles and device states."""

import dataclasses
import hashlib

import gen_der as d
import gen_package as pack
import gen_pki as pki
from gen_suite import flip, profile_for

DAMAGED = "profile_damaged"


def add_cases(suite):
    """All cases of this module."""
    _profile_blob(suite)
    _profile_ranges(suite)
    _profile_names(suite)
    _profile_roles(suite)
    _profile_anchors(suite)
    _state_blob(suite)
    _state_values(suite)
    _before_the_package(suite)


def _rehash(body):
    return body + hashlib.sha256(body).digest()


def _blob_defects(magic_letter, other_letter):
    """Edits of a blob that break its frame, by label."""
    head = b"\x89EV" + magic_letter + b"1\r\n\x1a"
    def length(change):
        return lambda blob: _rehash(blob[:8] + (int.from_bytes(blob[8:12], "big") + change).to_bytes(4, "big")
                                    + blob[12:-32])
    return {
        "magic": ("the magic is wrong", lambda blob: _rehash(flip(0)(head) + blob[8:-32])),
        "magic-other": ("the magic is that of the other blob",
                        lambda blob: _rehash(b"\x89EV" + other_letter + b"1\r\n\x1a" + blob[8:-32])),
        "magic-version": ("octet 4 of the magic is 2", lambda blob: _rehash(head[:4] + b"2" + head[5:] + blob[8:-32])),
        "length-less": ("the length is one too small", length(-1)),
        "length-more": ("the length is one too large", length(1)),
        "length-huge": ("the length is 2^32 - 1", lambda blob: _rehash(blob[:8] + b"\xff" * 4 + blob[12:-32])),
        "checksum": ("one bit of the checksum is flipped", flip(-1)),
        "content": ("one bit of the DER is flipped", flip(40)),
        "cut": ("the last octet is missing", lambda blob: blob[:-1]),
        "cut-checksum": ("the checksum is missing", lambda blob: blob[:-32]),
        "cut-head": ("it ends within the length", lambda blob: blob[:10]),
        "trailing": ("a zero octet follows", lambda blob: blob + b"\0"),
        "checksum-of-der": ("the checksum is over the DER only",
                            lambda blob: blob[:-32] + hashlib.sha256(blob[12:-32]).digest()),
    }


def _der_defects():
    """Edits of the DER of a blob that break strict DER, by label."""
    return {
        "der-long-length": ("its length is not minimal", lambda der: d.tlv_long(0x30, d.content_of(der))),
        "der-indefinite": ("its length is indefinite", lambda der: d.tlv_indefinite(0x30, d.content_of(der))),
        "der-trailing": ("a NULL follows the SEQUENCE", lambda der: der + d.NULL),
        "der-extra": ("a NULL follows the last field", lambda der: d.sequence(d.content_of(der), d.NULL)),
        "der-set": ("it is a SET", lambda der: b"\x31" + der[1:]),
        "der-version-long": ("the version is not minimal",
                             lambda der: d.sequence(b"\x02\x02\x00\x01", d.content_of(der)[3:])),
        "der-empty": ("the SEQUENCE is empty", lambda der: d.sequence()),
        "der-none": ("there is no DER", lambda der: b""),
    }


def _profile_blob(suite):
    for label, (what, edit) in _blob_defects(b"D", b"T").items():
        suite.add(f"profile.{label}", f"The device profile is damaged: {what}.", DAMAGED,
                  profile=profile_for(edit_blob=edit))
    for label, (what, edit) in _der_defects().items():
        suite.add(f"profile.{label}", f"The DER of the device profile: {what}.", DAMAGED,
                  profile=profile_for(edit=edit))
    suite.add("profile.empty", "The device profile is an empty file.", DAMAGED, profile=b"")
    suite.add("profile.version-2", "The device profile has version 2.", [DAMAGED],
              profile=profile_for(version=2))


def _profile_ranges(suite):
    def add(case_id, what, expect=DAMAGED, **changes):
        suite.add(f"profile.{case_id}", what, expect, profile=profile_for(**changes))
    add("stages-0", "stages is 0.", stages=0)
    add("stages-8", "stages is 8.", stages=8)
    add("clock-2", "clock is 2.", clock=2)
    add("clock-negative", "clock is -1.", clock=-1)
    add("time-floor-negative", "timeFloor is -1.", time_floor=-1)
    add("time-floor-above", "timeFloor is 253402300800.", time_floor=253402300800)
    add("envelope-1023", "envelopeBytes is 1023.", envelope_bytes=1023)
    add("envelope-65537", "envelopeBytes is 65537.", envelope_bytes=65537)
    for value in (0, 2048, 4095, 5000, 12288, 2097152):
        add(f"chunk-{value}", f"chunkBytes is {value}.", chunk_bytes=value)
    add("components-0", "limits.components is 0.", max_components=0)
    add("components-33", "limits.components is 33.", max_components=33)
    add("components-1-ok", "limits.components is 1, the package has three.", "limit_components", max_components=1)
    add("jump-0", "securityVersionJump is 0.", jump=0)
    add("jump-2-31", "securityVersionJump is 2^31.", jump=2**31)
    add("floor-negative", "securityVersion of a slot is -1.", slots=(("app", True, -1),))
    add("floor-2-31", "securityVersion of a slot is 2^31.", slots=(("app", True, 2**31),))
    many = tuple((f"part-{at}", False, 0) for at in range(29))
    add("slots-32", "There are 32 slots.", "ok", slots=pack.SLOTS[:3] + many)
    add("slots-33", "There are 33 slots.", slots=pack.SLOTS + many)
    add("slots-0", "There is no slot.", slots=())
    add("slots-twice", "Two slots have the same id.", slots=pack.SLOTS + (("app", False, 0),))
    def needed_01(der):
        if der.count(d.utf8("app") + d.boolean(True)) != 1:
            raise ValueError("slot not found")
        return der.replace(d.utf8("app") + d.boolean(True), d.utf8("app") + b"\x01\x01\x01")
    add("needed-01", "needed is TRUE as 01.", edit=needed_01)


def _profile_names(suite):
    def add(case_id, what, expect=DAMAGED, **changes):
        suite.add(f"profile.{case_id}", what, expect, profile=profile_for(**changes))
    for label, value in (("empty", ""), ("capital", "Acme"), ("space", "a b"), ("hyphen", "-a"), ("long", "a" * 65),
                         ("umlaut", "\u00e4")):
        add(f"vendor-{label}", f"vendor is not a name ({label}).", vendor=value)
        add(f"model-{label}", f"model is not a name ({label}).", model=value)
    for label, value in (("empty", ""), ("capital", "App"), ("long", "a" * 33)):
        add(f"slot-{label}", f"A slot's id is not a component id ({label}).",
            slots=pack.SLOTS + ((value, False, 0),))
    add("slot-longest", "A slot's id has 32 characters.", "ok", slots=pack.SLOTS + (("a" * 32, False, 0),))
    add("vendor-printable", "vendor is a PrintableString.", edit=lambda der: der.replace(
        d.utf8(pack.VENDOR), d.printable(pack.VENDOR)))
    def role(case_id, what, expect=DAMAGED, **changes):
        suite.add(f"profile.{case_id}", what, expect, profile=profile_for(role=changes))
    role("scope-model-capital", "A model in the scope is not a name.", models=("CP-7",))
    role("scope-component-long", "A component in the scope has 33 characters.", components=("a" * 33,))
    role("role-name-capital", "The role's name is not a name.", [DAMAGED], name="OEM")


def _profile_roles(suite):
    def add(case_id, what, expect=DAMAGED, **role):
        suite.add(f"profile.role-{case_id}", what, expect, profile=profile_for(role=role))
    add("threshold-0", "threshold is 0.", threshold=0)
    add("threshold-5", "threshold is 5.", threshold=5, signers=(b"\1" * 32,))
    add("threshold-2-no-signers", "threshold is 2 without signers.", threshold=2)
    add("flags-16", "flags is 16.", flags=16)
    add("flags-negative", "flags is -1.", flags=-1)
    add("intermediates-5", "maxIntermediates is 5.", max_intermediates=5)
    add("scope-stages-0", "The scope's stages are 0.", stages=0)
    add("scope-stages-8", "The scope's stages are 8.", stages=8)
    add("scope-kinds-0", "The scope's kinds are 0.", kinds=0)
    add("scope-kinds-4", "The scope's kinds are 4.", kinds=4)
    add("scope-models-8", "The scope has eight models.", "ok", models=tuple(f"cp-{at}" for at in range(8)))
    add("scope-models-9", "The scope has nine models.", models=tuple(f"cp-{at}" for at in range(9)))
    add("scope-components-33", "The scope has 33 components.", components=tuple(f"c{at}" for at in range(33)))
    add("signers-9", "There are nine signers.", signers=tuple(bytes([at]) * 32 for at in range(9)))
    add("signers-31", "A signer's key hash has 31 octets.", signers=(b"\1" * 31,))
    add("signers-33", "A signer's key hash has 33 octets.", signers=(b"\1" * 33,))
    def store(case_id, what, expect, **changes):
        suite.add(f"profile.{case_id}", what, expect, profile=profile_for(**changes))
    store("firmware-none", "firmware names no role.", DAMAGED, firmware=())
    store("firmware-unknown", "firmware names a role that there is not.", [DAMAGED],
          firmware=("other",))
    store("firmware-nine", "firmware names nine roles.", DAMAGED, firmware=("oem",) * 9)
    store("firmware-twice", "firmware names the role twice.", [DAMAGED, "ok"],
          firmware=("oem", "oem"))
    anchors = profile_for().anchors
    nine = [pack.Role(f"role-{at}", anchors) for at in range(9)]
    store("roles-9", "There are nine roles.", DAMAGED, roles=nine, firmware=("role-0",))
    store("roles-same-name", "Two roles have the same name.", [DAMAGED],
          roles=[pack.Role("oem", anchors), pack.Role("oem", anchors)])


def _profile_anchors(suite):
    chain = pki.standard_chain("p256")
    def add(case_id, what, anchors, expect=DAMAGED):
        profile = dataclasses.replace(profile_for(), anchors=anchors)
        suite.add(f"profile.anchor-{case_id}", what, expect, profile=profile)
    good = (chain.root_name, chain.root_key.spki)
    add("none", "The role has no anchor.", [])
    add("nine", "The role has nine anchors.", [good] * 9)
    add("twice", "The role has the same anchor twice.", [good, good], ["ok", DAMAGED])
    add("name-set", "An anchor's subject is a SET.", [(b"\x31" + good[0][1:], good[1])])
    add("name-empty-rdn", "An RDN of an anchor's subject is empty.", [(d.sequence(d.tlv(0x31)), good[1])],
        [DAMAGED, "chain_no_anchor"])
    add("name-600", "An anchor's subject has 600 octets, beside the good anchor.",
        [good, (pki.name(*["x" * 60] * 8), good[1])], [DAMAGED, "ok"])
    point = good[1][-65:]
    spki = d.sequence(d.sequence(d.oid("1.2.840.10045.2.1"), d.oid("1.2.840.10045.3.1.7")),
                      d.bits(bytes([2 + point[-1] % 2]) + point[1:33]))
    add("key-compressed", "An anchor's P-256 point is compressed.", [(good[0], spki)],
        [DAMAGED, "cert_key", "chain_signature"])
    add("key-rsa-1024", "An anchor's RSA key has 1,024 bits.", [(good[0], pki.key("rsa1024:ca").spki)],
        [DAMAGED, "cert_key", "chain_signature"])
    add("key-p521", "An anchor's key is P-521.", [(good[0], pki.key("p521:ca").spki)],
        "cert_key")
    add("key-p521-beside", "One anchor's key is P-521, the other one is good.",
        [(pki.name("Future"), pki.key("p521:ca").spki), good], "ok")
    add("key-null", "An anchor's key is NULL.", [(good[0], d.NULL)])


def _state_blob(suite):
    damaged = "state_damaged"
    for label, (what, edit) in _blob_defects(b"T", b"D").items():
        suite.add(f"state.{label}", f"The device state is damaged: {what}.", damaged,
                  state=pack.State(edit_blob=edit))
    for label, (what, edit) in _der_defects().items():
        suite.add(f"state.{label}", f"The DER of the device state: {what}.", damaged, state=pack.State(edit=edit))
    suite.add("state.empty", "The device state is an empty file.", ["state_missing", damaged], state=b"")
    suite.add("state.zeros", "The device state is 4,096 zero octets.", damaged, state=bytes(4096))
    suite.add("state.erased", "The device state is erased flash, all FF.", damaged, state=b"\xff" * 4096)


def _state_values(suite):
    damaged = "state_damaged"
    def add(case_id, what, expect=damaged, **changes):
        suite.add(f"state.{case_id}", what, expect, state=pack.State(**changes))
    add("good", "A good device state.", "ok")
    add("version-2", "The device state has version 2.", [damaged], version=2)
    add("counter-0", "counter is 0.", "ok", counter=0)
    add("counter-largest", "counter is 2^32 - 1.", "ok", counter=2**32 - 1)
    add("counter-2-32", "counter is 2^32.", counter=2**32)
    add("counter-negative", "counter is -1.", counter=-1)
    add("other-vendor", "The state is of another vendor.", "state_mismatch", vendor="other")
    add("other-model", "The state is of another model.", "state_mismatch", model="cp-8")
    add("vendor-capital", "The state's vendor is not a name.", [damaged, "state_mismatch"], vendor="Acme-Charge")
    add("time-floor-above", "timeFloor is 253402300800.", time_floor=253402300800)
    add("time-floor-negative", "timeFloor is -1.", time_floor=-1)
    add("epoch-2-31", "trustEpoch is 2^31.", trust_epoch=2**31)
    add("epoch-negative", "trustEpoch is -1.", trust_epoch=-1)
    add("slot-2-31", "securityVersion of a slot is 2^31.", slots=(("app", 2**31),))
    add("slot-negative", "securityVersion of a slot is -1.", slots=(("app", -1),))
    add("slot-id-capital", "A slot's id is not a component id.", slots=(("App", 1),))
    add("slot-id-long", "A slot's id has 33 characters.", slots=(("a" * 33, 1),))
    add("slot-twice", "A slot stands twice.", [damaged, "ok"], slots=(("app", 5), ("app", 6)))
    add("slots-33", "There are 33 slots.", slots=tuple((f"part-{at:02}", 0) for at in range(33)))


def _before_the_package(suite):
    """The profile and the state are judged before the package, the profile first."""
    other = pack.File(b"\0", [b""], magic=b"no magic").build()
    suite.add("first.profile", "The profile is damaged, and the package is none.", DAMAGED, package=other,
              profile=profile_for(stages=0))
    suite.add("first.state", "The state is damaged, and the package is none.", "state_damaged", package=other,
              state=pack.State(counter=-1))
    suite.add("first.mismatch", "The state is of another model, and the package is none.", "state_mismatch",
              package=other, state=pack.State(model="cp-8"))
    suite.add("first.profile-and-state", "The profile and the state are damaged.", [DAMAGED, "state_damaged"],
              profile=profile_for(stages=0), state=pack.State(counter=-1))
