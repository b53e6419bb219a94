"""Revocation: one CRL (format.md section 6.1), and which CRLs count for a signer's path (section 6.2)."""

import der
import keys
import oids
import times
import x509
from status import Refused, require

MAX_EXTENSIONS, MAX_ENTRY_EXTENSIONS = 24, 4
MAX_SERIAL = 21

_REFUSED_KINDS = (oids.DELTA_CRL_INDICATOR, oids.ISSUING_DISTRIBUTION_POINT, oids.CERTIFICATE_ISSUER)


class Crl:
    """A CRL that meets section 6.1. `serials` are the contents of the INTEGERs, as in a certificate."""

    def __init__(self, raw):
        self.raw = raw
        self.serials = set()
        self.number = None
        self.key_identifier = None


def parse_crl(raw):
    """Section 6.1, the rows in order."""
    crl = Crl(raw)
    try:
        extensions, entry_extensions = _read_structure(crl)
    except (der.DerError, ValueError) as error:
        raise Refused("crl_encoding", str(error)) from error
    require(crl.outer_algorithm == crl.algorithm, "crl_algorithm", "differs inside and outside")
    try:
        crl.scheme = keys.certificate_scheme(crl.algorithm)
    except der.DerError as error:
        raise Refused("crl_algorithm", str(error)) from error
    require(crl.scheme is not None, "crl_algorithm", "unknown or too weak")
    require(oids.CRL_NUMBER in extensions, "crl_number", "missing")
    critical, value = extensions[oids.CRL_NUMBER]
    require(not critical, "crl_number", "critical")
    crl.number = der.integer(der.read_only(value))
    require(0 <= crl.number < 2**63, "crl_number", "out of range")
    for found in (extensions, *entry_extensions):
        for name, (critical, _) in found.items():
            require(name not in _REFUSED_KINDS, "crl_unsupported", name)
            require(not critical or name == oids.REASON_CODE, "crl_unsupported", f"critical {name}")
    return crl


def _read_structure(crl):
    """The first row: returns the CRL's extensions and those of each entry, as {OID: (critical, value)}."""
    whole = der.read_only(crl.raw, der.SEQUENCE)
    der.check_deep(whole)
    outer = der.Cursor(whole.content)
    tbs = outer.take(der.SEQUENCE)
    crl.tbs = tbs.raw
    crl.outer_algorithm = outer.take(der.SEQUENCE).raw
    unused, crl.signature = der.bit_string(outer.take(der.BIT_STRING))
    outer.finish()
    if unused:
        raise der.DerError("signature is not of whole octets")
    cursor = der.Cursor(tbs.content)
    if der.integer(cursor.take()) != 1:
        raise der.DerError("not v2")
    crl.algorithm = cursor.take(der.SEQUENCE).raw
    crl.issuer = cursor.take(der.SEQUENCE).raw
    _check_name(crl.issuer)
    crl.this_update = times.parse_der(cursor.take(), 1950)
    crl.next_update = times.parse_der(cursor.take(), 1950)
    entries = cursor.optional(der.SEQUENCE)
    entry_extensions = [] if entries is None else _read_entries(crl, entries)
    extensions = _read_extensions(der.read_only(cursor.take(0xA0).content, der.SEQUENCE), MAX_EXTENSIONS)
    cursor.finish()
    if oids.CRL_NUMBER in extensions:
        der.integer(der.read_only(extensions[oids.CRL_NUMBER][1]))
    if oids.AUTHORITY_KEY_IDENTIFIER in extensions:
        _read_authority_key_id(crl, extensions[oids.AUTHORITY_KEY_IDENTIFIER][1])
    if crl.key_identifier is None:
        raise der.DerError("no authorityKeyIdentifier with keyIdentifier")
    return extensions, entry_extensions


def _check_name(raw):
    """A name as in section 5.1; an issuer is not empty."""
    x509.check_name(raw)
    if len(raw) > x509.MAX_NAME or not der.read_only(raw).content:
        raise der.DerError("name is too long or empty")


def _read_entries(crl, field):
    """revokedCertificates: the serial numbers into `crl`; returns the extensions of each entry."""
    elements = der.Cursor(field.content).rest(der.SEQUENCE)
    if not elements:
        raise der.DerError("revokedCertificates is empty")
    found = []
    for element in elements:
        cursor = der.Cursor(element.content)
        serial = cursor.take()
        der.integer(serial)
        if len(serial.content) > MAX_SERIAL:
            raise der.DerError("serial number is too long")
        times.parse_der(cursor.take(), 1950)
        extensions = cursor.optional(der.SEQUENCE)
        cursor.finish()
        if extensions is not None:
            read = _read_extensions(extensions, MAX_ENTRY_EXTENSIONS)
            found.append(read)
        crl.serials.add(serial.content)
    return found


def _read_extensions(element, most):
    """A list of extensions that is not empty, none twice."""
    found = {}
    for one in der.Cursor(element.content).rest(der.SEQUENCE):
        name, critical, value = x509.read_extension(one)
        if name in found:
            raise der.DerError("an extension twice")
        found[name] = (critical, value)
    if not 1 <= len(found) <= most:
        raise der.DerError("number of extensions")
    return found


def _read_authority_key_id(crl, value):
    certificate = x509.Certificate(b"")
    x509.read_authority_key_id(certificate, value)
    crl.key_identifier = certificate.authority_key_id


class Revocation:
    """
    Section 6.2 for one package: the CRLs of its envelope, what the state knows, and what is learnt.

    `known` maps key hashes of issuers to device.KnownCrl; `learnt` lists (key hash, Crl) in the order of judging.
    """

    def __init__(self, crls, known, now, budget):
        self._crls = crls
        self._known = known
        self._now = now             # only where the clock is trusted
        self._budget = budget
        self.learnt = []

    def judge(self, path, role):
        """
        Rule 5 for a path that holds in `role`: all CRLs are looked at; the status is that of the first certificate
        that fails, leaf first.
        """
        failures = []
        for certificate, issuer, key in path.issuers():
            own = [crl for crl in self._crls if crl.issuer == issuer.subject]
            for crl in own:
                try:
                    self._check_issued(crl, issuer, key, role)
                    self._learn(key.hash, crl)
                    current = self._now is None or crl.this_update <= self._now <= crl.next_update
                    require(current, "crl_stale")
                except Refused as refused:
                    if refused.status == "chain_budget":
                        raise
                    failures.append(refused)
            try:
                self._check_certificate(certificate, own, self._known.get(key.hash), role)
            except Refused as refused:
                failures.append(refused)
        if failures:
            raise failures[0]

    @staticmethod
    def _check_certificate(certificate, own, known, role):
        """What the issuer's CRLs and the state say of one certificate."""
        listed = any(certificate.serial in crl.serials for crl in own)
        require(not listed and (known is None or certificate.serial not in known.revoked), "revoked")
        if known is not None and not known.complete:
            require(any(crl.number >= known.number for crl in own), "crl_missing", "the list is not complete")
        require(not role.requires_crl or own or known is not None, "crl_missing", "the role requires one")

    def _check_issued(self, crl, issuer, key, role):
        """Whether the CRL is signed by this issuer, who may do so."""
        if isinstance(issuer, x509.Certificate):
            require(x509.KU_CRL_SIGN in (issuer.key_usage or ()), "crl_issuer", "no cRLSign")
            same = issuer.subject_key_id in (None, crl.key_identifier)
            require(same, "crl_issuer", "keyIdentifier")
        if crl.scheme[0] == "pkcs1":
            require(role.allows_pkcs1, "cert_pkcs1")
        holds = self._budget.once((crl.raw, key.hash), lambda: key.verifies(crl.scheme, crl.tbs, crl.signature))
        require(holds, "crl_issuer", "signature")

    def _learn(self, key_hash, crl):
        """What a device remembers: every CRL whose signature held."""
        if all((key_hash, crl.raw) != (other, one.raw) for other, one in self.learnt):
            self.learnt.append((key_hash, crl))

    def learnt_something(self):
        """Whether a CRL says more than the state does, room for it or not."""
        for key_hash, crl in self.learnt:
            known = self._known.get(key_hash)
            if known is None or crl.number > known.number or known.complete and not crl.serials <= known.revoked:
                return True
        return False

    def seen(self, key_hash, number):
        """Section 6.2: whether a CRL of this issuer with at least this number was seen, now or before."""
        known = self._known.get(key_hash)
        return known is not None and known.number >= number or any(
            other == key_hash and crl.number >= number for other, crl in self.learnt)
