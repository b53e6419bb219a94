"""Cases of format.md sections 3 and 4: the envelope, the signer, the attributes and the signature."""

import hashlib
import os

import gen_der as d
import gen_package as pack
import gen_pki as pki
from gen_suite import cut, flip

SHA256 = pack.digest_identifier("sha256")
SHA384 = pack.digest_identifier("sha384")
SHA512 = pack.digest_identifier("sha512")
ID_DATA = "1.2.840.113549.1.7.1"


def add_cases(suite):
    """All cases of this module."""
    _content_info(suite)
    _der(suite)
    _der_fields(suite)
    _der_signer(suite)
    _digest_algorithms(suite)
    _content(suite)
    _certificates(suite)
    _crls_and_signers(suite)
    _signer_info(suite)
    _algorithms(suite)
    _rsa_algorithms(suite)
    _unknown_algorithms(suite)
    _attributes(suite)
    _attribute_values(suite)
    _signing_time(suite)
    _signing_certificate_forms(suite)
    _signing_certificate_lists(suite)
    _digests(suite)
    _ecdsa_signatures(suite)
    _short_ecdsa_signatures(suite)
    _other_signatures(suite)


def _content_info(suite):
    def add(case_id, what, expect, **envelope):
        suite.add(f"cms.{case_id}", what, expect, envelope=envelope)
    add("type-data", "contentType is id-data.", "cms_content_type", content_type=ID_DATA)
    add("type-enveloped", "contentType is id-envelopedData.", "cms_content_type",
        content_type="1.2.840.113549.1.7.3")
    add("econtent-type-data", "eContentType is id-data.", "cms_content_type", e_content_type=ID_DATA)
    add("econtent-type-1.2", "eContentType is E.1.2.", "cms_content_type", e_content_type=pki.EVSEAL + ".1.2")
    for version in (0, 1, 4, 5, 259, -3):
        add(f"version-{version}", f"SignedData version is {version}.", "cms_version", version=d.integer(version))
    suite.add("cms.type-data-plain", "The ContentInfo is a plain id-data with the manifest.", "cms_content_type",
              envelope={"outer": lambda _: d.sequence(d.oid(ID_DATA), d.tlv(0xA0, d.octets(b"{}")))})


def _der(suite):
    def add(case_id, what, expect, signer=None, **envelope):
        suite.add(f"der.{case_id}", what, expect, envelope=envelope, signer=signer)
    add("outer-indefinite", "The ContentInfo has an indefinite length.", "der_encoding",
        outer=lambda content: d.tlv_indefinite(0x30, content))
    add("outer-long-length", "The ContentInfo's length has an octet too many.", "der_encoding",
        outer=lambda content: d.tlv_long(0x30, content))
    add("outer-set", "The ContentInfo is a SET.", "der_encoding", outer=lambda content: d.tlv(0x31, content))
    add("outer-multi-byte-tag", "The ContentInfo's tag is written in two octets.", "der_encoding",
        outer=lambda content: b"\x3f\x10" + d.tlv(0x30, content)[1:])
    add("outer-primitive", "The ContentInfo's tag lacks the bit for constructed.", "der_encoding",
        outer=lambda content: d.tlv(0x10, content))
    add("outer-extra", "A NULL follows the content in the ContentInfo.", "der_encoding",
        outer=lambda content: d.sequence(content, d.NULL))
    add("outer-length-5", "The ContentInfo's length is written in five octets.", "der_encoding",
        outer=lambda content: b"\x30\x85\0" + len(content).to_bytes(4, "big") + content)
    add("after", "A zero octet follows the ContentInfo within the envelope.", "der_encoding", after_all=b"\0")
    add("after-null", "A NULL follows the ContentInfo within the envelope.", "der_encoding", after_all=d.NULL)
    add("wrong-explicit-tag", "SignedData stands in [1].", "der_encoding", wrap=lambda sd: d.tlv(0xA1, sd))
    add("explicit-two", "[0] of the ContentInfo holds two elements.", "der_encoding",
        wrap=lambda sd: d.tlv(0xA0, sd, d.NULL))
    add("signed-data-indefinite", "SignedData has an indefinite length.", "der_encoding",
        signed_data=lambda content: d.tlv_indefinite(0x30, content))
    add("signed-data-long", "SignedData's length has an octet too many.", "der_encoding",
        signed_data=lambda content: d.tlv_long(0x30, content))
    add("signed-data-extra", "A field follows signerInfos.", "der_encoding", after=d.tlv(0xA2, d.NULL))


def _der_fields(suite):
    def add(case_id, what, expect, signer=None, **envelope):
        suite.add(f"der.{case_id}", what, expect, envelope=envelope, signer=signer)
    add("version-long", "The version 3 is written in two octets.", "der_encoding", version=b"\x02\x02\x00\x03")
    add("version-length", "The version's length is not minimal.", "der_encoding", version=b"\x02\x81\x01\x03")
    add("version-empty", "The version is an INTEGER without octets.", "der_encoding", version=b"\x02\x00")
    add("version-type", "The version is an OCTET STRING.", ["der_encoding", "cms_version"], version=d.octets(b"\x03"))
    add("content-extra", "A NULL follows eContent.", "der_encoding", after_e_content=d.NULL)
    add("digests-type", "digestAlgorithms is a SEQUENCE.", ["der_encoding", "cms_digest_algorithms"],
        digest_algorithms=d.sequence(SHA256))
    add("digests-element-type", "digestAlgorithms holds a SET in place of a SEQUENCE.",
        ["der_encoding", "cms_digest_algorithms"], digest_algorithms=d.tlv(0x31, b"\x31" + SHA256[1:]))
    add("signers-type", "signerInfos is a SEQUENCE.", ["der_encoding", "cms_signers"],
        signer_infos=lambda infos: d.sequence(*infos))
    add("signers-element-type", "signerInfos holds a SET in place of a SEQUENCE.", ["der_encoding", "cms_signers"],
        signer_infos=lambda infos: d.tlv(0x31, b"\x31" + infos[0][1:]))


def _der_signer(suite):
    def add(case_id, what, expect, signer=None, **envelope):
        suite.add(f"der.{case_id}", what, expect, envelope=envelope, signer=signer)
    add("signer-long", "The SignerInfo's length has an octet too many.", "der_encoding",
        signer={"edit": lambda info: d.tlv_long(0x30, d.content_of(info))})
    add("signer-indefinite", "The SignerInfo has an indefinite length.", "der_encoding",
        signer={"edit": lambda info: d.tlv_indefinite(0x30, d.content_of(info))})
    add("attributes-indefinite", "signedAttrs has an indefinite length; the signature covers the DER.",
        "der_encoding", signer={"edit": _indefinite_attributes})
    add("signature-constructed", "The signature is a constructed OCTET STRING.", "der_encoding",
        signer={"signature_raw": lambda value: d.tlv(0x24, d.octets(value))})
    add("signature-bit-string", "The signature is a BIT STRING.", "der_encoding", signer={"signature_raw": d.bits})
    add("attribute-oid-padded", "An attribute's OID begins with a padding octet 80.",
        ["der_encoding", "cms_attributes"], signer={"edit_attributes": _pad_oid})
    oid = d.oid(pack.CT_MANIFEST)
    add("econtent-type-padded", "eContentType's last arc begins with a padding octet 80.",
        ["der_encoding", "cms_content_type"],
        signed_data=lambda content: d.sequence(_replace_content_type(content, oid)))
    suite.add("der.zero-octet", "The envelope is one zero octet.", "der_encoding",
              package=pack.File(b"\0", [b""]).build())
    suite.add("der.empty-sequence", "The envelope is an empty SEQUENCE.", "der_encoding",
              package=pack.File(b"\x30\0", [b""]).build())
    suite.add("der.text", "The envelope is text.", "der_encoding", package=pack.File(b"{}" * 600, [b""]).build())
    suite.add("der.deep", "The envelope is 3,000 nested SEQUENCEs.", ["der_encoding", "cms_content_type"],
              package=pack.File(_nested(3000), [b""]).build())


def _nested(depth):
    content = b""
    for _ in range(depth):
        content = d.sequence(content)
    return content


def _replace_content_type(content, oid):
    """encapContentInfo with the last arc of eContentType written in one octet more."""
    padded = d.tlv(0x06, oid[2:-1], b"\x80", oid[-1:])
    at = content.index(oid)
    start = content.rindex(b"\x30", 0, at)
    end = start + len(content[start:at]) + len(oid)
    whole_end = d.element_end(content, start)
    return content[:start] + d.sequence(padded, content[end:whole_end]) + content[whole_end:]


def _indefinite_attributes(info):
    """The SignerInfo with the same signedAttrs, written with an indefinite length."""
    at = info.index(b"\xa0\x81") if b"\xa0\x81" in info else info.index(b"\xa0\x82")
    end = d.element_end(info, at)
    start = len(info) - len(d.content_of(info))
    return d.sequence(info[start:at], d.tlv_indefinite(0xA0, d.content_of(info[at:end])), info[end:])


def _pad_oid(attributes):
    """The contentType attribute with a padding octet inside its OID."""
    wanted = d.oid(pack.ATTRIBUTE["content_type"])
    padded = d.tlv(0x06, wanted[2:-1], b"\x80", wanted[-1:])
    return [d.sequence(padded, d.content_of(one)[len(wanted):]) if wanted in one else one for one in attributes]


def _digest_algorithms(suite):
    def add(case_id, what, expect, raw, signer=None):
        suite.add(f"digests.{case_id}", what, expect, envelope={"digest_algorithms": raw}, signer=signer)
    wrong = "cms_digest_algorithms"
    with_null = pack.digest_identifier("sha256", d.NULL)
    add("empty", "digestAlgorithms is empty.", wrong, d.set_of())
    add("extra", "digestAlgorithms holds SHA-512 beside the signer's SHA-256.", wrong, d.set_of(SHA256, SHA512))
    add("other", "digestAlgorithms holds SHA-384 only, the signer uses SHA-256.", wrong, d.set_of(SHA384))
    add("twice", "digestAlgorithms holds SHA-256 twice.", wrong, d.set_of(SHA256, SHA256))
    add("null", "digestAlgorithms has SHA-256 with NULL parameters, the signer without.", wrong, d.set_of(with_null))
    add("null-both", "digestAlgorithms and the signer have SHA-256 with NULL parameters.",
        [wrong, "cms_algorithm"], d.set_of(with_null), {"digest_algorithm": with_null})
    add("null-signer", "Only the signer has SHA-256 with NULL parameters.", [wrong, "cms_algorithm"],
        d.set_of(SHA256), {"digest_algorithm": with_null})
    add("unsorted", "digestAlgorithms holds two entries, not in order.", wrong, d.tlv(0x31, SHA512, SHA256))
    add("extra-field", "An AlgorithmIdentifier in digestAlgorithms has a third field.", [wrong, "der_encoding"],
        d.set_of(d.sequence(d.oid(pki.HASH_OID["sha256"]), d.NULL, d.NULL)))


def _content(suite):
    def add(case_id, what, expect, raw):
        suite.add(f"content.{case_id}", what, expect, envelope={"e_content": raw})
    manifest = pack.canonical(pack.standard_manifest(pack.standard_components()))
    half = len(manifest) // 2
    parts = d.octets(manifest[:half]) + d.octets(manifest[half:])
    add("absent", "eContent is absent (a detached signature).", "cms_content", b"")
    suite.add("content.empty", "eContent is an empty OCTET STRING.", "cms_content", raw=lambda _: b"")
    add("constructed", "eContent is a constructed OCTET STRING of two parts.", ["cms_content", "der_encoding"],
        d.tlv(0xA0, d.tlv(0x24, parts)))
    add("constructed-indefinite", "eContent is a constructed OCTET STRING of indefinite length.",
        ["cms_content", "der_encoding"], d.tlv(0xA0, d.tlv_indefinite(0x24, parts)))
    add("long-length", "eContent's length has an octet too many.", "der_encoding",
        d.tlv(0xA0, d.tlv_long(0x04, manifest)))
    add("sequence", "eContent is a SEQUENCE.", ["der_encoding", "cms_content"],
        d.tlv(0xA0, d.sequence(d.octets(manifest))))
    add("utf8", "eContent is a UTF8String.", ["der_encoding", "cms_content"], d.tlv(0xA0, d.tlv(0x0C, manifest)))
    add("two", "[0] of eContent holds two OCTET STRINGs.", "der_encoding",
        d.tlv(0xA0, d.octets(manifest), d.octets(b"x")))
    add("empty-explicit", "[0] of eContent holds nothing.", ["cms_content", "der_encoding"], d.tlv(0xA0))


def _other_leaf(count=1):
    """Certificates that have nothing to do with the signer."""
    return [pki.Cert(pki.key("p256:other"), pki.name(f"Other {at}"), ca=False, serial=9000 + at)
            .build(pki.name("Elsewhere"), pki.key("p256:elsewhere")) for at in range(count)]


def _certificates(suite):
    def add(case_id, what, expect, **parts):
        suite.add(f"certs.{case_id}", what, expect, **parts)
    chain = pki.standard_chain("p256")
    built = chain.build()
    def raw(case_id, what, expect, certificates):
        """A package over exactly these built certificates, with a raw field."""
        signer = pack.Signer(key=chain.certificates[-1].key, listed=built)
        components = pack.standard_components()
        envelope = pack.Envelope(pack.canonical(pack.standard_manifest(components)), built, [signer],
                                 certificates_field=certificates)
        package = pack.File(envelope.build(), [one.encoded()[1] for one in components]).build()
        suite.add(f"certs.{case_id}", what, expect, package=package)
    ordered = d.set_order(built)
    raw("field-absent", "The certificates field is absent.", "cms_certificates", b"")
    raw("field-empty", "The certificates field is empty.", "cms_certificates", d.tlv(0xA0))
    raw("unsorted", "The certificates are not in DER order.", "cms_certificates", d.tlv(0xA0, *reversed(ordered)))
    raw("twice", "The leaf stands twice.", "cms_certificates", d.tlv(0xA0, *d.set_order(built + built[:1])))
    raw("attribute-certificate", "An attribute certificate ([2]) stands behind the certificates.",
        "cms_certificates", d.tlv(0xA0, *ordered, d.tlv(0xA2, *ordered[:1])))
    raw("other-format", "OtherCertificateFormat ([3]) stands behind the certificates.", "cms_certificates",
        d.tlv(0xA0, *ordered, d.tlv(0xA3, d.oid("1.2.3.4"), d.NULL)))
    raw("octet-string", "An OCTET STRING stands before the certificates.", ["cms_certificates", "der_encoding"],
        d.tlv(0xA0, d.octets(b"x"), *ordered))
    raw("long-length", "A certificate's outermost length has an octet too many.", ["der_encoding", "cert_encoding"],
        d.tlv(0xA0, *d.set_order([d.tlv_long(0x30, d.content_of(built[0])), built[1]])))
    raw("not-a-certificate", "A SEQUENCE of one NULL stands before the certificates.",
        ["cert_encoding", "cms_unlisted_certificate", "cms_certificates"], d.tlv(0xA0, d.sequence(d.NULL), *ordered))
    raw("explicit-set", "The certificates stand in a SET inside [0].", ["cms_certificates", "der_encoding"],
        d.tlv(0xA0, d.set_of(*ordered)))
    raw("leaf-missing", "The envelope lacks the leaf.", ["cms_signer_id", "cms_signing_certificate"],
        d.tlv(0xA0, built[1]))
    raw("intermediate-missing", "The envelope lacks the intermediate that the signer lists.",
        "cms_signing_certificate", d.tlv(0xA0, built[0]))
    add("unlisted", "The envelope holds a certificate that the signer does not list.", "cms_unlisted_certificate",
        certificates=lambda b: b + _other_leaf())
    add("unlisted-intermediate", "The signer does not list the intermediate.", "cms_unlisted_certificate",
        listed=lambda b: b[:1])
    add("nine", "The envelope holds nine certificates.", ["cms_certificates", "cms_unlisted_certificate"],
        certificates=lambda b: b + _other_leaf(7))
    add("eight-unlisted", "The envelope holds eight certificates, six of them not listed.",
        "cms_unlisted_certificate", certificates=lambda b: b + _other_leaf(6))


def _crls_and_signers(suite):
    crl = d.sequence(d.sequence(d.integer(1)), pki.algorithm_identifier(("ecdsa", "sha256")), d.bits(b"\0" * 70))
    suite.add("crls.present", "The envelope has a crls field with a CRL of wrong form.", "crl_encoding",
              envelope={"crls_field": d.tlv(0xA1, crl)})
    suite.add("signers.none", "There is no signer, and no digest algorithm.",
              ["unsigned", "cms_unlisted_certificate"], envelope={"signers": []})
    suite.add("signers.none-digest", "There is no signer, but a digest algorithm.",
              ["unsigned", "cms_digest_algorithms"],
              envelope={"signers": [], "digest_algorithms": d.set_of(SHA256)})
    suite.add("signers.none-degenerate", "There is no signer, no digest algorithm and no certificate.",
              ["unsigned", "cms_certificates"], envelope={"signers": [], "certificates_field": b""})
    _several_signers(suite)


def _several_signers(suite):
    first = pki.standard_chain("p256")
    built = first.build()
    def second(count, kind="p256"):
        return [pki.Cert(pki.key(f"{kind}:leaf{at}"), pki.name(f"Leaf {at}"), ca=False, serial=7100 + at)
                for at in range(count)]
    def package(number, infos=None, same=False):
        leaves = second(number - 1)
        ders = [leaf.build(first.certificates[0].subject, first.certificates[0].key) for leaf in leaves]
        signers = [pack.Signer(first.certificates[-1].key, built)]
        signers += [pack.Signer(leaf.key, [raw, built[1]]) for leaf, raw in zip(leaves, ders)]
        components = pack.standard_components()
        envelope = pack.Envelope(pack.canonical(pack.standard_manifest(components)), built + ders, signers,
                                 signer_infos=infos)
        return pack.File(envelope.build(), [one.encoded()[1] for one in components]).build()
    def add(case_id, what, expect, octets):
        suite.add(f"signers.{case_id}", what, expect, package=octets)
    add("two", "Two signers, both good.", "ok", package(2))
    add("four", "Four signers, all good.", "ok", package(4))
    add("five", "Five signers.", "cms_signers", package(5))
    add("unsorted", "Two signers, not in DER order.", "cms_signers",
        package(2, lambda infos: d.tlv(0x31, *reversed(d.set_order(infos)))))
    add("twice", "The same SignerInfo twice.", "cms_signers", package(1, lambda infos: d.tlv(0x31, infos[0], infos[0])))
    add("second-bad", "Two signers; the second one's signature does not verify.",
        ["signature_invalid", "signature_encoding", "signature_range", "signature_high_s"],
        package(2, lambda infos: d.set_of(infos[0], flip(-1)(infos[1]))))


def _signer_info(suite):
    def add(case_id, what, expect, **signer):
        suite.add(f"signer.{case_id}", what, expect, signer=signer)
    leaf = pki.standard_chain("p256").certificates[-1]
    issuer = pki.standard_chain("p256").certificates[0].subject
    identifier = d.tlv(0x80, leaf.key.identifier())
    for version in (0, 2, 3, 4):
        add(f"version-{version}", f"The SignerInfo's version is {version}.", "cms_signer_version", version=version)
    add("version-long", "The SignerInfo's version 1 is written in two octets.", "der_encoding",
        version_raw=b"\x02\x02\x00\x01")
    add("ski", "The sid is the subjectKeyIdentifier, the version 3.", ["cms_signer_version", "cms_signer_id"],
        version=3, sid=identifier)
    add("ski-version-1", "The sid is the subjectKeyIdentifier, the version 1.", ["cms_signer_id", "der_encoding"],
        sid=identifier)
    add("serial-other", "The sid names a serial number that no certificate has.", "cms_signer_id",
        sid=d.sequence(issuer, d.integer(7002)))
    add("issuer-other", "The sid names an issuer that no certificate has.", "cms_signer_id",
        sid=d.sequence(pki.name("Elsewhere"), d.integer(7001)))
    add("issuer-printable", "The sid names the issuer with PrintableString in place of UTF8String.", "cms_signer_id",
        sid=d.sequence(issuer.replace(b"\x0c", b"\x13"), d.integer(7001)))
    add("sid-intermediate", "The sid names the intermediate; the signature is the leaf's.",
        ["cms_signing_certificate", "signature_invalid", "leaf_is_ca"],
        sid=d.sequence(pki.standard_chain("p256").root_name, d.integer(101)))
    add("sid-extra", "A field follows the serial number in the sid.", "der_encoding",
        sid=d.sequence(issuer, d.integer(7001), d.NULL))
    add("sid-serial-long", "The sid's serial number is written in an octet more.", "der_encoding",
        sid=d.sequence(issuer, d.tlv(0x02, b"\0" + d.integer_content(7001))))
    add("unsigned-attributes", "The signer has unsigned attributes.", "cms_unsigned_attributes",
        after=d.tlv(0xA1, pack.attribute("1.2.840.113549.1.9.6", d.octets(b"countersignature"))))
    add("unsigned-empty", "The signer has an empty set of unsigned attributes.", "cms_unsigned_attributes",
        after=d.tlv(0xA1))
    add("after-signature", "A NULL follows the signature.", "der_encoding", after=d.NULL)
    add("after-signature-2", "A field [2] follows the signature.", "der_encoding", after=d.tlv(0xA2, d.NULL))
    add("no-attributes", "The signer has no signedAttrs and signs the manifest itself.",
        ["cms_attributes", "der_encoding"], signed_attributes=b"")
    equal = pki.standard_chain("p256").intermediate(serial=7001)
    suite.add("signer.same-serial", "Leaf and intermediate have the same serial number, from different issuers.",
              "ok", chain=equal)
    twin = pki.Cert(pki.key("p256:twin"), pki.name("Twin"), ca=False, serial=7001)
    def with_twin(built):
        return built + [twin.build(issuer, pki.standard_chain("p256").certificates[0].key)]
    suite.add("signer.two-matches", "Two certificates have the issuer and serial number of the sid.", "cms_signer_id",
              listed=with_twin, certificates=with_twin)


def _algorithms(suite):
    def add(case_id, what, kind="p256", expect="cms_algorithm", **signer):
        suite.add(f"algorithm.{case_id}", what, expect, kind=kind, signer=signer)
    ecdsa = {name: pki.algorithm_identifier(("ecdsa", name)) for name in ("sha256", "sha384", "sha512")}
    add("p256-sha384", "A P-256 key with SHA-384 throughout.", scheme=("ecdsa", "sha384"))
    add("p256-sha512", "A P-256 key with SHA-512 throughout.", scheme=("ecdsa", "sha512"))
    add("p256-digest-sha512", "A P-256 key with digestAlgorithm SHA-512 and ecdsa-with-SHA256.", digest="sha512")
    add("p256-signature-sha384", "A P-256 key with digestAlgorithm SHA-256 and ecdsa-with-SHA384.",
        sign_with=lambda key, data: pki.set_s(key.sign(data, ("ecdsa", "sha384")), pki.ORDER["p256"], False),
        signature_algorithm=ecdsa["sha384"])
    add("p384-sha256", "A P-384 key with SHA-256 throughout.", kind="p384", scheme=("ecdsa", "sha256"))
    add("p384-sha512", "A P-384 key with SHA-512 throughout.", kind="p384", scheme=("ecdsa", "sha512"))
    add("p256-null", "ecdsa-with-SHA256 has NULL parameters.",
        signature_algorithm=d.sequence(d.oid(pki.ECDSA_OID["sha256"]), d.NULL))
    add("p256-public-key", "signatureAlgorithm is id-ecPublicKey.",
        signature_algorithm=d.sequence(d.oid("1.2.840.10045.2.1")))
    add("p256-as-ed25519", "A P-256 key with the algorithms of Ed25519.", digest="sha512",
        signature_algorithm=pki.algorithm_identifier(("ed25519", None)))
    add("ed25519-sha256", "An Ed25519 key with digestAlgorithm SHA-256.", kind="ed25519", digest="sha256")
    add("ed25519-null", "Ed25519 has NULL parameters.", kind="ed25519",
        signature_algorithm=d.sequence(d.oid("1.3.101.112"), d.NULL))


def _rsa_algorithms(suite):
    def add(case_id, what, kind="rsa2048", expect="cms_algorithm", **signer):
        suite.add(f"algorithm.{case_id}", what, expect, kind=kind, signer=signer)
    for kind in ("rsa2048", "rsa3072"):
        add(f"{kind}-pkcs1", "RSA PKCS#1 v1.5 with its own signatureAlgorithm.", kind=kind,
            scheme=("pkcs1", "sha256"), digest="sha256")
        add(f"{kind}-pkcs1-rsa-encryption", "RSA PKCS#1 v1.5 with signatureAlgorithm rsaEncryption.", kind=kind,
            scheme=("pkcs1", "sha256"), digest="sha256",
            signature_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.1"), d.NULL))
        add(f"{kind}-pkcs1-as-pss", "RSA PKCS#1 v1.5 under the name of RSASSA-PSS.", kind=kind,
            expect="signature_invalid", sign_with=lambda key, data: key.sign(data, ("pkcs1", "sha256")))
        add(f"{kind}-salt-20", "RSASSA-PSS with salt 20, named as such.", kind=kind,
            sign_with=lambda key, data: key.sign_pss(data, "sha256", 20), signature_algorithm=pss_algorithm(salt=20))
        add(f"{kind}-salt-20-hidden", "RSASSA-PSS with salt 20, named as salt 32.", kind=kind,
            expect="signature_invalid", sign_with=lambda key, data: key.sign_pss(data, "sha256", 20))
    add("rsa-pss-sha512", "RSASSA-PSS with SHA-512 throughout.", kind="rsa2048", scheme=("pss", "sha512"),
        digest="sha512")
    add("rsa-pss-sha384", "RSASSA-PSS with SHA-384 and digestAlgorithm SHA-256.", kind="rsa2048",
        scheme=("pss", "sha384"))
    add("rsa-pss-absent-null", "The hashes inside RSASSA-PSS-params lack NULL.", kind="rsa2048",
        signature_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10"), pki.pss_parameters("sha256", null=False)))
    add("rsa-pss-trailer", "RSASSA-PSS-params encode the DEFAULT trailerField.", kind="rsa2048",
        expect=["cms_algorithm", "der_encoding"],
        signature_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10"),
                                       pki.pss_parameters("sha256", extra=d.tlv(0xA3, d.integer(1)))))
    add("rsa-pss-no-parameters", "RSASSA-PSS has no parameters.", kind="rsa2048",
        signature_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10")))
    add("rsa-pss-mgf-sha1", "RSASSA-PSS-params name MGF1 with SHA-1.", kind="rsa2048",
        signature_algorithm=d.sequence(d.oid("1.2.840.113549.1.1.10"),
                                       pki.pss_parameters("sha256", mask_digest="sha1")))


def pss_algorithm(**parameters):
    """RSASSA-PSS AlgorithmIdentifier with SHA-256 and other parameters."""
    return d.sequence(d.oid("1.2.840.113549.1.1.10"), pki.pss_parameters("sha256", **parameters))


def _unknown_leaf(label):
    chain = pki.standard_chain("p256")
    return chain.leaf(key=pki.key(label), subject=pki.name(f"Leaf {label}"))


def _unknown_algorithms(suite):
    unknown = "algorithm_unknown"
    for kind, scheme in (("p521", "ecdsa-with-SHA512"), ("k256", "ecdsa-with-SHA256"), ("ed448", "Ed448"),
                         ("dsa", "dsa-with-sha256")):
        chain = _unknown_leaf(f"{kind}:leaf")
        suite.add(f"unknown.{kind}", f"The leaf's key is {kind}, signed with {scheme}.", unknown, chain=chain,
                  algorithm=kind)
        suite.add(f"unknown.{kind}-forged", f"The leaf's key is {kind}, and the signature does not verify: nobody can "
                  "tell.", unknown, chain=chain, algorithm=kind, signer={"edit_signature": flip(-1)})
    p521 = _unknown_leaf("p521:leaf")
    def add(case_id, what, expect, chain=p521, **parts):
        suite.add(f"unknown.{case_id}", what, expect, chain=chain, algorithm="p521", **parts)
    add("unsigned-attributes", "The leaf's key is P-521, and there are unsigned attributes: structure is checked.",
        "cms_unsigned_attributes", signer={"after": d.tlv(0xA1)})
    add("attributes-missing", "The leaf's key is P-521, and signingTime is missing: structure is checked.",
        "cms_attributes", signer={"edit_attributes": without("signing_time")})
    add("any-signature-algorithm", "The leaf's key is P-521 under an algorithm that nobody knows.", unknown,
        signer={"signature_algorithm": d.sequence(d.oid("1.3.6.1.4.1.99999.1"), d.octets(b"?"))})
    add("any-digest-size", "The leaf's key is P-521, messageDigest has seven octets.",
        [unknown, "cms_attribute_value"], signer={"message_digest": d.octets(b"seven..")})
    add("no-anchor", "The leaf's key is P-521, and no anchor is above it.", [unknown, "chain_no_anchor"],
        chain=pki.Chain(pki.name("Elsewhere"), pki.key("p256:elsewhere"), p521.certificates))
    add("leaf-policy", "The leaf's key is P-521, and it has no policy.", [unknown, "leaf_policy"],
        chain=p521.leaf(ext={"policies": None}))
    add("digest-parameters", "The leaf's key is P-521, and its digest algorithm has NULL parameters.",
        [unknown, "cms_digest_algorithms"],
        signer={"digest_algorithm": pack.digest_identifier("sha512", d.NULL)})
    add("manifest-broken", "The leaf's key is P-521, and the manifest is no JSON: not looked at.", unknown,
        raw=lambda _: b"no json")


def without(name):
    """An edit of the attributes that leaves one out."""
    wanted = d.oid(pack.ATTRIBUTE[name])
    return lambda attributes: [one for one in attributes if wanted not in one[:2 + len(wanted) + 3]]


def _attributes(suite):
    def add(case_id, what, edit, expect="cms_attributes", **signer):
        suite.add(f"attributes.{case_id}", what, expect, signer={"edit_attributes": edit, **signer})
    for name in pack.ATTRIBUTE:
        add(f"without-{name}", f"The attribute {name} is missing.", without(name))
    extra = pack.attribute("1.2.840.113549.1.9.52", d.sequence(SHA256))
    old_ess = pack.attribute("1.2.840.113549.1.9.16.2.12", d.sequence(d.sequence(d.sequence(d.octets(b"\0" * 20)))))
    add("extra", "There is a fifth attribute, CMSAlgorithmProtection.", lambda a: d.set_order(a + [extra]))
    add("signing-certificate-v1", "There is a fifth attribute, signingCertificate of version 1.",
        lambda a: d.set_order(a + [old_ess]))
    add("v1-in-place-of-v2", "signingCertificate of version 1 stands in place of version 2.",
        lambda a: d.set_order(without("signing_certificate")(a) + [old_ess]))
    add("reversed", "The attributes are in the reverse order.", lambda a: a[::-1])
    add("swapped-last", "The last two attributes change places.", lambda a: a[:2] + [a[3], a[2]])
    add("none", "signedAttrs is empty.", lambda a: [])
    for name in pack.ATTRIBUTE:
        add(f"twice-{name}", f"The attribute {name} stands twice.", lambda a, name=name: d.set_order(
            a + [one for one in a if one not in without(name)(a)]))
        add(f"two-values-{name}", f"The attribute {name} has its value twice.",
            lambda a, name=name: d.set_order([_double(one) if one not in without(name)(a) else one for one in a]))
        add(f"no-value-{name}", f"The attribute {name} has no value.",
            lambda a, name=name: d.set_order([_empty(name) if one not in without(name)(a) else one for one in a]))
    add("values-sequence", "The values of an attribute are a SEQUENCE in place of a SET.",
        lambda a: d.set_order([_as_sequence(a[0])] + a[1:]),
        ["der_encoding", "cms_attributes", "cms_attribute_value"])
    add("third-field", "An attribute has a third field.",
        lambda a: d.set_order([d.sequence(d.content_of(a[0]), d.NULL)] + a[1:]), ["der_encoding", "cms_attributes"])


def _parts(attribute):
    """OID and the content of the values of an attribute."""
    content = d.content_of(attribute)
    end = d.element_end(content, 0)
    return content[:end], d.content_of(content[end:])


def _double(attribute):
    oid, value = _parts(attribute)
    return d.sequence(oid, d.tlv(0x31, value, value))


def _as_sequence(attribute):
    oid, value = _parts(attribute)
    return d.sequence(oid, d.sequence(value))


def _empty(name):
    return d.sequence(d.oid(pack.ATTRIBUTE[name]), d.tlv(0x31))


def _attribute_values(suite):
    def add(case_id, what, expect="cms_attribute_value", kind="p256", **signer):
        suite.add(f"value.{case_id}", what, expect, kind=kind, signer=signer)
    add("content-type-data", "The attribute contentType is id-data.", ["cms_attribute_value", "cms_content_type"],
        content_type=d.oid(ID_DATA))
    add("content-type-1.2", "The attribute contentType is E.1.2.", ["cms_attribute_value", "cms_content_type"],
        content_type=d.oid(pki.EVSEAL + ".1.2"))
    add("content-type-octets", "The attribute contentType is an OCTET STRING.",
        content_type=d.octets(d.oid(pack.CT_MANIFEST)[2:]))
    manifest = pack.canonical(pack.standard_manifest(pack.standard_components()))
    digest = hashlib.sha256(manifest).digest()
    for size, value in ((0, b""), (20, hashlib.sha1(manifest).digest()), (31, digest[:31]), (33, digest + b"\0"),
                        (48, hashlib.sha384(manifest).digest()), (64, hashlib.sha512(manifest).digest())):
        add(f"digest-{size}", f"messageDigest has {size} octets.", message_digest=d.octets(value))
    add("digest-384-truncated", "messageDigest of a P-384 signer has 32 octets.", kind="p384",
        message_digest=d.octets(digest))
    add("digest-ed25519-32", "messageDigest of an Ed25519 signer has 32 octets.", kind="ed25519",
        message_digest=d.octets(digest))
    add("digest-bits", "messageDigest is a BIT STRING.", message_digest=d.bits(digest))
    add("digest-constructed", "messageDigest is a constructed OCTET STRING.", ["der_encoding", "cms_attribute_value"],
        message_digest=d.tlv(0x24, d.octets(digest)))
    add("digest-long-length", "messageDigest's length is not minimal.", ["cms_attributes", "cms_attribute_value", "der_encoding"],
        message_digest=d.tlv_long(0x04, digest))


def _signing_time(suite):
    def add(case_id, what, time, expect="cms_attribute_value"):
        suite.add(f"time.form-{case_id}", what, expect, signer={"signing_time": time})
    add("no-seconds", "signingTime lacks the seconds.", d.utc_time("2603011200Z"))
    add("offset", "signingTime has an offset in place of Z.", d.utc_time("260301120000+0100"))
    add("no-zone", "signingTime has no zone.", d.utc_time("260301120000"))
    add("lower-z", "signingTime ends with a small z.", d.utc_time("260301120000z"))
    add("fraction", "signingTime has a fraction.", d.utc_time("260301120000.5Z"))
    add("generalized-2026", "signingTime of 2026 is a GeneralizedTime.", d.generalized_time("20260301120000Z"))
    add("generalized-2049", "signingTime of 2049 is a GeneralizedTime.", d.generalized_time("20491231235959Z"))
    add("generalized-fraction", "signingTime of 2050 has a fraction.", d.generalized_time("20500301120000.0Z"))
    add("utc-1969", "signingTime is a UTCTime with the year 69.", d.utc_time("691231235959Z"))
    add("utc-1950", "signingTime is a UTCTime with the year 50.", d.utc_time("500101000000Z"))
    add("month-13", "signingTime has month 13.", d.utc_time("261301120000Z"))
    add("month-0", "signingTime has month 0.", d.utc_time("260001120000Z"))
    add("day-0", "signingTime has day 0.", d.utc_time("260300120000Z"))
    add("february-30", "signingTime is the 30th of February.", d.utc_time("260230120000Z"))
    add("february-29", "signingTime is the 29th of February in a year without.", d.utc_time("260229120000Z"))
    add("hour-24", "signingTime has hour 24.", d.utc_time("260301240000Z"))
    add("minute-60", "signingTime has minute 60.", d.utc_time("260301126000Z"))
    add("second-60", "signingTime has second 60 (a leap second).", d.utc_time("260301115960Z"))
    add("space", "signingTime has a space for a digit.", d.utc_time("26 301120000Z"))
    add("letters", "signingTime has letters for digits.", d.utc_time("2603O1120000Z"))
    add("integer", "signingTime is an INTEGER.", d.integer(1772366400))
    add("empty", "signingTime is an empty UTCTime.", d.utc_time(""))
    add("utf8", "signingTime is a UTF8String.", d.utf8("260301120000Z"))
    leap = pki.standard_chain("p256")
    suite.add("time.leap-day", "signingTime is the 29th of February 2028.", "ok", chain=leap,
              signer={"signing_time": "2028-02-29T23:59:59Z"})


def _top_first(built):
    """The leaf, then the other certificates in reverse order."""
    return built[:1] + built[:0:-1]


def _ess_adder(suite):
    """A function that adds a case; `value` maps the certificates (the leaf first) to the attribute's value."""
    built = pki.standard_chain("p256").build()
    def add(case_id, what, expect, value):
        components = pack.standard_components()
        signer = pack.Signer(pki.key("p256:leaf"), built, signing_certificate=value(built))
        envelope = pack.Envelope(pack.canonical(pack.standard_manifest(components)), built, [signer])
        suite.add(f"ess.{case_id}", what, expect,
                  package=pack.File(envelope.build(), [one.encoded()[1] for one in components]).build())
    return add


def _hashed(octets):
    return d.sequence(d.octets(octets))


def _signing_certificate_forms(suite):
    add = _ess_adder(suite)
    wrong, form = "cms_signing_certificate", "cms_attribute_value"
    entry, value = pack.ess_entry, pack.ess_value
    general_name = d.tlv(0xA4, pki.standard_chain("p256").certificates[0].subject)
    issuer_serial = d.sequence(d.sequence(general_name), d.integer(7001))
    add("explicit-sha256", "The first ESSCertIDv2 names SHA-256, the DEFAULT.", [form, "der_encoding", wrong],
        lambda b: value([d.sequence(SHA256, d.octets(hashlib.sha256(b[0]).digest())), entry(b[1])]))
    add("sha384", "The first ESSCertIDv2 is a SHA-384.", [form, wrong],
        lambda b: value([d.sequence(SHA384, d.octets(hashlib.sha384(b[0]).digest())), entry(b[1])]))
    add("issuer-serial", "The first ESSCertIDv2 has an issuerSerial.", [form, wrong],
        lambda b: value([entry(b[0], issuer_serial), entry(b[1])]))
    add("policies", "SigningCertificateV2 has policies.", [form, wrong],
        lambda b: value([entry(b[0]), entry(b[1])], d.sequence(d.sequence(d.oid("1.2.3.4")))))
    add("short-hash", "A hash has 31 octets.", [form, wrong],
        lambda b: value([entry(b[0]), _hashed(hashlib.sha256(b[1]).digest()[:31])]))
    add("long-hash", "A hash has 33 octets.", [form, wrong],
        lambda b: value([entry(b[0]), _hashed(hashlib.sha256(b[1]).digest() + b"\0")]))
    add("bare-octets", "An entry is an OCTET STRING without its SEQUENCE.", [form, "der_encoding", wrong],
        lambda b: value([entry(b[0]), d.octets(hashlib.sha256(b[1]).digest())]))
    add("set", "The list is a SET.", [form, "der_encoding", wrong],
        lambda b: d.sequence(d.tlv(0x31, entry(b[0]), entry(b[1]))))
    add("octets", "The value is an OCTET STRING.", [form, "der_encoding", wrong],
        lambda b: d.octets(hashlib.sha256(b[0]).digest()))


def _signing_certificate_lists(suite):
    add = _ess_adder(suite)
    wrong, form = "cms_signing_certificate", "cms_attribute_value"
    entry, value = pack.ess_entry, pack.ess_value
    add("leaf-second", "The list does not begin with the leaf.", wrong, lambda b: value([entry(b[1]), entry(b[0])]))
    add("leaf-missing", "The list lacks the leaf.", [wrong, "cms_unlisted_certificate"],
        lambda b: value([entry(b[1])]))
    add("intermediate-missing", "The list lacks the intermediate.", "cms_unlisted_certificate",
        lambda b: value([entry(b[0])]))
    add("absent", "The list has the hash of a certificate that the envelope lacks.", wrong,
        lambda b: value([entry(b[0]), entry(b[1]), _hashed(hashlib.sha256(b"absent").digest())]))
    add("twice", "The list has the intermediate twice.", wrong,
        lambda b: value([entry(b[0]), entry(b[1]), entry(b[1])]))
    add("leaf-twice", "The list has the leaf twice.", wrong, lambda b: value([entry(b[0]), entry(b[0]), entry(b[1])]))
    add("empty", "The list is empty.", [wrong, form], lambda b: value([]))
    add("six", "The list has six entries.", [wrong, form], lambda b: value(
        [entry(b[0]), entry(b[1])] + [_hashed(hashlib.sha256(bytes([at])).digest()) for at in range(4)]))
    for count in (2, 3, 4):
        suite.add(f"ess.{count}-reversed", f"{count} intermediates are listed from the top downwards.", "ok",
                  chain=pki.standard_chain("p256", intermediates=count), listed=_top_first)
    add("other-leaf", "The first hash is that of another certificate with the leaf's key.", [wrong],
        lambda b: value([entry(pki.standard_chain("p256").leaf(serial=7003).build()[0]), entry(b[1])]))


def _digests(suite):
    def add(case_id, what, expect="digest_mismatch", **parts):
        suite.add(f"digest.{case_id}", what, expect, **parts)
    for kind, size in (("p256", 32), ("p384", 48), ("rsa2048", 32), ("ed25519", 64)):
        add(f"wrong-{kind}", "messageDigest is another one, signed.", kind=kind,
            signer={"message_digest": d.octets(b"\x11" * size)})
    add("manifest-changed", "One octet of the manifest is changed after signing.",
        file={"edit": lambda w: w.replace(b"cp7-firmware", b"cp7-firmwarf")})
    add("attributes-changed", "signingTime is changed after signing.", "signature_invalid",
        file={"edit": lambda w: w.replace(b"260301120000Z", b"270301120000Z")})
    add("over-a0", "The signature covers signedAttrs with the tag A0.", "signature_invalid",
        signer={"sign_with": lambda key, data: pki.set_s(key.sign(b"\xa0" + data[1:]), pki.ORDER["p256"], False)})
    add("over-content", "The signature covers the manifest in place of signedAttrs.", "signature_invalid",
        signer={"sign_with": lambda key, data: pki.set_s(key.sign(pack.canonical(pack.standard_manifest(
            pack.standard_components()))), pki.ORDER["p256"], False)})
    add("other-key", "Another key made the signature.", "signature_invalid",
        signer={"sign_with": lambda key, data: pki.set_s(pki.key("p256:other").sign(data), pki.ORDER["p256"], False)})
    add("other-key-ed25519", "Another key made the Ed25519 signature.", "signature_invalid", kind="ed25519",
        signer={"sign_with": lambda key, data: pki.key("ed25519:other").sign(data)})
    add("other-key-rsa", "Another key made the RSA signature.", ["signature_invalid", "signature_range"],
        kind="rsa2048", signer={"sign_with": lambda key, data: pki.key("rsa2048:root").sign(data)})


def _ecdsa_signatures(suite):
    for kind in ("p256", "p384"):
        order = pki.ORDER[kind]
        def add(case_id, what, expect, edit, kind=kind):
            suite.add(f"signature.{kind}-{case_id}", what, expect, kind=kind, signer={"edit_signature": edit})
        def numbers(change):
            return lambda value: pki.ecdsa_value(*change(*pki.numbers_of(value)))
        shape, value_range = "signature_encoding", "signature_range"
        add("high-s", "s is in the upper half.", "signature_high_s", numbers(lambda r, s: (r, order - s)))
        add("r-0", "r is 0.", value_range, numbers(lambda r, s: (0, s)))
        add("s-0", "s is 0.", value_range, numbers(lambda r, s: (r, 0)))
        add("r-n", "r is n.", value_range, numbers(lambda r, s: (order, s)))
        add("s-n", "s is n.", value_range, numbers(lambda r, s: (r, order)))
        add("r-plus-n", "r is above n by a small number.", [value_range, shape], numbers(lambda r, s: (order + 5, s)))
        add("s-plus-n", "s is above n: the same modulo n.", [value_range, shape], numbers(lambda r, s: (r, s + order)))
        add("r-negative", "r is negative.", [value_range, shape], numbers(lambda r, s: (-5, s)))
        add("s-negative", "s is negative.", [value_range, shape], numbers(lambda r, s: (r, s - order)))
        add("r-huge", "r has 200 octets.", [value_range, shape], numbers(lambda r, s: (1 << 1595, s)))
        add("r-1", "r is 1.", "signature_invalid", numbers(lambda r, s: (1, s)))
        add("half-n", "s is the lower half of n: in range, but wrong.", "signature_invalid",
            numbers(lambda r, s: (r, order // 2)))
        add("half-n-plus-1", "s is the lower half of n plus 1.", "signature_high_s",
            numbers(lambda r, s: (r, order // 2 + 1)))
        add("swapped", "r and s change places.", ["signature_invalid", "signature_high_s"],
            numbers(lambda r, s: (s, r)))
        add("empty", "The signature is empty.", shape, lambda value: b"")
        add("raw", "The signature is r and s without DER.", shape, lambda value: b"".join(
            number.to_bytes(order.bit_length() // 8, "big") for number in pki.numbers_of(value)))
        add("trailing", "A zero octet follows the signature value.", shape, lambda value: value + b"\0")
        add("third", "The signature value has a third INTEGER.", shape,
            lambda value: d.sequence(d.content_of(value), d.integer(1)))
        add("one", "The signature value has one INTEGER.", shape,
            lambda value: d.sequence(d.integer(pki.numbers_of(value)[0])))
        add("long-length", "The signature value's length is not minimal.", shape,
            lambda value: d.tlv_long(0x30, d.content_of(value)))
        add("indefinite", "The signature value has an indefinite length.", shape,
            lambda value: d.tlv_indefinite(0x30, d.content_of(value)))
        add("padded-s", "s has a leading zero octet too many.", shape, lambda value: d.sequence(
            d.integer(pki.numbers_of(value)[0]),
            d.tlv(0x02, b"\0" + d.integer_content(pki.numbers_of(value)[1] >> 2 | 1))))
        add("set", "The signature value is a SET.", shape, lambda value: b"\x31" + value[1:])
        add("cut", "The signature value ends an octet too early.", shape, cut(-1))


def _short_ecdsa_signatures(suite):
    """Numbers whose DER is shorter or longer than usual."""
    shapes = {"short-r": lambda r, s, size: r.bit_length() <= size - 8,
              "short-s": lambda r, s, size: s.bit_length() <= size - 9,
              "r-leading-zero": lambda r, s, size: r.bit_length() == size,
              "r-top-bit-clear": lambda r, s, size: r.bit_length() == size - 1}
    for kind, size in (("p256", 256), ("p384", 384)):
        for label, wanted in shapes.items():
            def sign(key, data, kind=kind, size=size, wanted=wanted):
                while True:
                    value = pki.set_s(key.sign(data), pki.ORDER[kind], False)
                    if wanted(*pki.numbers_of(value), size):
                        return value
            suite.add(f"signature.{kind}-{label}", f"A good ECDSA signature of a rarer length ({label}).", "ok",
                      kind=kind, signer={"sign_with": sign})


ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def _other_signatures(suite):
    for kind, size in (("rsa2048", 256), ("rsa3072", 384)):
        def add(case_id, what, expect, edit, kind=kind):
            suite.add(f"signature.{kind}-{case_id}", what, expect, kind=kind, signer={"edit_signature": edit})
        add("short", "The RSA signature is an octet too short.", "signature_encoding", cut(-1))
        add("long", "The RSA signature has a leading zero octet.", "signature_encoding", lambda value: b"\0" + value)
        add("empty", "The RSA signature is empty.", "signature_encoding", lambda value: b"")
        add("above-n", "The RSA signature is 2^8k - 1, above the modulus.", ["signature_range", "signature_invalid"],
            lambda value, size=size: b"\xff" * size)
        add("zero", "The RSA signature is zero octets.", ["signature_invalid", "signature_range"],
            lambda value, size=size: bytes(size))
    def ed(case_id, what, expect, edit):
        suite.add(f"signature.ed25519-{case_id}", what, expect, kind="ed25519", signer={"edit_signature": edit})
    def plus_order(value, times=1):
        number = int.from_bytes(value[32:], "little") + times * ED25519_ORDER
        return value[:32] + number.to_bytes(32, "little")
    ed("short", "The Ed25519 signature has 63 octets.", "signature_encoding", cut(-1))
    ed("long", "The Ed25519 signature has 65 octets.", "signature_encoding", lambda value: value + b"\0")
    ed("empty", "The Ed25519 signature is empty.", "signature_encoding", lambda value: b"")
    ed("s-plus-l", "S of the Ed25519 signature is S + L.", "signature_range", plus_order)
    ed("s-is-l", "S of the Ed25519 signature is L.", "signature_range",
       lambda value: value[:32] + ED25519_ORDER.to_bytes(32, "little"))
    ed("s-all-ones", "S of the Ed25519 signature is 2^256 - 1.", "signature_range",
       lambda value: value[:32] + b"\xff" * 32)
    ed("r-flipped", "One bit of R of the Ed25519 signature is flipped.", "signature_invalid", flip(3))
    ed("zero", "The Ed25519 signature is zero octets.", "signature_range", lambda value: bytes(64))
    ed("random", "The Ed25519 signature is random, S below L.", "signature_invalid",
       lambda value: os.urandom(32) + os.urandom(31) + b"\x05")
