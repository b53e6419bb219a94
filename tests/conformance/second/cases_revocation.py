"""Cases of format.md section 6: CRLs in the envelope, in the state, and what a device keeps of them."""

import hashlib

import gen_crl as crl
import gen_der as d
import gen_package as pack
import gen_parties as party
import gen_pki as pki
from gen_suite import both, flip, setter

NOW = "2026-04-01T00:00:00Z"
OTHER_SERIALS = (1, 2, 3)


def add_cases(suite):
    """All cases of this module."""
    _good(suite)
    _structure(suite)
    _entries(suite)
    _extensions(suite)
    _algorithms(suite)
    _field(suite)
    _issuers(suite)
    _revoked(suite)
    _clock(suite)
    _required(suite)
    _incomplete(suite)
    _stripped(suite)
    _too_many(suite)
    _budget(suite)
    _kept(suite)
    _kept_limits(suite)


def _adder(suite, prefix):
    """A function that adds a case of one OEM signer with CRLs."""
    def add(case_id, what, expect, *crls, profile=None, signer=None, state=None, edit=None, **more):
        fields = {name: more.pop(name) for name in ("crls_field", "certificates", "file") if name in more}
        octets = party.package(signer or party.world().oem[0], crls=crls, edit=edit, **fields)
        suite.add(f"{prefix}.{case_id}", what, expect, package=octets, profile=profile or party.profile(),
                  state=state, **more)
    return add


def kept(*crls, state=None, **changes):
    """The state after nothing but CRLs were remembered, of a factory-new device or of `state`."""
    if state is None:
        return pack.State(counter=1, time_floor=0, slots=(), crls=crls, **changes)
    return state.changed(counter=(state.counter + 1) % 2**32, crls=crls, **changes)


def known(issuer, *revoked, number=5, complete=True):
    """What a state keeps of an issuer (a Node)."""
    return pack.Known(issuer.hash(), number, complete, revoked)


def by_issuer(*entries):
    """Known in the order of a state."""
    return tuple(sorted(entries, key=lambda one: one.issuer))


def with_room(*entries):
    """by_issuer, with room for 256 serial numbers given in descending order of the keys."""
    room = 256
    for one in reversed(by_issuer(*entries)):
        one.complete = len(one.revoked) <= room
        if not one.complete:
            one.revoked = ()
        room -= len(one.revoked)
    return by_issuer(*entries)


def _good(suite):
    add = _adder(suite, "crl")
    world = party.world()
    ca, root = world.oem_ca, world.oem_root
    add("of-intermediate", "A good CRL of the intermediate without entries.", "ok", ca.crl(),
        keeps=kept(known(ca)))
    add("of-root", "A good CRL of the anchor without entries.", "ok", root.crl(), keeps=kept(known(root)))
    add("of-both", "Good CRLs of the intermediate and of the anchor, with entries.", "ok", ca.crl(*OTHER_SERIALS),
        root.crl(9), keeps=kept(*by_issuer(known(ca, 1, 2, 3), known(root, 9))))
    add("of-foreign-unlisted", "A CRL of an issuer that no certificate of the envelope has.", "cms_crls",
        world.foreign_ca.crl(), keeps=kept())
    add("of-name", "A CRL whose issuer is the leaf's own name, which is the issuer of no certificate.", "cms_crls",
        crl.Crl(party._name("oem-0"), world.oem[0].key))
    add("negative-serial", "An entry has a negative serial number.", "ok", ca.crl(-5), keeps=kept(known(ca, -5)))
    add("serial-0", "An entry has the serial number 0.", "ok", ca.crl(0), keeps=kept(known(ca, 0)))
    add("serial-21", "An entry's serial number has 21 octets.", "ok", ca.crl(2**167 - 1),
        keeps=kept(known(ca, 2**167 - 1)))
    add("serial-order", "Entries in any order are kept by length, then octets.", "ok", ca.crl(300, 2, 70000, 1, 255),
        keeps=kept(known(ca, 1, 2, 255, 300, 70000)))
    add("serial-order-negative", "Negative serial numbers are kept by length, then octets.", "ok",
        ca.crl(-1, 1, 127, -128, 128, -129), keeps=kept(known(ca, 1, 127, -128, -1, 128, -129)))
    add("serial-twice", "The same serial number stands in two entries.", ["ok", "crl_encoding"], ca.crl(7, 7))
    add("number-0", "cRLNumber is 0.", "ok", ca.crl(number=0), keeps=kept(known(ca, number=0)))
    add("number-largest", "cRLNumber is 2^63 - 1.", "ok", ca.crl(number=2**63 - 1),
        keeps=kept(known(ca, number=2**63 - 1)))
    add("two-of-one", "Two CRLs of the same issuer.", "ok", ca.crl(1, number=5), ca.crl(2, number=6),
        keeps=kept(known(ca, 1, 2, number=6)))
    add("this-after-next", "thisUpdate is after nextUpdate, the clock is not trusted.", ["ok", "crl_encoding"],
        ca.crl(this_update="2027-01-01T00:00:00Z", next_update="2026-01-01T00:00:00Z"))
    add("times-2050", "nextUpdate is in 2050, a GeneralizedTime.", "ok", ca.crl(next_update="2050-01-01T00:00:00Z"))


def _structure(suite):
    """Section 6.1, the first row."""
    add = _adder(suite, "crl.form")
    base = party.world().oem_ca.crl(1)
    bad = "crl_encoding"
    def one(case_id, what, expect=bad, **changes):
        add(case_id, what, expect, base.changed(**changes))
    one("version-missing", "There is no version.", version=b"")
    one("version-0", "The version is 0.", version=d.integer(0))
    one("version-2", "The version is 2 (v3).", version=d.integer(2))
    one("version-long", "The version is not minimal.", version=b"\x02\x02\x00\x01")
    one("no-next-update", "There is no nextUpdate.", next_update=b"")
    one("no-this-update", "There is no thisUpdate, nor nextUpdate.", this_update=b"", next_update=b"")
    one("next-no-seconds", "nextUpdate has no seconds.", next_update=d.utc_time("2701010000Z"))
    one("this-fraction", "thisUpdate has a fraction.", this_update=d.generalized_time("20260101000000.5Z"))
    one("this-general-2026", "thisUpdate is a GeneralizedTime in 2026.",
        this_update=d.generalized_time("20260101000000Z"))
    one("next-month-13", "nextUpdate is in the thirteenth month.", next_update=d.utc_time("271301000000Z"))
    one("next-offset", "nextUpdate has an offset in place of Z.", next_update=d.utc_time("270101000000+0000"))
    one("entries-empty", "revokedCertificates is empty.", entries=d.sequence())
    one("entries-set", "revokedCertificates is a SET.", entries=d.set_of(crl.entry(1)))
    one("extensions-missing", "There are no crlExtensions.", [bad, "crl_number"], extensions=b"")
    one("extensions-empty", "crlExtensions are empty.", [bad, "crl_number"], extensions=d.tlv(0xA0, d.sequence()))
    one("extensions-set", "crlExtensions are a SET.", extensions=d.tlv(0xA0, d.tlv(0x31, crl.crl_number(5))))
    one("extensions-bare", "crlExtensions have no SEQUENCE.", extensions=d.tlv(0xA0, crl.crl_number(5)))
    one("after", "A NULL follows crlExtensions.", after=d.NULL)
    one("outer-after", "A NULL follows the signature.", edit=lambda raw: d.sequence(d.content_of(raw), d.NULL))
    one("unused-bits", "The signature has three unused bits.", edit_signature=None,
        edit=lambda raw: raw.replace(b"\x03\x48\x00", b"\x03\x48\x03").replace(b"\x03\x47\x00", b"\x03\x47\x03")
        .replace(b"\x03\x49\x00", b"\x03\x49\x03")[:-1] + b"\x00")
    one("long-length", "The length of TBSCertList is not minimal.",
        edit=lambda raw: _wrap_tbs(raw, d.tlv_long), expect=bad)
    one("indefinite", "The length of TBSCertList is indefinite.", edit=lambda raw: _wrap_tbs(raw, d.tlv_indefinite))
    one("signature-octets", "The signature is an OCTET STRING.", edit=_signature_as_octets)
    one("truncated-inside", "The TBSCertList is longer than the CRL.", edit=lambda raw: raw[:5] + b"\xff" + raw[6:])
    add("issuer-empty", "The issuer is an empty Name.", [bad, "cms_crls"], base.changed(subject=pki.name()))
    add("issuer-set", "The issuer is a SET.", bad, base.changed(subject=b"\x31" + base.subject[1:]))
    add("issuer-empty-rdn", "The issuer has an empty RDN.", bad, base.changed(subject=d.sequence(d.tlv(0x31))))
    add("issuer-513", "The issuer has 513 octets.", bad, base.changed(subject=_long_name(513)))
    add("issuer-512", "The issuer has 512 octets, and no certificate has that issuer.", "cms_crls",
        base.changed(subject=_long_name(512)))
    add("empty", "The CRL is an empty SEQUENCE.", bad, d.sequence())
    add("only-tbs", "The CRL has nothing but the TBSCertList.", bad,
        base.changed(edit=lambda raw: d.sequence(d.content_of(raw)[:d.element_end(d.content_of(raw), 0)])).build())


def _wrap_tbs(raw, writer):
    content = d.content_of(raw)
    end = d.element_end(content, 0)
    return d.sequence(writer(0x30, d.content_of(content[:end])), content[end:])


def _signature_as_octets(raw):
    content = d.content_of(raw)
    at = d.element_end(content, d.element_end(content, 0))
    return d.sequence(content[:at], d.octets(d.content_of(content[at:])[1:]))


def _long_name(size):
    """A Name of so many octets."""
    def attribute(length):
        return d.set_of(d.sequence(d.oid("2.5.4.3"), d.utf8("x" * length)))
    for last in range(1, 120):
        found = d.sequence(*[attribute(60)] * 6, attribute(last))
        if len(found) == size:
            return found
    raise ValueError("no such name")


def _entries(suite):
    add = _adder(suite, "crl.entry")
    ca = party.world().oem_ca
    bad = "crl_encoding"
    def one(case_id, what, expect, *args, **changes):
        add(case_id, what, expect, ca.crl(crl.entry(*args, **changes)))
    one("serial-22", "The serial number has 22 octets.", bad, 2**175 - 1)
    one("serial-empty", "The serial number has no content.", bad, b"\x02\x00")
    one("serial-long", "The serial number is not minimal.", bad, b"\x02\x02\x00\x07")
    one("serial-octets", "The serial number is an OCTET STRING.", bad, d.octets(b"\x07"))
    one("date-missing", "There is no revocationDate.", bad, 7, date=b"")
    one("date-no-seconds", "revocationDate has no seconds.", bad, 7, date=d.utc_time("2601010000Z"))
    one("date-future", "revocationDate is in 2049.", "ok", 7, date="2049-01-01T00:00:00Z")
    one("extensions-empty", "The list of extensions is empty.", bad, 7, extensions_field=d.sequence())
    one("extensions-4", "There are four extensions.", "ok", 7, *[_private(at) for at in range(4)])
    one("extensions-5", "There are five extensions.", bad, 7, *[_private(at) for at in range(5)])
    one("extension-twice", "The same extension twice.", bad, 7, crl.reason("keyCompromise"),
        crl.reason("certificateHold"))
    one("critical-false", "critical FALSE is encoded.", bad, 7,
        d.sequence(d.oid("2.5.29.21"), d.boolean(False), d.octets(b"\x0a\x01\x01")))
    one("value-bits", "An extension's value is a BIT STRING.", bad, 7,
        d.sequence(d.oid("2.5.29.21"), d.bits(b"\x01")))
    one("after", "A NULL follows the extensions.", bad, 7, extensions_field=d.sequence(
        crl.reason("keyCompromise")) + d.NULL)
    one("reason", "A reasonCode.", "ok", 7, crl.reason("keyCompromise"))
    one("reason-critical", "A critical reasonCode.", "ok", 7, crl.reason("keyCompromise", True))
    one("reason-integer", "reasonCode is an INTEGER.", [bad, "ok"], 7, pki.extension("2.5.29.21", d.integer(1)))
    one("reason-7", "reasonCode is 7, which is not used.", ["ok", bad], 7,
        pki.extension("2.5.29.21", d.tlv(0x0A, b"\x07")))
    one("unknown", "An unknown extension.", "ok", 7, _private(1))
    one("unknown-critical", "An unknown critical extension.", "crl_unsupported", 7, _private(1, True))
    one("invalidity-date", "An invalidityDate.", "ok", 7, pki.extension(
        "2.5.29.24", d.generalized_time("20260101000000Z")))
    one("certificate-issuer", "A critical certificateIssuer.", "crl_unsupported", 7,
        crl.certificate_issuer(party.world().foreign_ca.subject))
    one("certificate-issuer-not-critical", "A certificateIssuer that is not critical.", "crl_unsupported", 7,
        crl.certificate_issuer(party.world().foreign_ca.subject, False))


def _private(number, critical=False):
    return pki.extension(f"1.3.6.1.4.1.99999.{number}", d.NULL, critical)


def _extensions(suite):
    """Section 6.1, the rows of cRLNumber, refused kinds and authorityKeyIdentifier."""
    add = _adder(suite, "crl.ext")
    ca = party.world().oem_ca
    bad, number, refused = "crl_encoding", "crl_number", "crl_unsupported"
    def one(case_id, what, expect, **ext):
        add(case_id, what, expect, ca.crl(1, ext=ext))
    one("number-missing", "There is no cRLNumber.", number, number=None)
    one("number-critical", "cRLNumber is critical.", number, number=crl.crl_number(5, True))
    one("number-negative", "cRLNumber is -1.", number, number=crl.crl_number(-1))
    one("number-2-63", "cRLNumber is 2^63.", number, number=crl.crl_number(2**63))
    one("number-20-octets", "cRLNumber has 20 octets.", number, number=crl.crl_number(2**150))
    one("number-long", "cRLNumber is not minimal.", [bad, number], number=crl.crl_number(b"\x02\x02\x00\x05"))
    one("number-octets", "cRLNumber is an OCTET STRING.", [bad, number], number=crl.crl_number(d.octets(b"\5")))
    one("number-trailing", "A NULL follows cRLNumber.", [bad, number], number=crl.crl_number(d.integer(5) + d.NULL))
    one("number-twice", "cRLNumber stands twice.", bad, more=crl.crl_number(6))
    one("delta", "A critical deltaCRLIndicator.", refused, more=crl.delta_indicator())
    one("delta-not-critical", "A deltaCRLIndicator that is not critical.", refused, more=crl.delta_indicator(False))
    one("idp", "A critical issuingDistributionPoint.", refused, more=crl.distribution_point())
    one("idp-not-critical", "An issuingDistributionPoint that is not critical.", refused,
        more=crl.distribution_point(False))
    one("certificate-issuer", "A certificateIssuer in crlExtensions.", refused,
        more=crl.certificate_issuer(party.world().foreign_ca.subject, False))
    one("unknown", "An unknown extension.", "ok", more=_private(1))
    one("unknown-critical", "An unknown critical extension.", refused, more=_private(1, True))
    one("freshest", "A freshestCRL that is not critical.", "ok", more=pki.extension("2.5.29.46", d.sequence()))
    one("issuer-alt-name", "An issuerAltName that is not critical.", "ok", more=pki.extension(
        "2.5.29.18", d.sequence(d.tlv(0x82, b"crl.example"))))
    one("issuer-alt-name-critical", "A critical issuerAltName.", refused, more=pki.extension(
        "2.5.29.18", d.sequence(d.tlv(0x82, b"crl.example")), True))
    one("24", "There are 24 extensions.", "ok", **{f"m{at}": _private(at) for at in range(22)})
    one("25", "There are 25 extensions.", bad, **{f"m{at}": _private(at) for at in range(23)})
    one("aki-missing", "There is no authorityKeyIdentifier.", bad, aki=None)
    one("aki-no-identifier", "authorityKeyIdentifier has no keyIdentifier.", bad,
        aki=pki.authority_key_id(None, ca.subject, 5))
    one("aki-critical", "authorityKeyIdentifier is critical.", refused,
        aki=pki.authority_key_id(ca.key.identifier(), critical=True))
    one("aki-malformed", "authorityKeyIdentifier is an OCTET STRING.", bad,
        aki=pki.extension("2.5.29.35", d.octets(b"x")))
    one("aki-issuer-serial", "authorityKeyIdentifier has issuer and serial number, too.", "ok",
        aki=pki.authority_key_id(ca.key.identifier(), ca.subject, 5))
    one("number-before-delta", "No cRLNumber, and a deltaCRLIndicator.", number, number=None,
        more=crl.delta_indicator())
    one("aki-before-delta", "A deltaCRLIndicator, and no authorityKeyIdentifier.", bad, aki=None,
        more=crl.delta_indicator())


def _algorithms(suite):
    add = _adder(suite, "crl.algorithm")
    ca = party.world().oem_ca
    wrong = "crl_algorithm"
    add("outer-other", "signatureAlgorithm is another one than in TBSCertList.", wrong,
        ca.crl(outer_algorithm=pki.algorithm_identifier(("ecdsa", "sha384"))))
    add("sha384", "A P-256 key signs with SHA-384.", "ok", ca.crl(scheme=("ecdsa", "sha384")))
    add("sha512", "A P-256 key signs with SHA-512.", "ok", ca.crl(scheme=("ecdsa", "sha512")))
    add("sha1", "The CRL is signed with SHA-1.", wrong, ca.crl(scheme=("ecdsa", "sha1")))
    null = d.sequence(d.oid(pki.ECDSA_OID["sha256"]), d.NULL)
    add("null-parameters", "ecdsa-with-SHA256 has NULL parameters.", wrong, ca.crl(inner_algorithm=null))
    add("unknown", "The algorithm is unknown.", wrong, ca.crl(inner_algorithm=d.sequence(d.oid("1.3.6.1.4.1.99999.1"))))
    add("before-number", "The algorithms differ, and there is no cRLNumber.", wrong,
        ca.crl(outer_algorithm=pki.algorithm_identifier(("ecdsa", "sha384")), ext={"number": None}))
    add("of-other-type", "A CRL of a P-256 issuer names Ed25519.", "crl_issuer",
        ca.crl(inner_algorithm=pki.algorithm_identifier(("ed25519", None)), scheme=("ecdsa", "sha256")))
    for kind in ("p384", "ed25519", "rsa2048"):
        root = party.root(f"root-{kind}", kind)
        issuer = root.ca(f"ca-{kind}", kind)
        signer = issuer.leaf(f"leaf-{kind}", kind=kind)
        profile = party.profile(party.role("oem", root))
        add(f"{kind}", f"A good CRL of a {kind} issuer.", "ok", issuer.crl(1), root.crl(2), signer=signer,
            profile=profile, keeps=kept(*by_issuer(known(issuer, 1), known(root, 2))))
        add(f"{kind}-tampered", f"A CRL of a {kind} issuer, tampered with.", "crl_issuer",
            issuer.crl(1, edit_signature=flip(-3, 1)), signer=signer, profile=profile, keeps=kept())
        add(f"{kind}-revoked", f"A CRL of a {kind} issuer revokes the leaf.", "revoked", issuer.crl(signer.serial),
            signer=signer, profile=profile, keeps=kept(known(issuer, signer.serial)))
        if kind == "rsa2048":
            pkcs1 = issuer.crl(1, scheme=("pkcs1", "sha256"))
            add("pkcs1", "A CRL with a PKCS#1 v1.5 signature, which the role does not allow.", "cert_pkcs1", pkcs1,
                signer=signer, profile=profile, keeps=kept())
            add("pkcs1-allowed", "A CRL with a PKCS#1 v1.5 signature, which the role allows.", "ok", pkcs1,
                signer=signer, profile=party.profile(party.role("oem", root, flags=8)), keeps=kept(known(issuer, 1)))
            add("pkcs1-tampered", "A CRL with a wrong PKCS#1 v1.5 signature, which the role does not allow.",
                ["cert_pkcs1", "crl_issuer"], pkcs1.changed(edit_signature=flip(-3, 1)), signer=signer,
                profile=profile)
            add("pss-sha512", "A CRL with RSASSA-PSS and SHA-512.", "ok", issuer.crl(1, scheme=("pss", "sha512")),
                signer=signer, profile=profile)


def _field(suite):
    """Section 3: the field of the envelope."""
    add = _adder(suite, "crls")
    ca, root = party.world().oem_ca, party.world().oem_root
    wrong = "cms_crls"
    one, two = d.set_order([ca.crl(1).build(), root.crl(2).build()])
    def field(case_id, what, expect, *parts):
        add(case_id, what, expect, crls_field=d.tlv(0xA1, *parts))
    field("empty", "The crls field is empty.", wrong)
    field("two", "Two CRLs in order.", "ok", one, two)
    field("unsorted", "Two CRLs, not in order.", wrong, two, one)
    field("twice", "The same CRL twice.", wrong, one, one)
    field("not-sequence", "An element of the crls field is a SET.", wrong, b"\x31" + one[1:])
    field("other-choice", "An element of the crls field is OtherRevocationInfoFormat.", wrong,
          one, d.tlv(0xA1, d.oid("1.3.6.1.4.1.99999.1"), d.NULL))
    field("broken", "An element of the crls field is longer than the field.", "der_encoding", one[:-1])
    small = [ca.crl(at, number=at) for at in range(1, 10)]
    add("8", "Eight CRLs of the same issuer.", ["ok", "chain_budget"], *small[:8])
    add("9", "Nine CRLs.", wrong, *small)
    add("9-broken", "Nine CRLs, one of which is malformed.", wrong, *small[:8], ca.crl(version=b""))
    add("order-before-form", "Two CRLs, not in order, the first malformed.", wrong,
        crls_field=d.tlv(0xA1, *reversed(d.set_order([ca.crl(version=b"").build(), one]))))
    add("form-before-issuer", "A malformed CRL of an issuer that no certificate has.", "crl_encoding",
        party.world().foreign_ca.crl(version=b""))
    add("issuer-before-signers", "A CRL of an issuer that no certificate has, and the SignerInfo has version 3.",
        wrong, party.world().foreign_ca.crl(), signer=party.world().oem[0].signing(version=3))
    _size(suite)


def _size(suite):
    """Section 3: at most half of the envelope limit together."""
    add = _adder(suite, "crls.size")
    ca = party.world().oem_ca
    def sized(size):
        """A CRL of so many octets, by a padded extension."""
        padding, octets = size - 300, b""
        while len(octets) != size:      # the length of a signature varies
            octets = ca.crl(1, ext={"pad": pki.extension("1.3.6.1.4.1.99999.1", d.octets(bytes(padding)))}).build()
            padding += size - len(octets)
        return octets
    add("half", "The CRLs take half of the envelope limit.", "ok", sized(4096),
        profile=party.profile(envelope_bytes=8192))
    add("half-and-1", "The CRLs take an octet more than half of the envelope limit.", "cms_crls", sized(4097),
        profile=party.profile(envelope_bytes=8192))
    add("half-odd", "The envelope limit is odd; the CRLs take the half, rounded down.", "ok", sized(4096),
        profile=party.profile(envelope_bytes=8193))
    add("half-odd-and-1", "The envelope limit is odd; the CRLs take the half, rounded up.", "cms_crls", sized(4097),
        profile=party.profile(envelope_bytes=8193))


def _issuers(suite):
    """Section 6.2, the first rule: whose CRL it is."""
    add = _adder(suite, "crl.issuer")
    world = party.world()
    ca, root = world.oem_ca, world.oem_root
    wrong = "crl_issuer"
    add("tampered", "The CRL's signature is tampered with.", wrong, ca.crl(edit_signature=flip(-1)), keeps=kept())
    add("changed", "The CRL is changed after it was signed.", wrong,
        ca.crl(1, edit=lambda raw: raw.replace(b"270101000000Z", b"280101000000Z")), keeps=kept())
    add("other-key", "Another key signed the CRL.", wrong, ca.crl(sign_with=pki.key("p256:elsewhere")))
    add("by-root", "The root signed a CRL in the name of the intermediate.", wrong, ca.crl(sign_with=root.key))
    add("by-leaf", "The leaf signed a CRL in the name of its issuer.", wrong, ca.crl(sign_with=world.oem[0].key))
    add("root-tampered", "The anchor's CRL is tampered with.", wrong, root.crl(edit_signature=flip(-1)))
    add("key-identifier", "keyIdentifier is not the issuer's subjectKeyIdentifier.", wrong,
        ca.crl(ext={"aki": pki.authority_key_id(b"\1" * 20)}), keeps=kept())
    add("key-identifier-anchor", "keyIdentifier of the anchor's CRL is any.", "ok",
        root.crl(ext={"aki": pki.authority_key_id(b"\1" * 20)}), keeps=kept(known(root)))
    for label, bits, expect in (("no-crl-sign", (5,), wrong), ("crl-sign", (5, 6), "ok")):
        issuer = root.ca(f"ku-{label}", ext={"ku": pki.key_usage(*bits)})
        signer = issuer.leaf(f"leaf-{label}")
        add(label, f"keyUsage of the issuer: {bits}.", expect, issuer.crl(1), signer=signer,
            keeps=kept(*([known(issuer, 1)] if expect == "ok" else [])))
        if expect != "ok":
            add(f"{label}-revoked", "An issuer without cRLSign lists the leaf.", wrong, issuer.crl(signer.serial),
                signer=signer)
            add(f"{label}-no-crl", "An issuer without cRLSign has no CRL.", "ok", signer=signer)
    upper = root.ca("upper-ca")
    lower = upper.ca("lower-ca")
    deep = lower.leaf("deep-leaf")
    add("three", "CRLs of both intermediates and of the anchor.", "ok", upper.crl(1), lower.crl(2), root.crl(3),
        signer=deep, keeps=kept(*by_issuer(known(upper, 1), known(lower, 2), known(root, 3))))
    add("upper-tampered", "The upper intermediate's CRL is tampered with, the lower one's is good.", wrong,
        upper.crl(1, edit_signature=flip(-1)), lower.crl(2), signer=deep, keeps=kept(known(lower, 2)))
    add("lower-tampered", "The lower intermediate's CRL is tampered with, the upper one's is good.", wrong,
        upper.crl(1), lower.crl(2, edit_signature=flip(-1)), signer=deep)
    renewed = party.Node(ca.subject, ca.key, (), ca.serial, root).ca("oem-ca", order=3, key=pki.key("p256:oem-ca-new"))
    rolled = party.Node(renewed.subject, renewed.key, (*renewed.certificates, *ca.certificates), renewed.serial, ca)
    below = rolled.leaf("rolled-leaf")
    add("rolled", "The intermediate's new key is vouched for by its old one, under the same name.", "ok", signer=below)
    add("rolled-crl", "… and the new key has a CRL: the certificate below the old key has another issuer key.", wrong,
        rolled.crl(1), signer=below, states=True)
    direct = root.leaf("direct-leaf")
    add("anchor-only", "The leaf is directly below the anchor, which has a CRL.", "ok", root.crl(1), signer=direct,
        keeps=kept(known(root, 1)))
    add("anchor-revokes", "The anchor's CRL lists the leaf directly below it.", "revoked", root.crl(direct.serial),
        signer=direct, keeps=kept(known(root, direct.serial)))
    twin = party.Node(ca.subject, pki.key("p256:oem-ca-twin"))
    add("same-name-other-key", "A CRL of another CA with the intermediate's name.", wrong, twin.crl(1))
    add("same-name-beside", "A CRL of another CA with the intermediate's name, beside its own.", wrong, twin.crl(1),
        ca.crl(2))


def _revoked(suite):
    add = _adder(suite, "revoked")
    world = party.world()
    ca, root, signer = world.oem_ca, world.oem_root, world.oem[0]
    entry = crl.entry
    add("leaf", "The intermediate's CRL lists the leaf.", "revoked", ca.crl(signer.serial),
        keeps=kept(known(ca, signer.serial)))
    add("intermediate", "The anchor's CRL lists the intermediate.", "revoked", root.crl(ca.serial),
        keeps=kept(known(root, ca.serial)))
    add("leaf-among", "The CRL lists the leaf among others.", "revoked", ca.crl(1, 2, signer.serial, 4))
    add("other-issuer", "The anchor's CRL lists the leaf's serial number.", "ok", root.crl(signer.serial),
        keeps=kept(known(root, signer.serial)))
    add("other-issuer-ca", "The intermediate's CRL lists the intermediate's serial number.", "ok", ca.crl(ca.serial))
    for label in crl.REASON:
        add(f"reason-{label}", f"The leaf is listed for the reason {label}.", "revoked",
            ca.crl(entry(signer.serial, crl.reason(label))), keeps=kept(known(ca, signer.serial)))
    add("date-future", "The leaf is listed with a date after its signature.", "revoked",
        ca.crl(entry(signer.serial, date="2030-01-01T00:00:00Z")))
    add("date-past", "The leaf is listed with a date before its validity.", "revoked",
        ca.crl(entry(signer.serial, date="2020-01-01T00:00:00Z")))
    add("older-lists", "The older of two CRLs lists the leaf, the newer does not.", "revoked",
        ca.crl(signer.serial, number=5), ca.crl(number=6), keeps=kept(known(ca, signer.serial, number=6)))
    add("newer-lists", "The newer of two CRLs lists the leaf, the older does not.", "revoked", ca.crl(number=5),
        ca.crl(signer.serial, number=6))
    add("before-signature", "The leaf is revoked, and the signature does not verify.", "revoked",
        ca.crl(signer.serial), signer=signer.signing(edit_signature=_wrong_signature))
    add("before-manifest", "The leaf is revoked, and the manifest is no JSON.", "revoked", ca.crl(signer.serial),
        edit=lambda _: {"format": "x"})
    def state(case_id, what, expect, *entries, crls=(), keeps=None, **more):
        before = pack.State(crls=by_issuer(*entries))
        add(f"state-{case_id}", what, expect, *crls, state=before,
            keeps=None if keeps is None else kept(*by_issuer(*keeps), state=before), **more)
    state("leaf", "The state lists the leaf under its issuer's key.", "revoked", known(ca, signer.serial),
          keeps=[known(ca, signer.serial)])
    state("intermediate", "The state lists the intermediate under the anchor's key.", "revoked",
          known(root, ca.serial))
    state("other-key", "The state lists the leaf's serial number under another key.", "ok",
          known(world.foreign_ca, signer.serial), keeps=[known(world.foreign_ca, signer.serial)])
    state("anchor-key", "The state lists the leaf's serial number under the anchor's key.", "ok",
          known(root, signer.serial))
    state("newer-crl", "The state lists the leaf, a newer CRL does not.", "revoked", known(ca, signer.serial),
          crls=[ca.crl(number=6)], keeps=[known(ca, signer.serial, number=6)])
    state("older-crl", "The state has a newer number; an older CRL adds an entry.", "ok", known(ca, 1, number=9),
          crls=[ca.crl(2, number=5)], keeps=[known(ca, 1, 2, number=9)])
    state("older-crl-lists", "The state has a newer number; an older CRL lists the leaf.", "revoked",
          known(ca, 1, number=9), crls=[ca.crl(signer.serial, number=5)],
          keeps=[known(ca, 1, signer.serial, number=9)])
    state("hold-gone", "The state lists the leaf; a newer CRL has it as removeFromCRL.", "revoked",
          known(ca, signer.serial), crls=[ca.crl(entry(signer.serial, crl.reason("removeFromCRL")), number=6)])


def _wrong_signature(signature):
    """The signature of something else: in form and range, but it does not verify."""
    r, s = pki.numbers_of(signature)
    return pki.set_s(pki.ecdsa_value(s, r), pki.ORDER["p256"], False)


def _clock(suite):
    add = _adder(suite, "crl.clock")
    ca, root, signer = party.world().oem_ca, party.world().oem_root, party.world().oem[0]
    trusted = party.profile(clock=1)
    def one(case_id, what, expect, now, made, profile=trusted, **more):
        add(case_id, what, expect, made, profile=profile, now=now, **more)
    one("current", "The CRL is current by the trusted clock.", "ok", NOW, ca.crl())
    one("next-equal", "The trusted clock is nextUpdate.", "ok", NOW, ca.crl(next_update=NOW))
    one("next-past", "The trusted clock is a second after nextUpdate.", "crl_stale", "2026-04-01T00:00:01Z",
        ca.crl(next_update=NOW), keeps=kept(known(ca)))
    one("this-equal", "The trusted clock is thisUpdate.", "ok", NOW, ca.crl(this_update=NOW))
    one("this-later", "The trusted clock is a second before thisUpdate.", "crl_stale", "2026-03-31T23:59:59Z",
        ca.crl(this_update=NOW), keeps=kept(known(ca)))
    one("untrusted", "The CRL is long past by a clock that is not trusted.", "ok", "2040-01-01T00:00:00Z", ca.crl(),
        party.profile(), keeps=kept(known(ca)))
    one("untrusted-none", "The CRL is past, there is no clock.", "ok", None, ca.crl(
        this_update="2020-01-01T00:00:00Z", next_update="2021-01-01T00:00:00Z"), party.profile())
    one("anchor-stale", "The anchor's CRL is stale.", "crl_stale", NOW, root.crl(next_update="2026-02-01T00:00:00Z"),
        keeps=kept(known(root)))
    one("stale-and-revoked", "The CRL is stale and lists the leaf.", "crl_stale", NOW,
        ca.crl(signer.serial, next_update="2026-02-01T00:00:00Z"), keeps=kept(known(ca, signer.serial)))
    one("stale-and-tampered", "The CRL is stale and tampered with.", "crl_issuer", NOW,
        ca.crl(next_update="2026-02-01T00:00:00Z", edit_signature=flip(-1)))
    add("one-stale", "One of two CRLs of the issuer is stale.", "crl_stale", ca.crl(number=5, next_update=NOW),
        ca.crl(number=6), profile=trusted, now="2026-05-01T00:00:00Z")
    add("leaf-first", "The leaf is revoked, and the anchor's CRL is stale.", "revoked", ca.crl(signer.serial),
        root.crl(next_update="2026-02-01T00:00:00Z"), profile=trusted, now=NOW,
        keeps=kept(*by_issuer(known(ca, signer.serial), known(root))))


def _required(suite):
    add = _adder(suite, "crl.required")
    ca, root = party.world().oem_ca, party.world().oem_root
    profile = party.profile(party.oem_role(flags=1))
    missing = "crl_missing"
    add("both", "The role requires CRLs, both issuers have one.", "ok", ca.crl(), root.crl(), profile=profile)
    add("none", "The role requires CRLs, there is none.", missing, profile=profile, keeps=kept())
    add("intermediate-only", "The role requires CRLs, only the intermediate has one.", missing, ca.crl(),
        profile=profile, keeps=kept(known(ca)))
    add("anchor-only", "The role requires CRLs, only the anchor has one.", missing, root.crl(), profile=profile)
    state = pack.State(crls=by_issuer(known(ca), known(root)))
    add("state", "The role requires CRLs, the state has both.", "ok", profile=profile, state=state)
    add("state-one", "The role requires CRLs, the state has the anchor's, the envelope the intermediate's.", "ok",
        ca.crl(), profile=profile, state=pack.State(crls=(known(root),)))
    add("state-one-missing", "The role requires CRLs, the state has the anchor's only.", missing, profile=profile,
        state=pack.State(crls=(known(root),)))
    direct = root.leaf("direct-required")
    add("direct", "The leaf is below the anchor, which has a CRL.", "ok", root.crl(), signer=direct, profile=profile)
    add("direct-missing", "The leaf is below the anchor, which has none.", missing, signer=direct, profile=profile)
    add("before-signature", "A CRL is missing, and the signature does not verify.", missing, profile=profile,
        signer=party.world().oem[0].signing(edit_signature=_wrong_signature))


def _incomplete(suite):
    add = _adder(suite, "crl.incomplete")
    ca, root, signer = party.world().oem_ca, party.world().oem_root, party.world().oem[0]
    state = pack.State(crls=(known(ca, number=9, complete=False),))
    missing = "crl_missing"
    add("none", "The state's list of the intermediate is not complete, and there is no CRL of it.", missing,
        state=state, keeps=kept(known(ca, number=9, complete=False), state=state))
    add("same-number", "… and the CRL of the state's number is there.", "ok", ca.crl(1, number=9), state=state)
    add("newer", "… and a newer CRL is there.", "ok", ca.crl(1, number=10), state=state)
    add("older", "… and only an older CRL is there.", missing, ca.crl(1, number=8), state=state,
        keeps=kept(known(ca, number=9, complete=False), state=state))
    add("older-lists", "… and only an older CRL is there, which lists the leaf.", "revoked",
        ca.crl(signer.serial, number=8), state=state)
    add("of-root", "The state's list of the anchor is not complete, there is a CRL of the intermediate only.",
        missing, ca.crl(), state=pack.State(crls=(known(root, number=0, complete=False),)))
    add("unused", "The state's list of an issuer on no path is not complete.", "ok",
        state=pack.State(crls=(known(party.world().foreign_ca, complete=False),)))
    add("required", "The role requires CRLs, the state's list is not complete, no CRL.", missing, state=state,
        profile=party.profile(party.oem_role(flags=1)))


def _stripped(suite):
    add = _adder(suite, "crl.named")
    world = party.world()
    ca, root = world.oem_ca, world.oem_root
    def named(*entries):
        return setter("crls", sorted(({"issuer_key": node.hash().hex(), "number": number} for node, number in entries),
                                     key=lambda one: one["issuer_key"]))
    stripped = "crl_stripped"
    add("there", "The manifest names the intermediate's CRL, which is there.", "ok", ca.crl(), edit=named((ca, 5)))
    add("newer", "The manifest names a CRL, a newer one is there.", "ok", ca.crl(number=6), edit=named((ca, 5)))
    add("older", "The manifest names a CRL, only an older one is there.", stripped, ca.crl(number=4),
        edit=named((ca, 5)), keeps=kept(known(ca, number=4)))
    add("missing", "The manifest names a CRL, there is none.", stripped, edit=named((ca, 5)))
    add("number-0", "The manifest names the number 0, there is no CRL.", stripped, edit=named((ca, 0)))
    add("state", "The manifest names a CRL that the state has seen.", "ok", edit=named((ca, 5)),
        state=pack.State(crls=(known(ca),)))
    add("state-older", "The manifest names a CRL, the state has seen an older one.", stripped, edit=named((ca, 6)),
        state=pack.State(crls=(known(ca),)))
    add("state-incomplete", "The manifest names a CRL; the state has seen it without its entries, it is there.", "ok",
        ca.crl(), edit=named((ca, 5)), state=pack.State(crls=(known(ca, complete=False),)))
    add("root", "The manifest names the anchor's CRL, there is none.", stripped, ca.crl(), edit=named((root, 1)))
    add("both", "The manifest names both issuers, both are there.", "ok", ca.crl(), root.crl(),
        edit=named((ca, 5), (root, 5)))
    add("one-of-both", "The manifest names both issuers, one is there.", stripped, ca.crl(),
        edit=named((ca, 5), (root, 5)))
    add("elsewhere", "The manifest names an issuer on no path.", "ok", edit=named((world.foreign_ca, 5)))
    add("leaf-key", "The manifest names the leaf's key, which issues nothing.", "ok",
        edit=setter("crls", [{"issuer_key": world.oem[0].hash().hex(), "number": 5}]))
    add("before-components", "The manifest names a CRL, there is none; a component is too old.", stripped,
        edit=both(named((ca, 5)), setter("components", 1, "security_version", 4)))
    add("after-scope", "The manifest names a CRL, there is none; the role's scope has other models.", "scope_model",
        edit=named((ca, 5)), profile=party.profile(party.oem_role(models=("cp-8",))))
    add("after-limits", "The manifest names a CRL, there is none; the chunks are too large.", "limit_chunk",
        edit=named((ca, 5)), profile=party.profile(chunk_bytes=4096))


def sixteen(*nodes, count=16):
    """Entries of a state: these issuers, and others up to `count`."""
    entries = [known(node) for node in nodes]
    entries += [pack.Known(hashlib.sha256(bytes([at])).digest(), 1) for at in range(count - len(entries))]
    return by_issuer(*entries)


def _too_many(suite):
    add = _adder(suite, "crl.too-many")
    ca, root = party.world().oem_ca, party.world().oem_root
    full = pack.State(crls=sixteen())
    add("17", "The state has 16 other issuers; the intermediate's CRL is the 17th.", "crl_too_many", ca.crl(),
        state=full, keeps=kept(*full.crls, state=full))
    add("no-crl", "The state has 16 other issuers, the envelope no CRL.", "ok", state=full)
    own = pack.State(crls=sixteen(ca))
    add("known", "The state has 16 issuers, one of which is the CRL's.", "ok", ca.crl(7, number=6), state=own,
        keeps=kept(*by_issuer(*[one for one in own.crls if one.issuer != ca.hash()], known(ca, 7, number=6)),
                   state=own))
    almost = pack.State(crls=sixteen(count=15))
    add("16", "The state has 15 other issuers, the intermediate's CRL is the 16th.", "ok", ca.crl(), state=almost,
        keeps=kept(*by_issuer(*almost.crls, known(ca)), state=almost))
    add("16-and-17", "The state has 15 other issuers, both issuers of the path have CRLs.", "crl_too_many", ca.crl(),
        root.crl(), state=almost, keeps=kept(*almost.crls, state=almost))
    add("tampered", "The state has 16 other issuers, the CRL is tampered with.", "crl_issuer",
        ca.crl(edit_signature=flip(-1)), state=full)
    add("and-revoked", "The state has 16 other issuers, the CRL lists the leaf.", ["crl_too_many", "revoked"],
        ca.crl(party.world().oem[0].serial), state=full)


def _budget(suite):
    """Section 5.2: CRLs cost public-key operations, too. A leaf and an intermediate cost three with the signature."""
    add = _adder(suite, "crl.budget")
    ca, root = party.world().oem_ca, party.world().oem_root
    lists = [ca.crl(at, number=at) for at in range(1, 8)]
    add("11", "Eight CRLs and three other signatures: eleven operations.", "ok", *lists, root.crl())
    upper = root.ca("budget-upper")
    lower = upper.ca("budget-lower")
    deep = lower.leaf("budget-leaf")
    more = [lower.crl(at, number=at) for at in range(1, 8)]
    add("12", "Eight CRLs and four other signatures: twelve operations.", "ok", *more, root.crl(), signer=deep)
    third = lower.ca("budget-third")
    deeper = third.leaf("budget-deeper")
    add("13", "Eight CRLs and five other signatures: thirteen operations.", "chain_budget",
        *[third.crl(at, number=at) for at in range(1, 8)], root.crl(), signer=deeper)


def _kept(suite):
    """Section 6.2, last rule: after a refusal, too."""
    add = _adder(suite, "crl.kept")
    world = party.world()
    ca, root = world.oem_ca, world.oem_root
    state = pack.State(crls=(known(ca, 1),))
    both = kept(*by_issuer(known(ca, 1, 2, number=6), known(root, 3)), state=state)
    lists = (ca.crl(2, number=6), root.crl(3))
    add("rollback", "A package is refused by a rule after the CRLs: they are kept.", "rollback", *lists, state=state,
        edit=setter("components", 1, "security_version", 4), keeps=both)
    add("manifest", "A package whose manifest is malformed: the CRLs are kept.", "manifest_schema", *lists, state=state,
        edit=lambda members: members.pop("created") and None, keeps=both)
    add("signature", "The package's signature does not verify: the CRLs are kept.", "signature_invalid", *lists,
        state=state, signer=world.oem[0].signing(edit_signature=_wrong_signature), keeps=both)
    add("payload", "The payload is tampered with: the CRLs are kept.", "chunk_digest", *lists, state=state,
        file={"edit_payload": flip(0)}, keeps=both)
    add("no-anchor", "No chain: no CRL is judged.", "chain_no_anchor", *lists, state=state,
        profile=party.profile(party.role("oem", world.foreign_root)), keeps=kept(known(ca, 1), state=state))
    add("leaf-rule", "The leaf is for another purpose: no CRL is judged.", "leaf_purpose", *lists, state=state,
        signer=ca.leaf("server", ext={"eku": pki.ext_key_usage("server")}), keeps=kept(known(ca, 1), state=state))
    add("structure", "The envelope is malformed: no CRL is judged.", "cms_signer_version", *lists, state=state,
        signer=world.oem[0].signing(version=3), keeps=kept(known(ca, 1), state=state))
    add("counter", "The counter of the state is the largest: the next is 0.", "ok", ca.crl(), state=state.changed(
        counter=2**32 - 1), keeps=kept(known(ca, 1), state=state.changed(counter=2**32 - 1)))
    add("nothing", "There is nothing to keep but the counter.", "ok", state=state,
        keeps=kept(known(ca, 1), state=state))
    installed = state.changed(counter=13, crls=by_issuer(known(ca, 1, 2, number=6), known(root, 3)),
                              slots=(("app", 7), ("boot", 3), ("modem", 1)),
                              time_floor=pack.seconds(pack.SIGNING_TIME))
    add("installed", "An accepted package raises floors and adds CRLs.", "ok", *lists, state=state, keeps=both,
        keeps_all=installed)


def _kept_limits(suite):
    """256 serial numbers in all issuers together."""
    add = _adder(suite, "crl.limit")
    world = party.world()
    ca, root = world.oem_ca, world.oem_root
    wide = party.profile(envelope_bytes=32768)
    many = tuple(range(10**6, 10**6 + 256))
    add("256", "A CRL of 256 entries.", "ok", ca.crl(*many), profile=wide, keeps=kept(known(ca, *many)))
    add("257", "A CRL of 257 entries has no room.", "ok", ca.crl(*many, 7), profile=wide,
        keeps=kept(known(ca, complete=False)))
    add("257-revoked", "A CRL of 257 entries lists the leaf, too.", "revoked", ca.crl(*many, world.oem[0].serial),
        profile=wide, keeps=kept(known(ca, complete=False)))
    other = world.foreign_ca
    half = pack.State(crls=(known(other, *many[:200]),))
    add("room", "The state has 200 of another issuer, the CRL 56.", "ok", ca.crl(*many[:56]), profile=wide, state=half,
        keeps=kept(*by_issuer(known(other, *many[:200]), known(ca, *many[:56])), state=half))
    add("no-room", "The state has 200 of another issuer, the CRL 57.", "ok", ca.crl(*many[:57]), profile=wide,
        state=half, keeps=kept(*with_room(known(other, *many[:200]), known(ca, *many[:57])), state=half))
    grown = pack.State(crls=(known(ca, *many[:200]),))
    add("grown", "The state has 200 of the issuer, the CRL has 100, 56 of which are new.", "ok",
        ca.crl(*many[156:], number=6), profile=wide, state=grown,
        keeps=kept(known(ca, *many, number=6), state=grown))
    add("outgrown", "The state has 200 of the issuer, the CRL 57 new ones.", "ok", ca.crl(*many[200:], 7, number=6),
        profile=wide, state=grown, keeps=kept(known(ca, number=6, complete=False), state=grown))
    incomplete = pack.State(crls=(known(ca, number=5, complete=False),))
    add("shown-again", "The state's list is not complete; a newer CRL is short.", "ok", ca.crl(1, number=6),
        profile=wide, state=incomplete, keeps=kept(known(ca, number=6, complete=False), state=incomplete))
    add("two-lists", "Two issuers' CRLs have 200 entries each: one has no room.", "ok", ca.crl(*many[:200]),
        root.crl(*many[:200]), profile=party.profile(envelope_bytes=65536),
        keeps=kept(*with_room(known(ca, *many[:200]), known(root, *many[:200]))))
    add("two-lists-short", "Three issuers: one list is too long, the others have room.", "ok", ca.crl(*many, 7),
        root.crl(*many[:100]), profile=party.profile(envelope_bytes=65536), state=half,
        keeps=kept(*with_room(known(other, *many[:200]), known(ca, *many, 7), known(root, *many[:100])), state=half))
