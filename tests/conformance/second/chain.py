"""Chains and leaves: format.md sections 5.2 and 5.3, for one role."""

import der
import oids
from status import Refused, require
from x509 import KU_DIGITAL_SIGNATURE, KU_KEY_CERT_SIGN, check_in_path

MAX_INTERMEDIATES = 4
MAX_OPERATIONS = 12
MAX_NAME_STEPS = 256

PURPOSES = (oids.EKU_CODE_SIGNING, oids.EKU_UPDATE_SIGNING)
STAGE_POLICIES = {oids.POLICY_DEV: 1, oids.POLICY_PILOT: 2, oids.POLICY_PROD: 4}
COUNTED_POLICIES = (*STAGE_POLICIES, oids.POLICY_TRUST_UPDATE)


class Path:
    """A judged path: certificates from the leaf up, its anchor, and the leaf's policy (None where waived)."""

    def __init__(self, certificates, anchor, policy):
        self.certificates = certificates
        self.anchor = anchor
        self.policy = policy

    def signing_keys(self):
        """Key hashes of the leaf's key and of the key that issued the leaf (section 9.3, rule 7)."""
        issuing = self.certificates[1].key if len(self.certificates) > 1 else self.anchor.key
        return {self.certificates[0].key.hash, issuing.hash}


class ChainJudge:
    """
    Section 5.2: works out the possible paths by names, then checks each from the anchor downwards.

    A failure has a rank, how far its path came: 0 no anchor, 1 not possible by key identifiers or length, 2 checked
    (with the number of certificates vouched for), 3 the leaf's own rules. The highest rank is reported.
    """

    def __init__(self, role, leaf, pool, signing_time):
        self._role = role
        self._signing_time = signing_time
        self._leaf = leaf
        self._pool = pool               # certificates that the signer lists, without the leaf
        self._steps = 0
        self._operations = 0
        self._verified = {}             # (certificate, key hash) -> bool
        self._failures = []

    def judge(self):
        """
        The first path that meets all rules of 5.2 and 5.3 and is valid at the signing time, else the first that meets
        the rules, else the failure of the one that came furthest.
        """
        expired = None
        for path, anchor in list(self._paths([self._leaf])):
            try:
                self._check_path(path, anchor)
                policy = self._check_leaf(path)
            except _Failed as failure:
                self._failures.append((failure.rank, failure.refused))
            else:
                found = Path(path, anchor, policy)
                if all(c.not_before <= self._signing_time <= c.not_after for c in path):
                    return found
                expired = expired or found
        if expired:
            return expired
        if not self._failures:
            raise Refused("chain_no_anchor")
        raise max(self._failures, key=lambda failure: failure[0])[1]

    def _step(self):
        self._steps += 1
        require(self._steps <= MAX_NAME_STEPS, "chain_budget", "name steps")

    def _fail(self, rank, status, detail=""):
        self._failures.append((rank, Refused(status, detail)))

    def _paths(self, path):
        """All possible paths that begin with `path`, leaf first."""
        top = path[-1]
        limit = min(MAX_INTERMEDIATES, self._role.max_intermediates)
        for anchor in self._role.anchors:
            self._step()
            if anchor.subject == top.issuer:
                yield path, anchor
        for issuer in self._pool:
            self._step()
            if issuer.subject != top.issuer or issuer in path:
                continue
            if not _identifies(top, issuer):
                self._fail((1, 0), "chain_key_identifier")
            elif len(path) > limit:
                self._fail((1, 0), "chain_too_long")
            else:
                yield from self._paths(path + [issuer])

    def _check_path(self, path, anchor):
        """The rows of 5.2 for one path, from the anchor downwards."""
        key, vouched = anchor.key, 0
        for position in range(len(path) - 1, -1, -1):
            certificate = path[position]
            try:
                check_in_path(certificate)
                self._check_signature(certificate, key)
                if position > 0:
                    self._check_issuer(certificate, path[1:position], path[0])
            except Refused as refused:
                if refused.status == "chain_budget":
                    raise
                raise _Failed((2, vouched), refused) from refused
            key, vouched = certificate.key, vouched + 1

    def _check_signature(self, certificate, key):
        if certificate.scheme[0] == "pkcs1":
            require(self._role.allows_pkcs1, "cert_pkcs1")
        known = (certificate.raw, key.hash)
        if known not in self._verified:
            self._operations += 1
            require(self._operations <= MAX_OPERATIONS, "chain_budget", "public-key operations")
            self._verified[known] = key.verifies(certificate.scheme, certificate.tbs, certificate.signature)
        require(self._verified[known], "chain_signature")

    def _check_issuer(self, certificate, below, leaf):
        """One intermediate: CA, keyUsage, pathLenConstraint over the intermediates `below`, purpose."""
        require(certificate.key is not None, "cert_key", "an intermediate's key is of an unknown type")
        require(certificate.ca, "chain_not_ca")
        require(KU_KEY_CERT_SIGN in (certificate.key_usage or ()), "chain_key_usage")
        if certificate.path_length is not None:
            counted = sum(1 for other in below if other.issuer != other.subject)
            require(counted <= certificate.path_length, "chain_path_length")
        if certificate.ext_key_usage is not None and not self._role.waives_purpose:
            allowed = set(certificate.ext_key_usage)
            wanted = set(PURPOSES) & set(leaf.ext_key_usage or ()) or set(PURPOSES)
            require(oids.EKU_ANY in allowed or wanted & allowed, "chain_purpose")

    def _check_leaf(self, path):
        """Section 5.3, the rows in order; returns the policy of the leaf."""
        try:
            return check_leaf(path, self._role)
        except Refused as refused:
            raise _Failed((3, 0), refused) from refused


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
        require(role.scope_stages & STAGE_POLICIES[policy], "anchor_scope")
    else:
        require(role.scope_kinds & 2, "anchor_scope")
    return policy
