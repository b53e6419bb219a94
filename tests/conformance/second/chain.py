"""Chains and leaves: format.md sections 5.2 and 5.3, for one role."""

import der
import oids
from status import Refused, require
from x509 import KU_DIGITAL_SIGNATURE, KU_KEY_CERT_SIGN, check_in_path

MAX_INTERMEDIATES = 4
MAX_OPERATIONS = 12
MAX_NAME_STEPS = 512

PURPOSES = (oids.EKU_CODE_SIGNING, oids.EKU_UPDATE_SIGNING)
STAGE_POLICIES = {oids.POLICY_DEV: 1, oids.POLICY_PILOT: 2, oids.POLICY_PROD: 4}
COUNTED_POLICIES = (*STAGE_POLICIES, oids.POLICY_TRUST_UPDATE)


class Path:
    """A judged path: certificates from the leaf up, its anchor, and the leaf's policy (None where waived)."""

    def __init__(self, certificates, anchor):
        self.certificates = certificates
        self.anchor = anchor
        self.policy = None

    def issuers(self):
        """For each certificate, leaf first: (the certificate, what is above it, the key of that) (section 6.2)."""
        above = [*self.certificates[1:], self.anchor]
        return [(certificate, issuer, issuer.key) for certificate, issuer in zip(self.certificates, above)]

    def leaf_key(self):
        """Key hash of the leaf's key."""
        return self.certificates[0].key.hash

    def issuing_key(self):
        """Key hash of the key that issued the leaf (section 9.3, rule 4)."""
        return self.issuers()[0][2].hash


class Budget:
    """Section 5.2: the work that one package may cost. What was checked once is known and costs nothing again."""

    def __init__(self):
        self._steps = 0
        self._operations = 0
        self._known = {}

    def step(self):
        """One certificate put on, or taken off, a path."""
        self._steps += 1
        require(self._steps <= MAX_NAME_STEPS, "chain_budget", "name steps")

    def once(self, what, operation):
        """The result of the public-key operation named `what`, done once."""
        if what not in self._known:
            self._operations += 1
            require(self._operations <= MAX_OPERATIONS, "chain_budget", "public-key operations")
            self._known[what] = operation()
        return self._known[what]


class ChainFailed(Exception):
    """No path for a signer in one role. `rank` is how far it came: 0 no anchor, 1 rule 3, 2 rule 4."""

    def __init__(self, rank, refused):
        super().__init__(str(refused))
        self.rank = rank
        self.refused = refused


class ChainJudge:
    """
    Section 5.2: works out the possible paths by names, then checks each from the anchor downwards.

    A failure has a rank, how far its path came: 1 too long, 2 checked (with the number of certificates that held). The
    highest rank is reported. The leaf's own rules (5.3) are asked of the path that this section chooses.
    """

    def __init__(self, role, leaf, pool, signing_time, budget):
        self._role = role
        self._signing_time = signing_time
        self._leaf = leaf
        self._pool = pool               # certificates that the signer lists, without the leaf
        self._budget = budget
        self._failures = []

    def judge(self):
        """
        The first path that meets 5.2 and is valid at the signing time, else the first that meets it, if it meets 5.3,
        too; else ChainFailed with the failure of the one that came furthest.
        """
        found = self._choose()
        try:
            found.policy = check_leaf(found.certificates, self._role)
        except Refused as refused:
            raise ChainFailed(2, refused) from refused
        return found

    def _choose(self):
        """Section 5.2: the path, its policy not known yet."""
        expired = None
        self._budget.step()
        possible = list(self._paths([self._leaf]))
        self._budget.step()
        for path, anchor in possible:
            try:
                self._check_path(path, anchor)
            except _Failed as failure:
                self._failures.append((failure.rank, failure.refused))
            else:
                found = Path(path, anchor)
                if all(c.not_before <= self._signing_time <= c.not_after for c in path):
                    return found
                expired = expired or found
        if expired:
            return expired
        if not self._failures:
            raise ChainFailed(0, Refused("chain_no_anchor"))
        raise ChainFailed(1, max(self._failures, key=lambda failure: failure[0])[1])

    def _fail(self, rank, status, detail=""):
        self._failures.append((rank, Refused(status, detail)))

    def _paths(self, path):
        """All possible paths that begin with `path`, leaf first."""
        top = path[-1]
        for anchor in self._role.anchors:
            if anchor.subject == top.issuer:
                yield path, anchor
        for issuer in self._pool:
            if issuer.subject != top.issuer or issuer in path:
                continue
            self._budget.step()
            if self._too_long([*path[1:], issuer]):
                self._fail((1, 0), "chain_too_long")
            else:
                yield from self._paths(path + [issuer])
            self._budget.step()

    def _too_long(self, intermediates):
        counted = sum(1 for one in intermediates if not one.self_issued)
        return len(intermediates) > MAX_INTERMEDIATES or counted > self._role.max_intermediates

    def _check_path(self, path, anchor):
        """The rows of 5.2 for one path, from the anchor downwards."""
        key, vouched = anchor.key, 0
        purposes = None if self._role.waives_purpose else set(PURPOSES)
        for position in range(len(path) - 1, -1, -1):
            certificate = path[position]
            try:
                check_in_path(certificate)
                if position + 1 < len(path):
                    require(_identifies(certificate, path[position + 1]), "chain_key_identifier")
                self._check_signature(certificate, key)
                if position > 0:
                    self._check_issuer(certificate, path[1:position])
                purposes = _narrowed(purposes, certificate, position == 0)
            except Refused as refused:
                if refused.status == "chain_budget":
                    raise
                raise _Failed((2, vouched), refused) from refused
            key, vouched = certificate.key, vouched + 1

    def _check_signature(self, certificate, key):
        if certificate.scheme[0] == "pkcs1":
            require(self._role.allows_pkcs1, "cert_pkcs1")
        require(key is not None, "cert_key", "the anchor's key is of an unknown type")
        holds = self._budget.once((certificate.raw, key.hash), lambda: key.verifies(
            certificate.scheme, certificate.tbs, certificate.signature))
        require(holds, "chain_signature")

    @staticmethod
    def _check_issuer(certificate, below):
        """One intermediate: CA, keyUsage, pathLenConstraint over the intermediates `below`."""
        require(certificate.key is not None, "cert_key", "an intermediate's key is of an unknown type")
        require(certificate.ca, "chain_not_ca")
        require(KU_KEY_CERT_SIGN in (certificate.key_usage or ()), "chain_key_usage")
        if certificate.path_length is not None:
            counted = sum(1 for other in below if not other.self_issued)
            require(counted <= certificate.path_length, "chain_path_length")


def _narrowed(purposes, certificate, is_leaf):
    """
    Section 5.2: those of the purposes that stand in the extKeyUsage of this certificate, too; None where the role
    waives them. The leaf comes last: what it says counts only once its signature held. One that has no such purpose is
    a matter of section 5.3.
    """
    if purposes is None or certificate.ext_key_usage is None:
        return purposes
    own = set(certificate.ext_key_usage)
    if is_leaf and not own & set(PURPOSES) or not is_leaf and oids.EKU_ANY in own:
        return purposes
    require(purposes & own, "chain_purpose")
    return purposes & own


class _Failed(Exception):
    def __init__(self, rank, refused):
        super().__init__(str(refused))
        self.rank = rank
        self.refused = refused


def _identifies(certificate, issuer):
    """Section 5.2: the authorityKeyIdentifier of `certificate` names `issuer`, as far as it says anything."""
    if None not in (certificate.authority_key_id, issuer.subject_key_id):
        if certificate.authority_key_id != issuer.subject_key_id:
            return False
    if certificate.authority_issuer is not None:
        names, serial = certificate.authority_issuer
        directory_names = [name.content for name in der.Cursor(names).rest() if name.tag == 0xA4]
        return issuer.issuer in directory_names and serial == issuer.serial
    return True


def check_leaf(path, role):
    """Section 5.3 for a path (leaf first): returns the leaf's policy, None where the role waives policies."""
    leaf = path[0]
    require(not leaf.ca, "leaf_is_ca")
    require(KU_DIGITAL_SIGNATURE in (leaf.key_usage or ()), "leaf_key_usage")
    if not role.waives_purpose:
        require(set(PURPOSES) & set(leaf.ext_key_usage or ()), "leaf_purpose")
    require(all(oids.POLICY_OCPP not in certificate.policies for certificate in path), "leaf_ocpp")
    if role.waives_policies:
        return None
    held = [policy for policy in leaf.policies if policy in COUNTED_POLICIES]
    require(len(held) == 1, "leaf_policy")
    policy = held[0]
    require(all(policy in certificate.policies for certificate in path[1:]), "chain_policy")
    require(all(oids.ANY_POLICY not in certificate.policies for certificate in path), "chain_policy", "anyPolicy")
    if policy in STAGE_POLICIES:
        require(role.scope_stages & STAGE_POLICIES[policy] and role.scope_kinds & 1, "anchor_scope")
    else:
        require(role.scope_kinds & 2, "anchor_scope")
    return policy
