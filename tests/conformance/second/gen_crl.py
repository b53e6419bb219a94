"""CRLs with any one field changed."""

import dataclasses

import gen_der as d
import gen_pki as pki

REASON = {"keyCompromise": 1, "certificateHold": 6, "removeFromCRL": 8, "aACompromise": 10}


def crl_number(number, critical=False):
    """cRLNumber; `number` may be the raw value."""
    return pki.extension("2.5.29.20", number if isinstance(number, bytes) else d.integer(number), critical)


def reason(label, critical=False):
    """reasonCode."""
    return pki.extension("2.5.29.21", d.tlv(0x0A, bytes([REASON[label]])), critical)


def delta_indicator(critical=True):
    """deltaCRLIndicator."""
    return pki.extension("2.5.29.27", d.integer(1), critical)


def distribution_point(critical=True):
    """issuingDistributionPoint: onlyContainsUserCerts."""
    return pki.extension("2.5.29.28", d.sequence(d.tlv(0x81, b"\xff")), critical)


def certificate_issuer(name, critical=True):
    """certificateIssuer."""
    return pki.extension("2.5.29.29", d.sequence(d.tlv(0xA4, name)), critical)


def entry(serial, *extensions, date="2026-01-15T00:00:00Z", extensions_field=None):
    """An entry of revokedCertificates; `serial` is a number or the raw element."""
    number = serial if isinstance(serial, bytes) else d.integer(serial)
    when = date if isinstance(date, bytes) else d.time_of(date)
    field = extensions_field
    if field is None:
        field = d.sequence(*extensions) if extensions else b""
    return d.sequence(number, when, field)


@dataclasses.dataclass
class Crl:
    """One CRL of the issuer with this name and key; a field that is None follows from those."""

    subject: bytes
    key: pki.Key
    number: object = 5
    revoked: tuple = ()                 # numbers, or entries
    version: bytes = d.integer(1)
    this_update: object = "2026-01-01T00:00:00Z"
    next_update: object = "2027-01-01T00:00:00Z"
    scheme: object = None
    inner_algorithm: object = None
    outer_algorithm: object = None
    entries: object = None              # the raw field
    ext: dict = dataclasses.field(default_factory=dict)     # more extensions, or None in place of aki and number
    extensions: object = None           # the raw [0] field
    after: bytes = b""                  # after crlExtensions
    sign_with: object = None            # another key
    edit_tbs: object = None
    edit_signature: object = None
    edit: object = None

    def changed(self, **changes):
        """A copy with other fields; `ext` updates the extensions."""
        added = changes.pop("ext", {})
        return dataclasses.replace(self, ext={**self.ext, **added}, **changes)

    def _entries(self):
        if self.entries is not None:
            return self.entries
        found = [entry(one) if isinstance(one, int) else one for one in self.revoked]
        return d.sequence(*found) if found else b""

    def _extensions(self):
        if self.extensions is not None:
            return self.extensions
        found = {"aki": pki.authority_key_id(self.key.identifier()), "number": crl_number(self.number), **self.ext}
        return d.tlv(0xA0, d.sequence(*(one for one in found.values() if one is not None)))

    def build(self):
        """The DER of the CertificateList."""
        key = self.sign_with or self.key
        scheme = self.scheme or key.scheme
        algorithm = self.inner_algorithm or pki.algorithm_identifier(scheme)
        times = [d.time_of(one) if isinstance(one, str) else one for one in (self.this_update, self.next_update)]
        tbs = d.sequence(self.version, algorithm, self.subject, *times, self._entries(), self._extensions(),
                         self.after)
        if self.edit_tbs:
            tbs = self.edit_tbs(tbs)
        signature = key.sign(tbs, scheme)
        if self.edit_signature:
            signature = self.edit_signature(signature)
        whole = d.sequence(tbs, self.outer_algorithm or algorithm, d.bits(signature))
        return self.edit(whole) if self.edit else whole
