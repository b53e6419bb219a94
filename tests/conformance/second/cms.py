"""The envelope: format.md section 3 (structure) and section 4 (signed attributes)."""

import hashlib

import crl
import der
import keys
import oids
import times
import x509
from status import Refused, require

MAX_CERTIFICATES = 8
MAX_SIGNERS = 4
MAX_CRLS = 8
MAX_LISTED = 5


class Envelope:
    """What the structure says: manifest, certificates, CRLs, and the signers in file order."""


class Signer:
    """One SignerInfo; `listed` are the certificates of its path, without its own."""

    def __init__(self, raw):
        self.raw = raw

    @property
    def known(self):
        """Section 3: whether the type of its key is one of the table."""
        return self.certificate.key_kind is not None


def parse_envelope(data, limit):
    """Rule 2 of section 9.3: sections 3 and 4 as far as they are structure; `limit` is the device's for envelopes."""
    try:
        return _parse(data, limit)
    except der.DerError as error:
        raise Refused("der_encoding", str(error)) from error


def _parse(data, limit):
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
    require(signer_infos.content, "unsigned")
    envelope.certificates = [x509.parse_certificate(raw) for raw in _certificates(certificates)]
    envelope.crls = [crl.parse_crl(raw) for raw in _crls(crls, limit)]
    issuers = {one.issuer for one in envelope.certificates}
    require(all(one.issuer in issuers for one in envelope.crls), "cms_crls", "issuer of no certificate")
    envelope.signers = _signers(signer_infos, envelope.certificates)
    for raw in digests:
        der.check_deep(der.read_only(raw))
    wanted = {signer.digest_algorithm for signer in envelope.signers}
    require(set(digests) == wanted and len(digests) == len(wanted) and der.sorted_set(digests),
            "cms_digest_algorithms")
    listed = {one.raw for signer in envelope.signers for one in (signer.certificate, *signer.listed)}
    require(all(one.raw in listed for one in envelope.certificates), "cms_unlisted_certificate")
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


def _crls(field, limit):
    """1 to 8 CRLs where the field is present, in DER order, none twice, at most half of the envelope limit."""
    if field is None:
        return []
    elements = der.Cursor(field.content).rest()
    require(1 <= len(elements) <= MAX_CRLS, "cms_crls", "number")
    require(all(element.tag == der.SEQUENCE for element in elements), "cms_crls", "other RevocationInfoChoices")
    raws = [element.raw for element in elements]
    require(der.sorted_set(raws) and len(set(raws)) == len(raws), "cms_crls", "order or doubles")
    require(sum(map(len, raws)) <= limit // 2, "cms_crls", "size")
    return raws


def _signers(field, certificates):
    """At most four, in DER order, none twice; each by its table and section 4."""
    elements = der.Cursor(field.content).rest()
    raws = [element.raw for element in elements]
    require(len(raws) <= MAX_SIGNERS, "cms_signers", "number")
    require(all(element.tag == der.SEQUENCE for element in elements), "cms_signers", "not a SEQUENCE")
    require(der.sorted_set(raws) and len(set(raws)) == len(raws), "cms_signers", "order or doubles")
    signers = []
    for element in elements:
        signer = _signer_info(element, certificates)
        _check_algorithms(signer)
        require(not signer.unsigned_attributes, "cms_unsigned_attributes")
        _check_attributes(signer, certificates)
        signers.append(signer)
    return signers


def _signer_info(element, certificates):
    """The fields of a SignerInfo, its version and its certificate."""
    signer = Signer(element.raw)
    cursor = der.Cursor(element.content)
    version = der.integer(cursor.take())
    sid = cursor.take()
    digest_algorithm = cursor.take(der.SEQUENCE)
    attributes = cursor.optional(0xA0)
    signature_algorithm = cursor.take(der.SEQUENCE)
    signer.signature = cursor.take(der.OCTET_STRING).content
    signer.unsigned_attributes = cursor.peek() == 0xA1
    if not signer.unsigned_attributes:
        cursor.finish()
    require(version == 1, "cms_signer_version")
    signer.certificate = _find_certificate(sid, certificates)
    for algorithm in (digest_algorithm, signature_algorithm):
        der.check_deep(algorithm)
        der.oid(der.Cursor(algorithm.content).take())
    signer.digest_algorithm, signer.signature_algorithm = digest_algorithm.raw, signature_algorithm.raw
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
    if signer.certificate.key_failure is not None:
        raise signer.certificate.key_failure
    if signer.certificate.key_kind in keys.PACKAGE_ALGORITHMS:
        _, digest, signature = keys.PACKAGE_ALGORITHMS[signer.certificate.key_kind]
        require((signer.digest_algorithm, signer.signature_algorithm) == (digest, signature), "cms_algorithm")


_ATTRIBUTES = (oids.ATTR_CONTENT_TYPE, oids.ATTR_MESSAGE_DIGEST, oids.ATTR_SIGNING_TIME,
               oids.ATTR_SIGNING_CERTIFICATE)


def _check_attributes(signer, certificates):
    """Section 4: exactly the four attributes, one value each, in DER order, and the form of each value."""
    require(signer.attributes is not None, "cms_attributes", "no signedAttrs")
    raws, values = [], {}
    for attribute in der.Cursor(signer.attributes.content).rest(der.SEQUENCE):
        try:
            cursor = der.Cursor(attribute.content)
            name, field = der.oid(cursor.take()), cursor.take(der.SET)
            cursor.finish()
            elements = der.Cursor(field.content).rest()
        except der.DerError as error:
            raise Refused("cms_attributes", str(error)) from error
        require(name in _ATTRIBUTES and name not in values, "cms_attributes", name)
        require(len(elements) == 1, "cms_attributes", "number of values")
        values[name] = elements[0]
        raws.append(attribute.raw)
    require(len(values) == len(_ATTRIBUTES), "cms_attributes", "missing")
    require(der.sorted_set(raws), "cms_attributes", "order")
    try:
        for value in values.values():
            der.check_deep(value)
    except der.DerError as error:
        raise Refused("cms_attribute_value", str(error)) from error
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
    if signer.certificate.key_kind in keys.PACKAGE_ALGORITHMS:
        name = keys.PACKAGE_ALGORITHMS[signer.certificate.key_kind][0]
        size = hashlib.new(name).digest_size
        require(len(element.content) == size, "cms_attribute_value", "size of messageDigest")


def _signing_certificate(signer, element, certificates):
    """signingCertificateV2: form, number of entries, the leaf first, each in the envelope; all certificates listed."""
    entries = _listed_hashes(element)
    require(entries, "cms_attribute_value", "no entry")
    require(len(entries) <= MAX_LISTED, "cms_signing_certificate", "number of entries")
    require(len(set(entries)) == len(entries), "cms_signing_certificate", "one twice")
    by_hash = {hashlib.sha256(one.raw).digest(): one for one in certificates}
    require(all(entry in by_hash for entry in entries), "cms_signing_certificate", "not in the envelope")
    require(by_hash[entries[0]] is signer.certificate, "cms_signing_certificate", "the signer's is not first")
    # in the file's order: section 5.2
    signer.listed = [one for one in certificates if one is not signer.certificate
                     and hashlib.sha256(one.raw).digest() in entries]


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


def check_signature(signer, manifest, budget):
    """Rule 6 of section 9.3: the digest, then the signature over signedAttrs with the tag SET OF."""
    key = signer.certificate.key
    digest = hashlib.new(keys.PACKAGE_ALGORITHMS[key.kind][0], manifest).digest()
    require(digest == signer.message_digest, "digest_mismatch")
    covered = b"\x31" + signer.attributes.raw[1:]
    key.check_signature_form(signer.signature)
    holds = budget.once((signer.raw, key.hash), lambda: key.verifies_package(covered, signer.signature))
    require(holds, "signature_invalid")
