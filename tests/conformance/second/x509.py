"""One X.509 certificate: format.md section 5.1, each row of its table in order."""

import der
import keys
import oids
import times
from status import Refused, require

MAX_NAME = 512
MAX_EXTENSIONS, MAX_POLICIES = 24, 16

KU_DIGITAL_SIGNATURE, KU_KEY_CERT_SIGN, KU_CRL_SIGN = 0, 5, 6


class Certificate:
    """
    A certificate whose structure could be read. `failure` is the first other row of section 5.1 that it breaks, which
    matters only in a path (section 4); `key` is None where the type of key is unknown.
    """

    def __init__(self, raw):
        self.raw = raw
        self.failure = None
        self.key = None
        self.ca = False
        self.path_length = None
        self.key_usage = None           # set of bit numbers
        self.ext_key_usage = None       # list of OIDs
        self.policies = []
        self.qualified = False          # certificatePolicies has qualifiers
        self.subject_key_id = None
        self.authority_key_id = None
        self.authority_issuer = None    # (GeneralNames content, serial content)
        self.critical_alternative_name = False
        self.key_failure = None
        self.key_kind = None            # of section 3, known also where the key itself is `cert_key`

    @property
    def self_issued(self):
        """RFC 5280 section 3.2."""
        return self.issuer == self.subject


def parse_certificate(raw):
    """Section 5.1: the first row is `cert_encoding` at once, the others are kept as `failure`."""
    certificate = Certificate(raw)
    try:
        extensions = _read_structure(certificate)
    except der.DerError as error:
        raise Refused("cert_encoding", str(error)) from error
    certificate.key_kind = keys.kind_of(certificate.spki)
    certificate.key_failure = _key_failure(certificate.spki)
    try:
        _check_rows(certificate, extensions)
    except Refused as refused:
        certificate.failure = refused
    return certificate


def _key_failure(spki):
    """Section 3: why the key cannot be a signer's own, whatever else is wrong with its certificate; None if it can."""
    try:
        keys.parse_spki(spki)
    except (keys.BadKey, der.DerError) as error:
        return Refused("cert_key", str(error))
    return None


def _check_rows(certificate, extensions):
    """Section 5.1 from the second row on, in order."""
    require(certificate.version == 2, "cert_version", f"version {certificate.version + 1}")
    require(len(certificate.serial) <= 20 and certificate.serial[0] < 0x80 and any(certificate.serial), "cert_serial")
    _check_algorithm(certificate)
    _check_names(certificate)
    try:
        certificate.not_before, certificate.not_after = (times.parse_der(t, 1950) for t in certificate.validity)
    except ValueError as error:
        raise Refused("cert_validity", str(error)) from error
    try:
        certificate.key = keys.parse_spki(certificate.spki)
    except (keys.BadKey, der.DerError) as error:
        raise Refused("cert_key", str(error)) from error
    _check_extensions(certificate, extensions)
    _check_together(certificate)


def _read_structure(certificate):
    """Certificate and TBSCertificate (RFC 5280 section 4.1); returns the extensions field or None."""
    outer = der.Cursor(der.read_only(certificate.raw, der.SEQUENCE).content)
    tbs = outer.take(der.SEQUENCE)
    certificate.tbs = tbs.raw
    outer_algorithm = outer.take(der.SEQUENCE)
    certificate.outer_algorithm = outer_algorithm.raw
    unused, certificate.signature = der.bit_string(outer.take(der.BIT_STRING))
    outer.finish()
    if unused:
        raise der.DerError("signature is not of whole octets")
    cursor = der.Cursor(tbs.content)
    version = cursor.optional(0xA0)
    certificate.version = 0 if version is None else der.integer(der.read_only(version.content))
    if version is not None and certificate.version == 0:
        raise der.DerError("version v1 is the DEFAULT")
    serial = cursor.take(der.INTEGER)
    der.integer(serial)
    certificate.serial, certificate.serial_raw = serial.content, serial.raw
    algorithm, issuer = cursor.take(der.SEQUENCE), cursor.take(der.SEQUENCE)
    validity = der.Cursor(cursor.take(der.SEQUENCE).content)
    certificate.validity = (validity.take(), validity.take())
    validity.finish()
    subject = cursor.take(der.SEQUENCE)
    certificate.spki = cursor.take(der.SEQUENCE).raw
    extensions = cursor.optional(0xA3)
    cursor.finish()     # also refuses issuerUniqueID [1] and subjectUniqueID [2]
    for element in (outer_algorithm, algorithm, issuer, subject, *certificate.validity):
        der.check_deep(element)
    certificate.algorithm, certificate.issuer, certificate.subject = algorithm.raw, issuer.raw, subject.raw
    return extensions


def _check_algorithm(certificate):
    """The signature algorithm: the same inside and outside, and known. PKCS#1 v1.5 is the role's matter."""
    require(certificate.outer_algorithm == certificate.algorithm, "cert_algorithm", "differs inside and outside")
    try:
        certificate.scheme = keys.certificate_scheme(certificate.algorithm)
    except der.DerError as error:
        raise Refused("cert_algorithm", str(error)) from error
    require(certificate.scheme is not None, "cert_algorithm", "unknown or too weak")


def _check_names(certificate):
    for name in (certificate.issuer, certificate.subject):
        require(len(name) <= MAX_NAME, "cert_name", "longer than 512 octets")
        try:
            check_name(name)
        except der.DerError as error:
            raise Refused("cert_name", str(error)) from error
    require(len(der.read_only(certificate.issuer).content) > 0, "cert_name", "empty issuer")


def check_name(raw):
    """A well-formed Name: a SEQUENCE OF non-empty SETs, in DER order, of type and value."""
    for relative in der.Cursor(der.read_only(raw, der.SEQUENCE).content).rest(der.SET):
        attributes = der.Cursor(relative.content).rest(der.SEQUENCE)
        if not attributes or not der.sorted_set([attribute.raw for attribute in attributes]):
            raise der.DerError("RelativeDistinguishedName")
        for attribute in attributes:
            cursor = der.Cursor(attribute.content)
            der.oid(cursor.take())
            value = cursor.take()
            cursor.finish()
            if value.tag == der.UTF8:
                der.utf8(value)


# policyMappings, policyConstraints, inhibitAnyPolicy: refused, critical or not (section 5.1)
POLICY_PROCESSING = ("2.5.29.33", "2.5.29.36", "2.5.29.54")


def _check_together(certificate):
    """Section 5.1: what subject and extensions say together."""
    require(certificate.ca or KU_KEY_CERT_SIGN not in (certificate.key_usage or ()), "cert_extension",
            "keyCertSign without cA")
    named = len(der.read_only(certificate.subject).content) > 0
    require(named or certificate.critical_alternative_name, "cert_name", "empty subject")


def check_in_path(certificate):
    """Section 5.1 in a path: what any certificate must meet, then both key identifiers."""
    if certificate.failure is not None:
        raise certificate.failure
    require(certificate.self_issued or certificate.authority_key_id is not None, "cert_extension", "no authorityKeyIdentifier")
    require(not certificate.ca or certificate.subject_key_id is not None, "cert_extension", "no subjectKeyIdentifier")


def _check_extensions(certificate, field):
    """The extensions: number, doubles, forms, criticality, name constraints."""
    if field is None:
        return
    try:
        entries = [read_extension(e) for e in der.Cursor(der.read_only(field.content, 0x30).content).rest(0x30)]
    except der.DerError as error:
        raise Refused("cert_extension", str(error)) from error
    require(1 <= len(entries) <= MAX_EXTENSIONS, "cert_extension", "number of extensions")
    require(len({name for name, _, _ in entries}) == len(entries), "cert_extension", "twice the same")
    for name, _, value in entries:
        if name in _READERS:
            try:
                _READERS[name](certificate, value)
            except der.DerError as error:
                raise Refused("cert_extension", f"{name}: {error}") from error
    for name, critical, _ in entries:
        require(name not in POLICY_PROCESSING, "cert_extension", name)
        qualified = critical and name == oids.CERTIFICATE_POLICIES and certificate.qualified
        require(not qualified, "cert_extension", "qualifiers in critical certificatePolicies")
        if critical and name != oids.NAME_CONSTRAINTS:
            _check_critical(certificate, name)
        if critical and name == oids.SUBJECT_ALT_NAME:
            certificate.critical_alternative_name = True
    require(all(name != oids.NAME_CONSTRAINTS for name, _, _ in entries), "cert_name_constraints")


def _check_critical(certificate, name):
    del certificate
    acceptable = name in (oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, oids.EXT_KEY_USAGE, oids.CERTIFICATE_POLICIES,
                          oids.SUBJECT_ALT_NAME, oids.ISSUER_ALT_NAME)
    require(acceptable, "cert_critical_extension", name)


def read_extension(element):
    """An Extension as (OID, critical, octets of the value); an encoded DEFAULT is refused."""
    cursor = der.Cursor(element.content)
    name = der.oid(cursor.take())
    flag = cursor.optional(der.BOOLEAN)
    if flag is not None and not der.boolean(flag):
        raise der.DerError("critical FALSE is the DEFAULT")
    value = cursor.take(der.OCTET_STRING).content
    cursor.finish()
    return name, flag is not None, value


def _read_basic_constraints(certificate, value):
    cursor = der.Cursor(der.read_only(value, der.SEQUENCE).content)
    flag = cursor.optional(der.BOOLEAN)
    # An explicit cA FALSE is tolerated (section 5.1).
    length = cursor.optional(der.INTEGER)
    cursor.finish()
    certificate.ca = flag is not None and der.boolean(flag)
    if length is not None:
        certificate.path_length = der.integer(length)
        if certificate.path_length < 0 or not certificate.ca:
            raise der.DerError("pathLenConstraint")


def _read_key_usage(certificate, value):
    """A BIT STRING with named bits; zero bits at the end are tolerated (section 5.1)."""
    _, octets = der.bit_string(der.read_only(value))
    if not any(octets):
        raise der.DerError("keyUsage without bits")
    certificate.key_usage = {8 * at + bit for at, octet in enumerate(octets) for bit in range(8)
                             if octet & 0x80 >> bit}


def _read_ext_key_usage(certificate, value):
    purposes = [der.oid(element) for element in der.Cursor(der.read_only(value, der.SEQUENCE).content).rest()]
    if not purposes:
        raise der.DerError("extKeyUsage is empty")
    certificate.ext_key_usage = purposes


def _read_policies(certificate, value):
    elements = der.Cursor(der.read_only(value, der.SEQUENCE).content).rest(der.SEQUENCE)
    if len(elements) > MAX_POLICIES:
        raise der.DerError("too many certificatePolicies")
    for element in elements:
        cursor = der.Cursor(element.content)
        certificate.policies.append(der.oid(cursor.take()))
        qualifiers = cursor.optional(der.SEQUENCE)
        cursor.finish()
        if qualifiers is not None:
            certificate.qualified = True
            der.check_deep(qualifiers)
    if not certificate.policies or len(set(certificate.policies)) != len(certificate.policies):
        raise der.DerError("certificatePolicies: none, or one twice (RFC 5280 section 4.2.1.4)")


def _read_subject_key_id(certificate, value):
    certificate.subject_key_id = der.read_only(value, der.OCTET_STRING).content


def read_authority_key_id(certificate, value):
    whole = der.read_only(value, der.SEQUENCE)
    der.check_deep(whole)
    cursor = der.Cursor(whole.content)
    identifier, issuer, serial = cursor.optional(0x80), cursor.optional(0xA1), cursor.optional(0x82)
    cursor.finish()
    if (issuer is None) != (serial is None):
        raise der.DerError("authorityCertIssuer without authorityCertSerialNumber or the reverse")
    certificate.authority_key_id = None if identifier is None else identifier.content
    if issuer is not None:
        certificate.authority_issuer = (issuer.content, serial.content)


_READERS = {
    oids.BASIC_CONSTRAINTS: _read_basic_constraints,
    oids.KEY_USAGE: _read_key_usage,
    oids.EXT_KEY_USAGE: _read_ext_key_usage,
    oids.CERTIFICATE_POLICIES: _read_policies,
    oids.SUBJECT_KEY_IDENTIFIER: _read_subject_key_id,
    oids.AUTHORITY_KEY_IDENTIFIER: read_authority_key_id,
}
