"""Several parties that sign one package: their PKIs, roles, packages, trust-updates."""

import dataclasses
import functools

import gen_crl
import gen_der as d
import gen_package as pack
import gen_pki as pki


def _name(label):
    """All names are equally long, so that the order of SignerInfos follows from serial numbers alone."""
    return pki.name(label.ljust(20, "."))


def _key(kind, label, place):
    """The key of this label; RSA keys, which are slow to make, are those of the standard chain for the place."""
    return pki.key(f"{kind}:{place}" if kind.startswith("rsa") else f"{kind}:{label}")


def _serial(label, order):
    """A serial number of 3 + 4 · order octets."""
    seed = pack.image_octets(f"serial {label}", 3 + 4 * order)
    return int.from_bytes(bytes([0x40 | seed[0] & 0x3F]) + seed[1:], "big")


class Node:
    """An issuer: a root (without certificates) or an intermediate (`certificates` from its own one upwards)."""

    def __init__(self, subject, key, certificates=(), serial=None, above=None):
        self.subject, self.key, self.certificates, self.serial, self.above = subject, key, certificates, serial, above

    def anchor(self):
        """The anchor of a trust store."""
        return self.subject, self.key.spki

    def hash(self):
        """The issuer key's hash."""
        return self.key.hash()

    def ca(self, label, kind="p256", order=0, **changes):
        """An intermediate below."""
        certificate = pki.Cert(_key(kind, label, "ca1"), _name(label), serial=_serial(label, order)).changed(**changes)
        octets = certificate.build(self.subject, self.key)
        return Node(certificate.subject, certificate.key, (octets, *self.certificates), certificate.serial, self)

    def leaf(self, label, order=0, kind="p256", policy="prod", ext=None, key=None, **changes):
        """A signer below; those with a higher `order` stand later in the file."""
        extensions = {"policies": pki.policies(policy) if policy else None, **(ext or {})}
        certificate = pki.Cert(key or _key(kind, label, "leaf"), _name(label), ca=False,
                               serial=_serial(label, order)).changed(ext=extensions, **changes)
        octets = certificate.build(self.subject, self.key)
        return Party(certificate.key, (octets, *self.certificates), certificate.serial, self)

    def crl(self, *revoked, **changes):
        """A CRL of this issuer (not built yet)."""
        return gen_crl.Crl(self.subject, self.key, revoked=revoked, **changes)


@dataclasses.dataclass
class Party:
    """A signer: key, certificates (its own first), serial number, issuer; `fields` are those of its SignerInfo."""

    key: pki.Key
    certificates: tuple
    serial: int
    issuer: Node
    fields: dict = dataclasses.field(default_factory=dict)

    def hash(self):
        """The leaf key's hash."""
        return self.key.hash()

    def signing(self, **fields):
        """A copy that signs in another way."""
        return dataclasses.replace(self, fields={**self.fields, **fields})


def root(label, kind="p256"):
    """A root."""
    return Node(_name(label), _key(kind, label, "root"))


class World:
    """The PKIs that most cases share: made once."""

    def __init__(self):
        self.oem_root = root("oem-root")
        self.oem_ca = self.oem_root.ca("oem-ca")
        self.oem = [self.oem_ca.leaf(f"oem-{at}", at) for at in range(4)]
        self.operator_root = root("operator-root")
        self.operator_ca = self.operator_root.ca("operator-ca")
        self.operator = [self.operator_ca.leaf(f"operator-{at}", at) for at in range(4)]
        self.foreign_root = root("foreign-root")
        self.foreign_ca = self.foreign_root.ca("foreign-ca")
        self.foreign = [self.foreign_ca.leaf(f"foreign-{at}", at) for at in range(4)]
        self.officer_root = root("officer-root")
        self.officer_ca = self.officer_root.ca("officer-ca")
        self.officer = [self.officer_ca.leaf(f"officer-{at}", at, policy="trust-update") for at in range(4)]
        self.next_root = root("next-root")
        self.next_ca = self.next_root.ca("next-ca")
        self.next_officer = [self.next_ca.leaf(f"next-officer-{at}", at, policy="trust-update") for at in range(4)]
        self.next_oem = [self.next_ca.leaf(f"next-oem-{at}", at) for at in range(2)]


@functools.lru_cache(maxsize=1)
def world():
    """The one World."""
    return World()


def role(name, *roots, **changes):
    """A role with these anchors."""
    return pack.Role(name, [one.anchor() for one in roots], **changes)


def oem_role(**changes):
    """The role of every profile: one signer below the OEM's root."""
    return role("oem", world().oem_root, **changes)


def operator_role(**changes):
    """The operator's role."""
    return role("operator", world().operator_root, **changes)


def officer_role(**changes):
    """The role for trust-updates: one officer, where nothing else is said."""
    return role("officers", world().officer_root, **{"kinds": 2, **changes})


def profile(*roles, firmware=None, trust_update=(), **changes):
    """A profile with these roles (or the OEM's), each of which a firmware package needs."""
    roles = roles or (oem_role(),)
    if firmware is None:
        firmware = tuple(one.name for one in roles if one.kinds & 1)
    return pack.Profile([], roles=list(roles), firmware=firmware, trust_update=trust_update, **changes)


def envelope(manifest, parties, crls=(), ordered=True, **fields):
    """The envelope over manifest octets, signed by the parties, which stand in this order in the file."""
    certificates = list(dict.fromkeys(one for party in parties for one in party.certificates))
    if "certificates" in fields:
        certificates = fields.pop("certificates")(certificates)
    crls = [one if isinstance(one, bytes) else one.build() for one in crls]
    if crls:
        fields.setdefault("crls_field", d.tlv(0xA1, *d.set_order(crls)))
    signers = [pack.Signer(key=party.key, listed=list(party.certificates), **party.fields) for party in parties]
    if ordered and "signer_infos" not in fields:
        fields["signer_infos"] = _in_order
    return pack.Envelope(manifest, certificates, signers, **fields).build()


def _in_order(infos):
    if d.set_order(infos) != infos:
        raise ValueError("the signers do not stand in the order that the case needs")
    return d.tlv(0x31, *infos)


def package(*parties, components=None, edit=None, raw=None, crls=(), mask=0, ordered=True, file=None, **fields):
    """A firmware package, good in all parts that no argument changes."""
    components = pack.standard_components() if components is None else components
    members = pack.standard_manifest(components)
    if edit:
        members = edit(members) or members
    manifest = raw(pack.canonical(members)) if raw else pack.canonical(members)
    present = [one.encoded()[1] for at, one in enumerate(components) if mask == 0 or mask >> at & 1]
    return pack.File(envelope(manifest, parties, crls, ordered, **fields), present,
                     **{"mask": mask, **(file or {})}).build()


def store(*roles, firmware=None, trust_update=("officers",)):
    """A TrustStore."""
    if firmware is None:
        firmware = tuple(one.name for one in roles if one.kinds & 1)
    return pack.trust_store(roles, firmware, trust_update)


def update(*parties, trust=None, epoch=1, edit=None, raw=None, crls=(), ordered=True, file=None, resets=None,
           recovery=None, **fields):
    """A trust-update, by default to the store that update_profile has already."""
    members = pack.standard_manifest([])
    del members["components"]
    members["package"].update(id="cp7-trust", kind="trust-update")
    trust = store(oem_role(), officer_role()) if trust is None else trust
    members.update(epoch=epoch, trust=trust.hex() if isinstance(trust, bytes) else trust)
    if resets is not None:
        members["resets"] = resets
    if recovery is not None:
        members["recovery"] = recovery
    if edit:
        members = edit(members) or members
    manifest = raw(pack.canonical(members)) if raw else pack.canonical(members)
    return pack.File(envelope(manifest, parties, crls, ordered, **fields), [],
                     **{"magic": pack.MAGIC_TRUST_UPDATE, **(file or {})}).build()


def update_profile(*roles, **changes):
    """A profile that takes trust-updates of the officers."""
    roles = roles or (oem_role(), officer_role())
    return profile(*roles, **{"trust_update": ("officers",), **changes})
