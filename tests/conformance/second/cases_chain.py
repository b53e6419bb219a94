"""Cases of format.md sections 5.2 and 5.3: the chain and the leaf, and of rule 7 of section 9.3."""

import gen_der as d
import gen_package as pack
import gen_pki as pki
from gen_suite import flip, profile_for

BASE = pki.standard_chain
ELSEWHERE = pki.name("Elsewhere")


def add_cases(suite):
    """All cases of this module."""
    _anchors(suite)
    _anchor_names(suite)
    _useless_certificates(suite)
    _signatures(suite)
    _issuers(suite)
    _path_lengths(suite)
    _key_identifiers(suite)
    _purposes(suite)
    _lengths(suite)
    _several_paths(suite)
    _budget(suite)
    _leaf(suite)
    _leaf_policies(suite)
    _scope(suite)
    _waived(suite)
    _listed_signers(suite)


def _anchored(*chains_or_anchors, **changes):
    """A profile with several anchors: chains give their roots."""
    profile = profile_for(**changes)
    profile.anchors = [(one.root_name, one.root_key.spki) if isinstance(one, pki.Chain) else one
                       for one in chains_or_anchors]
    return profile


def _anchors(suite):
    def add(case_id, what, expect, **more):
        suite.add(f"chain.{case_id}", what, expect, **more)
    chain = BASE("p256")
    root = (chain.root_name, chain.root_key.spki)
    other = (chain.root_name, pki.key("p256:elsewhere").spki)
    elsewhere = (ELSEWHERE, pki.key("p256:elsewhere").spki)
    add("other-root-name", "The chain ends below a root that the profile does not name.", "chain_no_anchor",
        profile=_anchored(elsewhere))
    add("other-root-same-key", "The profile names the root's key under another name.", "chain_no_anchor",
        profile=_anchored((ELSEWHERE, chain.root_key.spki)))
    add("other-root-same-name", "The profile names another root with the same name.", "chain_signature",
        profile=_anchored(other))
    add("other-root-same-name-rsa", "The profile names an RSA root with the same name.", "chain_signature",
        profile=_anchored((chain.root_name, pki.key("rsa2048:root").spki)))
    add("two-anchors-second", "The second of two anchors is the right one.", "ok", profile=_anchored(elsewhere, root))
    add("two-anchors-same-name", "The second of two anchors with the same name is the right one.", "ok",
        profile=_anchored(other, root))
    add("eight-anchors", "The last of eight anchors is the right one.", "ok", profile=_anchored(*[
        (pki.name(f"Elsewhere {at}"), pki.key("p256:elsewhere").spki) for at in range(7)], root))
    add("anchor-is-intermediate", "The anchor is the intermediate; the envelope holds the leaf only.", "ok",
        profile=_anchored((chain.certificates[0].subject, chain.certificates[0].key.spki)),
        listed=lambda b: b[:1], certificates=lambda b: b[:1])
    add("anchor-is-listed-intermediate", "The anchor is the intermediate, which the envelope holds, too.", "ok",
        profile=_anchored((chain.certificates[0].subject, chain.certificates[0].key.spki)))
    add("intermediate-absent", "The envelope holds the leaf only, the intermediate is missing.", "chain_no_anchor",
        listed=lambda b: b[:1], certificates=lambda b: b[:1])


def _anchor_names(suite):
    def add(case_id, what, expect, **more):
        suite.add(f"chain.{case_id}", what, expect, **more)
    chain = BASE("p256")
    self_signed = pki.Chain(pki.name("Leaf p256"), pki.key("p256:leaf"), [chain.certificates[1]])
    add("self-signed", "The leaf is self-signed.", "chain_no_anchor", chain=self_signed)
    add("self-signed-root-name", "The leaf is self-signed and has the root's name.", "chain_signature",
        chain=pki.Chain(chain.root_name, pki.key("p256:leaf"), [chain.certificates[1].changed(
            subject=chain.root_name)]))
    add("root-name-case", "The intermediate's issuer differs from the root's name in upper case.", "chain_no_anchor",
        chain=chain.intermediate(issuer=chain.root_name.replace(b"Root", b"ROOT")))
    add("root-name-printable", "The intermediate's issuer is the root's name as a PrintableString.",
        "chain_no_anchor", chain=chain.intermediate(issuer=_printable(chain.root_name)))
    add("leaf-issuer-other", "The leaf's issuer is not the intermediate's name.", "chain_no_anchor",
        chain=chain.leaf(issuer=ELSEWHERE))


def _useless_certificates(suite):
    def add(case_id, what, expect, **more):
        suite.add(f"chain.{case_id}", what, expect, **more)
    chain = BASE("p256")
    root_certificate = pki.Cert(chain.root_key, chain.root_name, serial=1).build(chain.root_name, chain.root_key)
    add("root-listed", "The envelope holds and the signer lists the root's own certificate, too.",
        ["ok", "cms_signing_certificate"], listed=lambda b: b + [root_certificate],
        certificates=lambda b: b + [root_certificate])
    useless = pki.Cert(pki.key("p256:other"), pki.name("Useless"), serial=55).build(ELSEWHERE,
                                                                                pki.key("p256:elsewhere"))
    add("useless-listed", "The signer lists a certificate that is not on its path.", ["ok", "cms_signing_certificate"],
        listed=lambda b: b + [useless], certificates=lambda b: b + [useless])
    weak = pki.Cert(pki.key("p256:other"), pki.name("Useless"), serial=55, version=b"", all_extensions=b"") \
        .build(ELSEWHERE, pki.key("p256:elsewhere"))
    add("useless-listed-v1", "The signer lists a v1 certificate that is not on its path.",
        ["cert_version", "ok", "cms_signing_certificate"], listed=lambda b: b + [weak],
        certificates=lambda b: b + [weak])
    foreign = pki.Cert(pki.key("p521:ca"), pki.name("Useless"), serial=55).build(ELSEWHERE,
                                                                             pki.key("p256:elsewhere"))
    add("useless-listed-p521", "The signer lists a P-521 CA certificate that is not on its path.",
        ["cert_key", "ok", "cms_signing_certificate"], listed=lambda b: b + [foreign],
        certificates=lambda b: b + [foreign])


def _printable(name):
    """A Name with PrintableString in place of UTF8String."""
    return name.replace(b"\x0c", b"\x13")


def _signatures(suite):
    chain = BASE("p256")
    for position, label in ((-1, "leaf"), (0, "intermediate")):
        suite.add(f"chain.signature-{label}", f"The signature on the {label} is tampered with.", "chain_signature",
                  chain=chain.changed(position, edit_signature=flip(-1)))
        suite.add(f"chain.tbs-{label}", f"The {label} is changed after it was signed.", "chain_signature",
                  chain=chain.changed(position, edit=lambda whole: whole.replace(b"240101000000Z", b"230101000000Z")))
    for kind in ("p384", "rsa2048", "ed25519"):
        suite.add(f"chain.signature-{kind}", f"The signature on the leaf is tampered with ({kind}).",
                  "chain_signature", kind=kind, chain=BASE(kind).leaf(edit_signature=flip(-3, 1)))
    impostor = BASE("p256")
    impostor.certificates = [impostor.certificates[0].changed(key=pki.key("p256:impostor")), impostor.certificates[1]]
    built = impostor.build()
    real = BASE("p256").build()
    nameless = impostor.leaf(ext={"aki": pki.authority_key_id(BASE("p256").certificates[0].key.identifier())}).build()
    suite.add("chain.leaf-of-impostor", "A CA with the intermediate's name and key identifier but another key issued "
              "the leaf.", "chain_signature", listed=lambda b: [nameless[0], real[1]],
              certificates=lambda b: [nameless[0], real[1]])
    suite.add("chain.leaf-of-impostor-aki", "A CA with the intermediate's name but another key issued the leaf.",
              "chain_key_identifier", listed=lambda b: [built[0], real[1]],
              certificates=lambda b: [built[0], real[1]])


def _issuers(suite):
    def add(case_id, what, expect, **changes):
        suite.add(f"chain.{case_id}", what, expect, chain=BASE("p256").intermediate(**changes))
    false = pki.extension("2.5.29.19", d.sequence(), True)
    add("ca-false", "basicConstraints of the intermediate has no cA.", "chain_not_ca",
        ext={"bc": false, "ku": pki.key_usage(0)})
    add("ca-false-cert-sign", "The intermediate has keyCertSign without cA.", "cert_extension", ext={"bc": false})
    add("ca-missing", "The intermediate has no basicConstraints.", "chain_not_ca",
        ext={"bc": None, "ku": pki.key_usage(0)})
    add("ku-missing", "The intermediate has no keyUsage.", "chain_key_usage", ext={"ku": None})
    add("ku-crl-sign", "keyUsage of the intermediate has cRLSign only.", "chain_key_usage",
        ext={"ku": pki.key_usage(6)})
    add("ku-digital-signature", "keyUsage of the intermediate has digitalSignature only.", "chain_key_usage",
        ext={"ku": pki.key_usage(0)})
    add("ku-cert-sign", "keyUsage of the intermediate has keyCertSign only.", "ok", ext={"ku": pki.key_usage(5)})
    two = BASE("p256", intermediates=2)
    suite.add("chain.second-ca-false", "The second intermediate is no CA.", "chain_not_ca",
              chain=two.changed(1, ext={"bc": false, "ku": pki.key_usage(0)}))
    leaf_as_ca = BASE("p256")
    leaf_as_ca.certificates.append(pki.Cert(pki.key("p256:sub"), pki.name("Sub"), ca=False, serial=9))
    suite.add("chain.leaf-as-ca", "An ordinary leaf issued the signer's certificate.", "chain_not_ca",
              chain=leaf_as_ca)


def _path_lengths(suite):
    def add(case_id, what, expect, lengths, intermediates=2):
        chain = BASE("p256", intermediates=intermediates)
        for position, length in lengths.items():
            chain = chain.changed(position, ext={"bc": pki.basic_constraints(path_length=length)})
        suite.add(f"chain.path-length-{case_id}", what, expect, chain=chain)
    add("0-above-leaf", "pathLenConstraint 0 directly above the leaf.", "ok", {0: 0}, 1)
    add("0-exceeded", "pathLenConstraint 0 above another intermediate.", "chain_path_length", {0: 0})
    add("1", "pathLenConstraint 1 above one intermediate with 0.", "ok", {0: 1, 1: 0})
    add("1-exceeded", "pathLenConstraint 1 above two intermediates.", "chain_path_length", {0: 1}, 3)
    add("second-exceeded", "pathLenConstraint 0 of the second of three intermediates.", "chain_path_length", {1: 0},
        3)
    add("large", "pathLenConstraint 255 above three intermediates.", "ok", {0: 255}, 4)
    first = BASE("p256").certificates[0].changed(ext={"bc": pki.basic_constraints(path_length=0)})
    renewed = pki.Cert(pki.key("p256:renewed"), first.subject, serial=77)
    leaf = BASE("p256").certificates[1]
    base = BASE("p256")
    chain = pki.Chain(base.root_name, base.root_key, [first, renewed, leaf])
    suite.add("chain.path-length-self-issued", "pathLenConstraint 0 above a self-issued intermediate, which does not "
              "count.", "ok", chain=chain)


def _key_identifiers(suite):
    chain = BASE("p256")
    ca_name, ca_key = chain.certificates[0].subject, chain.certificates[0].key
    def leaf(case_id, what, expect, extension):
        suite.add(f"chain.aki-{case_id}", what, expect, chain=chain.leaf(ext={"aki": extension}))
    def ca(case_id, what, expect, extension):
        suite.add(f"chain.aki-{case_id}", what, expect, chain=chain.intermediate(ext={"aki": extension}))
    wrong = "chain_key_identifier"
    own = ca_key.identifier()
    leaf("mismatch", "keyIdentifier of the leaf is not the intermediate's subjectKeyIdentifier.", wrong,
         pki.authority_key_id(b"\x01" * 20))
    leaf("prefix", "keyIdentifier of the leaf is the first half of the intermediate's subjectKeyIdentifier.", wrong,
         pki.authority_key_id(own[:10]))
    leaf("missing", "The leaf has no authorityKeyIdentifier.", "cert_extension", None)
    leaf("issuer-serial", "The leaf's authorityKeyIdentifier names issuer and serial number of the intermediate, too.",
         "ok", pki.authority_key_id(own, chain.root_name, 101))
    leaf("issuer-serial-only", "The leaf's authorityKeyIdentifier names only issuer and serial number.", "cert_extension",
         pki.authority_key_id(None, chain.root_name, 101))
    leaf("serial-other", "authorityCertSerialNumber of the leaf is another number.", wrong,
         pki.authority_key_id(own, chain.root_name, 102))
    leaf("issuer-other", "authorityCertIssuer of the leaf is another name.", wrong,
         pki.authority_key_id(own, ELSEWHERE, 101))
    leaf("issuer-is-subject", "authorityCertIssuer of the leaf is the intermediate's subject, not its issuer.", wrong,
         pki.authority_key_id(own, ca_name, 101))
    leaf("issuer-alone", "authorityCertIssuer of the leaf stands without a serial number.",
         ["cert_extension", wrong, "ok"], pki.authority_key_id(own, chain.root_name))
    leaf("serial-alone", "authorityCertSerialNumber of the leaf stands without an issuer.",
         ["cert_extension", wrong, "ok"], pki.authority_key_id(own, None, 101))
    suite.add("chain.aki-no-ski", "The leaf has a keyIdentifier, the intermediate no subjectKeyIdentifier.", "cert_extension",
              chain=chain.intermediate(ext={"ski": None}))
    ca("anchor-any", "keyIdentifier of the intermediate is not derived from the anchor, whose certificate is not "
       "looked at.", "ok", pki.authority_key_id(b"\x02" * 20))
    ca("anchor-issuer-serial", "The intermediate's authorityKeyIdentifier names the root's issuer and serial number.",
       "ok", pki.authority_key_id(b"\x02" * 20, chain.root_name, 1))
    ca("anchor-issuer-other", "The intermediate's authorityKeyIdentifier names another issuer and serial number than "
       "the root's, whose certificate is not looked at.", "ok", pki.authority_key_id(b"\x02" * 20, ELSEWHERE, 1))
    ca("anchor-no-identifier", "The intermediate's authorityKeyIdentifier has no keyIdentifier.", "cert_extension",
       pki.authority_key_id(None, chain.root_name, 1))


def _purposes(suite):
    def add(case_id, what, expect, ca, leaf=("code", "update"), flags=0):
        chain = BASE("p256").leaf(ext={"eku": pki.ext_key_usage(*leaf)}) \
            .intermediate(ext={"eku": pki.ext_key_usage(*ca)})
        suite.add(f"chain.purpose-{case_id}", what, expect, chain=chain, profile=profile_for(role={"flags": flags}))
    add("code", "extKeyUsage of the intermediate has codeSigning, the leaf both.", "ok", ("code",))
    add("update", "extKeyUsage of the intermediate has updatePackageSigning, the leaf both.", "ok", ("update",))
    add("any", "extKeyUsage of the intermediate has anyExtendedKeyUsage.", "ok", ("any",))
    add("server", "extKeyUsage of the intermediate has serverAuth only.", "chain_purpose", ("server",))
    add("server-code", "extKeyUsage of the intermediate has serverAuth and codeSigning.", "ok", ("server", "code"))
    add("crossed", "The intermediate is for updatePackageSigning, the leaf for codeSigning.", "chain_purpose",
        ("update",), ("code",))
    add("waived", "The intermediate is for serverAuth, the role waives the purpose.", "ok",
        ("server",), flags=4)
    crossed = BASE("p256").leaf(ext={"eku": pki.ext_key_usage("code")}, edit_signature=flip(-1)) \
        .intermediate(ext={"eku": pki.ext_key_usage("update")})
    suite.add("chain.purpose-crossed-forged", "The same, and the leaf's signature is tampered with: the first row.",
              "chain_signature", chain=crossed)
    two = BASE("p256", intermediates=2)
    suite.add("chain.purpose-second", "extKeyUsage of the second intermediate has serverAuth only.", "chain_purpose",
              chain=two.changed(1, ext={"eku": pki.ext_key_usage("server")}))


def _lengths(suite):
    def add(case_id, what, expect, intermediates, limit, **more):
        suite.add(f"chain.length-{case_id}", what, expect, chain=BASE("p256", intermediates=intermediates),
                  profile=profile_for(role={"max_intermediates": limit}), **more)
    for limit in range(5):
        add(f"{limit}-of-{limit}", f"{limit} intermediates where the role allows {limit}.", "ok", limit, limit)
        if limit:
            add(f"{limit}-of-{limit - 1}", f"{limit} intermediates where the role allows {limit - 1}.",
                "chain_too_long", limit, limit - 1)
    add("5-listed", "Five intermediates, all listed: six entries.",
        ["cms_signing_certificate", "cms_attribute_value"], 5, 4)
    add("5-unlisted", "Five intermediates, four of them listed.", "cms_unlisted_certificate", 5, 4,
        listed=lambda b: b[:5])
    add("5-held", "Five intermediates, four of them listed and held: the topmost is missing.", "chain_no_anchor", 5,
        4, listed=lambda b: b[:5], certificates=lambda b: b[:5])


def _pair(first, second):
    """A case's parts: the leaf is below two intermediates with the same name, both listed."""
    return {"listed": lambda b: [b[0], first, second], "certificates": lambda b: [b[0], first, second]}


def _several_paths(suite):
    chain = BASE("p256")
    plain = chain.certificates[0]
    good = plain.build(chain.root_name, chain.root_key)
    def add(case_id, what, expect, other, leaf=chain, **more):
        for order, pair in (("first", (other, good)), ("second", (good, other))):
            suite.add(f"paths.{case_id}-{order}", f"{what} It is listed {order} of two.", expect, chain=leaf,
                      **_pair(*pair), **more)
    elsewhere_key = pki.key("p256:elsewhere")
    add("other-root", "A second certificate of the intermediate comes from a root that nobody trusts.", "ok",
        plain.changed(serial=201).build(ELSEWHERE, elsewhere_key))
    add("other-key", "A second CA with the intermediate's name has another key.", "ok",
        plain.changed(serial=202, key=pki.key("p256:impostor"),
                      ext={"ski": pki.subject_key_id(plain.key.identifier())}).build(chain.root_name, chain.root_key))
    add("not-ca", "A second certificate of the intermediate is no CA.", "ok",
        plain.changed(serial=203, ext={"bc": None, "ku": pki.key_usage(0)}).build(chain.root_name, chain.root_key))
    add("forged", "A second certificate of the intermediate is not signed by the root.", "ok",
        plain.changed(serial=204, edit_signature=flip(-1)).build(chain.root_name, chain.root_key))
    add("no-policy", "A second certificate of the intermediate has no policy.", ["ok", "chain_policy"],
        plain.changed(serial=205, ext={"policies": None}).build(chain.root_name, chain.root_key))
    add("expired", "A second certificate of the intermediate has expired before the signature.", "ok",
        plain.changed(serial=206, not_after="2026-01-01T00:00:00Z").build(chain.root_name, chain.root_key))
    forged = plain.changed(serial=207, edit_signature=flip(-1)).build(chain.root_name, chain.root_key)
    lost = plain.changed(serial=208).build(ELSEWHERE, elsewhere_key)
    suite.add("paths.furthest", "One path ends without anchor, the other at a signature: the latter came further.",
              "chain_signature", chain=chain, **_pair(lost, forged))
    suite.add("paths.furthest-reversed", "The same two paths, listed the other way round.", "chain_signature",
              chain=chain, **_pair(forged, lost))
    suite.add("paths.both-lost", "Both paths end without anchor.", "chain_no_anchor", chain=chain,
              **_pair(lost, plain.changed(serial=209).build(ELSEWHERE, elsewhere_key)))
    ring_a = pki.Cert(pki.key("p256:ring-a"), pki.name("Ring A"), serial=1).build(pki.name("Ring B"),
                                                                             pki.key("p256:ring-b"))
    ring_b = pki.Cert(pki.key("p256:ring-b"), pki.name("Ring B"), serial=2).build(pki.name("Ring A"),
                                                                             pki.key("p256:ring-a"))
    leaf = pki.Cert(pki.key("p256:leaf"), pki.name("Leaf p256"), ca=False, serial=7001)
    suite.add("paths.ring", "Two intermediates issued each other, no anchor.", "chain_no_anchor",
              chain=pki.Chain(pki.name("Ring A"), pki.key("p256:ring-a"), [leaf]), **_pair(ring_a, ring_b))


def _budget(suite):
    root = pki.name("Root p256")
    anchors = [(root, pki.key(f"p256:budget{at}").spki) for at in range(8)]
    common = pki.name("Common")
    middles = [pki.Cert(pki.key(f"p256:middle{at}"), common, serial=300 + at) for at in range(4)]
    unknown_root = pki.key("p256:elsewhere")
    built = [one.build(root, unknown_root) for one in middles]
    leaf = pki.Cert(pki.key("p256:leaf"), pki.name("Leaf p256"), ca=False, serial=7001, extensions={"aki": None})
    chain = pki.Chain(common, pki.key("p256:middle0"), [leaf])
    def add(case_id, what, expect, number, profile):
        suite.add(f"budget.{case_id}", what, expect, chain=chain, profile=profile,
                  listed=lambda b: [b[0], *built[:number]], certificates=lambda b: [b[0], *built[:number]])
    add("32-paths", "Four intermediates and eight anchors with the same names: 32 signatures, none of which holds.",
        "chain_budget", 4, _anchored(*anchors))
    add("8-paths", "One intermediate and eight anchors with the same name: 8 signatures, none of which holds.",
        "chain_signature", 1, _anchored(*anchors))
    add("12-paths", "Two intermediates and six anchors with the same names: 12 signatures, none of which holds.",
        "chain_signature", 2, _anchored(*anchors[:6]))
    add("14-paths", "Two intermediates and seven anchors with the same names: 14 signatures, none of which holds.",
        "chain_budget", 2, _anchored(*anchors[:7]))
    mesh = [pki.Cert(pki.key(f"p256:middle{at}"), common, serial=400 + at, extensions={"aki": None})
            .build(common, pki.key(f"p256:middle{(at + 1) % 4}")) for at in range(4)]
    suite.add("budget.mesh", "Four intermediates with one name for subject and issuer, and no anchor of that name.",
              "chain_no_anchor", chain=chain, profile=_anchored(*anchors),
              listed=lambda b: [b[0], *mesh], certificates=lambda b: [b[0], *mesh])
    for roles, expect in ((3, "chain_no_anchor"), (4, "chain_budget")):
        suite.add(f"budget.mesh-{roles}", f"The same with {roles} roles: {130 * roles} name steps.", expect, chain=chain,
                  profile=pack.Profile([], roles=[pack.Role(f"role-{at}", [anchors[0]]) for at in range(roles)],
                                       firmware=("role-0",)),
                  listed=lambda b: [b[0], *mesh], certificates=lambda b: [b[0], *mesh])


def _leaf(suite):
    def add(case_id, what, expect, flags=0, **changes):
        suite.add(f"leaf.{case_id}", what, expect, chain=BASE("p256").leaf(**changes),
                  profile=profile_for(role={"flags": flags}))
    add("ca", "The leaf is a CA.", "leaf_is_ca", ext={"bc": pki.basic_constraints()})
    add("ku-missing", "The leaf has no keyUsage.", "leaf_key_usage", ext={"ku": None})
    add("ku-non-repudiation", "keyUsage of the leaf has nonRepudiation only.", "leaf_key_usage",
        ext={"ku": pki.key_usage(1)})
    add("ku-cert-sign", "keyUsage of the leaf has keyCertSign only.", "cert_extension", ext={"ku": pki.key_usage(5)})
    add("ku-both", "keyUsage of the leaf has digitalSignature and nonRepudiation.", "ok",
        ext={"ku": pki.key_usage(0, 1)})
    add("eku-missing", "The leaf has no extKeyUsage.", "leaf_purpose", ext={"eku": None})
    add("eku-server", "extKeyUsage of the leaf has serverAuth only.", "leaf_purpose",
        ext={"eku": pki.ext_key_usage("server")})
    add("eku-any", "extKeyUsage of the leaf has anyExtendedKeyUsage only.", "leaf_purpose",
        ext={"eku": pki.ext_key_usage("any")})
    add("eku-code", "extKeyUsage of the leaf has codeSigning only.", "ok", ext={"eku": pki.ext_key_usage("code")})
    add("eku-update", "extKeyUsage of the leaf has updatePackageSigning only.", "ok",
        ext={"eku": pki.ext_key_usage("update")})
    add("eku-update-server", "extKeyUsage of the leaf has updatePackageSigning and serverAuth.", "ok",
        ext={"eku": pki.ext_key_usage("server", "update")})
    add("eku-missing-waived", "The leaf has no extKeyUsage, the role waives the purpose.", "ok", 4, ext={"eku": None})
    add("eku-server-waived", "extKeyUsage of the leaf has serverAuth, the role waives the purpose.", "ok", 4,
        ext={"eku": pki.ext_key_usage("server")})
    add("ku-missing-waived", "The leaf has no keyUsage; waiving policies and purpose does not help.",
        "leaf_key_usage", 6, ext={"ku": None})


def _leaf_policies(suite):
    def add(case_id, what, expect, leaf, ca=("dev", "pilot", "prod", "trust-update"), flags=0):
        chain = BASE("p256").leaf(ext={"policies": pki.policies(*leaf) if leaf else None}) \
            .intermediate(ext={"policies": pki.policies(*ca) if ca else None})
        suite.add(f"policy.{case_id}", what, expect, chain=chain, profile=profile_for(role={"flags": flags}))
    prod = ("prod",)
    add("missing", "The leaf has no certificatePolicies.", "leaf_policy", ())
    add("foreign", "The leaf has a policy that is not one of evseal.", "leaf_policy", ("1.3.6.1.4.1.99999.9",))
    add("two", "The leaf has E.2.2 and E.2.3.", "leaf_policy", ("pilot", "prod"))
    add("prod-and-trust", "The leaf has E.2.3 and E.2.4.", "leaf_policy", ("prod", "trust-update"))
    add("unassigned", "The leaf has E.2.6.", "leaf_policy", (pki.EVSEAL + ".2.6",))
    add("below", "The leaf has E.2.3.1.", "leaf_policy", (pki.EVSEAL + ".2.3.1",))
    add("ocpp", "The leaf has E.2.5 only.", ["leaf_ocpp", "leaf_policy"], ("ocpp",))
    add("ocpp-and-prod", "The leaf has E.2.5 and E.2.3.", "leaf_ocpp", ("prod", "ocpp"))
    add("ocpp-ca", "The intermediate has E.2.5 beside the others.", "leaf_ocpp", prod, ("prod", "ocpp"))
    add("ocpp-waived", "The leaf has E.2.5, the role waives policies.", "leaf_ocpp", ("ocpp",), flags=2)
    add("ocpp-ca-waived", "The intermediate has E.2.5, the role waives policies.", "leaf_ocpp", prod,
        ("prod", "ocpp"), flags=2)
    add("ca-missing", "The intermediate has no certificatePolicies.", "chain_policy", prod, ())
    add("ca-other", "The intermediate has E.2.1 and E.2.2, the leaf E.2.3.", "chain_policy", prod, ("dev", "pilot"))
    add("ca-any", "The intermediate has anyPolicy only.", "chain_policy", prod, ("any",))
    add("ca-any-and-prod", "The intermediate has anyPolicy beside E.2.3.", "chain_policy", prod, ("prod", "any"))
    add("leaf-any-and-prod", "The leaf has anyPolicy beside E.2.3.", "chain_policy", ("prod", "any"))
    add("leaf-any", "The leaf has anyPolicy only.", ["leaf_policy", "chain_policy"], ("any",))
    add("ca-any-waived", "The intermediate has anyPolicy, the role waives policies.", "ok", prod, ("any",), flags=2)
    add("leaf-any-waived", "The leaf has anyPolicy, the role waives policies.", "ok", ("any",), flags=2)
    two = BASE("p256", intermediates=2)
    for position in (0, 1):
        suite.add(f"policy.ca-{position + 1}-of-2", f"Intermediate {position + 1} of 2 lacks E.2.3.", "chain_policy",
                  chain=two.changed(position, ext={"policies": pki.policies("pilot")}))


def _scope(suite):
    def add(case_id, what, expect, policy, **role):
        chain = BASE("p256").leaf(ext={"policies": pki.policies(policy)})
        suite.add(f"scope.{case_id}", what, expect, chain=chain, profile=profile_for(role=role))
    add("stage-prod", "The leaf has E.2.3, the role's scope has dev and pilot.", "anchor_scope", "prod", stages=3)
    add("stage-dev", "The leaf has E.2.1, the role's scope has pilot and prod.", "anchor_scope", "dev", stages=6)
    add("stage-pilot", "The leaf has E.2.2, the role's scope has dev and prod.", "anchor_scope", "pilot", stages=5)
    add("stage-exact", "The leaf has E.2.3, the role's scope has prod only.", "ok", "prod", stages=4)
    add("trust-firmware", "The leaf has E.2.4, the role's scope has firmware only.", "anchor_scope", "trust-update")
    add("trust-both", "The leaf has E.2.4, the role's scope has both kinds; the package is firmware.",
        "stage_mismatch", "trust-update", kinds=3)
    add("kind-trust-only", "firmware names the role, whose scope has trust-updates only.", "profile_damaged",
        "prod", kinds=2)
    def model(case_id, what, expect, **role):
        add(f"model-{case_id}", what, expect, "prod", **role)
    model("listed", "The role's scope names the model.", "ok", models=("cp-6", pack.MODEL))
    model("other", "The role's scope names other models.", "scope_model", models=("cp-6", "cp-8"))
    model("prefix", "The role's scope names a model that begins alike.", "scope_model", models=("cp-70", "cp"))
    model("components", "The role's scope names all components of the package.", "ok",
          components=("app", "boot", "modem"))
    model("component-missing", "The role's scope lacks one component of the package.", "scope_component",
          components=("app", "boot"))
    model("component-more", "The role's scope names components that nobody knows, too.", "ok",
          components=("app", "boot", "modem", "zz"))


def _waived(suite):
    no_policy = BASE("p256").leaf(ext={"policies": None}).intermediate(ext={"policies": None})
    def add(case_id, what, expect, stage="prod", chain=no_policy, profile_stages=7, **role):
        suite.add(f"waived.{case_id}", what, expect, chain=chain,
                  edit=lambda members: members["package"].update(stage=stage),
                  profile=profile_for(stages=profile_stages, role={"flags": 2, **role}))
    add("none", "No certificate has policies, the role waives them.", "ok")
    add("pilot", "The same for a package of stage pilot.", "ok", "pilot")
    add("scope", "The role waives policies and its scope lacks the stage.", "scope_model", stages=3)
    add("scope-dev", "The role waives policies and its scope has prod only; the package is dev.", "scope_model", "dev",
        stages=4)
    add("refused", "The role waives policies and the device does not take the stage.", "stage_refused", "dev",
        profile_stages=6)
    dev = BASE("p256").leaf(ext={"policies": pki.policies("dev")})
    add("other-policy", "The role waives policies; the leaf has E.2.1, the package is prod.", "ok", chain=dev)
    two = BASE("p256").leaf(ext={"policies": pki.policies("dev", "prod")})
    add("two-policies", "The role waives policies; the leaf has two.", "ok", chain=two)


def _listed_signers(suite):
    chain = BASE("p256", intermediates=2)
    leaf, issuer, upper = (chain.certificates[at].key.hash() for at in (-1, -2, 0))
    other = pki.key("p256:other").hash()
    def add(case_id, what, expect, *signers):
        suite.add(f"listed.{case_id}", what, expect, chain=chain,
                  profile=profile_for(role={"signers": signers}))
    add("leaf", "The role lists the leaf's key.", "ok", leaf)
    add("issuer", "The role lists the key that issued the leaf.", "ok", other, issuer)
    add("upper", "The role lists the key of the upper intermediate only.", "signer_not_listed", upper)
    add("root", "The role lists the anchor's key only.", "signer_not_listed", chain.root_key.hash())
    add("other", "The role lists another key.", "signer_not_listed", other)
    add("certificate-hash", "The role lists the hash of the leaf's public point, not of its SubjectPublicKeyInfo.",
        "signer_not_listed", pki.Key(None, None, chain.certificates[-1].key.spki[-65:]).hash())
    add("eight", "The role lists eight keys, the last is the leaf's.", "ok", *[bytes([at]) * 32 for at in range(7)],
        leaf)
    direct = BASE("p256", intermediates=0)
    suite.add("listed.anchor-issued", "The role lists the anchor's key, which issued the leaf itself.", "ok",
              chain=direct, profile=profile_for(role={"signers": (direct.root_key.hash(),)}))
