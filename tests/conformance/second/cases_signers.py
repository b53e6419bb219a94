"""Cases of several signers: rules 2 to 9 of format.md section 9.3, roles, thresholds, scopes."""

import gen_crl
import gen_der as d
import gen_package as pack
import gen_parties as party
import gen_pki as pki
from cases_revocation import by_issuer, kept, known
from gen_suite import flip, setter


def add_cases(suite):
    """All cases of this module."""
    _counts(suite)
    _structure(suite)
    _foreign(suite)
    _unknown(suite)
    _roles(suite)
    _conflicts(suite)
    _thresholds(suite)
    _repeated(suite)
    _failing(suite)
    _ranks(suite)
    _scopes(suite)
    _waivers(suite)
    _times(suite)
    _crls(suite)
    _budget(suite)


def wrong_signature(signature):
    """The signature of something else: in form and range, but it does not verify."""
    r, s = pki.numbers_of(signature)
    return pki.set_s(pki.ecdsa_value(s, r), pki.ORDER["p256"], False)


WRONG = {"edit_signature": wrong_signature}
OTHER_DIGEST = {"message_digest": d.octets(b"\x11" * 32)}


def _adder(suite, prefix):
    """A function that adds a case of several signers, who stand in the file in this order."""
    def add(case_id, what, expect, *parties, profile=None, ordered=True, **more):
        fields = {name: more.pop(name) for name in ("edit", "raw", "crls", "mask", "file", "components",
                                                    "signer_infos", "digest_algorithms", "certificates")
                  if name in more}
        octets = party.package(*parties, ordered=ordered, **fields)
        suite.add(f"{prefix}.{case_id}", what, expect, package=octets, profile=profile or party.profile(), **more)
    return add


def _two_parties(**changes):
    return party.profile(party.oem_role(), party.operator_role(), **changes)


def _counts(suite):
    add = _adder(suite, "several")
    world = party.world()
    for number in (1, 2, 3, 4):
        add(f"{number}", f"{number} signers of one role.", "ok", *world.oem[:number])
    for kind in ("p384", "ed25519", "rsa2048"):
        root = party.root(f"beside-{kind}", kind)
        other = root.ca(f"beside-ca-{kind}", kind).leaf(f"beside-leaf-{kind}", kind=kind)
        profile = party.profile(party.oem_role(), party.role("other", root))
        add(f"beside-{kind}", f"A P-256 signer and a {kind} signer of two roles, both of which must sign.", "ok",
            world.oem[0], other, profile=profile, ordered=False)
        add(f"beside-{kind}-wrong", f"The same, and the {kind} signer's signature does not verify.",
            ["signature_invalid"], world.oem[0], other.signing(sign_with=lambda key, data: _other_data(key)),
            profile=profile, ordered=False)
        add(f"beside-{kind}-alone", f"The {kind} signer alone.", "threshold_not_met", other, profile=profile)


def _other_data(key):
    """A good signature over other data."""
    signature = key.sign(b"something else")
    curve = {"p384": pki.ORDER["p384"]}.get({48: "p384"}.get(getattr(key.private, "key_size", 0) // 8))
    return pki.set_s(signature, curve, False) if curve else signature


def _structure(suite):
    """Section 3, the rows of signers, digestAlgorithms and listed certificates."""
    add = _adder(suite, "several.form")
    world = party.world()
    one, two, three = world.oem[:3]
    add("reversed", "Two signers, not in DER order.", "cms_signers", one, two,
        signer_infos=lambda infos: d.tlv(0x31, *reversed(infos)))
    add("5", "Five signers.", "cms_signers", *world.oem[:4], world.operator[0], ordered=False)
    add("element", "The second SignerInfo is a SET.", ["cms_signers", "der_encoding"], one, two,
        signer_infos=lambda infos: d.tlv(0x31, infos[0], b"\x31" + infos[1][1:]))
    add("second-version", "The second signer's version is 3.", "cms_signer_version", one, two.signing(version=3))
    add("second-sid", "The second signer's sid names no certificate.", "cms_signer_id", one,
        two.signing(sid=d.sequence(world.oem_ca.subject, d.integer(5 * 2**64))), ordered=False)
    add("second-unsigned-attributes", "The second signer has unsigned attributes.", "cms_unsigned_attributes", one,
        two.signing(after=d.tlv(0xA1)))
    add("second-attributes", "The second signer lacks an attribute.", "cms_attributes", one,
        three.signing(edit_attributes=lambda found: found[1:]), ordered=False)
    add("second-content-type", "The second signer's contentType is id-data.", "cms_attribute_value", one,
        three.signing(content_type=d.oid("1.2.840.113549.1.7.1")), ordered=False)
    add("second-algorithm", "The second signer's digestAlgorithm is SHA-384.", "cms_algorithm", one,
        three.signing(digest="sha384"), ordered=False)
    add("foreign-version", "A foreign signer's version is 3.", "cms_signer_version", one,
        world.foreign[1].signing(version=3))
    add("foreign-algorithm", "A foreign signer's digestAlgorithm is SHA-384.", "cms_algorithm", one,
        world.foreign[2].signing(digest="sha384"), ordered=False)
    sha256, sha512 = pack.digest_identifier("sha256"), pack.digest_identifier("sha512")
    ed25519 = party.root("several-ed", "ed25519").leaf("several-ed-leaf", kind="ed25519")
    mixed = party.profile()
    add("digests", "digestAlgorithms are those of a P-256 and an Ed25519 signer.", "ok", one, ed25519, ordered=False,
        profile=mixed)
    add("digests-one", "digestAlgorithms lack the second signer's.", "cms_digest_algorithms", one, ed25519,
        ordered=False, digest_algorithms=d.tlv(0x31, sha256))
    add("digests-order", "digestAlgorithms are not in DER order.", "cms_digest_algorithms", one, ed25519,
        ordered=False, digest_algorithms=d.tlv(0x31, sha512, sha256))
    add("digests-twice", "digestAlgorithms name the same for each of two signers.", "cms_digest_algorithms", one, two,
        digest_algorithms=d.tlv(0x31, sha256, sha256))
    add("digests-more", "digestAlgorithms name one that no signer has.", "cms_digest_algorithms", one, two,
        digest_algorithms=d.set_of(sha256, sha512))
    add("unlisted", "A certificate is listed by neither of two signers.", "cms_unlisted_certificate", one, two,
        certificates=lambda found: [*found, world.foreign[0].certificates[0]])
    lists_leaf = one.signing(signing_certificate=pack.ess_value(
        [pack.ess_entry(one.certificates[0])]))
    add("listed-by-other", "The intermediate is listed by the other signer only.", "ok", lists_leaf, two,
        ordered=False)
    add("listed-by-other-alone", "… and the role needs the one who does not list it.", "chain_no_anchor",
        lists_leaf, world.foreign[1], ordered=False,
        certificates=lambda found: [one for one in found if one != world.oem_ca.certificates[0]])
    add("lists-others", "The first signer lists the second one's certificates, too.", "ok",
        party.Party(one.key, (*one.certificates, *world.operator[0].certificates), one.serial, one.issuer),
        world.operator[1], ordered=False)


def _foreign(suite):
    """Signers of a known algorithm whom the device does not know."""
    add = _adder(suite, "foreign")
    world = party.world()
    good, later = world.oem[0], world.oem[2]
    foreign, foreign_later = world.foreign[0], world.foreign[2]
    add("second", "The second signer has no anchor.", "ok", good, foreign_later)
    add("first", "The first signer has no anchor.", "ok", foreign, later)
    add("three", "Three signers without an anchor beside a good one.", "ok", *world.foreign[:3], world.oem[3])
    add("all", "No signer has an anchor.", "chain_no_anchor", *world.foreign[:2])
    add("signature", "The signature of a signer without anchor does not verify: its key is not used.", "ok", good,
        foreign_later.signing(**WRONG))
    add("signature-first", "The same for the first signer.", "ok", foreign.signing(**WRONG), later)
    add("signature-form", "The signature of a signer without anchor is no ECDSA-Sig-Value.", "ok", good,
        foreign_later.signing(edit_signature=lambda _: b"\x00" * 70))
    add("digest", "The digest of a signer without anchor does not match.", "ok", good,
        foreign_later.signing(**OTHER_DIGEST))
    root_named = party.Node(world.oem_root.subject, pki.key("p256:false-root"))
    forged = root_named.ca("forged-ca").leaf("forged-leaf", 2)
    add("forged", "The second signer's intermediate is not signed by the root it names.", "ok", good, forged)
    add("forged-alone", "The only signer's intermediate is not signed by the root it names.", "chain_signature",
        forged)
    add("bad-key", "A signer without anchor has a key outside the bounds (P-256, compressed).", "cert_key",
        good, _bad_key(world.foreign_ca), ordered=False)
    add("bad-key-anchored", "A second signer below the OEM's root has a key outside the bounds.",
        "cert_key", good, _bad_key(world.oem_ca), ordered=False)
    v1 = world.foreign_ca.leaf("foreign-v1", 2, version=b"", all_extensions=b"")
    add("v1", "A signer without anchor has a v1 certificate.", "ok", good, v1)
    v1_anchored = world.oem_ca.leaf("oem-v1", 2, version=b"", all_extensions=b"")
    add("v1-anchored", "A second signer below the OEM's root has a v1 certificate.", "ok", good, v1_anchored)
    broken = world.foreign_ca.leaf("foreign-broken", 2, serial=b"\x02\x02\x00\x05")
    add("cert-encoding", "A certificate of a signer without anchor cannot be read.", "cert_encoding", good, broken,
        ordered=False)


def _bad_key(issuer):
    """A signer whose P-256 point is compressed."""
    key = pki.key("p256:compressed")
    point = key.spki[-65:]
    spki = d.sequence(d.sequence(d.oid("1.2.840.10045.2.1"), d.oid("1.2.840.10045.3.1.7")),
                      d.bits(bytes([2 + point[-1] % 2]) + point[1:33]))
    return issuer.leaf(f"compressed-{issuer.hash().hex()[:4]}", 2, key=key.with_spki(spki))


def _unknown(suite):
    """Signers of an unknown algorithm."""
    add = _adder(suite, "unknown")
    world = party.world()
    good = world.oem[1]
    def future(kind, order=3, issuer=world.oem_ca, **fields):
        return issuer.leaf(f"{kind}-leaf-{issuer.hash().hex()[:4]}", order, kind=kind).signing(**fields)
    for kind in ("p521", "ed448", "dsa"):
        add(f"{kind}-beside", f"A good signer, and one with a {kind} key.", "ok", good, future(kind), ordered=False)
        add(f"{kind}-beside-wrong", "… whose signature is nonsense.", "ok", good,
            future(kind, signature_raw=lambda _: d.octets(b"nonsense")), ordered=False)
        add(f"{kind}-alone", f"The only signer has a {kind} key.", "algorithm_unknown", future(kind))
    add("two", "Both signers are of unknown algorithms.", "algorithm_unknown", future("p521", 0), future("ed448", 3),
        ordered=False)
    add("digest", "The unknown signer's digest does not match.", "ok", good, future("p521", **{
        "message_digest": d.octets(b"\x11" * 64)}), ordered=False)
    add("digest-size", "The unknown signer's digest has 20 octets.", "ok", good, future("p521", **{
        "message_digest": d.octets(b"\x11" * 20)}), ordered=False)
    add("version", "The unknown signer's SignerInfo has version 3.", "cms_signer_version", good,
        future("p521", version=3), ordered=False)
    add("attributes", "The unknown signer lacks an attribute.", "cms_attributes", good,
        future("p521", edit_attributes=lambda found: found[1:]), ordered=False)
    add("and-foreign", "An unknown signer, and one without anchor.", ["algorithm_unknown", "chain_no_anchor"],
        future("p521", 0), world.foreign[3], ordered=False)
    add("role", "The operator, whom the device needs, has an unknown algorithm.", "threshold_not_met", good,
        future("p521", issuer=world.operator_ca), ordered=False, profile=_two_parties())


def _roles(suite):
    add = _adder(suite, "roles")
    world = party.world()
    oem, oem_later = world.oem[0], world.oem[2]
    operator, operator_later = world.operator[0], world.operator[2]
    both = _two_parties()
    add("both", "OEM and operator must sign, both have.", "ok", oem, operator_later, profile=both)
    add("both-reversed", "The operator stands first in the file.", "ok", operator, oem_later, profile=both)
    add("oem-only", "OEM and operator must sign, the OEM has.", "threshold_not_met", oem, profile=both)
    add("operator-only", "OEM and operator must sign, the operator has.", "threshold_not_met", operator, profile=both)
    add("two-oem", "OEM and operator must sign, the OEM has twice.", "threshold_not_met", *world.oem[:2], profile=both)
    optional = party.profile(party.oem_role(), party.operator_role(), firmware=("oem",))
    add("optional-absent", "The operator's role is in the store, but not needed; the OEM has signed.", "ok", oem,
        profile=optional)
    add("optional-present", "The operator's role is not needed; both have signed.", "ok", oem, operator_later,
        profile=optional)
    add("optional-alone", "The operator's role is not needed; only the operator has signed.", "threshold_not_met",
        operator, profile=optional)
    add("optional-wrong", "The operator's role is not needed; its signature does not verify.", "signature_invalid",
        oem, operator_later.signing(**WRONG), profile=optional)
    add("optional-wrong-first", "The same, and the operator stands first.", "signature_invalid",
        operator.signing(**WRONG), oem_later, profile=optional)
    add("optional-digest", "The operator's role is not needed; its digest does not match.", "digest_mismatch", oem,
        operator_later.signing(**OTHER_DIGEST), profile=optional)
    add("optional-encoding", "The operator's role is not needed; its signature is no ECDSA-Sig-Value.",
        "signature_encoding", oem, operator_later.signing(edit_signature=lambda _: bytes(70)), profile=optional)
    add("optional-high-s", "The operator's role is not needed; its signature has a high s.", "signature_high_s", oem,
        operator_later.signing(edit_signature=lambda one: pki.set_s(one, pki.ORDER["p256"], True)), profile=optional,
        ordered=False)
    three = [party.role(name, party.root(name)) for name in ("third", "fourth")]
    parties = [party.root(name).leaf(f"{name}-leaf", order) for order, name in ((2, "third"), (3, "fourth"))]
    four = party.profile(party.oem_role(), party.operator_role(), *three)
    add("four", "Four roles must sign, all have.", "ok", oem, world.operator[1], *parties, profile=four,
        ordered=False)
    add("four-one-missing", "Four roles must sign, three have.", "threshold_not_met", oem, world.operator[1],
        parties[0], profile=four, ordered=False)
    add("eight", "The store has eight roles, the OEM's is the last.", "ok", oem, profile=party.profile(
        *[party.role(f"role-{at}", party.root(f"root-{at}")) for at in range(7)], party.oem_role(),
        firmware=("oem",)))
    add("two-roots", "One role has both roots; OEM and operator sign.", "ok", oem, operator_later,
        profile=party.profile(party.role("oem", world.oem_root, world.operator_root)))


def _conflicts(suite):
    add = _adder(suite, "conflict")
    world = party.world()
    oem = world.oem[0]
    twin = party.role("twin", world.oem_root)
    profile = party.profile(party.oem_role(), twin, firmware=("oem",))
    add("same-root", "Two roles have the same anchor.", "role_conflict", oem, profile=profile)
    add("same-root-needed", "Two roles have the same anchor, both must sign.", "role_conflict", *world.oem[:2],
        profile=party.profile(party.oem_role(), twin))
    add("beside-good", "One signer reaches two roles, another one the role that is needed.", "ok", oem,
        world.operator[2], profile=party.profile(party.oem_role(), twin, party.operator_role(),
                                                 firmware=("operator",)))
    add("signature", "A signer of two roles has a wrong signature, beside a good signer.", "ok",
        oem.signing(**WRONG), world.operator[2], profile=party.profile(
            party.oem_role(), twin, party.operator_role(), firmware=("operator",)))
    add("by-list", "Two roles have the same anchor, one lists the leaf, the other another key.", "ok", oem,
        profile=party.profile(party.oem_role(signers=(oem.hash(),)), party.role(
            "twin", world.oem_root, signers=(b"\1" * 32,)), firmware=("oem",)))
    add("by-list-both", "Two roles have the same anchor, both list the leaf.", "role_conflict", oem,
        profile=party.profile(party.oem_role(signers=(oem.hash(),)), party.role(
            "twin", world.oem_root, signers=(oem.hash(),)), firmware=("oem",)))
    add("by-stage", "Two roles have the same anchor, the other one's scope lacks the stage.", "ok", oem,
        profile=party.profile(party.oem_role(), party.role("twin", world.oem_root, stages=3), firmware=("oem",)))
    add("by-kind", "Two roles have the same anchor, the other one's scope has trust-updates only.", "ok",
        oem, profile=party.profile(party.oem_role(), party.role("twin", world.oem_root, kinds=2),
                                   firmware=("oem",)))
    add("by-model", "Two roles have the same anchor, the other one's scope has other models.", "role_conflict", oem,
        profile=party.profile(party.oem_role(), party.role("twin", world.oem_root, models=("cp-8",)),
                              firmware=("oem",)))
    add("by-length", "Two roles have the same anchor, the other one allows no intermediate.", "ok", oem,
        profile=party.profile(party.oem_role(), party.role("twin", world.oem_root, max_intermediates=0),
                              firmware=("oem",)))
    add("intermediate", "The other role's anchor is the intermediate.", "role_conflict", oem, profile=party.profile(
        party.oem_role(), party.role("twin", party.Node(world.oem_ca.subject, world.oem_ca.key)), firmware=("oem",)))


def _thresholds(suite):
    """Two of three, by keys of leaves and of issuers."""
    add = _adder(suite, "threshold")
    world = party.world()
    leaves = world.oem
    listed = tuple(one.hash() for one in leaves[:3])
    def two(*signers, threshold=2):
        return party.profile(party.oem_role(threshold=threshold, signers=signers))
    by_leaf = two(*listed)
    add("2-of-3", "Two of three listed leaves sign.", "ok", *leaves[:2], profile=by_leaf)
    add("2-of-3-others", "Another two of three listed leaves sign.", "ok", *leaves[1:3], profile=by_leaf)
    add("3-of-3", "All three listed leaves sign, two are needed.", "ok", *leaves[:3], profile=by_leaf)
    add("1-of-3", "One of three listed leaves signs, two are needed.", "threshold_not_met", leaves[0],
        profile=by_leaf)
    add("1-and-unlisted", "One listed leaf and one that is not listed sign.", "threshold_not_met", leaves[0],
        leaves[3], profile=by_leaf)
    add("unlisted-first", "The first signer is not listed, two others are.", "ok", leaves[3].signing(
        signing_time="2026-03-01T12:00:00Z"), leaves[0], leaves[1], profile=by_leaf, ordered=False)
    add("unlisted-only", "Two signers, none of them listed.", "signer_not_listed", leaves[3], profile=by_leaf)
    add("3-needed", "Two of three listed leaves sign, three are needed.", "threshold_not_met", *leaves[:2],
        profile=two(*listed, threshold=3))
    add("4-of-4", "All four listed leaves sign and are needed.", "ok", *leaves, profile=two(
        *(one.hash() for one in leaves), threshold=4))
    add("4-of-4-missing", "Three of four listed leaves sign, four are needed.", "threshold_not_met", *leaves[:3],
        profile=two(*(one.hash() for one in leaves), threshold=4))
    issuers = [world.oem_root.ca(f"threshold-ca-{at}") for at in range(3)]
    people = [issuer.leaf(f"threshold-leaf-{at}", at) for at, issuer in enumerate(issuers)]
    second = issuers[0].leaf("threshold-leaf-again", 3)
    by_issuer_key = two(*(issuer.hash() for issuer in issuers))
    add("issuers", "Two of three listed issuers' leaves sign.", "ok", *people[:2], profile=by_issuer_key)
    add("issuer-twice", "Two leaves of the same listed issuer sign.", "threshold_not_met", people[0], second,
        profile=by_issuer_key)
    add("issuer-twice-and-other", "Two leaves of one listed issuer and one of another sign.", "ok", people[0],
        people[1], second, profile=by_issuer_key)
    mixed = two(people[0].hash(), issuers[0].hash(), issuers[1].hash())
    add("leaf-and-issuer", "A listed leaf, and another leaf of its issuer, which is listed, too.", "ok", people[0],
        second, profile=mixed)
    add("leaf-listed-alone", "A leaf that is listed with its issuer counts once.", "threshold_not_met", people[0],
        profile=mixed)
    once = party.profile(party.oem_role(signers=(issuers[0].hash(),)))
    add("one-issuer-listed", "The threshold is one; two leaves of the listed issuer sign.", "ok", people[0], second,
        profile=once)
    both = party.profile(party.oem_role(threshold=2, signers=listed), party.operator_role())
    add("two-and-operator", "Two OEM leaves and the operator sign, as the device needs.", "ok", leaves[0], leaves[1],
        world.operator[3], profile=both, ordered=False)
    add("one-and-operator", "One OEM leaf and the operator sign, the device needs two and one.", "threshold_not_met",
        leaves[0], world.operator[3], profile=both, ordered=False)
    add("wrong-third", "Two good listed leaves, and a third with a wrong signature.", "signature_invalid", leaves[0],
        leaves[1], leaves[2].signing(**WRONG), profile=by_leaf)
    add("foreign-third", "Two good listed leaves, and a third one without anchor.", "ok", leaves[0], leaves[1],
        world.foreign[3], profile=by_leaf)


def _repeated(suite):
    """The same leaf key twice."""
    add = _adder(suite, "repeated")
    world = party.world()
    first = world.oem[0]
    again = world.oem_ca.leaf("oem-0-renewed", 2, key=first.key)
    listed = (first.hash(), world.oem[1].hash(), world.oem[3].hash())
    two = party.profile(party.oem_role(threshold=2, signers=listed))
    add("threshold-1", "Two certificates of the same key sign, one signer is needed.", "ok", first, again)
    add("threshold-2", "Two certificates of the same key sign, two signers are needed.", "threshold_not_met", first,
        again, profile=two)
    add("threshold-2-third", "… and another listed leaf signs, too.", "ok", first, again, world.oem[3], profile=two)
    add("two-roles", "The same key signs below the OEM's and the operator's root, both are needed.",
        "threshold_not_met", first, world.operator_ca.leaf("operator-oem-key", 2, key=first.key),
        profile=_two_parties())
    add("same-certificate", "The same certificate signs twice, at other times.", "ok", first,
        first.signing(signing_time="2026-03-02T12:00:00Z"), ordered=False)
    add("same-certificate-two", "The same certificate signs twice, two signers are needed.", "threshold_not_met",
        first, first.signing(signing_time="2026-03-02T12:00:00Z"), ordered=False, profile=two)
    add("first-fails", "The first of two certificates of the same key is revoked, the second counts.", "ok", first,
        again, crls=[world.oem_ca.crl(first.serial)])
    add("first-expired", "The first of two certificates of the same key had expired: the second does not count.",
        "expired", world.oem_ca.leaf("oem-0-old", 0, key=first.key, not_after="2026-01-01T00:00:00Z"), again)
    add("second-wrong", "The second certificate of the same key signs wrongly.", "signature_invalid", first,
        again.signing(**WRONG))


def _failing(suite):
    """Which failure of a signer refuses the package, and whose status is reported."""
    add = _adder(suite, "failing")
    world = party.world()
    good = world.oem[3]
    ca = world.oem_ca
    cases = {
        "purpose": (ca.leaf("f-purpose", ext={"eku": pki.ext_key_usage("server")}), "leaf_purpose"),
        "policy": (ca.leaf("f-policy", policy=None), "leaf_policy"),
        "ca": (ca.leaf("f-ca", ext={"bc": pki.basic_constraints()}), "leaf_is_ca"),
        "ocpp": (ca.leaf("f-ocpp", policy="ocpp"), ["leaf_ocpp", "leaf_policy"]),
        "scope": (ca.leaf("f-trust", policy="trust-update"), "anchor_scope"),
        "pilot": (ca.leaf("f-pilot", policy="pilot"), "stage_mismatch"),
        "extension": (ca.leaf("f-extension", ext={"x": pki.extension("1.3.6.1.4.1.99999.1", d.NULL, True)}),
                      "cert_critical_extension"),
        "expired": (ca.leaf("f-expired", not_after="2026-02-01T00:00:00Z"), "expired"),
        "not-yet": (ca.leaf("f-not-yet", not_before="2026-04-01T00:00:00Z"), "not_yet_valid"),
    }
    for label, (bad, status) in cases.items():
        add(f"{label}-beside", f"A signer is refused ({label}), a good one follows.", "ok", bad, good)
        add(f"{label}-alone", f"A signer is refused ({label}), there is no other.", status, bad)
        add(f"{label}-before-foreign", f"A signer is refused ({label}), one without anchor follows.", status, bad,
            world.foreign[3])
        add(f"{label}-after-foreign", f"A signer without anchor, then one that is refused ({label}).",
            "chain_no_anchor", world.foreign[0], _later(ca, label))
    for label, fields, status in (("signature", WRONG, "signature_invalid"),
                                  ("digest", OTHER_DIGEST, "digest_mismatch")):
        add(f"{label}-beside", f"A signer is refused ({label}), a good one follows.", status,
            world.oem[0].signing(**fields), good)
        add(f"{label}-after", f"A good signer, then one that is refused ({label}).", status, world.oem[0],
            world.oem[2].signing(**fields))
        add(f"{label}-after-foreign", f"A signer without anchor, then one that is refused ({label}).", status,
            world.foreign[0], world.oem[2].signing(**fields))
    add("first-of-two", "Two signers are refused: the first one's status is reported.", "leaf_purpose",
        cases["purpose"][0], _later(ca, "policy"))
    add("first-of-two-reversed", "The same two, the other way round.", "leaf_policy", cases["policy"][0],
        _later(ca, "purpose"))
    add("first-though-later-rule", "The first fails rule 9, the second rule 4.", "expired", cases["expired"][0],
        _later(ca, "policy"))
    add("manifest", "One signer is foreign, the manifest is no JSON.", "manifest_syntax", world.foreign[0], good,
        raw=lambda _: b"{")
    add("manifest-none", "No signer counts, and the manifest is no JSON.", "chain_no_anchor", world.foreign[0],
        raw=lambda _: b"{")


def _later(ca, label):
    """The same kinds of refused signers, standing later in the file."""
    changes = {"purpose": {"ext": {"eku": pki.ext_key_usage("server")}}, "policy": {"policy": None},
               "ca": {"ext": {"bc": pki.basic_constraints()}}, "ocpp": {"policy": "ocpp"},
               "scope": {"policy": "trust-update"}, "pilot": {"policy": "pilot"},
               "extension": {"ext": {"x": pki.extension("1.3.6.1.4.1.99999.1", d.NULL, True)}},
               "expired": {"not_after": "2026-02-01T00:00:00Z"}, "not-yet": {"not_before": "2026-04-01T00:00:00Z"}}
    return ca.leaf(f"g-{label}", 3, **changes[label])


def _ranks(suite):
    """Rule 3: the status of a signer is that of the role with which it came furthest, the first of these."""
    add = _adder(suite, "furthest")
    world = party.world()
    signer = world.oem[0]
    named = party.Node(world.oem_root.subject, pki.key("p256:false-root"))
    none = party.role("none", world.foreign_root)
    chain = party.role("chain", named)
    short = party.role("short", world.oem_root, max_intermediates=0)
    leaf = party.role("leaf", world.oem_root, stages=3)
    listed = party.role("listed", world.oem_root, signers=(b"\1" * 32,))
    def one(case_id, expect, *roles):
        names = ", ".join(role.name for role in roles)
        add(case_id, f"One signer, the roles are {names}.", expect, signer, profile=party.profile(*roles))
    one("none", "chain_no_anchor", none)
    one("none-chain", "chain_signature", none, chain)
    one("chain-none", "chain_signature", chain, none)
    one("chain-leaf", "anchor_scope", chain, leaf)
    one("leaf-chain", "anchor_scope", leaf, chain)
    one("leaf-list", "signer_not_listed", leaf, listed)
    one("list-leaf", "signer_not_listed", listed, leaf)
    one("chain-list", "signer_not_listed", chain, listed)
    one("all", "signer_not_listed", none, chain, leaf, listed)
    one("chain-short", "chain_signature", chain, short)
    one("short-chain", "chain_too_long", short, chain)
    other = party.role("other", world.oem_root, flags=0, models=("cp-8",), signers=(b"\2" * 32,))
    one("list-list", "signer_not_listed", listed, other)
    two_policies = world.oem_ca.leaf("two-policies", policy=None, ext={"policies": pki.policies("pilot", "prod")})
    waived = party.role("waived", world.oem_root, flags=2, signers=(b"\1" * 32,))
    add("policy-waived", "The leaf has two policies; the second role waives them and does not list it.",
        "signer_not_listed", two_policies, profile=party.profile(party.oem_role(), waived))
    add("policy-first", "The leaf has two policies; the second role has no anchor for it.", "leaf_policy",
        two_policies, profile=party.profile(party.oem_role(), none))
    pilot_only = party.role("pilot-only", world.oem_root, stages=2)
    purpose = world.oem_ca.leaf("server-purpose", ext={"eku": pki.ext_key_usage("server")})
    waives_purpose = party.role("waives-purpose", world.oem_root, stages=2, flags=4)
    add("same-rank", "The leaf fails rule 4 in both roles, in another row: the first role's status.", "leaf_purpose",
        purpose, profile=party.profile(pilot_only, waives_purpose))
    add("same-rank-reversed", "The same, the roles the other way round.", "anchor_scope", purpose,
        profile=party.profile(waives_purpose, pilot_only))


def _scopes(suite):
    """Rule 8: stage, scope of model, kind and stage, components, for each signer."""
    add = _adder(suite, "scopes")
    world = party.world()
    oem, operator = world.oem[0], world.operator[2]
    def both(oem_scope=None, operator_scope=None, **changes):
        return party.profile(party.oem_role(**(oem_scope or {})), party.operator_role(**(operator_scope or {})),
                             **changes)
    def one(case_id, what, expect, *signers, profile, **more):
        add(case_id, what, expect, *(signers or (oem, operator)), profile=profile, **more)
    model, component = {"models": ("cp-8",)}, {"components": ("app", "boot")}
    one("model", "The operator's scope has other models.", "threshold_not_met", profile=both(None, model))
    one("component", "The operator's scope lacks a component.", "threshold_not_met", profile=both(None, component))
    one("component-has", "The operator's scope has all components.", "ok",
        profile=both(None, {"components": ("app", "boot", "modem")}))
    one("optional-model", "The operator's scope has other models, but it is not needed.", "ok",
        profile=both(None, model, firmware=("oem",)))
    one("optional-component", "The operator's scope lacks a component, but it is not needed.", "ok",
        profile=both(None, component, firmware=("oem",)))
    one("both-model", "Neither scope has the model: the first signer's status.", "scope_model",
        profile=both(model, model))
    one("model-and-component", "The OEM's scope lacks the model, the operator's a component.", "scope_model",
        profile=both(model, component))
    one("component-and-model", "The OEM's scope lacks a component, the operator's the model.", "scope_component",
        profile=both(component, model))
    one("kind", "The OEM's scope has firmware, the other role's trust-updates only.", "scope_model",
        world.operator[0], profile=party.profile(party.oem_role(), party.operator_role(kinds=2, flags=2),
                                                 firmware=("oem",)))
    one("kind-beside", "… and the OEM has signed.", "ok", profile=party.profile(
        party.oem_role(), party.operator_role(kinds=2, flags=2), firmware=("oem",)))
    one("kind-policy", "The role's scope has trust-updates only, its leaf is for firmware.", "anchor_scope",
        world.operator[0], profile=party.profile(party.oem_role(), party.operator_role(kinds=2), firmware=("oem",)))
    pilot = world.operator_ca.leaf("operator-pilot", 2, policy="pilot")
    one("stage", "The operator's leaf is for another stage.", "threshold_not_met", oem, pilot, profile=both())
    one("stage-optional", "The operator's leaf is for another stage, but it is not needed.", "ok", oem, pilot,
        profile=both(firmware=("oem",)))
    one("stage-first", "The first signer's leaf is for another stage, the second is not needed.", "threshold_not_met",
        world.oem_ca.leaf("oem-pilot", 0, policy="pilot"), operator, profile=both(firmware=("oem",)))
    waived = {"flags": 2, "stages": 3}
    one("waived-stage", "The operator's role waives policies, its scope lacks the stage.", "threshold_not_met",
        profile=both(None, waived))
    one("waived-stage-alone", "The same, and only the operator has signed.", "scope_model", world.operator[0],
        profile=both(None, waived))
    one("other-hardware", "The operator's scope lacks a component that is for other hardware.", "threshold_not_met",
        profile=both(None, component), edit=setter("components", 2, "hardware", {"max": 9, "min": 4}))
    one("absent", "The operator's scope lacks a component that the mask leaves out.", "threshold_not_met",
        profile=both(None, component), mask=0b011)
    one("two-vendors", "The operator's scope has the model of another vendor.", "ok",
        profile=both(None, {"models": (pack.MODEL,)}))
    by_part = party.profile(party.oem_role(components=("app", "boot")), party.operator_role(components=("modem",)))
    one("split", "Each role's scope has a part of the components.", "scope_component", profile=by_part)


def _waivers(suite):
    """Flags hold for one role, not for the others."""
    add = _adder(suite, "waivers")
    world = party.world()
    bare = world.operator_ca.leaf("operator-bare", 2, policy=None)
    server = world.operator_ca.leaf("operator-server", 2, ext={"eku": pki.ext_key_usage("server")})
    def both(flags):
        return party.profile(party.oem_role(), party.operator_role(flags=flags))
    add("policies", "The operator's role waives policies, its leaf has none.", "ok", world.oem[0], bare,
        profile=both(2))
    add("policies-not", "The operator's role does not waive policies, its leaf has none.", "threshold_not_met",
        world.oem[0], bare, profile=both(0))
    add("purpose", "The operator's role waives the purpose.", "ok", world.oem[0], server, profile=both(4))
    add("purpose-not", "The operator's role does not waive the purpose.", "threshold_not_met", world.oem[0], server,
        profile=both(0))
    rsa = party.root("operator-rsa", "rsa2048")
    pkcs1 = rsa.ca("operator-rsa-ca", "rsa2048", scheme=("pkcs1", "sha256")).leaf("operator-rsa-leaf", kind="rsa2048",
                                                                              scheme=("pkcs1", "sha256"))
    for flags, expect in ((0, "threshold_not_met"), (8, "ok")):
        add(f"pkcs1-{flags}", f"The operator's certificates have PKCS#1 v1.5 signatures, its flags are {flags}.",
            expect, world.oem[0], pkcs1, ordered=False,
            profile=party.profile(party.oem_role(), party.role("operator", rsa, flags=flags)))


def _times(suite):
    """Rule 9 for each signer that counts."""
    add = _adder(suite, "times")
    world = party.world()
    old = [world.operator_ca.leaf(f"operator-old-{at}", at, not_after="2026-02-01T00:00:00Z") for at in (0, 2)]
    floor = [world.operator_ca.leaf(f"operator-floor-{at}", at, not_after="2026-06-01T00:00:00Z") for at in (0, 2)]
    both, optional = _two_parties(), _two_parties(firmware=("oem",))
    later_floor = {"time_floor": pack.seconds("2026-07-01T00:00:00Z")}
    add("expired-needed", "The operator's leaf had expired, both are needed.", "threshold_not_met", world.oem[0],
        old[1], profile=both)
    add("expired-optional", "The operator's leaf had expired, it is not needed.", "ok", world.oem[0], old[1],
        profile=optional)
    add("expired-first", "The first signer's leaf had expired, it is not needed.", "ok", old[0], world.oem[2],
        profile=optional)
    add("expired-all", "Both had expired: the first one's status.", "expired", old[0], world.oem_ca.leaf(
        "oem-floor", 3, not_after="2026-06-01T00:00:00Z"), profile=_two_parties(**later_floor))
    add("floor-all", "Both are below the floor.", "expired_floor", floor[0], world.oem_ca.leaf(
        "oem-floor-3", 3, not_after="2026-06-01T00:00:00Z"), profile=_two_parties(**later_floor))
    add("floor-one", "The operator's leaf is below the floor, both are needed.", "threshold_not_met", world.oem[0],
        floor[1], profile=_two_parties(**later_floor))
    listed = tuple(one.hash() for one in (*old, world.operator[1], world.operator[3]))
    two = party.profile(party.operator_role(threshold=2, signers=listed))
    add("two-of-three", "One of three had expired, two are needed.", "ok", old[0], world.operator[1],
        world.operator[3], profile=two)
    add("one-of-two", "One of two had expired, two are needed.", "threshold_not_met", old[0], world.operator[1],
        profile=two)
    early, late = "2025-12-01T00:00:00Z", "2026-05-01T00:00:00Z"
    add("own-time", "Each signer's leaf is valid at its own signing time only.", "ok",
        world.oem_ca.leaf("oem-early", 0, not_after="2026-01-01T00:00:00Z").signing(signing_time=early),
        world.operator_ca.leaf("operator-late", 2, not_before="2026-04-01T00:00:00Z").signing(signing_time=late),
        profile=both)
    add("crossed-time", "Each signer's leaf is valid at the other's signing time only.", "expired",
        world.oem_ca.leaf("oem-early-2", 0, not_after="2026-01-01T00:00:00Z").signing(signing_time=late),
        world.operator_ca.leaf("operator-late-2", 2, not_before="2026-04-01T00:00:00Z").signing(signing_time=early),
        profile=both)
    recent = {"time_floor": pack.seconds("2025-11-01T00:00:00Z")}
    first, second = world.oem[0].signing(signing_time=late), world.operator[2].signing(signing_time=early)
    def remembered(case_id, what, floor_text, *signers, profile):
        slots = (("app", 7), ("boot", 3), ("modem", 1))
        add(case_id, what, "ok", *signers, profile=profile, keeps=kept(), keeps_all=pack.State(
            counter=1, time_floor=pack.seconds(floor_text), slots=slots))
    remembered("smallest", "The smallest signing time of two signers is remembered.", early, first, second,
               profile=_two_parties(**recent))
    remembered("smallest-optional", "A signer that is not needed, but counts, has the smallest signing time.", early,
               first, second, profile=_two_parties(firmware=("oem",), **recent))
    foreign = world.foreign[2].signing(signing_time=early)
    remembered("smallest-foreign", "A signer without anchor has the smallest signing time, it does not count.", late,
               first, foreign, profile=party.profile(**recent))
    out = world.operator_ca.leaf("operator-expired-early", 2, not_after="2025-11-15T00:00:00Z").signing(
        signing_time=early)
    remembered("smallest-expired", "A signer that had expired has the smallest signing time.", late, first, out,
               profile=_two_parties(firmware=("oem",), **recent))


def _crls(suite):
    """Section 6.2 with several signers."""
    add = _adder(suite, "crls.several")
    world = party.world()
    oem, operator = world.oem[0], world.operator[2]
    both, optional = _two_parties(), _two_parties(firmware=("oem",))
    own, other = world.oem_ca, world.operator_ca
    add("good", "Each signer's issuer has a CRL.", "ok", oem, operator, crls=[own.crl(1), other.crl(2)], profile=both,
        keeps=kept(*by_issuer(known(own, 1), known(other, 2))))
    add("revoked-needed", "The operator's leaf is revoked, both are needed.", "threshold_not_met", oem, operator,
        crls=[other.crl(operator.serial)], profile=both, keeps=kept(known(other, operator.serial)))
    add("revoked-optional", "The operator's leaf is revoked, it is not needed.", "ok", oem, operator,
        crls=[other.crl(operator.serial)], profile=optional, keeps=kept(known(other, operator.serial)))
    add("revoked-wrong", "The operator's leaf is revoked, its signature does not verify, it is not needed.", "ok", oem,
        operator.signing(**WRONG), crls=[other.crl(operator.serial)], profile=optional)
    add("revoked-first", "The first signer is revoked, the second has no anchor.", "revoked", oem, world.foreign[2],
        crls=[own.crl(oem.serial)])
    add("tampered-optional", "The operator's CRL is tampered with, it is not needed.", "ok", oem, operator,
        crls=[own.crl(1), other.crl(2, edit_signature=flip(-1))], profile=optional, keeps=kept(known(own, 1)))
    add("tampered-needed", "The operator's CRL is tampered with, both are needed.", "threshold_not_met", oem,
        operator, crls=[other.crl(2, edit_signature=flip(-1))], profile=both)
    add("foreign-crl", "A signer without anchor brings its issuer's CRL, which is not judged.", "ok", oem,
        world.foreign[2], crls=[world.foreign_ca.crl(1, edit_signature=flip(-1))], keeps=kept())
    add("foreign-crl-malformed", "A signer without anchor brings a malformed CRL.", "crl_number", oem,
        world.foreign[2], crls=[world.foreign_ca.crl(1, ext={"number": None})])
    add("foreign-crl-stale", "A signer without anchor brings a stale CRL.", "ok", oem, world.foreign[2],
        crls=[world.foreign_ca.crl(next_update="2026-02-01T00:00:00Z")], profile=party.profile(clock=1),
        now="2026-04-01T00:00:00Z")
    required = party.profile(party.oem_role(), party.operator_role(flags=1))
    add("required", "Only the operator's role requires CRLs, it has them.", "ok", oem, operator, profile=required,
        crls=[other.crl(), world.operator_root.crl()])
    add("required-missing", "Only the operator's role requires CRLs, one is missing.", "threshold_not_met", oem,
        operator, profile=required, crls=[other.crl()])
    same = world.oem[2]
    add("shared", "Two signers have the same issuer, whose CRL lists the second one's leaf.", "ok", oem, same,
        crls=[own.crl(same.serial)], keeps=kept(known(own, same.serial)))
    add("shared-both", "Two signers have the same issuer, whose CRL lists both.", "revoked", oem, same,
        crls=[own.crl(oem.serial, same.serial)])
    def named(node, number):
        return setter("crls", [{"issuer_key": node.hash().hex(), "number": number}])
    add("named-optional", "The manifest names the CRL of the operator's issuer; the operator counts.", "crl_stripped",
        oem, operator, profile=optional, edit=named(other, 1))
    add("named-foreign", "The manifest names the CRL of a signer without anchor.", "ok", oem, world.foreign[2],
        edit=named(world.foreign_ca, 1))
    add("named-scope", "The manifest names the CRL of the operator's issuer; the operator's scope lacks the model.",
        "ok", oem, operator, edit=named(other, 1), profile=party.profile(
            party.oem_role(), party.operator_role(models=("cp-8",)), firmware=("oem",)))
    add("named-expired", "The manifest names the CRL of the operator's issuer; the operator had expired.",
        "crl_stripped", oem, world.operator_ca.leaf("operator-expired", 2, not_after="2026-02-01T00:00:00Z"),
        edit=named(other, 1), profile=optional)
    conflict = party.profile(party.oem_role(), party.operator_role(), party.role("twin", world.operator_root),
                             firmware=("oem",))
    add("conflict", "A signer of two roles brings its issuer's CRL, which is not judged.", "ok", oem, operator,
        crls=[other.crl(1)], profile=conflict, keeps=kept())
    add("fatal-first", "The first signer's signature is wrong: the second one's CRLs are not judged.",
        "signature_invalid", oem.signing(**WRONG), operator, crls=[own.crl(1), other.crl(2)], profile=both,
        states=True)
    add("same-name", "Two roots with the same name and other keys have CRLs.", "crl_issuer",
        *_same_name_signers(), crls=_same_name_crls(), profile=party.profile(
            party.role("oem", *_same_name_roots())))


def _same_name_roots():
    return [party.Node(party._name("twin-root"), pki.key(f"p256:twin-root-{at}")) for at in (0, 1)]


def _same_name_signers():
    return [root.leaf(f"twin-leaf-{at}", 2 * at) for at, root in enumerate(_same_name_roots())]


def _same_name_crls():
    return [gen_crl.Crl(root.subject, root.key, number=5 + at) for at, root in enumerate(_same_name_roots())]


def _budget(suite):
    """Section 5.2: all paths of a package together."""
    add = _adder(suite, "budget.several")
    world = party.world()
    add("shared", "Four signers below one intermediate: nine operations.", "ok", *world.oem)
    deep = world.oem_root.ca("deep-1").ca("deep-2").ca("deep-3")
    signers = [deep.leaf(f"deep-leaf-{at}", at) for at in range(4)]
    add("shared-deep", "Four signers below three shared intermediates: eleven operations.", "ok", *signers)
    deeper = deep.ca("deep-4")
    signers = [deeper.leaf(f"deeper-leaf-{at}", at) for at in range(4)]
    add("shared-deeper", "Four signers below four shared intermediates: twelve operations.", "ok", *signers)
    apart = [world.oem_root.ca(f"apart-{at}").leaf(f"apart-leaf-{at}", at) for at in range(4)]
    add("apart", "Four signers below four intermediates: twelve operations.", "ok", *apart)
    add("apart-and-crl", "The same with a CRL: thirteen operations.", "chain_budget", *apart,
        crls=[world.oem_root.crl(1)])
    wrong = party.role("wrong", party.Node(world.oem_root.subject, pki.key("p256:false-root")))
    add("other-role", "Four signers below four intermediates, and a role whose anchor has the root's name.",
        "chain_budget", *apart, profile=party.profile(wrong, party.oem_role(), firmware=("oem",)))
    add("other-role-last", "The same, the role stands last.", "chain_budget", *apart,
        profile=party.profile(party.oem_role(), wrong, firmware=("oem",)))
    add("foreign-free", "Signers without anchor cost nothing.", "ok", *apart[:3], world.foreign[3])
    eight = [party.role(f"name-{at}", party.root(f"name-root-{at}")) for at in range(7)]
    many = party.profile(party.oem_role(), *eight, firmware=("oem",))
    shared = world.oem_root.ca("steps-1").ca("steps-2")
    twos = [shared.leaf(f"steps-leaf-{at}", at) for at in range(4)]
    add("steps-roles", "Four signers below two intermediates, eight roles.", "ok", *twos, profile=many)
