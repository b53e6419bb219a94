/* Rules 2 to 7 and 9: who signed. This version counts one role with threshold one. */
#include "judge.h"

#include "oids.h"

/* The one role that firmware needs; true when the profile asks for no more than that. */
static bool firmware_role(evseal_role* out, const evseal_profile* profile) {
  der_reader names = der_open(profile->require_firmware);
  evseal_span name;
  return evseal_der_read(&names, DER_UTF8_STRING, &name) && der_done(&names) &&
         evseal_profile_role(out, profile, name);
}

evseal_status evseal_judge_profile(const evseal_profile* profile) {
  evseal_role role;
  bool supported = firmware_role(&role, profile) && role.threshold == 1 && role.signers.len == 0;
  return supported ? EVSEAL_OK : EVSEAL_PROFILE_UNSUPPORTED;
}

static size_t read_anchors(evseal_anchor* anchors, const evseal_role* role) {
  size_t count = 0;
  while (count < EVSEAL_MAX_ANCHORS && evseal_role_anchor(&anchors[count], role, (unsigned)count)) {
    count++;
  }
  return count;
}

/* Rule 3. */
static evseal_status find_chain(evseal_verify_ctx* ctx, const cms_envelope* envelope,
                                const cms_signer* signer, const evseal_role* role) {
  static const uint8_t max_index = EVSEAL_MAX_CERTIFICATES;
  evseal_span purposes[2] = {evseal_oid_code_signing, evseal_oid_update_package_signing};
  evseal_anchor anchors[EVSEAL_MAX_ANCHORS];
  evseal_chain_rules rules;
  memset(&rules, 0, sizeof rules);
  rules.purposes = purposes;
  rules.num_purposes = (role->flags & EVSEAL_ROLE_PURPOSE_WAIVED) != 0 ? 0 : 2;
  rules.max_intermediates = role->max_intermediates;
  rules.flags = EVSEAL_CHAIN_NEED_KEY_USAGE | EVSEAL_CHAIN_NEED_PURPOSE | EVSEAL_CHAIN_PREFER_TIME;
  rules.flags |= (role->flags & EVSEAL_ROLE_ALLOW_PKCS1) != 0 ? EVSEAL_CHAIN_ALLOW_PKCS1 : 0u;
  rules.time = signer->signing_time;
  rules.on_yield = ctx->config.callbacks.on_yield;
  rules.user = ctx->config.callbacks.user;
  if (signer->leaf >= max_index) {
    return EVSEAL_MISUSE;
  }
  size_t num_anchors = read_anchors(anchors, role);
  return evseal_chain_find(&ctx->path, &ctx->budget, ctx->config.crypto, ctx->certificates,
                           envelope->num_certificates, signer->leaf, signer->listed, anchors,
                           num_anchors, &rules);
}

/* Rule 4: what the leaf is, beside its purpose (which the chain has checked). */
static evseal_status check_leaf(const evseal_verify_ctx* ctx) {
  const evseal_certificate* leaf = &ctx->certificates[ctx->path.certificates[0]];
  if ((leaf->flags & EVSEAL_CERT_IS_CA) != 0) {
    return EVSEAL_LEAF_IS_CA;
  }
  return (leaf->key_usage & EVSEAL_KU_DIGITAL_SIGNATURE) != 0 ? EVSEAL_OK : EVSEAL_LEAF_KEY_USAGE;
}

static unsigned count_bits(uint32_t bits) {
  unsigned count = 0;
  for (; bits != 0; bits &= bits - 1) {
    count++;
  }
  return count;
}

/* Rule 4: what the leaf may sign, nested in every intermediate and within the role's scope. */
static evseal_status check_policies(const evseal_verify_ctx* ctx, const evseal_role* role) {
  const uint32_t kinds_of_policy = EVSEAL_POLICY_DEV | EVSEAL_POLICY_PILOT | EVSEAL_POLICY_PROD;
  uint32_t all = kinds_of_policy | EVSEAL_POLICY_TRUST_UPDATE;
  uint32_t any_of_path = 0;
  for (unsigned i = 0; i < ctx->path.num_certificates; i++) {
    uint32_t policies = ctx->certificates[ctx->path.certificates[i]].policies;
    any_of_path |= policies;
    all &= policies;
  }
  if ((any_of_path & EVSEAL_POLICY_OCPP) != 0) {
    return EVSEAL_LEAF_OCPP;
  }
  if ((role->flags & EVSEAL_ROLE_POLICIES_WAIVED) != 0) {
    return EVSEAL_OK;
  }
  uint32_t leaf = ctx->certificates[ctx->path.certificates[0]].policies;
  leaf &= kinds_of_policy | EVSEAL_POLICY_TRUST_UPDATE;
  if (count_bits(leaf) != 1) {
    return EVSEAL_LEAF_POLICY;
  }
  if ((any_of_path & EVSEAL_POLICY_ANY) != 0 || (all & leaf) == 0) {
    return EVSEAL_CHAIN_POLICY;
  }
  bool in_scope = leaf == EVSEAL_POLICY_TRUST_UPDATE ? (role->kinds & EVSEAL_KIND_TRUST_UPDATE) != 0
                                                     : (role->stages & leaf) != 0;
  return in_scope ? EVSEAL_OK : EVSEAL_ANCHOR_SCOPE;
}

/* Rule 5: revocation is not implemented here yet, so whoever needs it is refused. */
static evseal_status check_revocation(const cms_envelope* envelope, const evseal_role* role) {
  bool needed = envelope->has_crls || (role->flags & EVSEAL_ROLE_CRL_REQUIRED) != 0;
  return needed ? EVSEAL_CRL_UNSUPPORTED : EVSEAL_OK;
}

static evseal_status hash_with(uint8_t* out, const evseal_crypto* crypto, evseal_hash hash,
                               evseal_span bytes) {
  evseal_status (*function)(uint8_t*, const evseal_span*, size_t) =
      hash == EVSEAL_HASH_SHA256 ? crypto->sha256
                                 : (hash == EVSEAL_HASH_SHA384 ? crypto->sha384 : crypto->sha512);
  return function == NULL ? EVSEAL_CRYPTO_MISSING : function(out, &bytes, 1);
}

/*
 * Rule 6: RFC 5652 section 5.4: the signature is over "a separate encoding of the signedAttrs field
 * [...] with EXPLICIT SET OF tag". The workspace is ours, so the tag is exchanged in place for the
 * time of the check.
 */
static evseal_status check_signature(evseal_verify_ctx* ctx, const cms_envelope* envelope,
                                     const cms_signer* signer) {
  const evseal_certificate* leaf = &ctx->certificates[signer->leaf];
  uint8_t digest[EVSEAL_MAX_DIGEST];
  evseal_algorithm algorithm;
  evseal_hash hash = EVSEAL_HASH_NONE;
  if (!evseal_cms_algorithm_of_key(&algorithm, &hash, leaf->key.type)) {
    return EVSEAL_ALGORITHM_UNKNOWN;
  }
  evseal_status status = hash_with(digest, ctx->config.crypto, hash, envelope->manifest);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (signer->message_digest.len != (size_t)hash ||
      memcmp(digest, signer->message_digest.data, (size_t)hash) != 0) {
    return EVSEAL_DIGEST_MISMATCH;
  }
  if (ctx->budget.operations == 0) {
    return EVSEAL_CHAIN_BUDGET;
  }
  ctx->budget.operations--;
  if (ctx->config.callbacks.on_yield != NULL) {
    ctx->config.callbacks.on_yield(ctx->config.callbacks.user);
  }
  uint8_t* tag = ctx->config.workspace + (size_t)(signer->attributes.data - ctx->config.workspace);
  *tag = DER_SET;
  status = evseal_signature_verify(ctx->config.crypto, &leaf->key, &algorithm, signer->attributes,
                                   signer->signature, EVSEAL_SIGNATURE_LOW_S);
  *tag = DER_CONTEXT(0);
  /* An id-RSASSA-PSS key whose parameters forbid the one package algorithm. */
  return status == EVSEAL_CERT_ALGORITHM ? EVSEAL_CMS_ALGORITHM : status;
}

/* Rules 3 to 6 for the signer. */
static evseal_status judge_signer(evseal_verify_ctx* ctx, const cms_envelope* envelope,
                                  const cms_signer* signer, const evseal_role* role) {
  if (!signer->known) {
    return EVSEAL_ALGORITHM_UNKNOWN;
  }
  evseal_status status = find_chain(ctx, envelope, signer, role);
  if (status == EVSEAL_OK) {
    status = check_leaf(ctx);
  }
  if (status == EVSEAL_OK) {
    status = check_policies(ctx, role);
  }
  if (status == EVSEAL_OK) {
    status = check_revocation(envelope, role);
  }
  return status == EVSEAL_OK ? check_signature(ctx, envelope, signer) : status;
}

/* Rule 9 for one certificate. */
static evseal_status check_validity(const evseal_verify_ctx* ctx,
                                    const evseal_certificate* certificate, int64_t signing_time,
                                    int64_t floor) {
  if (signing_time < certificate->not_before) {
    return EVSEAL_NOT_YET_VALID;
  }
  if (signing_time > certificate->not_after) {
    return EVSEAL_EXPIRED;
  }
  if (floor > certificate->not_after) {
    return EVSEAL_EXPIRED_FLOOR;
  }
  if (ctx->profile.clock_trusted && ctx->config.now < certificate->not_before) {
    return EVSEAL_CLOCK_BEFORE;
  }
  return ctx->profile.clock_trusted && ctx->config.now > certificate->not_after ? EVSEAL_CLOCK_AFTER
                                                                                : EVSEAL_OK;
}

static int64_t device_time_floor(const evseal_verify_ctx* ctx) {
  return ctx->state.time_floor > ctx->profile.time_floor ? ctx->state.time_floor
                                                         : ctx->profile.time_floor;
}

/* Rule 9, and the time floor that follows from it. */
static evseal_status judge_time(evseal_verify_ctx* ctx, int64_t signing_time) {
  int64_t floor = device_time_floor(ctx);
  for (unsigned i = 0; i < ctx->path.num_certificates; i++) {
    const evseal_certificate* certificate = &ctx->certificates[ctx->path.certificates[i]];
    evseal_status status = check_validity(ctx, certificate, signing_time, floor);
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  uint32_t highest = (uint32_t)EVSEAL_STAGE_PROD;
  while ((ctx->profile.stages & highest) == 0) {
    highest >>= 1;
  }
  ctx->report.raises_floors = (uint32_t)ctx->report.manifest.stage == highest;
  ctx->report.time_floor = floor;
  if (ctx->report.raises_floors && signing_time > floor) {
    bool far_ahead = signing_time - floor > EVSEAL_TIME_FLOOR_STEP;
    ctx->report.time_floor = far_ahead ? floor + EVSEAL_TIME_FLOOR_STEP : signing_time;
  }
  return EVSEAL_OK;
}

static void describe_signer(evseal_verify_ctx* ctx, const cms_signer* signer,
                            const evseal_role* role) {
  evseal_signer_report* report = &ctx->report.signers[0];
  const evseal_certificate* leaf = &ctx->certificates[signer->leaf];
  ctx->report.num_signers = 1;
  report->signing_time = signer->signing_time;
  report->subject = leaf->subject;
  report->role = role->name;
  (void)ctx->config.crypto->sha256(report->key_hash, &leaf->key.spki, 1);
}

static int64_t earliest_end(const evseal_verify_ctx* ctx) {
  int64_t end = INT64_MAX;
  for (unsigned i = 0; i < ctx->path.num_certificates; i++) {
    int64_t not_after = ctx->certificates[ctx->path.certificates[i]].not_after;
    end = not_after < end ? not_after : end;
  }
  return end;
}

/* What may be said about a package whose signer counts. */
static evseal_status authenticate(evseal_verify_ctx* ctx, const cms_envelope* envelope,
                                  const evseal_role* role) {
  const cms_signer* signer = &envelope->signers[0];
  describe_signer(ctx, signer, role);
  evseal_status status = judge_signer(ctx, envelope, signer, role);
  ctx->report.signers[0].status = status;
  if (status != EVSEAL_OK) {
    return status;
  }
  ctx->report.signers[0].path_not_after = earliest_end(ctx);
  ctx->report.authenticated = true;
  return ctx->config.crypto->sha256(ctx->report.package_id, &envelope->manifest, 1);
}

evseal_status evseal_judge_envelope(evseal_verify_ctx* ctx) {
  cms_envelope envelope;
  evseal_role role;
  evseal_span bytes = evseal_span_of(ctx->config.workspace, ctx->envelope_len);
  evseal_status status = evseal_cms_read(&envelope, ctx->certificates, ctx->config.crypto, bytes,
                                         ctx->profile.envelope_bytes / 2);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (envelope.num_signers != 1) {
    return EVSEAL_SIGNERS_UNSUPPORTED;
  }
  if (!firmware_role(&role, &ctx->profile)) {
    return EVSEAL_PROFILE_UNSUPPORTED;
  }
  status = authenticate(ctx, &envelope, &role);
  if (status != EVSEAL_OK) {
    return status;
  }
  /* Only now: the bytes are what the signer signed. */
  status = evseal_manifest_parse(&ctx->report.manifest, envelope.manifest);
  if (status == EVSEAL_OK) {
    status =
        evseal_judge_manifest(ctx, &role, ctx->certificates[envelope.signers[0].leaf].policies);
  }
  return status == EVSEAL_OK ? judge_time(ctx, envelope.signers[0].signing_time) : status;
}
