"""The signers of a package: rules 3 to 7 of format.md section 9.3, and their part of rules 8 and 9."""

import chain
import cms
import crl
import oids
from status import Refused, require

FATAL = ("digest_mismatch", "cms_algorithm", "chain_budget")
STAGE_POLICY = {"dev": oids.POLICY_DEV, "pilot": oids.POLICY_PILOT, "prod": oids.POLICY_PROD}
STAGES = {"dev": 1, "pilot": 2, "prod": 4}
KINDS = {"firmware": 1, "trust-update": 2}


def is_fatal(status):
    """Rule 7: whether a signer with this status refuses the package at once."""
    return status in FATAL or status.startswith(("signature_", "crypto_"))


class One:
    """One signer in one trust store: `status` (a Refused) says why it does not count."""

    def __init__(self, signer):
        self.signer = signer
        self.role = self.path = self.status = None


class Judge:
    """What the passes over one package share: the work, and what is learnt of CRLs."""

    def __init__(self, envelope, profile, state, now):
        self.envelope = envelope
        self.profile = profile
        self.state = state
        self.now = now if profile.clock_trusted else None
        self.budget = chain.Budget()
        self.first_pass = None      # the signers as the old trust store sees them
        self.revocation = crl.Revocation(envelope.crls, state.crls, self.now, self.budget)

    def rules_3_to_7(self, store):
        """The signers as this trust store sees them, one of which at least counts."""
        found = [One(signer) for signer in self.envelope.signers]
        self.first_pass = self.first_pass or found
        counted = set()
        for one in found:
            try:
                self._judge(one, store)
                require(one.path.leaf_key() not in counted, "signer_repeated")
                counted.add(one.path.leaf_key())
            except Refused as refused:
                if is_fatal(refused.status):
                    raise
                one.status = refused
        signers = Signers(self, store, found)
        signers.require_one()
        return signers

    def _judge(self, one, store):
        signer = one.signer
        require(signer.known, "algorithm_unknown")
        one.role, one.path = self._role_of(signer, store)               # rules 3 and 4
        self.revocation.judge(one.path, one.role)                       # rule 5
        cms.check_signature(signer, self.envelope.manifest, self.budget)    # rule 6

    def _role_of(self, signer, store):
        """The one role with which the signer gets through rules 3 and 4, and its path."""
        found, failures = [], []
        for role in store.roles:
            try:
                path = chain.ChainJudge(role, signer.certificate, signer.listed, signer.signing_time,
                                        self.budget).judge()
            except chain.ChainFailed as failed:
                failures.append((failed.rank, failed.refused))
                continue
            if role.signers and not {path.leaf_key(), path.issuing_key()} & set(role.signers):
                failures.append((3, Refused("signer_not_listed")))
                continue
            found.append((role, path))
        require(len(found) <= 1, "role_conflict")
        if not found:
            raise max(failures, key=lambda failure: failure[0])[1]
        return found[0]


class Signers:
    """The signers of a package under one trust store; those that count become fewer from rule to rule."""

    def __init__(self, judge, store, found):
        self._judge = judge
        self._store = store
        self._found = found

    def counting(self):
        """Those that count, in file order."""
        return [one for one in self._found if one.status is None]

    def require_one(self):
        """Rule 7: whenever no signer counts, the package's status is that of its first signer."""
        if not self.counting():
            raise self._found[0].status

    def _each(self, check):
        for one in self.counting():
            try:
                check(one)
            except Refused as refused:
                one.status = refused
        self.require_one()

    def judge_scopes(self, members):
        """Rule 8: policy, scope, and the thresholds."""
        package = members["package"]
        kind, profile = package["kind"], self._judge.profile
        policy = STAGE_POLICY[package["stage"]] if kind == "firmware" else oids.POLICY_TRUST_UPDATE
        names = {component["id"] for component in members.get("components", [])}

        def check(one):
            role = one.role
            require(one.path.policy in (None, policy), "stage_mismatch")
            require(not role.scope_models or profile.model in role.scope_models, "scope_model", "model")
            require(role.scope_kinds & KINDS[kind], "scope_model", "kind")
            require(role.scope_stages & STAGES[package["stage"]], "scope_model", "stage")
            require(not role.scope_components or names <= set(role.scope_components), "scope_component")
        self._each(check)
        self._kind = kind
        self.require_thresholds()

    def require_thresholds(self):
        """Rule 8: as many signers of each role that the kind requires as its threshold says."""
        for role in self._store.required(self._kind):
            own = [one for one in self.counting() if one.role is role]
            number = len(own)
            if role.signers and role.threshold > 1:
                number = len({_listed_key(one) for one in own})
            require(number >= role.threshold, "threshold_not_met", role.name)

    def judge_named_crls(self, named):
        """Rule 8: the manifest's `crls`, of issuers on the paths of the signers that count."""
        keys = {key.hash for one in self.counting() for _, _, key in one.path.issuers()}
        for entry in named:
            key_hash = bytes.fromhex(entry["issuer_key"])
            seen = key_hash not in keys or self._judge.revocation.seen(key_hash, entry["number"])
            require(seen, "crl_stripped")

    def judge_times(self, reset):
        """Rule 9; `reset` stands for the state's floor where it is not None."""
        state_floor = self._judge.state.time_floor if reset is None else reset
        floor = max(self._judge.profile.time_floor, state_floor)
        now = self._judge.now

        def check(one):
            for certificate in one.path.certificates:
                require(certificate.not_before <= one.signer.signing_time, "not_yet_valid")
                require(one.signer.signing_time <= certificate.not_after, "expired")
                require(floor <= certificate.not_after, "expired_floor")
                if now is not None:
                    require(certificate.not_before <= now, "clock_before")
                    require(now <= certificate.not_after, "clock_after")
        self._each(check)
        self.require_thresholds()

    def signing_times(self):
        """Those of the signers that count."""
        return [one.signer.signing_time for one in self.counting()]


def _listed_key(one):
    """The key by which a signer counts: the leaf's where that is listed, else the issuer's."""
    leaf = one.path.leaf_key()
    return leaf if leaf in one.role.signers else one.path.issuing_key()
