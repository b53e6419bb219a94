"""Packages with any one part changed: payload trees, manifest, envelope, file; and the blobs of a device."""

import calendar
import copy
import dataclasses
import functools
import gzip
import hashlib
import json
import time

import gen_der as d
import gen_pki as pki

MAGIC = bytes.fromhex("89455653310d0a1a")
MAGIC_TRUST_UPDATE = bytes.fromhex("89455655310d0a1a")
CT_MANIFEST = pki.EVSEAL + ".1.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ATTRIBUTE = {"content_type": "1.2.840.113549.1.9.3", "message_digest": "1.2.840.113549.1.9.4",
             "signing_time": "1.2.840.113549.1.9.5", "signing_certificate": "1.2.840.113549.1.9.16.2.47"}
SIGNING_TIME = "2026-03-01T12:00:00Z"

VENDOR, MODEL = "acme-charge", "cp-7"


# ---- payload (format.md section 8) ----

@functools.lru_cache(maxsize=None)
def image_octets(seed, size):
    """`size` octets that look random and are the same in each run."""
    blocks = (hashlib.sha256(f"{seed}:{number}".encode()).digest() for number in range(-(-size // 32)))
    return b"".join(blocks)[:size]


@functools.lru_cache(maxsize=256)
def tree(chunks):
    """Root and pre-order encoding of the tree over the chunks, built bottom-up from the definition of RFC 9162."""
    if len(chunks) == 1:
        return hashlib.sha256(b"\x00" + chunks[0]).digest(), chunks[0]
    k = 1
    while 2 * k < len(chunks):
        k *= 2
    (left_hash, left), (right_hash, right) = tree(chunks[:k]), tree(chunks[k:])
    return hashlib.sha256(b"\x01" + left_hash + right_hash).digest(), left_hash + right_hash + left + right


@dataclasses.dataclass
class Component:
    """One component: its image and what the manifest says of it."""

    id: str
    image: bytes
    security_version: int
    chunk_size: int = 4096
    encoding: str = "none"
    stored: object = None               # octets as stored, where they are not what `encoding` makes
    extra: dict = dataclasses.field(default_factory=dict)

    def stored_octets(self):
        """The octets as stored."""
        if self.stored is not None:
            return self.stored
        return gzip.compress(self.image, 9, mtime=0) if self.encoding == "gzip" else self.image

    def encoded(self):
        """Root and payload."""
        stored = self.stored_octets()
        return tree(tuple(stored[at:at + self.chunk_size] for at in range(0, len(stored), self.chunk_size)))

    def entry(self):
        """The member of the manifest."""
        return {"id": self.id, "version": f"{self.security_version}.0.1", "security_version": self.security_version,
                "size": len(self.image), "sha256": hashlib.sha256(self.image).hexdigest(),
                "stored_size": len(self.stored_octets()), "encoding": self.encoding, "chunk_size": self.chunk_size,
                "tree_root": self.encoded()[0].hex(), **copy.deepcopy(self.extra)}


def standard_components():
    """boot (one leaf), app (three leaves, the last one short) and modem (two leaves of another size)."""
    return [Component("boot", image_octets("boot", 3000), 3),
            Component("app", image_octets("app", 10000), 7),
            Component("modem", image_octets("modem", 9000), 1, chunk_size=8192)]


def standard_manifest(components):
    """A manifest with the members that must be there."""
    return {"format": "evseal-manifest", "format_version": 1,
            "package": {"id": "cp7-firmware", "vendor": VENDOR, "version": "2.4.0", "kind": "firmware",
                        "stage": "prod"},
            "created": "2026-02-28T09:30:00Z",
            "compatible": [{"vendor": VENDOR, "model": MODEL}],
            "components": [component.entry() for component in components]}


def canonical(members):
    """Canonical JSON of the subset."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


# ---- envelope (sections 3 and 4) ----

ORDER_OF_CURVE = {"secp256r1": pki.ORDER["p256"], "secp384r1": pki.ORDER["p384"]}
DIGEST_OF = {"ecdsa": None, "pss": "sha256", "ed25519": "sha512", "ed448": "sha512", "dsa": "sha256"}


def digest_identifier(name, parameters=b""):
    """A digest AlgorithmIdentifier without parameters."""
    return d.sequence(d.oid(pki.HASH_OID[name]), parameters)


def attribute(name, *values):
    """An Attribute; `name` is a label of ATTRIBUTE or an OID."""
    return d.sequence(d.oid(ATTRIBUTE.get(name, name)), d.set_of(*values))


def ess_entry(certificate, *more):
    """ESSCertIDv2 with the SHA-256 of a certificate."""
    return d.sequence(d.octets(hashlib.sha256(certificate).digest()), *more)


def ess_value(entries, *more):
    """SigningCertificateV2."""
    return d.sequence(d.sequence(*entries), *more)


def issuer_and_serial(certificate):
    """issuer and serialNumber of a certificate, found by its well-known shape (made by this generator)."""
    def read(data, at):
        size, start = data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, start = int.from_bytes(data[start:start + count], "big"), start + count
        return data[at], start, start + size
    _, start, _ = read(certificate, 0)
    _, at, _ = read(certificate, start)
    tag, _, end = read(certificate, at)
    if tag == 0xA0:
        at = end
    _, _, serial_end = read(certificate, at)
    serial = certificate[at:serial_end]
    _, _, issuer_at = read(certificate, serial_end)
    _, _, issuer_end = read(certificate, issuer_at)
    return certificate[issuer_at:issuer_end], serial


@dataclasses.dataclass
class Signer:
    """One SignerInfo; a field that is None follows from the key and the certificates."""

    key: pki.Key
    listed: list                        # certificates, the leaf first
    scheme: object = None
    digest: object = None
    version: int = 1
    version_raw: object = None
    sid: object = None
    digest_algorithm: object = None
    signature_algorithm: object = None
    signing_time: object = None         # text, or the raw Time
    message_digest: object = None       # the raw attribute value
    content_type: object = None         # the raw attribute value
    signing_certificate: object = None  # the raw attribute value
    edit_attributes: object = None      # function of the list of raw attributes, already in order
    signed_attributes: object = None    # the raw [0] field; b"" leaves it out
    sign_with: object = None            # function of (key, data)
    edit_signature: object = None       # function of the signature octets
    signature_raw: object = None        # function of the signature octets to the raw element
    after: bytes = b""                  # fields after the signature
    edit: object = None                 # function of the raw SignerInfo

    def build(self, content):
        """The DER of the SignerInfo over the eContent octets."""
        scheme = self.scheme or self.key.scheme
        digest = self.digest or DIGEST_OF[scheme[0]] or scheme[1]
        sid = self.sid or d.sequence(*issuer_and_serial(self.listed[0]))
        digest_algorithm = self.digest_algorithm or digest_identifier(digest)
        signature_algorithm = self.signature_algorithm
        if signature_algorithm is None:
            signature_algorithm = d.sequence(d.oid("2.16.840.1.101.3.4.3.2")) if scheme[0] == "dsa" \
                else pki.algorithm_identifier(scheme)
        attributes = self._attributes(content, digest)
        field = d.tlv(0xA0, *attributes) if self.signed_attributes is None else self.signed_attributes
        covered = b"\x31" + field[1:] if field else content
        signature = self.sign_with(self.key, covered) if self.sign_with else self.key.sign(covered, scheme)
        if scheme[0] == "ecdsa" and self.sign_with is None:
            order = ORDER_OF_CURVE.get(self.key.private.curve.name)
            signature = pki.set_s(signature, order, False) if order else signature
        if self.edit_signature:
            signature = self.edit_signature(signature)
        element = self.signature_raw(signature) if self.signature_raw else d.octets(signature)
        version = self.version_raw or d.integer(self.version)
        info = d.sequence(version, sid, digest_algorithm, field, signature_algorithm, element, self.after)
        return self.edit(info) if self.edit else info

    def digest_identifier(self):
        """The digestAlgorithm for the set of SignedData."""
        scheme = self.scheme or self.key.scheme
        return self.digest_algorithm or digest_identifier(self.digest or DIGEST_OF[scheme[0]] or scheme[1])

    def _attributes(self, content, digest):
        when = self.signing_time or SIGNING_TIME
        values = {
            "content_type": self.content_type or d.oid(CT_MANIFEST),
            "message_digest": self.message_digest or d.octets(hashlib.new(digest, content).digest()),
            "signing_time": d.time_of(when) if isinstance(when, str) else when,
            "signing_certificate": self.signing_certificate or ess_value([ess_entry(one) for one in self.listed])}
        attributes = d.set_order([attribute(name, value) for name, value in values.items()])
        return self.edit_attributes(attributes) if self.edit_attributes else attributes


@dataclasses.dataclass
class Envelope:
    """The ContentInfo; a field that is None follows from the signers and certificates."""

    manifest: bytes
    certificates: list
    signers: list
    content_type: str = SIGNED_DATA
    version: bytes = d.integer(3)
    digest_algorithms: object = None    # the raw SET
    e_content_type: str = CT_MANIFEST
    e_content: object = None            # the raw [0] field; b"" leaves it out
    after_e_content: bytes = b""
    certificates_field: object = None   # the raw [0] field; b"" leaves it out
    crls_field: bytes = b""
    signer_infos: object = None         # function of the list of raw SignerInfos to the raw SET
    after: bytes = b""                  # after signerInfos
    after_all: bytes = b""              # after the ContentInfo
    signed_data: object = None          # function of the content octets to the raw SignedData
    outer: object = None                # function of the content octets to the raw ContentInfo
    wrap: object = None                 # function of the raw SignedData to the raw [0] field

    def build(self):
        """The octets of the envelope."""
        infos = [signer.build(self.manifest) for signer in self.signers]
        digests = self.digest_algorithms
        if digests is None:
            digests = d.set_of(*{signer.digest_identifier() for signer in self.signers})
        content = d.tlv(0xA0, d.octets(self.manifest)) if self.e_content is None else self.e_content
        certificates = self.certificates_field
        if certificates is None:
            certificates = d.tlv(0xA0, *d.set_order(self.certificates))
        signer_infos = self.signer_infos(infos) if self.signer_infos else d.set_of(*infos)
        encapsulated = d.sequence(d.oid(self.e_content_type), content, self.after_e_content)
        parts = b"".join([self.version, digests, encapsulated, certificates, self.crls_field, signer_infos,
                          self.after])
        signed_data = self.signed_data(parts) if self.signed_data else d.sequence(parts)
        wrapped = self.wrap(signed_data) if self.wrap else d.tlv(0xA0, signed_data)
        whole = d.oid(self.content_type) + wrapped
        return (self.outer(whole) if self.outer else d.sequence(whole)) + self.after_all


# ---- file (section 2) ----

@dataclasses.dataclass
class File:
    """The file around an envelope."""

    envelope: bytes
    payloads: list                      # of the components present
    magic: bytes = MAGIC
    length: object = None
    mask: int = 0
    padding: object = None              # function of the zero octets
    edit_payload: object = None         # function of the payload octets
    after: bytes = b""
    edit: object = None                 # function of the whole file

    def build(self):
        """The octets of the file."""
        size = len(self.envelope) if self.length is None else self.length
        padding = bytes(-(16 + len(self.envelope)) % 4096)
        if self.padding:
            padding = self.padding(padding)
        payload = b"".join(self.payloads)
        if self.edit_payload:
            payload = self.edit_payload(payload)
        whole = self.magic + size.to_bytes(4, "big") + self.mask.to_bytes(4, "big") + self.envelope + padding \
            + payload + self.after
        return self.edit(whole) if self.edit else whole


def make(kind="p256", chain=None, components=None, edit=None, raw=None, signer=None, envelope=None, file=None,
         mask=0, listed=None, certificates=None):
    """
    A package, good in all parts that no argument changes.

    `edit` changes the members of the manifest in place, `raw` maps its octets to others, both before it is signed.
    `signer`, `envelope` and `file` are dicts of fields; `listed` and `certificates` map the certificates (the leaf
    first) to those that the signer lists and those that the envelope holds.
    """
    chain = chain or pki.standard_chain(kind)
    components = standard_components() if components is None else components
    members = standard_manifest(components)
    if edit:
        members = edit(members) or members
    manifest = raw(canonical(members)) if raw else canonical(members)
    built = chain.build()
    signers = [Signer(key=chain.certificates[-1].key, listed=listed(built) if listed else built, **(signer or {}))]
    held = certificates(built) if certificates else built
    fields = {"manifest": manifest, "certificates": held, "signers": signers, **(envelope or {})}
    present = [one for at, one in enumerate(components) if mask == 0 or mask >> at & 1]
    around = {"mask": mask, **(file or {})}
    return File(Envelope(**fields).build(), [one.encoded()[1] for one in present], **around).build()


# ---- device (sections 9.1 and 9.2) ----

def blob(magic_letter, content, magic=None):
    """Magic, length, DER, SHA-256."""
    head = magic or b"\x89EV" + magic_letter + b"1\r\n\x1a"
    body = head + len(content).to_bytes(4, "big") + content
    return body + hashlib.sha256(body).digest()


def seconds(text):
    """Seconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ`."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@dataclasses.dataclass
class Role:
    """A role of a trust store; `anchors` are (Name, SubjectPublicKeyInfo)."""

    name: str = "oem"
    anchors: list = dataclasses.field(default_factory=list)
    threshold: int = 1
    flags: int = 0
    max_intermediates: int = 4
    stages: int = 7
    kinds: int = 1
    models: tuple = ()
    components: tuple = ()
    signers: tuple = ()

    def der(self):
        """Role."""
        scope = d.sequence(d.integer(self.stages), d.integer(self.kinds), names(self.models), names(self.components))
        return d.sequence(
            d.utf8(self.name), d.sequence(*(d.sequence(*anchor) for anchor in self.anchors)),
            d.integer(self.threshold), d.integer(self.flags), d.integer(self.max_intermediates), scope,
            d.sequence(*(d.octets(value) for value in self.signers)))


def names(texts):
    """SEQUENCE OF UTF8String."""
    return d.sequence(*(d.utf8(text) for text in texts))


def trust_store(roles, firmware, trust_update=()):
    """TrustStore."""
    return d.sequence(d.sequence(*(role.der() for role in roles)), names(firmware), names(trust_update))


SLOTS = (("boot", False, 2), ("app", True, 5), ("modem", False, 0), ("meter", False, 0))


@dataclasses.dataclass
class Profile:
    """A device profile. `role` changes fields of the one role; `needed` as in SLOTS."""

    anchors: list
    version: int = 1
    vendor: str = VENDOR
    model: str = MODEL
    stages: int = 6
    clock: int = 0
    time_floor: int = seconds("2025-01-01T00:00:00Z")
    envelope_bytes: int = 16384
    chunk_bytes: int = 65536
    max_components: int = 8
    jump: int = 100
    slots: tuple = SLOTS
    role: dict = dataclasses.field(default_factory=dict)
    roles: object = None
    firmware: tuple = ("oem",)
    trust_update: tuple = ()
    edit: object = None                 # function of the DER
    edit_blob: object = None            # function of the blob

    def build(self):
        """The octets of the profile."""
        limits = d.sequence(*(d.integer(value) for value in
                              (self.envelope_bytes, self.chunk_bytes, self.max_components, self.jump)))
        slots = [d.sequence(d.utf8(name), d.boolean(needed), d.integer(floor)) for name, needed, floor in self.slots]
        roles = self.roles or [Role(**{"anchors": self.anchors, **self.role})]
        content = d.sequence(
            d.integer(self.version), d.utf8(self.vendor), d.utf8(self.model), d.integer(self.stages),
            d.integer(self.clock), d.integer(self.time_floor), limits, d.sequence(*slots),
            trust_store(roles, self.firmware, self.trust_update))
        whole = blob(b"D", self.edit(content) if self.edit else content)
        return self.edit_blob(whole) if self.edit_blob else whole


@dataclasses.dataclass
class State:
    """A device state."""

    version: int = 1
    counter: int = 12
    vendor: str = VENDOR
    model: str = MODEL
    time_floor: int = seconds("2025-06-01T00:00:00Z")
    trust_epoch: int = 0
    slots: tuple = (("app", 6), ("boot", 2))
    crls: tuple = ()                    # Known, ascending by issuer
    trust: bytes = b""                  # the raw [0] field
    edit: object = None
    edit_blob: object = None

    def build(self):
        """The octets of the state."""
        slots = [d.sequence(d.utf8(name), d.integer(floor)) for name, floor in self.slots]
        content = d.sequence(
            d.integer(self.version), d.integer(self.counter), d.utf8(self.vendor), d.utf8(self.model),
            d.integer(self.time_floor), d.integer(self.trust_epoch), d.sequence(*slots),
            d.sequence(*(known.der() for known in self.crls)), self.trust)
        whole = blob(b"T", self.edit(content) if self.edit else content)
        return self.edit_blob(whole) if self.edit_blob else whole

    def changed(self, **changes):
        """A copy with other fields."""
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass
class Known:
    """What a state keeps of an issuer's CRLs; `issuer` is a key hash, `revoked` numbers or raw INTEGERs, in order."""

    issuer: bytes
    number: int = 5
    complete: object = True             # or the raw BOOLEAN
    revoked: tuple = ()

    def der(self):
        """The SEQUENCE."""
        complete = self.complete if isinstance(self.complete, bytes) else d.boolean(self.complete)
        revoked = (one if isinstance(one, bytes) else d.integer(one) for one in self.revoked)
        return d.sequence(d.octets(self.issuer), d.integer(self.number), complete, d.sequence(*revoked))
