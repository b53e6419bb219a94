"""Keys made at run time, and certificates with any one field changed."""

import dataclasses
import functools
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import gen_der as d

EVSEAL = "2.25.16969548012417228313490157624141281090"
POLICY = {"dev": EVSEAL + ".2.1", "pilot": EVSEAL + ".2.2", "prod": EVSEAL + ".2.3", "trust-update": EVSEAL + ".2.4",
          "ocpp": EVSEAL + ".2.5", "any": "2.5.29.32.0"}
EKU = {"code": "1.3.6.1.5.5.7.3.3", "update": "1.3.6.1.5.5.7.3.43", "server": "1.3.6.1.5.5.7.3.1",
       "any": "2.5.29.37.0"}

HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
HASH_OID = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
            "sha512": "2.16.840.1.101.3.4.2.3"}
HASH_SIZE = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
ECDSA_OID = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3",
             "sha512": "1.2.840.10045.4.3.4"}
RSA_OID = {"sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12",
           "sha512": "1.2.840.113549.1.1.13"}

ORDER = {"p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
         "p384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973}


def hash_algorithm(name, parameters=d.NULL):
    """AlgorithmIdentifier of a hash function."""
    return d.sequence(d.oid(HASH_OID[name]), parameters)


def pss_parameters(digest, salt=None, mask_digest=None, null=True, extra=b""):
    """RSASSA-PSS-params."""
    parameters = d.NULL if null else b""
    mask = d.sequence(d.oid("1.2.840.113549.1.1.8"), hash_algorithm(mask_digest or digest, parameters))
    size = HASH_SIZE[digest] if salt is None else salt
    return d.sequence(d.tlv(0xA0, hash_algorithm(digest, parameters)), d.tlv(0xA1, mask),
                      d.tlv(0xA2, d.integer(size)), extra)


def algorithm_identifier(scheme):
    """The AlgorithmIdentifier of (algorithm, digest)."""
    algorithm, digest = scheme
    if algorithm == "ecdsa":
        return d.sequence(d.oid(ECDSA_OID[digest]))
    if algorithm == "pkcs1":
        return d.sequence(d.oid(RSA_OID[digest]), d.NULL)
    if algorithm == "pss":
        return d.sequence(d.oid("1.2.840.113549.1.1.10"), pss_parameters(digest))
    return d.sequence(d.oid({"ed25519": "1.3.101.112", "ed448": "1.3.101.113"}[algorithm]))


class Key:
    """A private key, or only the bytes of a public one. `scheme` is how it signs by default."""

    def __init__(self, private, scheme, spki=None):
        self.private = private
        self.scheme = scheme
        self.spki = spki or private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data, scheme=None):
        """A signature by (algorithm, digest); octets without meaning where there is no private key."""
        algorithm, digest = scheme or self.scheme
        if self.private is None:
            return b"\x5a" * 256
        if algorithm == "ecdsa":
            return self.private.sign(data, ec.ECDSA(HASHES[digest]()))
        if algorithm == "pss":
            return self.sign_pss(data, digest, HASH_SIZE[digest])
        if algorithm == "pkcs1":
            return self.private.sign(data, padding.PKCS1v15(), HASHES[digest]())
        if algorithm == "dsa":
            return self.private.sign(data, HASHES[digest]())
        return self.private.sign(data)

    def sign_pss(self, data, digest, salt):
        """RSASSA-PSS with any length of salt."""
        mode = padding.PSS(mgf=padding.MGF1(HASHES[digest]()), salt_length=salt)
        return self.private.sign(data, mode, HASHES[digest]())

    def with_spki(self, spki):
        """The same private key under another SubjectPublicKeyInfo."""
        return Key(self.private, self.scheme, spki)

    def hash(self):
        """The key hash of section 1."""
        return hashlib.sha256(self.spki).digest()

    def identifier(self):
        """A subjectKeyIdentifier: any octets would do."""
        return hashlib.sha256(self.spki).digest()[:20]


def numbers_of(signature):
    """r and s of an ECDSA signature."""
    return decode_dss_signature(signature)


def ecdsa_value(r, s):
    """ECDSA-Sig-Value."""
    return d.sequence(d.integer(r), d.integer(s))


def set_s(signature, order, high):
    """The same ECDSA signature with s in the upper or the lower half."""
    r, s = numbers_of(signature)
    return ecdsa_value(r, s if (s > order // 2) == high else order - s)


@functools.lru_cache(maxsize=None)
def key(label):
    """The key of this label, such as `p256:leaf`: made once in a run. Same labels, same keys."""
    kind = label.split(":")[0]
    if kind in ("p256", "p384", "p521", "k256"):
        curve, digest = {"p256": (ec.SECP256R1, "sha256"), "p384": (ec.SECP384R1, "sha384"),
                         "p521": (ec.SECP521R1, "sha512"), "k256": (ec.SECP256K1, "sha256")}[kind]
        return Key(ec.generate_private_key(curve()), ("ecdsa", digest))
    if kind == "ed25519":
        return Key(ed25519.Ed25519PrivateKey.generate(), ("ed25519", None))
    if kind == "ed448":
        return Key(ed448.Ed448PrivateKey.generate(), ("ed448", None))
    if kind == "dsa" and label != "dsa:one":
        return key("dsa:one")       # slow to make
    if kind == "dsa":
        return Key(dsa.generate_private_key(2048), ("dsa", "sha256"))
    exponent = 3 if kind.endswith("e3") else 65537
    size = int(kind[3:].removesuffix("e3"))
    return Key(rsa.generate_private_key(exponent, size), ("pss", "sha256"))


def rsa_spki(n, e, algorithm="1.2.840.113549.1.1.1", parameters=d.NULL):
    """SubjectPublicKeyInfo of an RSA key."""
    numbers = d.sequence(d.integer(n), d.integer(e))
    return d.sequence(d.sequence(d.oid(algorithm), parameters), d.bits(numbers))


def pss_spki(rsa_key, parameters=b""):
    """The same RSA key as id-RSASSA-PSS."""
    numbers = rsa_key.private.public_key().public_numbers()
    return rsa_spki(numbers.n, numbers.e, "1.2.840.113549.1.1.10", parameters)


def name(*texts):
    """A Name: organisation and common names."""
    rdns = [d.set_of(d.sequence(d.oid("2.5.4.10"), d.utf8("Evseal Conformance")))] if texts else []
    rdns += [d.set_of(d.sequence(d.oid("2.5.4.3"), d.utf8(text))) for text in texts]
    return d.sequence(*rdns)


# ---- extensions ----

def extension(oid, value, critical=False):
    """An Extension."""
    return d.sequence(d.oid(oid), d.boolean(True) if critical else b"", d.octets(value))


def basic_constraints(ca=True, path_length=None, critical=True):
    """basicConstraints."""
    parts = [d.boolean(True)] if ca else []
    parts += [d.integer(path_length)] if path_length is not None else []
    return extension("2.5.29.19", d.sequence(*parts), critical)


def key_usage(*numbers):
    """keyUsage: 0 digitalSignature, 5 keyCertSign, 6 cRLSign."""
    return extension("2.5.29.15", d.named_bits(*numbers), True)


def ext_key_usage(*labels, critical=False):
    """extKeyUsage of the labels of EKU."""
    return extension("2.5.29.37", d.sequence(*(d.oid(EKU[label]) for label in labels)), critical)


def policies(*labels, critical=False):
    """certificatePolicies of the labels of POLICY."""
    entries = [d.sequence(d.oid(POLICY.get(label, label))) for label in labels]
    return extension("2.5.29.32", d.sequence(*entries), critical)


def subject_key_id(identifier, critical=False):
    """subjectKeyIdentifier."""
    return extension("2.5.29.14", d.octets(identifier), critical)


def authority_key_id(identifier=None, issuer=None, serial=None, critical=False):
    """authorityKeyIdentifier."""
    parts = [d.tlv(0x80, identifier)] if identifier is not None else []
    parts += [d.tlv(0xA1, d.tlv(0xA4, issuer))] if issuer is not None else []
    parts += [d.tlv(0x82, d.integer_content(serial))] if serial is not None else []
    return extension("2.5.29.35", d.sequence(*parts), critical)


# ---- certificates ----

AUTO = object()


@dataclasses.dataclass
class Cert:
    """What one certificate says. AUTO fields follow from its issuer; `extensions` maps labels to raw extensions."""

    key: Key
    subject: bytes
    ca: bool = True
    serial: object = 4711               # a number, or the raw INTEGER
    version: bytes = d.tlv(0xA0, d.integer(2))
    issuer: object = AUTO
    not_before: object = "2024-01-01T00:00:00Z"     # text, or the raw Time
    not_after: object = "2044-01-01T00:00:00Z"
    scheme: object = AUTO
    inner_algorithm: object = AUTO
    outer_algorithm: object = AUTO
    extensions: dict = dataclasses.field(default_factory=dict)
    all_extensions: object = AUTO       # the raw [3] field
    unique_ids: bytes = b""
    edit_tbs: object = None             # function of the raw TBSCertificate, before it is signed
    edit_signature: object = None       # function of the signature octets
    edit: object = None                 # function of the raw certificate

    def changed(self, **changes):
        """A copy with other fields; `ext` updates the extensions (None drops one)."""
        added = changes.pop("ext", {})
        return dataclasses.replace(self, extensions={**self.extensions, **added}, **changes)

    def default_extensions(self, issuer_identifier):
        """The extensions of an ordinary CA or leaf."""
        found = {"aki": authority_key_id(issuer_identifier), "ski": subject_key_id(self.key.identifier())}
        if self.ca:
            found.update(bc=basic_constraints(), ku=key_usage(5, 6),
                         policies=policies("dev", "pilot", "prod", "trust-update"))
        else:
            found.update(ku=key_usage(0), eku=ext_key_usage("code", "update"), policies=policies("prod"))
        found.update(self.extensions)
        return [value for value in found.values() if value is not None]

    def build(self, issuer_name, issuer_key, issuer_identifier=None):
        """The DER of the certificate, signed by the issuer."""
        scheme = issuer_key.scheme if self.scheme is AUTO else self.scheme
        algorithm = algorithm_identifier(scheme) if self.inner_algorithm is AUTO else self.inner_algorithm
        extensions = self.all_extensions
        if extensions is AUTO:
            identifier = issuer_identifier or issuer_key.identifier()
            extensions = d.tlv(0xA3, d.sequence(*self.default_extensions(identifier)))
        times = [d.time_of(time) if isinstance(time, str) else time for time in (self.not_before, self.not_after)]
        tbs = d.sequence(
            self.version, self.serial if isinstance(self.serial, bytes) else d.integer(self.serial), algorithm,
            issuer_name if self.issuer is AUTO else self.issuer, d.sequence(*times), self.subject, self.key.spki,
            self.unique_ids, extensions)
        if self.edit_tbs:
            tbs = self.edit_tbs(tbs)
        signature = issuer_key.sign(tbs, scheme)
        if self.edit_signature:
            signature = self.edit_signature(signature)
        outer = algorithm if self.outer_algorithm is AUTO else self.outer_algorithm
        certificate = d.sequence(tbs, outer, d.bits(signature))
        return self.edit(certificate) if self.edit else certificate


@dataclasses.dataclass
class Chain:
    """An anchor (name and key) and the certificates below it, the topmost first, the leaf last."""

    root_name: bytes
    root_key: Key
    certificates: list

    def build(self):
        """The DER of the certificates, the leaf first."""
        issuer_name, issuer_key, built = self.root_name, self.root_key, []
        for certificate in self.certificates:
            built.insert(0, certificate.build(issuer_name, issuer_key))
            issuer_name, issuer_key = certificate.subject, certificate.key
        return built

    def changed(self, position, **changes):
        """A copy in which the certificate at `position` (-1 the leaf, 0 the topmost) has other fields."""
        certificates = list(self.certificates)
        certificates[position] = certificates[position].changed(**changes)
        return dataclasses.replace(self, certificates=certificates)

    def leaf(self, **changes):
        """A copy with another leaf."""
        return self.changed(-1, **changes)

    def intermediate(self, **changes):
        """A copy with another topmost intermediate."""
        return self.changed(0, **changes)


KINDS = ("p256", "p384", "rsa2048", "rsa3072", "ed25519")


def standard_chain(kind, intermediates=1):
    """Root, intermediates and leaf of one kind of key. RSA CAs have 2048 bits, only the leaf has the full size."""
    ca_kind = "rsa2048" if kind.startswith("rsa") else kind
    certificates = []
    for number in range(1, intermediates + 1):
        label = f"{ca_kind}:ca{number if not kind.startswith('rsa') else 1}"
        certificates.append(Cert(key(label), name(f"CA {number} {ca_kind}"), serial=100 + number))
    certificates.append(Cert(key(f"{kind}:leaf"), name(f"Leaf {kind}"), ca=False, serial=7001))
    return Chain(name(f"Root {ca_kind}"), key(f"{ca_kind}:root"), certificates)
