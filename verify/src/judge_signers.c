/* Rules 3 to 7: who signed, and whether that counts. */
#include "hash.h"
#include "judge.h"
#include "oids.h"

bool evseal_judge_counts(const judgement* j, unsigned index) {
  return j->ctx->verdicts[index].status == EVSEAL_OK;
}

static size_t read_anchors(evseal_anchor* anchors, const evseal_role* role) {
  size_t count = 0;
  while (count < EVSEAL_MAX_ANCHORS && evseal_role_anchor(&anchors[count], role, (unsigned)count)) {
    count++;
  }
  return count;
}

evseal_chain_rules evseal_judge_rules(const judgement* j, const evseal_role* role) {
  evseal_chain_rules rules;
  memset(&rules, 0, sizeof rules);
  rules.max_intermediates = role->max_intermediates;
  rules.flags = EVSEAL_CHAIN_NEED_KEY_USAGE | EVSEAL_CHAIN_NEED_PURPOSE | EVSEAL_CHAIN_PREFER_TIME;
  rules.flags |= (role->flags & EVSEAL_ROLE_ALLOW_PKCS1) != 0 ? EVSEAL_CHAIN_ALLOW_PKCS1 : 0u;
  rules.on_yield = j->ctx->config.callbacks.on_yield;
  rules.user = j->ctx->config.callbacks.user;
  return rules;
}

/* Rule 3. */
static evseal_status find_chain(evseal_path* out, judgement* j, const cms_signer* signer,
                                const evseal_role* role) {
  evseal_span purposes[2] = {evseal_oid_code_signing, evseal_oid_update_package_signing};
  evseal_anchor anchors[EVSEAL_MAX_ANCHORS];
  evseal_chain_rules rules = evseal_judge_rules(j, role);
  rules.purposes = purposes;
  rules.num_purposes = (role->flags & EVSEAL_ROLE_PURPOSE_WAIVED) != 0 ? 0 : 2;
  rules.time = signer->signing_time;
  size_t num_anchors = read_anchors(anchors, role);
  return evseal_chain_find(out, &j->ctx->budget, j->ctx->config.crypto, j->ctx->certificates,
                           j->envelope.num_certificates, signer->leaf, signer->listed, anchors,
                           num_anchors, &rules);
}

/* Rule 4: what the leaf is, beside its purpose (which the chain has checked). */
static evseal_status check_leaf(const evseal_certificate* leaf) {
  if ((leaf->flags & EVSEAL_CERT_IS_CA) != 0) {
    return EVSEAL_LEAF_IS_CA;
  }
  return (leaf->key_usage & EVSEAL_KU_DIGITAL_SIGNATURE) != 0 ? EVSEAL_OK : EVSEAL_LEAF_KEY_USAGE;
}

static bool is_one_bit(uint32_t bits) {
  return bits != 0 && (bits & (bits - 1)) == 0;
}

/* Rule 4: what the leaf may sign, nested in every intermediate and within the role's scope. */
static evseal_status check_policies(const evseal_verify_ctx* ctx, const evseal_path* path,
                                    const evseal_role* role) {
  const uint32_t stages = EVSEAL_POLICY_DEV | EVSEAL_POLICY_PILOT | EVSEAL_POLICY_PROD;
  uint32_t all = stages | EVSEAL_POLICY_TRUST_UPDATE;
  uint32_t any_of_path = 0;
  uint32_t leaf = ctx->certificates[path->certificates[0]].policies & all;
  for (unsigned i = 0; i < path->num_certificates; i++) {
    uint32_t policies = ctx->certificates[path->certificates[i]].policies;
    any_of_path |= policies;
    all &= policies;
  }
  if ((any_of_path & EVSEAL_POLICY_OCPP) != 0) {
    return EVSEAL_LEAF_OCPP;
  }
  if ((role->flags & EVSEAL_ROLE_POLICIES_WAIVED) != 0) {
    return EVSEAL_OK;
  }
  if (!is_one_bit(leaf)) {
    return EVSEAL_LEAF_POLICY;
  }
  if ((any_of_path & EVSEAL_POLICY_ANY) != 0 || (all & leaf) == 0) {
    return EVSEAL_CHAIN_POLICY;
  }
  bool in_scope = leaf == EVSEAL_POLICY_TRUST_UPDATE
                      ? (role->kinds & EVSEAL_KIND_TRUST_UPDATE) != 0
                      : (role->kinds & EVSEAL_KIND_FIRMWARE) != 0 && (role->stages & leaf) != 0;
  return in_scope ? EVSEAL_OK : EVSEAL_ANCHOR_SCOPE;
}

evseal_status evseal_judge_issuer(path_issuer* out, const judgement* j, const evseal_path* path,
                                  const evseal_role* role, unsigned position) {
  memset(out, 0, sizeof *out);
  if (position + 1u < path->num_certificates) {
    out->certificate = &j->ctx->certificates[path->certificates[position + 1u]];
    out->name = out->certificate->subject;
    out->key = out->certificate->key;
  } else {
    evseal_anchor anchor;
    if (!evseal_role_anchor(&anchor, role, path->anchor) ||
        evseal_public_key_parse(&out->key, anchor.spki) != EVSEAL_OK) {
      return EVSEAL_CERT_KEY;
    }
    out->name = anchor.subject;
  }
  return j->ctx->config.crypto->sha256(out->key_hash, &out->key.spki, 1);
}

static bool is_listed(const evseal_role* role, const uint8_t* key_hash) {
  der_reader signers = der_open(role->signers);
  evseal_span listed;
  while (evseal_der_read(&signers, DER_OCTET_STRING, &listed)) {
    if (memcmp(listed.data, key_hash, EVSEAL_SHA256_LEN) == 0) {
      return true;
    }
  }
  return false;
}

/* A role that names keys counts only them: the leaf's own or the one that issued it. */
static evseal_status check_listed(evseal_signer_verdict* verdict, const judgement* j,
                                  const evseal_path* path, const evseal_role* role) {
  path_issuer issuer;
  memcpy(verdict->counts_as, verdict->key_hash, EVSEAL_SHA256_LEN);
  if (role->signers.len == 0 || is_listed(role, verdict->key_hash)) {
    return EVSEAL_OK;
  }
  evseal_status status = evseal_judge_issuer(&issuer, j, path, role, 0);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (!is_listed(role, issuer.key_hash)) {
    return EVSEAL_SIGNER_NOT_LISTED;
  }
  memcpy(verdict->counts_as, issuer.key_hash, EVSEAL_SHA256_LEN);
  return EVSEAL_OK;
}

/* How far a signer came with a role, for the report: the further, the nearer to the truth. */
enum { REACH_NONE, REACH_NO_ANCHOR, REACH_CHAIN, REACH_LEAF, REACH_LIST, REACH_ROLE };

/* Rules 3 and 4 and the role's list, for one role. */
static evseal_status try_role(evseal_signer_verdict* out, unsigned* out_reach, judgement* j,
                              const cms_signer* signer, const evseal_role* role) {
  evseal_path path;
  evseal_status status = find_chain(&path, j, signer, role);
  if (status != EVSEAL_OK) {
    /* The purpose of the leaf is rule 4, though the chain asks for it. */
    unsigned reach = status == EVSEAL_LEAF_PURPOSE ? REACH_LEAF : REACH_CHAIN;
    *out_reach = status == EVSEAL_CHAIN_NO_ANCHOR ? REACH_NO_ANCHOR : reach;
    return status;
  }
  *out_reach = REACH_LEAF;
  status = check_leaf(&j->ctx->certificates[path.certificates[0]]);
  if (status == EVSEAL_OK) {
    status = check_policies(j->ctx, &path, role);
  }
  if (status != EVSEAL_OK) {
    return status;
  }
  *out_reach = REACH_LIST;
  status = check_listed(out, j, &path, role);
  if (status == EVSEAL_OK) {
    *out_reach = REACH_ROLE;
    out->path = path;
  }
  return status;
}

/* What ends the judging of the package, and not only of the signer. */
static bool is_fatal(evseal_status status) {
  switch (status) {
    case EVSEAL_CHAIN_BUDGET:
    case EVSEAL_CRYPTO_MISSING:
    case EVSEAL_CRYPTO_FAILED:
    case EVSEAL_CMS_ALGORITHM:
    case EVSEAL_DIGEST_MISMATCH:
    case EVSEAL_SIGNATURE_ENCODING:
    case EVSEAL_SIGNATURE_RANGE:
    case EVSEAL_SIGNATURE_HIGH_S:
    case EVSEAL_SIGNATURE_INVALID:
      return true;
    default:
      return false;
  }
}

/* The one role of the trust store that a signer is of. */
static evseal_status find_role(evseal_signer_verdict* out, judgement* j, const cms_signer* signer) {
  unsigned best_reach = REACH_NONE;
  evseal_status best = EVSEAL_CHAIN_NO_ANCHOR;
  evseal_role role;
  for (unsigned r = 0; evseal_trust_role(&role, j->store, r); r++) {
    evseal_signer_verdict trial = *out;
    unsigned reach = REACH_NONE;
    evseal_status status = try_role(&trial, &reach, j, signer, &role);
    if (is_fatal(status)) {
      return status;
    }
    /* Whoever fits two roles could be taken for two parties. */
    if (reach == REACH_ROLE && best_reach == REACH_ROLE) {
      return EVSEAL_ROLE_CONFLICT;
    }
    if (reach > best_reach) {
      best_reach = reach;
      best = status;
      *out = trial;
      out->role = reach == REACH_ROLE ? r : NO_ROLE;
    }
  }
  return best;
}

/*
 * RFC 5652 section 5.4: the signature is over "a separate encoding of the signedAttrs field [...]
 * with EXPLICIT SET OF tag". The workspace is ours, so the tag is exchanged in place for the time
 * of the check.
 */
static evseal_status verify_attributes(evseal_verify_ctx* ctx, const cms_signer* signer,
                                       const evseal_algorithm* algorithm) {
  const evseal_certificate* leaf = &ctx->certificates[signer->leaf];
  uint8_t* tag = ctx->config.workspace + (size_t)(signer->attributes.data - ctx->config.workspace);
  *tag = DER_SET;
  evseal_status status =
      evseal_signature_verify(ctx->config.crypto, &leaf->key, algorithm, signer->attributes,
                              signer->signature, EVSEAL_SIGNATURE_LOW_S);
  *tag = DER_CONTEXT(0);
  /* An id-RSASSA-PSS key whose parameters forbid the one package algorithm. */
  return status == EVSEAL_CERT_ALGORITHM ? EVSEAL_CMS_ALGORITHM : status;
}

/* Rule 6; the signature once for each signer: it does not depend on the trust store. */
static evseal_status check_signature(judgement* j, unsigned index) {
  evseal_verify_ctx* ctx = j->ctx;
  const cms_signer* signer = &j->envelope.signers[index];
  uint8_t digest[EVSEAL_MAX_DIGEST];
  evseal_algorithm algorithm;
  evseal_hash hash = EVSEAL_HASH_NONE;
  if (!evseal_cms_algorithm_of_key(&algorithm, &hash, ctx->certificates[signer->leaf].key.type)) {
    return EVSEAL_ALGORITHM_UNKNOWN;
  }
  hash_function function = evseal_hash_of(ctx->config.crypto, hash);
  if (function == NULL) {
    return EVSEAL_CRYPTO_MISSING;
  }
  evseal_status status = function(digest, &j->envelope.manifest, 1);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (signer->message_digest.len != (size_t)hash ||
      memcmp(digest, signer->message_digest.data, (size_t)hash) != 0) {
    return EVSEAL_DIGEST_MISMATCH;
  }
  if (ctx->signature_status[index] == EVSEAL_OK) {
    return EVSEAL_OK;
  }
  if (ctx->budget.operations == 0) {
    return EVSEAL_CHAIN_BUDGET;
  }
  ctx->budget.operations--;
  if (ctx->config.callbacks.on_yield != NULL) {
    ctx->config.callbacks.on_yield(ctx->config.callbacks.user);
  }
  /* The status itself is kept, not a conclusion from it: no branch here to misdirect. */
  ctx->signature_status[index] = verify_attributes(ctx, signer, &algorithm);
  return ctx->signature_status[index];
}

/* Rule 7: a key counts once over all roles. */
static bool is_repeated(const judgement* j, unsigned index) {
  for (unsigned i = 0; i < index; i++) {
    if (evseal_judge_counts(j, i) &&
        memcmp(j->ctx->verdicts[i].key_hash, j->ctx->verdicts[index].key_hash, EVSEAL_SHA256_LEN) ==
            0) {
      return true;
    }
  }
  return false;
}

/* Rules 3 to 7 for one signer. */
static evseal_status judge_signer(judgement* j, unsigned index) {
  const cms_signer* signer = &j->envelope.signers[index];
  evseal_signer_verdict* verdict = &j->ctx->verdicts[index];
  evseal_role role;
  if (!signer->known) {
    return EVSEAL_ALGORITHM_UNKNOWN;
  }
  evseal_status status = j->ctx->config.crypto->sha256(
      verdict->key_hash, &j->ctx->certificates[signer->leaf].key.spki, 1);
  if (status == EVSEAL_OK) {
    status = find_role(verdict, j, signer);
  }
  if (status != EVSEAL_OK || !evseal_trust_role(&role, j->store, verdict->role)) {
    return status == EVSEAL_OK ? EVSEAL_CHAIN_NO_ANCHOR : status;
  }
  status = evseal_judge_revocation(j, &role, &verdict->path);
  if (status == EVSEAL_OK) {
    status = check_signature(j, index);
  }
  return status == EVSEAL_OK && is_repeated(j, index) ? EVSEAL_SIGNER_REPEATED : status;
}

evseal_status evseal_judge_signers(judgement* j) {
  evseal_verify_ctx* ctx = j->ctx;
  bool any = false;
  memset(ctx->verdicts, 0, sizeof ctx->verdicts);
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    ctx->verdicts[i].role = NO_ROLE;
    ctx->verdicts[i].status = EVSEAL_PENDING;
    evseal_status status = judge_signer(j, i);
    ctx->verdicts[i].status = status;
    if (is_fatal(status)) {
      return status;
    }
    any = any || status == EVSEAL_OK;
  }
  return any ? EVSEAL_OK : ctx->verdicts[0].status;
}

/* How many signers of a role count, each by a key of its own: its, or the one that is listed. */
static uint32_t count_of_role(const judgement* j, unsigned index) {
  uint32_t count = 0;
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    const evseal_signer_verdict* verdict = &j->ctx->verdicts[i];
    bool fresh = evseal_judge_counts(j, i) && verdict->role == index;
    for (unsigned k = 0; fresh && k < i; k++) {
      const evseal_signer_verdict* other = &j->ctx->verdicts[k];
      fresh = !evseal_judge_counts(j, k) || other->role != index ||
              memcmp(other->counts_as, verdict->counts_as, EVSEAL_SHA256_LEN) != 0;
    }
    count += fresh ? 1u : 0u;
  }
  return count;
}

static bool any_counts(const judgement* j) {
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    if (evseal_judge_counts(j, i)) {
      return true;
    }
  }
  return false;
}

evseal_status evseal_judge_thresholds(const judgement* j) {
  bool firmware = j->ctx->report.manifest.kind == EVSEAL_KIND_FIRMWARE;
  der_reader names =
      der_open(firmware ? j->store->require_firmware : j->store->require_trust_update);
  bool met = !der_done(&names);
  evseal_span name;
  if (!any_counts(j)) {
    return j->ctx->verdicts[0].status;
  }
  while (evseal_der_read(&names, DER_UTF8_STRING, &name)) {
    evseal_role role;
    unsigned index = evseal_trust_role_index(j->store, name);
    met = met && evseal_trust_role(&role, j->store, index) &&
          count_of_role(j, index) >= role.threshold;
  }
  return met ? EVSEAL_OK : EVSEAL_THRESHOLD_NOT_MET;
}
