"""Cases of format.md section 5.1: one certificate."""

import gen_der as d
import gen_pki as pki
from gen_suite import flip, profile_for

BASE = pki.standard_chain
PKCS1 = 8


def add_cases(suite):
    """All cases of this module."""
    _structure(suite)
    _version_and_serial(suite)
    _algorithms(suite)
    _rsa_algorithms(suite)
    _algorithm_mixes(suite)
    _certificate_signatures(suite)
    _names(suite)
    _validity(suite)
    _ec_keys(suite)
    _rsa_keys(suite)
    _rsa_ca_keys(suite)
    _edwards_keys(suite)
    _extensions(suite)
    _extension_forms(suite)
    _key_usage_forms(suite)
    _policy_forms(suite)
    _constraint_forms(suite)
    _identifier_forms(suite)
    _critical(suite)


def _adders(suite, group):
    """Two functions that add a case with another leaf and with another intermediate."""
    def leaf(case_id, what, expect, **changes):
        suite.add(f"{group}.{case_id}", what, expect, chain=BASE("p256").leaf(**changes))
    def ca(case_id, what, expect, **changes):
        suite.add(f"{group}.{case_id}", what, expect, chain=BASE("p256").intermediate(**changes))
    return leaf, ca


def _structure(suite):
    leaf, ca = _adders(suite, "cert")
    wrong = "cert_encoding"
    subject = pki.name("Leaf p256")
    leaf("tbs-extra", "A NULL follows the extensions of the leaf.", wrong,
         edit_tbs=lambda tbs: d.sequence(d.content_of(tbs), d.NULL))
    leaf("outer-extra", "A NULL follows the signature of the leaf.", wrong,
         edit=lambda whole: d.sequence(d.content_of(whole), d.NULL))
    ca("outer-extra-ca", "A NULL follows the signature of the intermediate.", wrong,
       edit=lambda whole: d.sequence(d.content_of(whole), d.NULL))
    leaf("subject-long-length", "The length of the leaf's subject is not minimal.", wrong,
         subject=d.tlv_long(0x30, d.content_of(subject)))
    leaf("subject-indefinite", "The length of the leaf's subject is indefinite.", wrong,
         subject=d.tlv_indefinite(0x30, d.content_of(subject)))
    leaf("subject-set", "The leaf's subject is a SET.", [wrong, "cert_name"], subject=b"\x31" + subject[1:])
    leaf("version-in-2", "The leaf's version stands in [4].", [wrong, "cert_version"],
         version=d.tlv(0xA4, d.integer(2)))
    leaf("issuer-unique-id", "The leaf has an issuerUniqueID.", wrong, unique_ids=d.tlv(0x81, b"\0\x01"))
    leaf("subject-unique-id", "The leaf has a subjectUniqueID.", wrong, unique_ids=d.tlv(0x82, b"\0\x01"))
    ca("unique-id-ca", "The intermediate has a subjectUniqueID.", wrong, unique_ids=d.tlv(0x82, b"\0\x01"))
    leaf("signature-unused-bits", "The leaf's signature is a BIT STRING that leaves one bit out.",
         [wrong, "chain_signature"], edit=_drop_signature_bit)
    leaf("signature-unused-set", "An unused bit of the leaf's signature is set.", wrong, edit=_unused_bit_set)
    leaf("no-extensions", "The leaf is v3 without extensions.", "cert_extension",
         all_extensions=b"")
    leaf("extensions-empty", "The leaf's extensions are an empty SEQUENCE.", ["cert_extension", wrong],
         all_extensions=d.tlv(0xA3, d.sequence()))
    leaf("extensions-two", "[3] of the leaf holds two SEQUENCEs.", [wrong, "cert_extension"],
         all_extensions=d.tlv(0xA3, d.sequence(pki.key_usage(0)), d.sequence()))
    ca("no-extensions-ca", "The intermediate is v3 without extensions.", "cert_extension", all_extensions=b"")


def _drop_signature_bit(whole):
    """The certificate with the last bit of its signature declared unused and cleared."""
    changed = bytearray(whole)
    at = _signature_at(whole)
    changed[at] = 1
    changed[-1] &= 0xFE
    return bytes(changed)


def _unused_bit_set(whole):
    changed = bytearray(whole)
    changed[_signature_at(whole)] = 1
    changed[-1] |= 1
    return bytes(changed)


def _signature_at(whole):
    """Offset of the octet with the number of unused bits of an ECDSA P-256 certificate's signature."""
    for size in (73, 72, 71, 70, 69):
        at = len(whole) - size
        if whole[at - 2:at + 1] == bytes([3, size, 0]):
            return at
    raise ValueError("no signature found")


def _version_and_serial(suite):
    leaf, ca = _adders(suite, "cert")
    leaf("v1", "The leaf is X.509 v1, without extensions.", "cert_version", version=b"", all_extensions=b"")
    leaf("v1-extensions", "The leaf is X.509 v1 with extensions.", ["cert_version", "cert_encoding"], version=b"")
    leaf("v1-explicit", "The leaf's version v1 is encoded, though it is the DEFAULT.",
         ["cert_encoding", "cert_version"], version=d.tlv(0xA0, d.integer(0)))
    leaf("v2", "The leaf is X.509 v2.", "cert_version", version=d.tlv(0xA0, d.integer(1)), all_extensions=b"")
    leaf("v4", "The leaf has version 4.", "cert_version", version=d.tlv(0xA0, d.integer(3)))
    ca("v1-ca", "The intermediate is X.509 v1.", "cert_version", version=b"", all_extensions=b"")
    ca("v2-ca", "The intermediate is X.509 v2.", "cert_version", version=d.tlv(0xA0, d.integer(1)),
       all_extensions=b"")
    leaf("serial-0", "The leaf's serial number is 0.", "cert_serial", serial=0)
    leaf("serial-20", "The leaf's serial number has 20 octets.", "ok", serial=1 << 158)
    leaf("serial-negative", "The leaf's serial number is negative.", "cert_serial", serial=-7001)
    leaf("serial-minus-1", "The leaf's serial number is -1.", "cert_serial", serial=-1)
    leaf("serial-21", "The leaf's serial number has 21 octets.", "cert_serial", serial=1 << 160)
    leaf("serial-21-zero", "The leaf's serial number has 20 octets and a leading zero octet.", ["cert_serial", "ok"],
         serial=(1 << 160) - 1)
    ca("serial-negative-ca", "The intermediate's serial number is negative.", "cert_serial", serial=-101)
    ca("serial-21-ca", "The intermediate's serial number has 21 octets.", "cert_serial", serial=1 << 160)
    leaf("serial-long", "The leaf's serial number is not minimal.", "cert_encoding",
         serial=d.tlv(0x02, b"\0\0\x1b\x59"))
    leaf("serial-empty", "The leaf's serial number has no octets.", ["cert_encoding", "cert_serial"],
         serial=b"\x02\x00")


def _algorithms(suite):
    leaf, ca = _adders(suite, "cert")
    wrong = "cert_algorithm"
    ecdsa = pki.algorithm_identifier
    leaf("algorithm-outer", "signatureAlgorithm of the leaf is SHA-512, in TBSCertificate SHA-256.", wrong,
         outer_algorithm=ecdsa(("ecdsa", "sha512")))
    leaf("algorithm-inner", "signatureAlgorithm of the leaf is SHA-256, in TBSCertificate SHA-512.", wrong,
         inner_algorithm=ecdsa(("ecdsa", "sha512")), outer_algorithm=ecdsa(("ecdsa", "sha256")))
    ca("algorithm-outer-ca", "signatureAlgorithm of the intermediate differs from that in TBSCertificate.", wrong,
       outer_algorithm=ecdsa(("ecdsa", "sha384")))
    null = d.sequence(d.oid(pki.ECDSA_OID["sha256"]), d.NULL)
    leaf("algorithm-outer-null", "Only the outer signatureAlgorithm of the leaf has NULL parameters.", wrong,
         outer_algorithm=null)
    leaf("algorithm-null", "ecdsa-with-SHA256 of the leaf has NULL parameters.", wrong, inner_algorithm=null)
    sha1 = ("ecdsa", "sha1")
    leaf("sha1", "The leaf is signed with ecdsa-with-SHA1.", wrong, scheme=sha1)
    ca("sha1-ca", "The intermediate is signed with ecdsa-with-SHA1.", wrong, scheme=sha1)
    leaf("algorithm-unknown", "The leaf is signed with an algorithm that nobody knows.", wrong,
         inner_algorithm=d.sequence(d.oid("1.3.6.1.4.1.99999.1")))
    leaf("algorithm-dsa", "The leaf names dsa-with-sha256.", wrong,
         inner_algorithm=d.sequence(d.oid("2.16.840.1.101.3.4.3.2")))
    leaf("algorithm-sha224", "The leaf names ecdsa-with-SHA224.", wrong,
         inner_algorithm=d.sequence(d.oid("1.2.840.10045.4.3.1")))
    leaf("algorithm-other-key", "The leaf names Ed25519, its issuer's key is P-256.", "chain_signature",
         inner_algorithm=ecdsa(("ed25519", None)))


def _rsa_algorithms(suite):
    wrong = "cert_algorithm"
    rsa = BASE("rsa2048")
    def rsa_leaf(case_id, what, expect, flags=0, **changes):
        suite.add(f"cert.{case_id}", what, expect, kind="rsa2048", chain=rsa.leaf(**changes),
                  profile=profile_for("rsa2048", role={"flags": flags}))
    for digest in ("sha256", "sha384", "sha512"):
        rsa_leaf(f"pss-{digest}", f"The leaf is signed with RSASSA-PSS and {digest}.", "ok", scheme=("pss", digest))
        rsa_leaf(f"pkcs1-{digest}", f"The leaf is signed with PKCS#1 v1.5 and {digest}; the role does not allow it.",
                 "cert_pkcs1", scheme=("pkcs1", digest))
        rsa_leaf(f"pkcs1-{digest}-allowed", f"The leaf is signed with PKCS#1 v1.5 and {digest}; the role allows it.",
                 "ok", PKCS1, scheme=("pkcs1", digest))
    suite.add("cert.pkcs1-ca", "The intermediate is signed with PKCS#1 v1.5; the role does not allow it.",
              "cert_pkcs1", kind="rsa2048", chain=rsa.intermediate(scheme=("pkcs1", "sha256")))
    rsa_leaf("pkcs1-sha1", "The leaf is signed with PKCS#1 v1.5 and SHA-1; the role allows PKCS#1.", wrong, PKCS1,
             scheme=("pkcs1", "sha1"))
    rsa_leaf("pkcs1-no-null", "sha256WithRSAEncryption lacks the NULL; the role allows PKCS#1.", ["ok", wrong], PKCS1,
             scheme=("pkcs1", "sha256"), inner_algorithm=d.sequence(d.oid(pki.RSA_OID["sha256"])))
    rsa_leaf("pkcs1-wrong", "The leaf's PKCS#1 v1.5 signature does not verify; the role allows PKCS#1.",
             "chain_signature", PKCS1, scheme=("pkcs1", "sha256"), edit_signature=flip(40))
    def pss(**parameters):
        return d.sequence(d.oid("1.2.840.113549.1.1.10"), pki.pss_parameters("sha256", **parameters))
    rsa_leaf("pss-salt-20", "RSASSA-PSS of the leaf has salt 20.", wrong, inner_algorithm=pss(salt=20))
    rsa_leaf("pss-mgf-other", "RSASSA-PSS of the leaf has MGF1 with SHA-512.", wrong,
             inner_algorithm=pss(mask_digest="sha512"))
    rsa_leaf("pss-sha1", "RSASSA-PSS of the leaf uses SHA-1.", wrong, scheme=("pss", "sha1"))
    rsa_leaf("pss-defaults", "RSASSA-PSS of the leaf has empty parameters, which mean SHA-1.", wrong,
             inner_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10"), d.sequence()))
    rsa_leaf("pss-no-parameters", "RSASSA-PSS of the leaf has no parameters.", wrong,
             inner_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10")))
    rsa_leaf("pss-no-null", "The hashes in RSASSA-PSS-params of the leaf lack NULL.", ["ok", wrong],
             inner_algorithm=pss(null=False))
    rsa_leaf("pss-trailer", "RSASSA-PSS-params of the leaf encode the DEFAULT trailerField.",
             [wrong, "cert_encoding"], inner_algorithm=pss(extra=d.tlv(0xA3, d.integer(1))))


def _mixed(*kinds, schemes=None):
    """A chain whose root, intermediates and leaf have keys of these kinds; `schemes` by position of the signer."""
    schemes = schemes or {}
    certificates = []
    for at, kind in enumerate(kinds[1:], 1):
        last = at == len(kinds) - 1
        certificates.append(pki.Cert(pki.key(f"{kind}:mix{at}"), pki.name(f"Mix {at} {kind}"), ca=not last, serial=at,
                                     scheme=schemes.get(at - 1, pki.AUTO)))
    return pki.Chain(pki.name("Mixed root"), pki.key(f"{kinds[0]}:mix0"), certificates)


def _algorithm_mixes(suite):
    def add(case_id, what, *kinds, **more):
        chain = _mixed(*kinds, **more)
        profile = profile_for()
        profile.anchors = [(chain.root_name, chain.root_key.spki)]
        suite.add(f"cert.mix-{case_id}", what, "ok", chain=chain, profile=profile, algorithm=kinds[-1])
    add("p384-p256-ed25519", "Root P-384, intermediate P-256, leaf Ed25519.", "p384", "p256", "ed25519")
    add("ed25519-rsa-p256", "Root Ed25519, intermediate RSA, leaf P-256.", "ed25519", "rsa2048", "p256")
    add("p256-p384-rsa", "Root P-256, intermediate P-384, leaf RSA 2048.", "p256", "p384", "rsa2048")
    add("p256-sha512", "A P-256 root signs with SHA-512, a P-384 intermediate with SHA-256.", "p256", "p384", "p256",
        schemes={0: ("ecdsa", "sha512"), 1: ("ecdsa", "sha256")})
    add("p384-sha512", "A P-384 root signs with SHA-512, a P-256 intermediate with SHA-384.", "p384", "p256", "p384",
        schemes={0: ("ecdsa", "sha512"), 1: ("ecdsa", "sha384")})
    add("rsa-pss-sha512", "An RSA root signs with PSS and SHA-512, the leaf is P-256.", "rsa2048", "p256",
        schemes={0: ("pss", "sha512")})


def _certificate_signatures(suite):
    chain = BASE("p256")
    for position, label in ((-1, "leaf"), (0, "intermediate")):
        high = chain.changed(position, edit_signature=lambda value: pki.set_s(value, pki.ORDER["p256"], True))
        suite.add(f"cert.high-s-{label}", f"The ECDSA signature on the {label} has s in the upper half, as CAs make "
                  "them.", "ok", chain=high)
    def bad(case_id, what, expect, edit):
        suite.add(f"cert.signature-{case_id}", what, expect, chain=chain.leaf(edit_signature=edit))
    bad("flipped", "One bit of the leaf certificate's signature is flipped.", "chain_signature", flip(-1))
    bad("trailing", "A zero octet follows the ECDSA value of the leaf certificate.",
        ["chain_signature", "cert_encoding"], lambda value: value + b"\0")
    bad("r-0", "r of the leaf certificate's signature is 0.", "chain_signature",
        lambda value: pki.ecdsa_value(0, pki.numbers_of(value)[1]))
    bad("s-n", "s of the leaf certificate's signature is n.", "chain_signature",
        lambda value: pki.ecdsa_value(pki.numbers_of(value)[0], pki.ORDER["p256"]))
    bad("empty", "The leaf certificate's signature is empty.", ["chain_signature", "cert_encoding"], lambda value: b"")
    bad("zeros", "r and s of the leaf certificate's signature are 0.", "chain_signature",
        lambda value: pki.ecdsa_value(0, 0))
    bad("long-length", "The ECDSA value's length in the leaf certificate is not minimal.",
        ["chain_signature", "cert_encoding"], lambda value: d.tlv_long(0x30, value[2:]))


def _rdn(value, oid="2.5.4.3"):
    return d.set_of(d.sequence(d.oid(oid), value))


def _names(suite):
    leaf, ca = _adders(suite, "cert")
    wrong = "cert_name"
    leaf("subject-empty", "The leaf's subject is empty.", "cert_name", subject=d.sequence())
    leaf("subject-printable", "The leaf's subject is a PrintableString.", "ok",
         subject=d.sequence(_rdn(d.printable("Leaf"))))
    leaf("subject-multi-valued", "The leaf's subject has an RDN of two attributes.", "ok", subject=d.sequence(
        d.set_of(d.sequence(d.oid("2.5.4.3"), d.utf8("Leaf")), d.sequence(d.oid("2.5.4.5"), d.printable("1")))))
    leaf("subject-bmp", "The leaf's subject is a BMPString.", ["ok", wrong],
         subject=d.sequence(_rdn(d.tlv(0x1E, "Leaf".encode("utf-16-be")))))
    leaf("subject-bmp-odd", "The leaf's subject is a BMPString of an odd number of octets.", ["ok", wrong],
         subject=d.sequence(_rdn(d.tlv(0x1E, b"\0L\0"))))
    leaf("subject-teletex", "The leaf's subject is a TeletexString.", ["ok", wrong],
         subject=d.sequence(_rdn(d.tlv(0x14, b"Leaf"))))
    leaf("subject-integer", "The leaf's common name is an INTEGER.", ["ok", wrong],
         subject=d.sequence(_rdn(d.integer(5))))
    leaf("subject-not-utf8", "The leaf's common name is a UTF8String that is not UTF-8.",
         [wrong, "cert_encoding", "ok"], subject=d.sequence(_rdn(d.tlv(0x0C, b"\xc0\xaf"))))
    leaf("subject-printable-at", "The leaf's common name is a PrintableString with an @.",
         [wrong, "cert_encoding", "ok"], subject=d.sequence(_rdn(d.tlv(0x13, b"leaf@example"))))
    leaf("subject-rdn-empty", "An RDN of the leaf's subject is empty.", [wrong, "cert_encoding"],
         subject=d.sequence(d.tlv(0x31)))
    leaf("subject-rdn-sequence", "An RDN of the leaf's subject is a SEQUENCE.", [wrong, "cert_encoding"],
         subject=d.sequence(d.sequence(d.sequence(d.oid("2.5.4.3"), d.utf8("Leaf")))))
    leaf("subject-rdn-unsorted", "An RDN of the leaf's subject is not in DER order.", [wrong, "cert_encoding"],
         subject=d.sequence(d.tlv(0x31, d.sequence(d.oid("2.5.4.5"), d.printable("1")),
                                  d.sequence(d.oid("2.5.4.3"), d.printable("1")))))
    leaf("subject-no-value", "An attribute of the leaf's subject has no value.", [wrong, "cert_encoding"],
         subject=d.sequence(d.set_of(d.sequence(d.oid("2.5.4.3")))))
    leaf("subject-third-field", "An attribute of the leaf's subject has a third field.", [wrong, "cert_encoding"],
         subject=d.sequence(d.set_of(d.sequence(d.oid("2.5.4.3"), d.utf8("Leaf"), d.NULL))))
    for size, expect in ((512, "ok"), (513, [wrong, "ok"]), (516, [wrong, "ok"]), (517, wrong), (700, wrong)):
        leaf(f"subject-{size}", f"The leaf's subject has {size} octets with tag and length.", expect,
             subject=_name_of_size(size))
    for size, expect in ((512, "ok"), (517, wrong)):
        ca(f"subject-{size}-ca", f"The intermediate's subject has {size} octets with tag and length.", expect,
           subject=_name_of_size(size))
    chain = BASE("p256", intermediates=0)
    empty = pki.Chain(d.sequence(), chain.root_key, chain.certificates)
    profile = profile_for()
    profile.anchors = [(d.sequence(), chain.root_key.spki)]
    suite.add("cert.issuer-empty", "The leaf's issuer is empty, as is the anchor's name.",
              [wrong, "profile_damaged"], chain=empty, profile=profile)


def _name_of_size(size):
    """A Name of exactly this many octets with tag and length."""
    for first in range(120, 126):
        for second in range(1, size):
            found = d.sequence(_rdn(d.utf8("x" * first)), _rdn(d.utf8("x" * second)))
            if len(found) == size:
                return found
    raise ValueError(size)


def _validity(suite):
    leaf, ca = _adders(suite, "cert")
    wrong = "cert_validity"
    good = d.utc_time("440101000000Z")
    leaf("validity-9999", "The leaf's notAfter is 9999-12-31T23:59:59Z, a GeneralizedTime.", "ok",
         not_after=d.generalized_time("99991231235959Z"))
    leaf("validity-2050", "The leaf's notAfter is 2050-01-01, a GeneralizedTime.", "ok",
         not_after=d.generalized_time("20500101000000Z"))
    leaf("validity-2049", "The leaf's notAfter is the last second of 2049, a UTCTime.", "ok",
         not_after=d.utc_time("491231235959Z"))
    leaf("validity-1999", "The leaf's notBefore is a UTCTime with the year 99.", "ok",
         not_before=d.utc_time("990101000000Z"))
    leaf("validity-1950", "The leaf's notBefore is a UTCTime with the year 50: 1950.", "ok",
         not_before=d.utc_time("500101000000Z"))
    for label, what, time in (
            ("generalized-2049", "a GeneralizedTime of 2049", d.generalized_time("20491231235959Z")),
            ("no-seconds", "a UTCTime without seconds", d.utc_time("4401010000Z")),
            ("offset", "a UTCTime with an offset", d.utc_time("440101000000+0000")),
            ("no-z", "a UTCTime without Z", d.utc_time("440101000000")),
            ("fraction", "a GeneralizedTime with a fraction", d.generalized_time("20510101000000.0Z")),
            ("generalized-no-seconds", "a GeneralizedTime without seconds", d.generalized_time("205101010000Z")),
            ("month-13", "a UTCTime with month 13", d.utc_time("441301000000Z")),
            ("february-30", "a UTCTime of the 30th of February", d.utc_time("440230000000Z")),
            ("hour-24", "a UTCTime with hour 24", d.utc_time("440101240000Z")),
            ("not-digits", "a UTCTime with letters", d.utc_time("4401O1000000Z")),
            ("utf8", "a UTF8String", d.utf8("440101000000Z"))):
        leaf(f"validity-{label}", f"The leaf's notAfter is {what}.",
             [wrong, "cert_encoding"] if label == "utf8" else wrong, not_after=time)
    leaf("validity-not-before-no-seconds", "The leaf's notBefore is a UTCTime without seconds.", wrong,
         not_before=d.utc_time("2401010000Z"))
    ca("validity-no-seconds-ca", "The intermediate's notAfter is a UTCTime without seconds.", wrong,
       not_after=d.utc_time("4401010000Z"))
    leaf("validity-three", "The leaf's validity has a third Time.", ["cert_encoding", wrong],
         not_after=good + good)
    leaf("validity-one", "The leaf's validity has one Time.", ["cert_encoding", wrong], not_after=b"")


def _ec_key(octets, curve="1.2.840.10045.3.1.7", parameters=None):
    algorithm = d.sequence(d.oid("1.2.840.10045.2.1"), d.oid(curve) if parameters is None else parameters)
    return d.sequence(algorithm, d.bits(octets))


def _ec_keys(suite):
    leaf, ca = _adders(suite, "key")
    own = pki.key("p256:leaf")
    wrong = "cert_key"
    point = own.spki[-65:]
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    def with_key(case_id, what, expect, spki):
        leaf(case_id, what, expect, key=own.with_spki(spki))
    with_key("compressed", "The leaf's P-256 point is compressed.", wrong,
             _ec_key(bytes([2 + point[-1] % 2]) + point[1:33]))
    with_key("hybrid", "The leaf's P-256 point has the hybrid form.", wrong,
             _ec_key(bytes([6 + point[-1] % 2]) + point[1:]))
    with_key("infinity", "The leaf's P-256 point is the point at infinity.", wrong, _ec_key(b"\0"))
    with_key("x-above-p", "The x coordinate of the leaf's P-256 point is p.", wrong,
             _ec_key(b"\x04" + prime.to_bytes(32, "big") + point[33:]))
    with_key("y-above-p", "The y coordinate of the leaf's P-256 point is above p.", wrong,
             _ec_key(point[:33] + b"\xff" * 32))
    with_key("off-curve", "The leaf's P-256 point is not on the curve.", [wrong, "signature_invalid"],
             _ec_key(flip(-1)(point)))
    with_key("short", "The leaf's P-256 point lacks an octet.", wrong, _ec_key(point[:-1]))
    with_key("long", "The leaf's P-256 point has an octet more.", wrong, _ec_key(point + b"\0"))
    with_key("empty", "The leaf's P-256 point has no octets.", wrong, _ec_key(b""))
    with_key("p384-length", "The leaf's key is named P-384 but has a P-256 point: the key first, then the algorithms.",
             wrong, _ec_key(point, "1.3.132.0.34"))
    leaf("v1-and-short", "The leaf's point lacks an octet, in a certificate that is v1, which would be judged later.",
         wrong,
         key=own.with_spki(_ec_key(point[:-1])), version=b"", all_extensions=b"")
    with_key("explicit-curve", "The leaf's curve is given by explicit parameters.", [wrong, "algorithm_unknown"],
             _ec_key(point, parameters=d.sequence(d.integer(1))))
    with_key("implicit-curve", "The leaf's curve is NULL (implicitlyCA).", [wrong, "algorithm_unknown"],
             _ec_key(point, parameters=d.NULL))
    with_key("no-curve", "The leaf's id-ecPublicKey has no parameters.", [wrong, "algorithm_unknown"],
             _ec_key(point, parameters=b""))
    with_key("unused-bits", "The leaf's public key is a BIT STRING with unused bits.", [wrong, "cert_encoding"],
             d.sequence(d.sequence(d.oid("1.2.840.10045.2.1"), d.oid("1.2.840.10045.3.1.7")),
                        d.bits(point[:-1] + bytes([point[-1] & 0xFE]), 1)))
    with_key("spki-extra", "A field follows the key in the leaf's SubjectPublicKeyInfo.", [wrong, "cert_encoding"],
             d.sequence(own.spki[2:], d.NULL))
    for kind, expect in (("p521", wrong), ("k256", wrong), ("ed448", [wrong, "cert_algorithm"])):
        ca(f"ca-{kind}", f"The intermediate's key is {kind}.", expect, key=pki.key(f"{kind}:ca"))
    ca("ca-compressed", "The intermediate's P-256 point is compressed.", wrong,
       key=pki.key("p256:ca1").with_spki(_ec_key(b"\x02" + pki.key("p256:ca1").spki[-64:-32])))


def _rsa_keys(suite):
    chain = BASE("rsa2048")
    own = pki.key("rsa2048:leaf")
    n = own.private.public_key().public_numbers().n
    wrong = "cert_key"
    def add(case_id, what, expect, spki, key=None):
        """The leaf has this SubjectPublicKeyInfo."""
        suite.add(f"key.rsa-{case_id}", what, expect, kind="rsa2048",
                  chain=chain.leaf(key=(key or own).with_spki(spki)))
    small = pki.key("rsa1024:leaf")
    add("1024", "The leaf's RSA key has 1,024 bits.", wrong, small.spki, small)
    low = pki.key("rsa2048e3:leaf")
    add("e-3", "The leaf's RSA exponent is 3.", wrong, low.spki, low)
    def odd(bits):
        return (1 << bits - 1) | (n % (1 << bits - 1)) | 1
    add("2047", "The leaf's RSA modulus has 2,047 bits.", wrong, pki.rsa_spki(odd(2047), 65537))
    add("4097", "The leaf's RSA modulus has 4,097 bits.", wrong, pki.rsa_spki(odd(4097), 65537))
    add("8192", "The leaf's RSA modulus has 8,192 bits.", wrong, pki.rsa_spki(odd(8192), 65537))
    add("even", "The leaf's RSA modulus is even.", wrong, pki.rsa_spki(n - 1, 65537))
    add("negative", "The leaf's RSA modulus is negative.", [wrong, "cert_encoding"], pki.rsa_spki(-n, 65537))
    for exponent, label in ((1, "1"), (65535, "65535"), (65538, "65538"), (2**32 + 1, "2-32-plus-1")):
        add(f"e-{label}", f"The leaf's RSA exponent is {exponent}.", wrong, pki.rsa_spki(n, exponent))
    add("e-65539", "The leaf's RSA exponent is 65,539: allowed, but the signature was made with another.",
        "signature_invalid", pki.rsa_spki(n, 65539))
    add("e-2-32-minus-1", "The leaf's RSA exponent is 2^32 - 1: allowed, but the signature was made with another.",
        "signature_invalid", pki.rsa_spki(n, 2**32 - 1))
    add("no-null", "rsaEncryption of the leaf's key lacks the NULL.", ["ok", wrong],
        pki.rsa_spki(n, 65537, parameters=b""))
    for label, parameters in (("sha384", pki.pss_parameters("sha384")), ("salt", pki.pss_parameters("sha256", salt=20)),
                              ("null", d.NULL), ("empty", d.sequence())):
        add(f"pss-{label}", f"The leaf's id-RSASSA-PSS key has other parameters than section 3 ({label}).", wrong,
            pki.pss_spki(own, parameters))
    body = d.sequence(d.integer(n), d.integer(65537))
    algorithm = d.sequence(d.oid("1.2.840.113549.1.1.1"), d.NULL)
    add("trailing", "A zero octet follows the RSAPublicKey.", [wrong, "cert_encoding"],
        d.sequence(algorithm, d.bits(body + b"\0")))
    add("long-modulus", "The RSA modulus has a leading zero octet too many.", [wrong, "cert_encoding"],
        d.sequence(algorithm, d.bits(d.sequence(d.tlv(0x02, b"\0" + d.integer_content(n)), d.integer(65537)))))


def _rsa_ca_keys(suite):
    chain = BASE("rsa2048")
    for label, key in (("1024", pki.key("rsa1024:ca")), ("e-3", pki.key("rsa2048e3:ca"))):
        suite.add(f"key.rsa-ca-{label}", f"The intermediate's RSA key is weak ({label}).", "cert_key",
                  kind="rsa2048", chain=chain.intermediate(key=key))
    for label, parameters in (("plain", b""), ("restricted", pki.pss_parameters("sha256"))):
        key = pki.key("rsa2048:ca1").with_spki(pki.pss_spki(pki.key("rsa2048:ca1"), parameters))
        suite.add(f"key.rsa-ca-pss-{label}", f"The intermediate's key is id-RSASSA-PSS ({label}), it signs with PSS.",
                  "ok", kind="rsa2048", chain=chain.intermediate(key=key))
        suite.add(f"key.rsa-ca-pss-{label}-pkcs1", f"The intermediate's key is id-RSASSA-PSS ({label}), but it signs "
                  "the leaf with PKCS#1 v1.5, which the role allows.",
                  ["chain_signature", "cert_algorithm", "cert_key"], kind="rsa2048",
                  chain=chain.intermediate(key=key).leaf(scheme=("pkcs1", "sha256")),
                  profile=profile_for("rsa2048", role={"flags": PKCS1}))
    key = pki.key("rsa2048:ca1").with_spki(pki.pss_spki(pki.key("rsa2048:ca1"), pki.pss_parameters("sha256")))
    suite.add("key.rsa-ca-pss-restricted-sha512", "The intermediate's key is id-RSASSA-PSS restricted to SHA-256, but "
              "it signs the leaf with SHA-512.", ["ok", "chain_signature", "cert_algorithm"], kind="rsa2048",
              chain=chain.intermediate(key=key).leaf(scheme=("pss", "sha512")))


def _edwards_keys(suite):
    chain = BASE("ed25519")
    own = pki.key("ed25519:leaf")
    prime = 2**255 - 19
    def add(case_id, what, expect, octets, parameters=b""):
        spki = d.sequence(d.sequence(d.oid("1.3.101.112"), parameters), d.bits(octets))
        suite.add(f"key.ed25519-{case_id}", what, expect, kind="ed25519", chain=chain.leaf(key=own.with_spki(spki)))
    weak = ["cert_key", "signature_invalid"]
    small = {"identity": (1).to_bytes(32, "little"), "zero": bytes(32), "minus-1": (prime - 1).to_bytes(32, "little"),
             "order-8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
             "order-8-other": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")}
    for label, octets in small.items():
        add(label, f"The leaf's Ed25519 key is a point of small order ({label}).", weak, octets)
    add("not-canonical", "The leaf's Ed25519 key is y = p + 3.", weak, (prime + 3).to_bytes(32, "little"))
    add("not-canonical-identity", "The leaf's Ed25519 key is y = p + 1, of small order.", weak,
        (prime + 1).to_bytes(32, "little"))
    add("off-curve", "The leaf's Ed25519 key is no point of the curve (y = 2).", weak, (2).to_bytes(32, "little"))
    add("31", "The leaf's Ed25519 key has 31 octets.", "cert_key", own.spki[-32:-1])
    add("33", "The leaf's Ed25519 key has 33 octets.", "cert_key", own.spki[-32:] + b"\0")
    add("null", "id-Ed25519 of the leaf's key has NULL parameters.", ["cert_key", "algorithm_unknown"],
        own.spki[-32:], d.NULL)
    identity = (1).to_bytes(32, "little")
    forged = chain.leaf(key=own.with_spki(d.sequence(d.sequence(d.oid("1.3.101.112")), d.bits(identity))))
    suite.add("key.ed25519-forged-identity", "The leaf's Ed25519 key is the identity; R is the identity and S is 0, "
              "which a careless verifier accepts.", weak, kind="ed25519", chain=forged,
              signer={"edit_signature": lambda _: identity + bytes(32)})


def _extensions(suite):
    leaf, ca = _adders(suite, "ext")
    wrong = "cert_extension"
    def private(number, critical=False, value=d.NULL):
        return pki.extension(f"1.3.6.1.4.1.99999.{number}", value, critical)
    leaf("unknown", "The leaf has an unknown extension, not critical.", "ok", ext={"x": private(1)})
    leaf("unknown-no-der", "The leaf has an unknown extension whose value is no DER.", "ok",
         ext={"x": private(1, value=b"\xff\xff")})
    leaf("unknown-critical", "The leaf has an unknown critical extension.", "cert_critical_extension",
         ext={"x": private(1, True)})
    ca("unknown-critical-ca", "The intermediate has an unknown critical extension.", "cert_critical_extension",
       ext={"x": private(1, True)})
    count = 5
    leaf("24", "The leaf has 24 extensions.", "ok", ext={str(at): private(at) for at in range(24 - count)})
    leaf("25", "The leaf has 25 extensions.", wrong, ext={str(at): private(at) for at in range(25 - count)})
    ca("25-ca", "The intermediate has 25 extensions.", wrong, ext={str(at): private(at) for at in range(20)})
    leaf("twice-unknown", "The leaf has an unknown extension twice.", wrong, ext={"x": private(1), "y": private(1)})
    leaf("twice-key-usage", "The leaf has keyUsage twice.", wrong, ext={"x": pki.key_usage(0)})
    ca("twice-basic-constraints", "The intermediate has basicConstraints twice.", wrong,
       ext={"x": pki.basic_constraints()})
    constraints = d.sequence(d.tlv(0xA0, d.sequence(d.tlv(0xA4, pki.name("Anything")))))
    for critical in (True, False):
        label = "critical" if critical else "plain"
        extension = pki.extension("2.5.29.30", constraints, critical)
        ca(f"name-constraints-{label}", f"The intermediate has name constraints ({label}).", "cert_name_constraints",
           ext={"x": extension})
        leaf(f"name-constraints-leaf-{label}", f"The leaf has name constraints ({label}).", "cert_name_constraints",
             ext={"x": extension})
    for label, oid in (("policy-constraints", "2.5.29.36"), ("inhibit-any-policy", "2.5.29.54"),
                       ("policy-mappings", "2.5.29.33")):
        value = d.integer(0) if "inhibit" in label else d.sequence(d.tlv(0x80, b"\0"))
        ca(f"{label}-critical", f"The intermediate has {label}, critical.", "cert_extension",
           ext={"x": pki.extension(oid, value, True)})
        ca(label, f"The intermediate has {label}, not critical.", "cert_extension", ext={"x": pki.extension(oid, value)})


def _raw(oid, *parts):
    return d.sequence(d.oid(oid), *parts)


def _extension_forms(suite):
    leaf, _ = _adders(suite, "ext")
    wrong = ["cert_extension", "cert_encoding"]
    usage, purpose = "2.5.29.15", "2.5.29.37"
    good_usage = d.named_bits(0)
    true, false = d.boolean(True), d.boolean(False)
    leaf("critical-false", "An extension of the leaf encodes critical FALSE, the DEFAULT.", wrong,
         ext={"eku": _raw(purpose, false, d.octets(d.sequence(d.oid(pki.EKU["code"]))))})
    leaf("critical-01", "An extension of the leaf has critical TRUE as 01.", wrong,
         ext={"ku": _raw(usage, b"\x01\x01\x01", d.octets(good_usage))})
    leaf("extra-field", "An extension of the leaf has a field too many.", wrong,
         ext={"ku": _raw(usage, true, d.octets(good_usage), d.NULL)})
    leaf("value-type", "The value of an extension of the leaf is a BIT STRING.", wrong,
         ext={"ku": _raw(usage, true, d.bits(good_usage))})
    leaf("no-value", "An extension of the leaf has no value.", wrong, ext={"x": _raw("1.3.6.1.4.1.99999.1")})
    leaf("trailing", "A zero octet follows keyUsage inside its extension.", wrong,
         ext={"ku": pki.extension(usage, good_usage + b"\0", True)})


def _key_usage_forms(suite):
    leaf, _ = _adders(suite, "ext")
    wrong = ["cert_extension", "cert_encoding"]
    usage, purpose = "2.5.29.15", "2.5.29.37"
    leaf("ku-not-trimmed", "keyUsage of the leaf has trailing zero bits, which is tolerated.", "ok",
         ext={"ku": pki.extension(usage, d.bits(b"\x80", 0), True)})
    leaf("ku-unused-set", "An unused bit of keyUsage of the leaf is set.", wrong,
         ext={"ku": pki.extension(usage, d.bits(b"\x81", 7), True)})
    leaf("ku-empty", "keyUsage of the leaf has no bits.", ["leaf_key_usage", *wrong],
         ext={"ku": pki.extension(usage, d.bits(b""), True)})
    leaf("ku-9-bits", "keyUsage of the leaf has digitalSignature and decipherOnly.", "ok",
         ext={"ku": pki.key_usage(0, 8)})
    leaf("ku-integer", "keyUsage of the leaf is an INTEGER.", wrong,
         ext={"ku": pki.extension(usage, d.integer(128), True)})
    leaf("eku-empty", "extKeyUsage of the leaf is an empty SEQUENCE.", wrong,
         ext={"eku": pki.extension(purpose, d.sequence())})
    leaf("eku-no-oid", "extKeyUsage of the leaf holds a UTF8String.", wrong,
         ext={"eku": pki.extension(purpose, d.sequence(d.oid(pki.EKU["code"]), d.utf8("code")))})
    leaf("eku-twice", "extKeyUsage of the leaf holds codeSigning twice.", ["ok", *wrong],
         ext={"eku": pki.ext_key_usage("code", "code")})


def _policy_forms(suite):
    leaf, _ = _adders(suite, "ext")
    wrong = ["cert_extension", "cert_encoding"]
    policy = "2.5.29.32"
    leaf("policies-empty", "certificatePolicies of the leaf is an empty SEQUENCE.", wrong,
         ext={"policies": pki.extension(policy, d.sequence())})
    leaf("policies-no-sequence", "certificatePolicies of the leaf holds a bare OID.", wrong,
         ext={"policies": pki.extension(policy, d.sequence(d.oid(pki.POLICY["prod"])))})
    leaf("policies-twice", "certificatePolicies of the leaf holds E.2.3 twice.", ["leaf_policy", "ok", *wrong],
         ext={"policies": pki.policies("prod", "prod")})
    qualifier = d.sequence(d.sequence(d.oid("1.3.6.1.5.5.7.2.1"), d.tlv(0x16, b"https://cps.example")))
    leaf("policies-qualifier", "E.2.3 of the leaf has a CPS qualifier.", "ok", ext={"policies": pki.extension(
        policy, d.sequence(d.sequence(d.oid(pki.POLICY["prod"]), qualifier)))})
    leaf("policies-qualifier-critical", "The same, and certificatePolicies is critical.", "cert_extension",
         ext={"policies": pki.extension(policy, d.sequence(d.sequence(d.oid(pki.POLICY["prod"]), qualifier)), True)})
    others = [f"1.3.6.1.4.1.99999.{at}" for at in range(1, 17)]
    leaf("policies-16", "The leaf has 15 other policies beside E.2.3.", "ok",
         ext={"policies": pki.policies("prod", *others[:15])})
    leaf("policies-17", "The leaf has 16 other policies beside E.2.3.", "cert_extension",
         ext={"policies": pki.policies("prod", *others)})
    leaf("policies-other", "The leaf has another policy beside E.2.3.", "ok",
         ext={"policies": pki.policies("prod", "1.3.6.1.4.1.99999.9")})


def _constraint_forms(suite):
    leaf, ca = _adders(suite, "ext")
    wrong = ["cert_extension", "cert_encoding"]
    constraints = "2.5.29.19"
    true, false = d.boolean(True), d.boolean(False)
    ca("bc-false-encoded", "basicConstraints of the intermediate encodes cA FALSE, the DEFAULT.",
       [*wrong, "chain_not_ca"], ext={"bc": pki.extension(constraints, d.sequence(false), True)})
    ca("bc-no-boolean", "basicConstraints of the intermediate has cA TRUE as 01.", wrong,
       ext={"bc": pki.extension(constraints, d.sequence(b"\x01\x01\x01"), True)})
    ca("bc-negative", "pathLenConstraint of the intermediate is negative.", wrong,
       ext={"bc": pki.extension(constraints, d.sequence(true, d.integer(-1)), True)})
    ca("bc-huge", "pathLenConstraint of the intermediate is 2^70.", ["ok", *wrong],
       ext={"bc": pki.extension(constraints, d.sequence(true, d.integer(1 << 70)), True)})
    ca("bc-extra", "basicConstraints of the intermediate has a third field.", wrong,
       ext={"bc": pki.extension(constraints, d.sequence(true, d.integer(1), d.NULL), True)})
    ca("bc-plain", "basicConstraints of the intermediate is not critical.", "ok",
       ext={"bc": pki.basic_constraints(critical=False)})
    leaf("bc-leaf-empty", "The leaf has basicConstraints without cA.", "ok",
         ext={"bc": pki.extension(constraints, d.sequence(), True)})
    leaf("bc-leaf-path-length", "The leaf has basicConstraints without cA but with a pathLenConstraint.",
         ["ok", *wrong], ext={"bc": pki.extension(constraints, d.sequence(d.integer(0)), True)})


def _identifier_forms(suite):
    leaf, _ = _adders(suite, "ext")
    wrong = ["cert_extension", "cert_encoding"]
    leaf("ski-sequence", "subjectKeyIdentifier of the leaf is a SEQUENCE.", wrong,
         ext={"ski": pki.extension("2.5.29.14", d.sequence())})
    leaf("aki-octets", "authorityKeyIdentifier of the leaf is an OCTET STRING.", wrong,
         ext={"aki": pki.extension("2.5.29.35", d.octets(b"\0" * 20))})
    leaf("aki-empty", "authorityKeyIdentifier of the leaf is an empty SEQUENCE.", "cert_extension",
         ext={"aki": pki.extension("2.5.29.35", d.sequence())})
    leaf("aki-unknown-field", "authorityKeyIdentifier of the leaf has a field [3].", wrong,
         ext={"aki": pki.extension("2.5.29.35", d.sequence(d.tlv(0x83, b"x")))})


def _critical(suite):
    leaf, ca = _adders(suite, "ext")
    wrong = "cert_critical_extension"
    leaf("ski-critical", "subjectKeyIdentifier of the leaf is critical.", [wrong, "cert_extension"],
         ext={"ski": pki.subject_key_id(b"\x01" * 20, True)})
    leaf("aki-critical", "authorityKeyIdentifier of the leaf is critical.", [wrong, "cert_extension"],
         ext={"aki": pki.authority_key_id(pki.key("p256:ca1").identifier(), critical=True)})
    ca("ski-critical-ca", "subjectKeyIdentifier of the intermediate is critical.", [wrong, "cert_extension"],
       ext={"ski": pki.subject_key_id(pki.key("p256:ca1").identifier(), True)})
    leaf("eku-critical", "extKeyUsage of the leaf is critical.", "ok",
         ext={"eku": pki.ext_key_usage("code", critical=True)})
    leaf("policies-critical", "certificatePolicies of the leaf is critical.", "ok",
         ext={"policies": pki.policies("prod", critical=True)})
    ca("eku-critical-ca", "extKeyUsage of the intermediate is critical and has the purposes.", "ok",
       ext={"eku": pki.ext_key_usage("code", "update", critical=True)})
    mail = d.sequence(d.tlv(0x81, b"signer@example.org"))
    for label, oid in (("san", "2.5.29.17"), ("ian", "2.5.29.18")):
        leaf(f"{label}-plain", f"The leaf has an alternative name ({label}), not critical.", "ok",
             ext={"x": pki.extension(oid, mail)})
        leaf(f"{label}-critical", f"The leaf has a critical alternative name ({label}) beside a subject.", "ok",
             ext={"x": pki.extension(oid, mail, True)})
        leaf(f"{label}-critical-alone", f"The leaf has a critical alternative name ({label}) and no subject.",
             "ok" if label == "san" else "cert_name",
             subject=d.sequence(), ext={"x": pki.extension(oid, mail, True)})
        leaf(f"{label}-plain-alone", f"The leaf has an alternative name ({label}), not critical, and no subject.",
             "cert_name", subject=d.sequence(), ext={"x": pki.extension(oid, mail)})
