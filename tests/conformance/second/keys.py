"""Public keys and signatures: the table of algorithms in format.md section 3, the last rule of section 4, and the
keys and signature algorithms of section 5.1."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import der
import oids
from status import Refused, require

_HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}

_DIGEST = {"sha256": bytes.fromhex("300b0609608648016503040201"),
           "sha384": bytes.fromhex("300b0609608648016503040202"),
           "sha512": bytes.fromhex("300b0609608648016503040203")}
_PSS_SHA256 = bytes.fromhex("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f7"
                            "0d010108300d06096086480165030402010500a203020120")

# kind of key -> digest, digestAlgorithm, signatureAlgorithm: the bytes of section 3 and no others
PACKAGE_ALGORITHMS = {
    "p256": ("sha256", _DIGEST["sha256"], bytes.fromhex("300a06082a8648ce3d040302")),
    "p384": ("sha384", _DIGEST["sha384"], bytes.fromhex("300a06082a8648ce3d040303")),
    "rsa": ("sha256", _DIGEST["sha256"], _PSS_SHA256),
    "ed25519": ("sha512", _DIGEST["sha512"], bytes.fromhex("300506032b6570")),
}

_CURVES = {
    "p256": (ec.SECP256R1, 2**256 - 2**224 + 2**192 + 2**96 - 1,
             0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "p384": (ec.SECP384R1, 2**384 - 2**128 - 2**96 + 2**32 - 1,
             0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973),
}

_ED_P = 2**255 - 19
_ED_L = 2**252 + 27742317777372353535851937790883648493
# the y coordinates of the eight points of small order: 0, 1, -1, and those of the four points of order 8
_ED_Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_ED_SMALL_ORDER = {0, 1, _ED_P - 1, _ED_Y8, _ED_P - _ED_Y8}


MALFORMED = "malformed"       # a SubjectPublicKeyInfo that cannot be read: its type is not known to be unknown


class BadKey(ValueError):
    """A key of a known type `kind` that is malformed or too weak (`cert_key`)."""

    def __init__(self, message, kind=MALFORMED):
        super().__init__(message)
        self.kind = kind


def _ecdsa_numbers(signature):
    """r and s of a DER ECDSA-Sig-Value."""
    cursor = der.Cursor(der.read_only(signature, der.SEQUENCE).content)
    r, s = der.integer(cursor.take()), der.integer(cursor.take())
    cursor.finish()
    return r, s


class PublicKey:
    """A key of one of the types of section 3: `kind` is p256, p384, rsa or ed25519."""

    def __init__(self, kind, spki, key, size=0):
        self.kind = kind
        self.spki = spki
        self.hash = hashlib.sha256(spki).digest()
        self._key = key
        self._size = size      # octets of an RSA modulus

    def check_signature_form(self, signature):
        """Section 4, last rule, as far as it needs no public-key operation: form, range, high s."""
        if self.kind in _CURVES:
            self._check_ecdsa_numbers(signature)
        elif self.kind == "rsa":
            require(len(signature) == self._size, "signature_encoding", "length of the RSA signature")
            modulus = self._key.public_numbers().n
            require(int.from_bytes(signature, "big") < modulus, "signature_range", "RSA signature above the modulus")
        else:
            require(len(signature) == 64, "signature_encoding", "length of the Ed25519 signature")
            require(int.from_bytes(signature[32:], "little") < _ED_L, "signature_range", "S of the Ed25519 signature")
            require(_ed25519_point_acceptable(signature[:32]), "signature_range", "R of the Ed25519 signature")

    def verifies_package(self, data, signature):
        """Whether a signature on a package verifies by the one algorithm of this type of key."""
        schemes = {"rsa": ("pss", "sha256"), "ed25519": ("ed25519", None)}
        return self.verifies(schemes.get(self.kind, ("ecdsa", PACKAGE_ALGORITHMS[self.kind][0])), data, signature)

    def _check_ecdsa_numbers(self, signature):
        order = _CURVES[self.kind][2]
        try:
            r, s = _ecdsa_numbers(signature)
            if min(r, s) < 0:
                raise der.DerError("a negative number")
        except der.DerError as error:
            raise Refused("signature_encoding", str(error)) from error
        require(1 <= r < order and 1 <= s < order, "signature_range")
        require(s <= order // 2, "signature_high_s")

    def verifies(self, scheme, data, signature):
        """Whether `signature` over `data` verifies by (algorithm, digest)."""
        algorithm, digest = scheme
        if self._key is None:
            return False
        try:
            if algorithm == "ecdsa" and self.kind in _CURVES:
                r, s = _ecdsa_numbers(signature)
                self._key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_HASHES[digest]()))
            elif algorithm == "pss" and self.kind == "rsa" and self._may_pss(digest):
                chosen = _HASHES[digest]()
                mode = padding.PSS(mgf=padding.MGF1(chosen), salt_length=chosen.digest_size)
                self._key.verify(signature, data, mode, chosen)
            elif algorithm == "pkcs1" and self.kind == "rsa" and self._may_pkcs1():
                self._key.verify(signature, data, padding.PKCS1v15(), _HASHES[digest]())
            elif algorithm == "ed25519" and self.kind == "ed25519":
                self._key.verify(signature, data)
            else:
                return False      # an algorithm for another type of key
        except (InvalidSignature, ValueError):
            return False
        return True

    def _algorithm(self):
        """The OID of an RSA key, and whether parameters follow that are not NULL."""
        cursor = der.Cursor(der.Cursor(der.read_only(self.spki).content).take().content)
        return der.oid(cursor.take()), cursor.more()

    def _may_pkcs1(self):
        """An id-RSASSA-PSS key makes PSS signatures only (RFC 4055 section 1.2)."""
        return self._algorithm()[0] == oids.RSA

    def _may_pss(self, digest):
        """An id-RSASSA-PSS key with parameters (those of section 3) verifies with no others."""
        return self._may_pkcs1() or not self._algorithm()[1] or digest == "sha256"


def parse_spki(raw):
    """
    The key of a DER SubjectPublicKeyInfo (section 5.1): None where its type is unknown, BadKey where it is a known
    type but malformed or too weak, DerError where it is no SubjectPublicKeyInfo.
    """
    cursor = der.Cursor(der.read_only(raw, der.SEQUENCE).content)
    algorithm = der.Cursor(cursor.take(der.SEQUENCE).content)
    unused, octets = der.bit_string(cursor.take())
    cursor.finish()
    name = der.oid(algorithm.take())
    parameters = algorithm.take() if algorithm.more() else None
    algorithm.finish()
    kind = _kind(name, parameters)
    if kind is None:
        return None
    try:
        if unused:
            raise BadKey("unused bits")
        if kind in _CURVES:
            return _parse_ec(raw, kind, octets)
        if kind == "rsa":
            return _parse_rsa(raw, name, parameters, octets)
        return _parse_ed25519(raw, parameters, octets)
    except BadKey as error:
        raise BadKey(str(error), kind) from error


def _kind(name, parameters):
    """Section 3: the type of a key is its algorithm and, for EC, its named curve."""
    if name == oids.EC_PUBLIC_KEY:
        if parameters is None or parameters.tag != der.OID:
            raise BadKey("curve is not named")
        return {oids.P256: "p256", oids.P384: "p384"}.get(der.oid(parameters))
    return {oids.RSA: "rsa", oids.RSASSA_PSS: "rsa", oids.ED25519: "ed25519"}.get(name)


def kind_of(raw):
    """The type of a key by section 3, whether or not the key itself is good: None where it is unknown."""
    try:
        key = parse_spki(raw)
    except BadKey as error:
        return error.kind
    except der.DerError:
        return MALFORMED
    return None if key is None else key.kind


def _parse_ec(raw, kind, octets):
    curve, prime, _ = _CURVES[kind]
    width = (prime.bit_length() + 7) // 8
    if len(octets) != 1 + 2 * width or octets[0] != 4:
        raise BadKey("not an uncompressed point")
    if any(int.from_bytes(part, "big") >= prime for part in (octets[1:1 + width], octets[1 + width:])):
        raise BadKey("coordinate above the prime")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve(), octets)
    except ValueError:
        key = None      # not a point of the curve: nothing verifies (section 4)
    return PublicKey(kind, raw, key)


def _parse_rsa(raw, name, parameters, octets):
    if name == oids.RSA and (parameters is None or parameters.tag != der.NULL):
        raise BadKey("rsaEncryption without NULL (RFC 3279)")
    pss_parameters = der.Cursor(der.read_only(_PSS_SHA256).content)
    pss_parameters.take()
    if name == oids.RSASSA_PSS and parameters is not None and parameters.raw != pss_parameters.take().raw:
        raise BadKey("parameters of id-RSASSA-PSS")
    try:
        cursor = der.Cursor(der.read_only(octets, der.SEQUENCE).content)
        n, e = der.integer(cursor.take()), der.integer(cursor.take())
        cursor.finish()
    except der.DerError as error:
        raise BadKey(str(error)) from error
    if n <= 0 or not 2048 <= n.bit_length() <= 4096 or n % 2 == 0:
        raise BadKey("RSA modulus")
    if not 65537 <= e < 2**32 or e % 2 == 0:
        raise BadKey("RSA exponent")
    return PublicKey("rsa", raw, rsa.RSAPublicNumbers(e, n).public_key(), (n.bit_length() + 7) // 8)


def _ed25519_point_acceptable(octets):
    """Canonical and not of small order: section 4 for R, section 5.1 for keys."""
    y = int.from_bytes(octets, "little") & (2**255 - 1)
    return y < _ED_P and y not in _ED_SMALL_ORDER


def _parse_ed25519(raw, parameters, octets):
    if parameters is not None or len(octets) != 32:
        raise BadKey("Ed25519 key")
    if not _ed25519_point_acceptable(octets):
        raise BadKey("Ed25519 key not canonical or of small order")
    return PublicKey("ed25519", raw, ed25519.Ed25519PublicKey.from_public_bytes(octets))


def certificate_scheme(raw):
    """The (algorithm, digest) of a certificate's AlgorithmIdentifier (section 5.1), or None where it is unknown."""
    cursor = der.Cursor(der.read_only(raw, der.SEQUENCE).content)
    name = der.oid(cursor.take())
    parameters = cursor.take() if cursor.more() else None
    cursor.finish()
    if name in oids.ECDSA_WITH and parameters is None:
        return "ecdsa", oids.ECDSA_WITH[name]
    if name == oids.ED25519 and parameters is None:
        return "ed25519", None
    if name in oids.RSA_WITH and (parameters is None or parameters.raw == b"\x05\x00"):
        return "pkcs1", oids.RSA_WITH[name]
    if name == oids.RSASSA_PSS and parameters is not None:
        return _pss_scheme(parameters)
    return None


def _hash_of(raw):
    """The digest of a hash AlgorithmIdentifier with NULL or without parameters (RFC 4055 section 2.1)."""
    cursor = der.Cursor(der.read_only(raw, der.SEQUENCE).content)
    name = der.oid(cursor.take())
    parameters = cursor.take() if cursor.more() else None
    cursor.finish()
    return oids.SHA.get(name) if parameters is None or parameters.raw == b"\x05\x00" else None


def _pss_scheme(parameters):
    """RSASSA-PSS-params with one of three hashes, MGF1 of the same, salt of its length, no trailerField."""
    cursor = der.Cursor(parameters.content)
    digest = _hash_of(cursor.take(0xA0).content)
    mask = der.Cursor(der.read_only(cursor.take(0xA1).content, der.SEQUENCE).content)
    mask_name, mask_digest = der.oid(mask.take()), _hash_of(mask.take().raw)
    mask.finish()
    salt = der.integer(der.read_only(cursor.take(0xA2).content))
    cursor.finish()
    if digest is None or mask_name != oids.MGF1 or mask_digest != digest:
        return None
    return ("pss", digest) if salt == hashlib.new(digest).digest_size else None
