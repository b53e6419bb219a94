"""Device profile and device state: format.md sections 9.1 and 9.2."""

import hashlib
import re

import der
import keys
import x509
from status import Refused, require

PROFILE_MAGIC = bytes.fromhex("89455644310d0a1a")
STATE_MAGIC = bytes.fromhex("89455654310d0a1a")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MAX_31, MAX_TIME = 2**31 - 1, 253402300799


class Profile:
    """Section 9.1; `role` is the one role of this verifier."""


class Role:
    """One role of a TrustStore."""


class Anchor:
    """A subject Name and a key, None where its type is unknown."""

    def __init__(self, subject, key):
        self.subject = subject
        self.key = key


class State:
    """Section 9.2; `slots` maps component ids to floors."""


def _blob(data, magic):
    """Magic, length, DER, SHA-256 over all before: returns the DER."""
    if data[:8] != magic or len(data) < 8 + 4 + 32:
        raise der.DerError("magic or length")
    size = int.from_bytes(data[8:12], "big")
    if len(data) != 12 + size + 32 or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise der.DerError("length or checksum")
    whole = der.read_only(data[12:12 + size], der.SEQUENCE)
    der.check_deep(whole)
    return der.Cursor(whole.content)


def _integer(cursor, low, high):
    value = der.integer(cursor.take())
    if not low <= value <= high:
        raise der.DerError(f"INTEGER not within {low} to {high}")
    return value


def _name(cursor, longest=64):
    text = der.utf8(cursor.take())
    if not _NAME.fullmatch(text) or len(text) > longest:
        raise der.DerError("not a name")
    return text


def _sequence(cursor, low=None, high=None):
    """A cursor over a SEQUENCE; with bounds a list of its elements, whose number lies within."""
    inner = der.Cursor(cursor.take(der.SEQUENCE).content)
    if low is None:
        return inner
    elements = inner.rest()
    if not low <= len(elements) <= high:
        raise der.DerError(f"not {low} to {high} elements")
    return elements


def _names(cursor, low, high, longest=64):
    return [_name(der.Cursor(element.raw), longest) for element in _sequence(cursor, low, high)]


def load_profile(data):
    """Section 9.1, and what this verifier does not implement."""
    try:
        profile = _read_profile(_blob(data, PROFILE_MAGIC))
    except der.DerError as error:
        raise Refused("profile_damaged", str(error)) from error
    used = set(profile.firmware)
    require(len(profile.roles) == 1 and len(profile.firmware) == 1, "profile_unsupported", "several roles")
    profile.role = profile.roles[0]
    require(used == {profile.role.name}, "profile_damaged", "firmware names a role that there is not")
    require(set(profile.trust_update) <= used, "profile_damaged", "trustUpdate names a role that there is not")
    anchored = all(anchor.key is not None for anchor in profile.role.anchors)
    require(anchored, "profile_unsupported", "an anchor's key is of an unknown type")
    require(profile.role.threshold == 1, "profile_unsupported", "threshold above one")
    require(not profile.role.requires_crl, "crl_unsupported", "the role requires CRLs")
    return profile


def _read_profile(cursor):
    profile = Profile()
    _integer(cursor, 1, 1)
    profile.vendor, profile.model = _name(cursor), _name(cursor)
    profile.stages = _integer(cursor, 1, 7)
    profile.clock_trusted = _integer(cursor, 0, 1) == 1
    profile.time_floor = _integer(cursor, 0, MAX_TIME)
    limits = _sequence(cursor)
    profile.envelope_bytes = _integer(limits, 1024, 65536)
    profile.chunk_bytes = _integer(limits, 4096, 1048576)
    profile.max_components = _integer(limits, 1, 32)
    profile.version_jump = _integer(limits, 1, MAX_31)
    limits.finish()
    if profile.chunk_bytes & profile.chunk_bytes - 1:
        raise der.DerError("chunkBytes is not a power of two")
    profile.components = {}
    for element in _sequence(cursor, 1, 32):
        slot = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
        name, needed, floor = _name(slot, 32), der.boolean(slot.take()), _integer(slot, 0, MAX_31)
        slot.finish()
        if name in profile.components:
            raise der.DerError("two components with the same id")
        profile.components[name] = (needed, floor)
    _read_trust_store(profile, _sequence(cursor))
    cursor.finish()
    return profile


def _read_trust_store(profile, cursor):
    profile.roles = [_read_role(der.Cursor(der.read_only(element.raw, der.SEQUENCE).content))
                     for element in _sequence(cursor, 1, 8)]
    profile.firmware = _names(cursor, 1, 8)
    profile.trust_update = _names(cursor, 0, 8)
    cursor.finish()


def _read_role(cursor):
    role = Role()
    role.name = _name(cursor)
    role.anchors = [_read_anchor(element) for element in _sequence(cursor, 1, 8)]
    role.threshold = _integer(cursor, 1, 4)
    flags = _integer(cursor, 0, 15)
    role.requires_crl, role.waives_policies = bool(flags & 1), bool(flags & 2)
    role.waives_purpose, role.allows_pkcs1 = bool(flags & 4), bool(flags & 8)
    role.max_intermediates = _integer(cursor, 0, 4)
    scope = _sequence(cursor)
    role.scope_stages, role.scope_kinds = _integer(scope, 1, 7), _integer(scope, 1, 3)
    role.scope_models, role.scope_components = _names(scope, 0, 8), _names(scope, 0, 32, 32)
    scope.finish()
    role.signers = [der.read_only(element.raw, der.OCTET_STRING).content for element in _sequence(cursor, 0, 8)]
    cursor.finish()
    if any(len(value) != 32 for value in role.signers) or (role.threshold > 1 and not role.signers):
        raise der.DerError("signers")
    return role


def _read_anchor(element):
    cursor = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
    subject, spki = cursor.take(der.SEQUENCE).raw, cursor.take(der.SEQUENCE).raw
    cursor.finish()
    x509.check_name(subject)
    try:
        key = keys.parse_spki(spki)
    except keys.BadKey as error:
        raise der.DerError(str(error)) from error
    return Anchor(subject, key)


def load_state(data, profile):
    """Section 9.2; `data` None is a factory-new device: the profile's own floors."""
    if data is None:
        state = State()
        state.time_floor, state.slots = 0, {}
        return state
    require(data, "state_missing")
    try:
        state = _read_state(_blob(data, STATE_MAGIC))
    except der.DerError as error:
        raise Refused("state_damaged", str(error)) from error
    require((state.vendor, state.model) == (profile.vendor, profile.model), "state_mismatch")
    require(not state.crls and not state.revoked, "state_unsupported", "the state holds CRLs")
    require(state.trust is None, "state_unsupported", "the state holds a trust store")
    return state


def _read_state(cursor):
    state = State()
    _integer(cursor, 1, 1)
    state.counter = _integer(cursor, 0, 2**32 - 1)
    state.vendor, state.model = _name(cursor), _name(cursor)
    state.time_floor = _integer(cursor, 0, MAX_TIME)
    state.trust_epoch = _integer(cursor, 0, MAX_31)
    state.slots = {}
    for element in _sequence(cursor, 0, 32):
        slot = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
        name, floor = _name(slot, 32), _integer(slot, 0, MAX_31)
        slot.finish()
        if name in state.slots:
            raise der.DerError("two slots with the same id")
        state.slots[name] = floor
    state.crls = [_read_issuer_and_number(element) for element in _sequence(cursor, 0, 8)]
    state.revoked = [_read_issuer_and_number(element) for element in _sequence(cursor, 0, 256)]
    trust = cursor.optional(0xA0)
    cursor.finish()
    state.trust = None
    if trust is not None:
        state.trust = Profile()
        _read_trust_store(state.trust, der.Cursor(der.read_only(trust.content, der.SEQUENCE).content))
    return state


def _read_issuer_and_number(element):
    cursor = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
    issuer_key, number = cursor.take(der.OCTET_STRING).content, der.integer(cursor.take())
    cursor.finish()
    if len(issuer_key) != 32:
        raise der.DerError("issuerKey")
    return issuer_key, number


def floors(profile, state):
    """Section 9.2: the floor of each slot, the higher of the profile's and the state's."""
    return {name: max(floor, state.slots.get(name, 0)) for name, (_, floor) in profile.components.items()}
