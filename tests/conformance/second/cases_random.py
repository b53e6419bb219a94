"""
Random cases of several signers, CRLs, stores, states and trust-updates, without an expected status: two verifiers must
agree on each, and on the states to keep. Each choice is mostly good, so that many packages get far.
"""

import random

import gen_crl
import gen_der as d
import gen_package as pack
import gen_parties as party
import gen_pki as pki
from cases_signers import OTHER_DIGEST, WRONG
from gen_suite import SERIAL, flip

CHALLENGE = "5a" * 32
TIMES = ("2025-03-01T00:00:00Z", "2025-12-01T00:00:00Z", "2026-03-01T12:00:00Z", "2026-09-01T00:00:00Z",
         "2031-01-01T00:00:00Z")


def add_cases(suite, count, seed):
    """`count` cases from this seed."""
    pick = random.Random(seed)
    nodes = _Nodes()
    for number in range(count):
        try:
            parts = _case(pick, nodes)
        except ValueError:      # the DER order of SignerInfos that cannot be had
            continue
        suite.add(f"random.{seed}-{number}", "Random choices.", "any", states=True, **parts)


class _Nodes:
    """Issuers and signers to choose from."""

    def __init__(self):
        world = party.world()
        self.roots = [world.oem_root, world.operator_root, world.officer_root, world.next_root]
        self.issuers = [world.oem_ca, world.operator_ca, world.officer_ca, world.next_ca]
        deep = world.oem_root.ca("random-upper").ca("random-lower")
        no_sign = world.operator_root.ca("random-no-sign", ext={"ku": pki.key_usage(5)})
        old = world.officer_root.ca("random-old", not_after="2026-06-01T00:00:00Z")
        self.issuers += [deep, deep.above, no_sign, old]
        self.firmware = [*world.oem, *world.operator, *world.next_oem, deep.leaf("random-deep"),
                         no_sign.leaf("random-no-sign-leaf"), world.oem_root.leaf("random-direct")]
        self.update = [*world.officer, *world.next_officer, old.leaf("random-old-leaf", policy="trust-update")]
        self.mesh = _Mesh(world)
        self.bad = [world.foreign[0], world.oem_ca.leaf("random-pilot", 1, policy="pilot"),
                    world.operator_ca.leaf("random-none", 2, policy=None),
                    world.oem_ca.leaf("random-server", 1, ext={"eku": pki.ext_key_usage("server")}),
                    world.oem_ca.leaf("random-short", 2, not_after="2026-05-01T00:00:00Z"),
                    world.officer_ca.leaf("random-short-officer", 1, policy="trust-update",
                                          not_after="2026-05-01T00:00:00Z"),
                    world.oem_ca.leaf("random-again", 3, key=world.oem[0].key),
                    world.oem_ca.leaf("random-p521", 3, kind="p521"),
                    world.oem_ca.leaf("random-ed25519", 3, kind="ed25519")]


class _Mesh:
    """One CA name with many certificates, good and bad ones, of two keys and below several roots."""

    def __init__(self, world):
        key, other = pki.key("p256:mesh-ca"), pki.key("p256:mesh-other")
        name = party._name("mesh-ca")
        base = pki.Cert(key, name, serial=900001)
        same_identifier = {"ski": pki.subject_key_id(key.identifier())}
        kinds = [
            (base, world.oem_root), (base, world.next_root), (base, world.operator_root), (base, world.foreign_root),
            (base.changed(serial=900002, not_after="2026-02-01T00:00:00Z"), world.oem_root),
            (base.changed(serial=900003, ext={"policies": None}), world.oem_root),
            (base.changed(serial=900004, ext={"policies": pki.policies("prod", "any")}), world.next_root),
            (base.changed(serial=900005, ext={"ku": pki.key_usage(5)}), world.oem_root),
            (base.changed(serial=900006, ext={"ku": pki.key_usage(6)}), world.oem_root),
            (base.changed(serial=900007, ext={"bc": None, "ku": pki.key_usage(0)}), world.oem_root),
            (base.changed(serial=900008, edit_signature=flip(-1)), world.oem_root),
            (base.changed(serial=900009, key=other), world.oem_root),
            (base.changed(serial=900010, key=other, ext=same_identifier), world.next_root),
            (base.changed(serial=900011, ext={"eku": pki.ext_key_usage("server")}), world.oem_root),
            (base.changed(serial=900012, ext={"eku": pki.ext_key_usage("code")}), world.next_root),
            (base.changed(serial=900013, ext={"x": pki.extension("1.3.6.1.4.1.99999.1", d.NULL, True)}),
             world.oem_root),
            (base.changed(serial=900014, ext={"ski": None}), world.oem_root),
            (base.changed(serial=900015, ext={"aki": None}), world.oem_root),
            (base.changed(serial=900016, ext={"bc": pki.basic_constraints(path_length=0)}), world.oem_root),
            (base.changed(serial=900017, key=pki.key("p521:mesh-ca"), ext=same_identifier), world.oem_root),
            (base.changed(serial=900018, version=b"", all_extensions=b""), world.oem_root),
            (base.changed(serial=900019), party.Node(name, other)),
            (base.changed(serial=900020, key=other), party.Node(name, key)),
            (base.changed(serial=900021, subject=world.oem_ca.subject, key=world.oem_ca.key), party.Node(name, key)),
        ]
        self.pool = [certificate.build(issuer.subject, issuer.key) for certificate, issuer in kinds]
        self.pool.append(world.oem_ca.certificates[0])
        node = party.Node(name, key)
        leaves = [node.leaf("mesh-leaf"), node.leaf("mesh-update", 1, policy="trust-update"),
                  node.leaf("mesh-code", 2, ext={"eku": pki.ext_key_usage("code")}),
                  node.leaf("mesh-update-eku", 3, ext={"eku": pki.ext_key_usage("update")}),
                  node.leaf("mesh-no-aki", 1, ext={"aki": None}),
                  node.leaf("mesh-pilot", 2, policy="pilot"),
                  party.Node(name, other).leaf("mesh-other-leaf", 2)]
        self.leaves = leaves

    def signer(self, pick):
        """A signer that lists some of the certificates."""
        leaf = pick.choice(self.leaves)
        listed = tuple(pick.sample(self.pool, pick.randrange(1, 5)))
        return party.Party(leaf.key, (leaf.certificates[0], *listed), leaf.serial, leaf.issuer)


def _case(pick, nodes):
    update = pick.random() < 0.5
    signers = _signers(pick, nodes, update)
    profile_store = _store(pick, nodes)
    state = _state(pick, nodes, signers)
    clock = int(pick.random() < 0.2)
    fields = {"crls": _crls(pick, nodes, signers), "ordered": False}
    recovery = None
    if update:
        epoch = (state.trust_epoch if state else 0) + (1 if pick.random() < 0.9 else pick.randrange(3))
        fields["epoch"] = max(1, epoch)
        new = _store(pick, nodes) if pick.random() < 0.4 else profile_store
        fields["trust"] = pack.trust_store(*new)
        resets = _resets(pick, nodes)
        if pick.random() < 0.1:
            recovery = CHALLENGE if pick.random() < 0.8 else None
            fields["recovery"] = CHALLENGE if pick.random() < 0.8 else "5b" * 32
            resets = {**resets, **_full_resets(pick)}
        if resets or pick.random() < 0.1:
            fields["resets"] = resets
    fields["edit"] = _edit(pick, nodes, update)
    if pick.random() < 0.03:
        fields["file"] = {"padding": flip(0)}
    octets = (party.update if update else party.package)(*signers, **fields)
    roles, firmware, trust_update = profile_store
    profile = pack.Profile([], roles=roles, firmware=firmware, trust_update=trust_update, clock=clock,
                           stages=pick.choice((4, 6, 7, 7)), time_floor=pack.seconds(pick.choice(TIMES[:3])))
    parts = {"package": octets, "profile": profile, "state": state, "recovery": recovery}
    if clock:
        parts["now"] = pick.choice(TIMES[1:])
    return parts


def _signers(pick, nodes, update):
    good = nodes.update if update else nodes.firmware
    chosen = [nodes.mesh.signer(pick)] if pick.random() < 0.3 else []
    for _ in range(pick.choice((0, 1, 2) if chosen else (1, 1, 2, 2, 3, 4))):
        signer = pick.choice(good if pick.random() < 0.8 else nodes.bad + nodes.update + nodes.firmware)
        if any(signer.certificates[0] == other.certificates[0] for other in chosen):
            continue
        if pick.random() < 0.3:
            signer = signer.signing(signing_time=pick.choice(TIMES))
        if pick.random() < 0.03 and signer.key.scheme == ("ecdsa", "sha256"):
            signer = signer.signing(**pick.choice((WRONG, OTHER_DIGEST)))
        chosen.append(signer)
    return chosen


def _role(pick, nodes, name, roots, kinds):
    changes = {"kinds": kinds}
    if pick.random() < 0.15:
        changes["flags"] = pick.choice((1, 2, 4, 8))
    if pick.random() < 0.1:
        changes["max_intermediates"] = pick.randrange(3)
    if pick.random() < 0.1:
        changes["stages"] = pick.choice((3, 4, 6))
    if pick.random() < 0.1:
        changes["models"] = pick.choice((("cp-8",), (pack.MODEL,)))
    if pick.random() < 0.1:
        changes["components"] = pick.choice((("app", "boot"), ("app", "boot", "modem")))
    if pick.random() < 0.3:
        keys = [one.hash() for one in nodes.firmware + nodes.update + nodes.issuers]
        changes["signers"] = tuple(pick.sample(keys, 8))
        changes["threshold"] = pick.choice((1, 1, 2))
    return party.role(name, *roots, **changes)


def _store(pick, nodes):
    """Roles, firmware, trustUpdate: mostly able to meet their own requirements."""
    oem, operator, officers, after = nodes.roots
    roots = {"oem": [oem], "operator": [operator], "officers": [officers]}
    if pick.random() < 0.25:
        roots["officers"] = [after] if pick.random() < 0.5 else [officers, after]
    if pick.random() < 0.2:
        roots["oem"] = [after] if pick.random() < 0.5 else [oem, after]
    if pick.random() < 0.1:
        roots["twin"] = [pick.choice(nodes.roots)]
    roles = [_role(pick, nodes, name, own, {"officers": 2, "twin": 3}.get(name, pick.choice((1, 1, 3))))
             for name, own in roots.items()]
    pick.shuffle(roles)
    firmware = ["oem"] + (["operator"] if pick.random() < 0.3 else [])
    both = [role.name for role in roles if role.kinds == 3]
    trust_update = ["officers"] + (pick.sample(both, 1) if both and pick.random() < 0.3 else [])
    return roles, tuple(firmware), tuple(trust_update) if pick.random() < 0.95 else ()


def _serials(pick, nodes, signers):
    own = [signer.serial for signer in signers] + [node.serial for node in nodes.issuers]
    found = [pick.randrange(1, 1 << pick.choice((7, 8, 15, 16, 63))) for _ in range(pick.choice((0, 1, 3)))]
    if pick.random() < 0.15:
        found.append(pick.choice(own))
    if pick.random() < 0.08:
        found += range(10**6, 10**6 + pick.randrange(90, 140))
    return sorted(set(found))


def _crls(pick, nodes, signers):
    if pick.random() < 0.3:
        return []
    near = [signer.issuer for signer in signers]
    near += [issuer.above for issuer in near if issuer.above]
    lists = []
    for _ in range(pick.choice((1, 1, 2, 3))):
        issuer = pick.choice(near)
        changes = {"number": pick.randrange(1, 8)}
        if pick.random() < 0.05:
            changes["edit_signature"] = flip(-1)
        if pick.random() < 0.1:
            changes["next_update"] = "2026-02-01T00:00:00Z"
        if pick.random() < 0.03:
            changes["ext"] = {"aki": pki.authority_key_id(b"\1" * 20)}
        if pick.random() < 0.02:
            changes["ext"] = {"more": gen_crl.delta_indicator()}
        lists.append(issuer.crl(*_serials(pick, nodes, signers), **changes).build())
    return lists


def _state(pick, nodes, signers):
    if pick.random() < 0.3:
        return None
    entries, room = [], 256
    issuers = [node.hash() for node in nodes.issuers + nodes.roots]
    others = [bytes([at]) * 32 for at in range(16)]
    chosen = pick.sample(issuers, pick.randrange(4)) + pick.sample(others, pick.choice((0, 0, 3, 11, 13)))
    for issuer in sorted(chosen[:16]):
        serials = _serials(pick, nodes, signers)
        complete = pick.random() < 0.8 and len(serials) <= room
        serials.sort(key=lambda one: (len(d.integer_content(one)), d.integer_content(one)))
        entries.append(pack.Known(issuer, pick.randrange(8), complete, tuple(serials) if complete else ()))
        room -= len(serials) if complete else 0
    slots = [(name, pick.randrange(9)) for name in pick.sample(("app", "boot", "meter", "modem"), pick.randrange(5))]
    epoch, trust = 0, b""
    if pick.random() < 0.4:
        roles, firmware, trust_update = _store(pick, nodes)
        epoch, trust = pick.randrange(1, 5), d.tlv(0xA0, pack.trust_store(roles, firmware, trust_update))
    return pack.State(counter=pick.choice((0, 12, 2**32 - 1)), time_floor=pack.seconds(pick.choice(TIMES[:4])),
                      trust_epoch=epoch, slots=tuple(slots), crls=tuple(entries), trust=trust)


def _resets(pick, nodes):
    found = {}
    if pick.random() < 0.3:
        keys = [node.hash().hex() for node in nodes.issuers + nodes.roots] + [f"{at:02x}" * 32 for at in range(16)]
        found["crls"] = sorted(pick.sample(keys, pick.randrange(1, 10)))
    if pick.random() < 0.3:
        names = sorted(pick.sample(("app", "boot", "meter", "modem"), pick.randrange(1, 5)))
        found["security_versions"] = [{"id": name, "security_version": pick.randrange(9)} for name in names]
    if pick.random() < 0.3:
        found["time_floor"] = pick.choice(TIMES)
    return found


def _full_resets(pick):
    if pick.random() < 0.2:
        return {}
    return {"time_floor": pick.choice(TIMES[:3]), "security_versions": [
        {"id": name, "security_version": pick.randrange(9)} for name in ("app", "boot", "meter", "modem")]}


def _edit(pick, nodes, update):
    named = None
    if pick.random() < 0.2:
        keys = {node.hash().hex(): pick.randrange(8) for node in pick.sample(nodes.issuers + nodes.roots, 2)}
        named = [{"issuer_key": key, "number": number} for key, number in sorted(keys.items())]
    stage = pick.choice(("prod",) * 12 + ("pilot", "dev"))
    versions = [pick.choice((3, 7, 9)) if pick.random() < 0.3 else None for _ in range(3)]
    serials = pick.choice((None, None, [SERIAL], [SERIAL], ["CP-0043"] if pick.random() < 0.2 else None))

    def edit(members):
        members["package"]["stage"] = stage
        if serials:
            members["compatible"][0]["serials"] = serials
        if named:
            members["crls"] = named
        for component, version in zip(members.get("components", []), versions):
            if version is not None and not update:
                component["security_version"] = version
    return edit
