"""The envelope: format.md section 3 (structure) and section 4 (signed attributes), for one signer."""

import hashlib

import der
import keys
import oids
import times
import x509
from status import Refused, require

MAX_CERTIFICATES = 8
MAX_SIGNERS = 4
MAX_LISTED = 5


class Envelope:
    """What the structure says: manifest, certificates, the signer and the certificates that it lists."""


class Signer:
    """One SignerInfo; `certificate.key` is None for an unknown algorithm."""


def parse_envelope(data):
    """Rule 2 of section 9.3: sections 3 and 4 as far as they are structure, and 5.1 for each certificate."""
    try:
        return _parse(data)
    except der.DerError as error:
        raise Refused("der_encoding", str(error)) from error


def _parse(data):
    signed_data = _content_info(data)
    cursor = der.Cursor(signed_data)
    version = der.integer(cursor.take())
    digest_algorithms = cursor.take(der.SET)
    encapsulated = cursor.take(der.SEQUENCE)
    certificates = cursor.optional(0xA0)
    crls = cursor.optional(0xA1)
    signer_infos = cursor.take(der.SET)
    cursor.finish()
    envelope = Envelope()
    envelope.manifest = _encapsulated(encapsulated)
    require(version == 3, "cms_version")
    digests = [element.raw for element in der.Cursor(digest_algorithms.content).rest(der.SEQUENCE)]
    require(envelope.manifest, "cms_content")
    raws = _certificates(certificates)
    require(crls is None, "crl_unsupported")
    signers = _signers(signer_infos)
    envelope.certificates = [x509.parse_certificate(raw) for raw in raws]
    envelope.signer = _signer_info(signers[0], envelope.certificates)
    for raw in digests:
        der.check_deep(der.read_only(raw))
    require(digests == [envelope.signer.digest_algorithm], "cms_digest_algorithms")
    _check_algorithms(envelope.signer)
    _check_attributes(envelope.signer, envelope.certificates)
    return envelope


def _content_info(data):
    """ContentInfo: returns the content of SignedData."""
    cursor = der.Cursor(der.read_only(data, der.SEQUENCE).content)
    content_type = der.oid(cursor.take())
    content = cursor.take(0xA0)
    cursor.finish()
    require(content_type == oids.SIGNED_DATA, "cms_content_type", "contentType")
    return der.read_only(content.content, der.SEQUENCE).content


def _encapsulated(element):
    """encapContentInfo: returns the manifest; empty octets where eContent is absent or not primitive."""
    cursor = der.Cursor(element.content)
    content_type = der.oid(cursor.take())
    wrapper = cursor.optional(0xA0)
    cursor.finish()
    require(content_type == oids.CT_MANIFEST, "cms_content_type", "eContentType")
    if wrapper is None:
        return b""
    content = der.read_only(wrapper.content)
    require(content.tag != der.OCTET_STRING | 0x20, "cms_content", "eContent is constructed")
    if content.tag != der.OCTET_STRING:
        raise der.DerError("eContent is not an OCTET STRING")
    return content.content


def _certificates(field):
    """1 to 8 certificates in DER order, none twice."""
    require(field is not None, "cms_certificates", "none")
    elements = der.Cursor(field.content).rest()
    require(1 <= len(elements) <= MAX_CERTIFICATES, "cms_certificates", "number")
    require(all(element.tag == der.SEQUENCE for element in elements), "cms_certificates", "other CertificateChoices")
    raws = [element.raw for element in elements]
    require(der.sorted_set(raws) and len(set(raws)) == len(raws), "cms_certificates", "order or doubles")
    return raws


def _signers(field):
    """At least one signer, in DER order; this verifier implements one only."""
    elements = der.Cursor(field.content).rest(der.SEQUENCE)
    raws = [element.raw for element in elements]
    require(raws, "unsigned")
    require(len(raws) <= MAX_SIGNERS, "cms_signers", "number")
    require(der.sorted_set(raws) and len(set(raws)) == len(raws), "cms_signers", "order or doubles")
    require(len(raws) == 1, "signers_unsupported")
    return elements


def _signer_info(element, certificates):
    """The fields of a SignerInfo, its version and its certificate."""
    signer = Signer()
    cursor = der.Cursor(element.content)
    version = der.integer(cursor.take())
    sid = cursor.take()
    digest_algorithm = cursor.take(der.SEQUENCE)
    attributes = cursor.optional(0xA0)
    signature_algorithm = cursor.take(der.SEQUENCE)
    signer.signature = cursor.take(der.OCTET_STRING).content
    unsigned = cursor.peek() == 0xA1
    if not unsigned:
        cursor.finish()
    require(version == 1, "cms_signer_version")
    signer.certificate = _find_certificate(sid, certificates)
    for algorithm in (digest_algorithm, signature_algorithm):
        der.check_deep(algorithm)
        der.oid(der.Cursor(algorithm.content).take())
    signer.digest_algorithm, signer.signature_algorithm = digest_algorithm.raw, signature_algorithm.raw
    require(not unsigned, "cms_unsigned_attributes")
    require(attributes is not None, "cms_attributes", "no signedAttrs")
    signer.attributes = attributes
    return signer


def _find_certificate(sid, certificates):
    """The one certificate whose issuer and serial number the sid names, byte for byte."""
    require(sid.tag == der.SEQUENCE, "cms_signer_id", "not IssuerAndSerialNumber")
    der.check_deep(sid)
    cursor = der.Cursor(sid.content)
    issuer, serial = cursor.take(der.SEQUENCE).raw, cursor.take(der.INTEGER).raw
    cursor.finish()
    found = [one for one in certificates if (one.issuer, one.serial_raw) == (issuer, serial)]
    require(len(found) == 1, "cms_signer_id", f"{len(found)} certificates")
    return found[0]


def _check_algorithms(signer):
    """The algorithms are the bytes of section 3 for the key; of an unknown key's, any."""
    key = signer.certificate.key
    if key is not None:
        _, digest, signature = keys.PACKAGE_ALGORITHMS[key.kind]
        require((signer.digest_algorithm, signer.signature_algorithm) == (digest, signature), "cms_algorithm")


_ATTRIBUTES = (oids.ATTR_CONTENT_TYPE, oids.ATTR_MESSAGE_DIGEST, oids.ATTR_SIGNING_TIME,
               oids.ATTR_SIGNING_CERTIFICATE)


def _check_attributes(signer, certificates):
    """Section 4: exactly the four attributes, one value each, in DER order, and the form of each value."""
    raws, values = [], {}
    for attribute in der.Cursor(signer.attributes.content).rest(der.SEQUENCE):
        cursor = der.Cursor(attribute.content)
        name, field = der.oid(cursor.take()), cursor.take(der.SET)
        cursor.finish()
        der.check_deep(field)
        elements = der.Cursor(field.content).rest()
        require(name in _ATTRIBUTES and name not in values, "cms_attributes", name)
        require(len(elements) == 1, "cms_attributes", "number of values")
        values[name] = elements[0]
        raws.append(attribute.raw)
    require(len(values) == len(_ATTRIBUTES), "cms_attributes", "missing")
    require(der.sorted_set(raws), "cms_attributes", "order")
    content_type = values[oids.ATTR_CONTENT_TYPE]
    require(content_type.tag == der.OID and der.oid(content_type) == oids.CT_MANIFEST, "cms_attribute_value")
    _message_digest(signer, values[oids.ATTR_MESSAGE_DIGEST])
    try:
        signer.signing_time = times.parse_der(values[oids.ATTR_SIGNING_TIME], 1970)
    except ValueError as error:
        raise Refused("cms_attribute_value", str(error)) from error
    _signing_certificate(signer, values[oids.ATTR_SIGNING_CERTIFICATE], certificates)


def _message_digest(signer, element):
    require(element.tag == der.OCTET_STRING, "cms_attribute_value", "messageDigest")
    signer.message_digest = element.content
    if signer.certificate.key is not None:
        name = keys.PACKAGE_ALGORITHMS[signer.certificate.key.kind][0]
        size = hashlib.new(name).digest_size
        require(len(element.content) == size, "cms_attribute_value", "size of messageDigest")


def _signing_certificate(signer, element, certificates):
    """signingCertificateV2: form, number of entries, the leaf first, each in the envelope; all certificates listed."""
    entries = _listed_hashes(element)
    require(1 <= len(entries) <= MAX_LISTED, "cms_signing_certificate", "number of entries")
    require(len(set(entries)) == len(entries), "cms_signing_certificate", "one twice")
    by_hash = {hashlib.sha256(one.raw).digest(): one for one in certificates}
    require(all(entry in by_hash for entry in entries), "cms_signing_certificate", "not in the envelope")
    require(by_hash[entries[0]] is signer.certificate, "cms_signing_certificate", "the signer's is not first")
    require(set(by_hash) == set(entries), "cms_unlisted_certificate")
    signer.listed = [by_hash[entry] for entry in entries[1:]]
    for certificate in signer.listed:
        require(certificate.key is not None, "cert_key", "an intermediate's key is of an unknown type")


def _listed_hashes(element):
    """SigningCertificateV2 with nothing but hashes of 32 octets: anything else is a value of the wrong form."""
    try:
        cursor = der.Cursor(der.read_only(element.raw, der.SEQUENCE).content)
        certs = cursor.take(der.SEQUENCE)
        cursor.finish()
        hashes = []
        for entry in der.Cursor(certs.content).rest(der.SEQUENCE):
            hashes.append(der.read_only(entry.content, der.OCTET_STRING).content)
    except der.DerError as error:
        raise Refused("cms_attribute_value", f"signingCertificateV2: {error}") from error
    require(all(len(value) == 32 for value in hashes), "cms_attribute_value", "size of certHash")
    return hashes


def check_signature(envelope):
    """Rule 6 of section 9.3: the digest, then the signature over signedAttrs with the tag SET OF."""
    signer = envelope.signer
    key = signer.certificate.key
    digest = hashlib.new(keys.PACKAGE_ALGORITHMS[key.kind][0], envelope.manifest).digest()
    require(digest == signer.message_digest, "digest_mismatch")
    key.check_package_signature(b"\x31" + signer.attributes.raw[1:], signer.signature)
