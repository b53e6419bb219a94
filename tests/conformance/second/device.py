"""Device profile and device state: format.md sections 9.1 and 9.2."""

import dataclasses
import hashlib
import re
from typing import NamedTuple

import der
import keys
import x509
from status import Refused, require

PROFILE_MAGIC = bytes.fromhex("89455644310d0a1a")
STATE_MAGIC = bytes.fromhex("89455654310d0a1a")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MAX_31, MAX_TIME = 2**31 - 1, 253402300799
MAX_REVOKED, MAX_SERIAL = 256, 21


class Profile:
    """Section 9.1; `components` maps ids to (needed, floor), in order."""


class TrustStore:
    """Section 9.1; `firmware` and `trust_update` name roles. `raw` is its DER."""

    def required(self, kind):
        """The roles whose thresholds a package of this kind needs."""
        names = self.firmware if kind == "firmware" else self.trust_update
        return [role for name in names for role in self.roles if role.name == name]


class Role:
    """One role of a TrustStore."""


class Anchor:
    """A subject Name and a key, None where its type is unknown."""

    def __init__(self, subject, key):
        self.subject = subject
        self.key = key


class KnownCrl(NamedTuple):
    """What a state keeps of an issuer's CRLs; `revoked` are the contents of the serial numbers."""

    number: int
    complete: bool
    revoked: frozenset


@dataclasses.dataclass(frozen=True)
class State:
    """Section 9.2; `slots` maps component ids to floors, `crls` key hashes to KnownCrl."""

    vendor: str
    model: str
    counter: int = 0
    time_floor: int = 0
    trust_epoch: int = 0
    slots: dict = dataclasses.field(default_factory=dict)
    crls: dict = dataclasses.field(default_factory=dict)
    trust: object = None            # a TrustStore

    def encode(self):
        """The octets of the blob."""
        text = [der.element(der.UTF8, value.encode()) for value in (self.vendor, self.model)]
        slots = [der.element(der.SEQUENCE, der.element(der.UTF8, name.encode()), der.number(floor))
                 for name, floor in self.slots.items()]
        crls = [_encode_known(issuer, known) for issuer, known in sorted(self.crls.items())]
        trust = b"" if self.trust is None else der.element(0xA0, self.trust.raw)
        content = der.element(
            der.SEQUENCE, der.number(1), der.number(self.counter), *text, der.number(self.time_floor),
            der.number(self.trust_epoch), der.element(der.SEQUENCE, *slots), der.element(der.SEQUENCE, *crls), trust)
        body = STATE_MAGIC + len(content).to_bytes(4, "big") + content
        return body + hashlib.sha256(body).digest()


def _encode_known(issuer, known):
    revoked = [der.element(der.INTEGER, serial) for serial in sorted(known.revoked, key=serial_order)]
    return der.element(
        der.SEQUENCE, der.element(der.OCTET_STRING, issuer), der.number(known.number),
        der.element(der.BOOLEAN, b"\xff" if known.complete else b"\0"), der.element(der.SEQUENCE, *revoked))


def serial_order(serial):
    """Section 9.2: by length, then octets."""
    return len(serial), serial


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
    """Section 9.1: the profile, or `profile_damaged`."""
    try:
        return _read_profile(_blob(data, PROFILE_MAGIC))
    except der.DerError as error:
        raise Refused("profile_damaged", str(error)) from error


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
    profile.trust = read_trust_store(cursor.take(der.SEQUENCE))
    cursor.finish()
    return profile


def read_trust_store(element):
    """A TrustStore that can meet its own requirements; DerError where it breaks anything of section 9.1."""
    store = TrustStore()
    store.raw = element.raw
    cursor = der.Cursor(element.content)
    store.roles = [_read_role(der.Cursor(der.read_only(one.raw, der.SEQUENCE).content))
                   for one in _sequence(cursor, 1, 8)]
    store.firmware = _names(cursor, 1, 8)
    store.trust_update = _names(cursor, 0, 8)
    cursor.finish()
    if len({role.name for role in store.roles}) != len(store.roles):
        raise der.DerError("two roles with the same name")
    for role in store.roles:
        if len(role.signers) != len(set(role.signers)) or 1 < role.threshold > len(role.signers):
            raise der.DerError("signers: two alike, or too few for a threshold above one")
    for kind, bit, names in (("firmware", 1, store.firmware), ("trust-update", 2, store.trust_update)):
        roles = store.required(kind)
        if len(roles) != len(names) or len(set(names)) != len(names):
            raise der.DerError("a role that there is not, or one named twice")
        if not all(role.scope_kinds & bit for role in roles) or sum(role.threshold for role in roles) > 4:
            raise der.DerError(f"requirements of {kind}")
    return store


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
    if any(len(value) != 32 for value in role.signers):
        raise der.DerError("signers")
    return role


def _read_anchor(element):
    cursor = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
    subject, spki = cursor.take(der.SEQUENCE).raw, cursor.take(der.SEQUENCE).raw
    cursor.finish()
    x509.check_name(subject)
    if len(subject) > x509.MAX_NAME or not der.read_only(subject).content:
        raise der.DerError("an anchor's Name is too long or empty")
    try:
        key = keys.parse_spki(spki)
    except keys.BadKey as error:
        raise der.DerError(str(error)) from error
    return Anchor(subject, key)


def factory_new(profile):
    """The state of a device that has learnt nothing: no slots, so that the profile's floors hold."""
    return State(profile.vendor, profile.model)


def load_state(data, profile):
    """Section 9.2; `data` None is a factory-new device."""
    if data is None:
        return factory_new(profile)
    require(data, "state_missing")
    try:
        state = read_state(data)
    except der.DerError as error:
        raise Refused("state_damaged", str(error)) from error
    require((state.vendor, state.model) == (profile.vendor, profile.model), "state_mismatch")
    return state


def read_state(data):
    """The State of a blob, DerError where it breaks section 9.2."""
    cursor = _blob(data, STATE_MAGIC)
    _integer(cursor, 1, 1)
    counter = _integer(cursor, 0, 2**32 - 1)
    vendor, model = _name(cursor), _name(cursor)
    time_floor = _integer(cursor, 0, MAX_TIME)
    trust_epoch = _integer(cursor, 0, MAX_31)
    slots = {}
    for element in _sequence(cursor, 0, 32):
        slot = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
        name, floor = _name(slot, 32), _integer(slot, 0, MAX_31)
        slot.finish()
        if name in slots:
            raise der.DerError("two slots with the same id")
        slots[name] = floor
    known = [_read_known(element) for element in _sequence(cursor, 0, 16)]
    issuers = [issuer for issuer, _ in known]
    if any(before >= after for before, after in zip(issuers, issuers[1:])):
        raise der.DerError("crls are not strictly ascending")
    if sum(len(one.revoked) for _, one in known) > MAX_REVOKED:
        raise der.DerError("too many serial numbers")
    trust = cursor.optional(0xA0)
    cursor.finish()
    store = None if trust is None else read_trust_store(der.read_only(trust.content, der.SEQUENCE))
    return State(vendor, model, counter, time_floor, trust_epoch, slots, dict(known), store)


def _read_known(element):
    """One member of `crls`."""
    cursor = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
    issuer_key, number = cursor.take(der.OCTET_STRING).content, _integer(cursor, 0, 2**63 - 1)
    complete = der.boolean(cursor.take())
    serials = []
    for serial in der.Cursor(cursor.take(der.SEQUENCE).content).rest():
        der.integer(serial)
        if len(serial.content) > MAX_SERIAL:
            raise der.DerError("a serial number is too long")
        serials.append(serial.content)
    cursor.finish()
    if len(issuer_key) != 32:
        raise der.DerError("issuerKey")
    if any(serial_order(before) >= serial_order(after) for before, after in zip(serials, serials[1:])):
        raise der.DerError("revoked is not strictly ascending")
    if serials and not complete:
        raise der.DerError("serial numbers in a list that is not complete")
    return issuer_key, KnownCrl(number, complete, frozenset(serials))


def floors(profile, state):
    """Section 9.2: the floor of each slot, the higher of the profile's and the state's."""
    return {name: max(floor, state.slots.get(name, 0)) for name, (_, floor) in profile.components.items()}
