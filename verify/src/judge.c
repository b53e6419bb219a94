/* The order of the rules over an envelope (docs/format.md section 9.3). */
#include "judge.h"

#include "stream.h"

/* The state; where it is lost and to be recovered, one that has learnt nothing. */
static evseal_status open_state(evseal_verify_ctx* ctx) {
  const evseal_verify_config* config = &ctx->config;
  if (config->recovery.len == 0) {
    return evseal_state_open(&ctx->state, config->crypto, config->state);
  }
  memset(&ctx->state, 0, sizeof ctx->state);
  ctx->state.vendor = ctx->profile.vendor;
  ctx->state.model = ctx->profile.model;
  return EVSEAL_OK;
}

evseal_status evseal_judge_open_device(evseal_verify_ctx* ctx) {
  const evseal_verify_config* config = &ctx->config;
  evseal_status status = evseal_profile_open(&ctx->profile, config->crypto, config->profile);
  if (status == EVSEAL_OK) {
    status = open_state(ctx);
  }
  if (status != EVSEAL_OK) {
    return status;
  }
  if (!evseal_span_equal(ctx->state.vendor, ctx->profile.vendor) ||
      !evseal_span_equal(ctx->state.model, ctx->profile.model)) {
    return EVSEAL_STATE_MISMATCH;
  }
  if (ctx->profile.clock_trusted && !config->now_known) {
    return EVSEAL_CLOCK_MISSING;
  }
  size_t needed = EVSEAL_WORKSPACE_SIZE(ctx->profile.envelope_bytes, ctx->profile.chunk_bytes, 1);
  return config->workspace_len >= needed ? EVSEAL_OK : EVSEAL_WORKSPACE_TOO_SMALL;
}

static evseal_status describe_signers(judgement* j) {
  evseal_verify_ctx* ctx = j->ctx;
  evseal_status status = EVSEAL_OK;
  ctx->report.num_signers = j->envelope.num_signers;
  for (unsigned i = 0; status == EVSEAL_OK && i < j->envelope.num_signers; i++) {
    const cms_signer* signer = &j->envelope.signers[i];
    evseal_signer_report* report = &ctx->report.signers[i];
    const evseal_certificate* leaf = &ctx->certificates[signer->leaf];
    report->status = EVSEAL_PENDING;
    report->new_status = EVSEAL_PENDING;
    report->signing_time = signer->signing_time;
    report->subject = leaf->subject;
    status = ctx->config.crypto->sha256(report->key_hash, &leaf->key.spki, 1);
  }
  return status;
}

/* Of the certificates of a path, of which there is one at least. */
static int64_t earliest_end(const evseal_verify_ctx* ctx, const evseal_path* path) {
  int64_t end = INT64_MAX;
  for (unsigned i = 0; i < path->num_certificates; i++) {
    int64_t not_after = ctx->certificates[path->certificates[i]].not_after;
    end = not_after < end ? not_after : end;
  }
  return end;
}

/* How far the signers have come, with the old trust store or the new. */
static void report_signers(judgement* j, bool with_new_store) {
  evseal_verify_ctx* ctx = j->ctx;
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    const evseal_signer_verdict* verdict = &ctx->verdicts[i];
    evseal_signer_report* report = &ctx->report.signers[i];
    evseal_role role;
    if (with_new_store) {
      report->new_status = verdict->status;
      continue;
    }
    report->status = verdict->status;
    if (evseal_trust_role(&role, j->store, verdict->role)) {
      report->role = role.name;
      report->path_not_after = earliest_end(ctx, &verdict->path);
    }
  }
}

/* Rule 8's part about signers, with one trust store. */
static evseal_status judge_with_store(judgement* j) {
  evseal_judge_scope(j);
  return evseal_judge_thresholds(j);
}

/* A trust-update must hold with the store that it brings too. */
static evseal_status judge_with_new_store(judgement* j) {
  evseal_trust_store store;
  evseal_status status = evseal_judge_new_trust(j->ctx, &store);
  if (status != EVSEAL_OK) {
    return status;
  }
  int64_t time_floor = j->ctx->report.time_floor;
  bool raises = j->ctx->report.raises_floors;
  j->store = &store;
  status = evseal_judge_signers(j);
  if (status == EVSEAL_OK) {
    status = judge_with_store(j);
  }
  if (status == EVSEAL_OK) {
    evseal_judge_time(j);
    status = evseal_judge_thresholds(j);
  }
  report_signers(j, true);
  /* What is remembered follows from the signers that the old store knows. */
  j->ctx->report.time_floor = time_floor;
  j->ctx->report.raises_floors = raises;
  return status;
}

/* Rules 8 and 9, once a signer counts. */
static evseal_status judge_manifest(judgement* j) {
  evseal_verify_ctx* ctx = j->ctx;
  evseal_status status = evseal_manifest_parse(&ctx->report.manifest, j->envelope.manifest);
  if (status == EVSEAL_OK) {
    status = evseal_judge_manifest_for_device(j);
  }
  if (status == EVSEAL_OK) {
    status = judge_with_store(j);
  }
  if (EVSEAL_WITH_CRL && status == EVSEAL_OK) {
    status = evseal_judge_named_crls(j);
  }
  if (status == EVSEAL_OK) {
    status = evseal_judge_manifest_content(j);
  }
  if (status == EVSEAL_OK) {
    evseal_judge_time(j);
    status = evseal_judge_thresholds(j);
  }
  report_signers(j, false);
  if (EVSEAL_WITH_TRUST_UPDATE && status == EVSEAL_OK && ctx->kind == EVSEAL_KIND_TRUST_UPDATE) {
    status = judge_with_new_store(j);
  }
  return EVSEAL_WITH_CRL && status == EVSEAL_OK ? evseal_judge_known_issuers(j) : status;
}

/* Nothing of an earlier judgement is left: what device this is and what the header says is read
 * anew, too. */
static evseal_status begin(evseal_verify_ctx* ctx) {
  memset(&ctx->report, 0, sizeof ctx->report);
  memset(ctx->certificates, 0, sizeof ctx->certificates);
  memset(ctx->crls, 0, sizeof ctx->crls);
  ctx->report.failed_component = EVSEAL_MAX_COMPONENTS;
  ctx->num_certificates = 0;
  ctx->num_crls = 0;
  ctx->budget.name_steps = EVSEAL_MAX_NAME_STEPS;
  ctx->new_trust_der = evseal_span_of(NULL, 0);
  evseal_status status = evseal_judge_open_device(ctx);
  return status == EVSEAL_OK ? evseal_stream_read_header(ctx) : status;
}

evseal_status evseal_judge_envelope(evseal_verify_ctx* ctx) {
  judgement j;
  evseal_status status = begin(ctx);
  if (status != EVSEAL_OK) {
    return status;
  }
  j.ctx = ctx;
  j.store = evseal_device_trust(&ctx->profile, &ctx->state);
  evseal_span bytes = evseal_span_of(ctx->config.workspace, ctx->envelope_len);
  status = evseal_cms_read(&j.envelope, ctx->certificates, ctx->crls, ctx->config.crypto, bytes,
                           ctx->profile.envelope_bytes / 2);
  if (status != EVSEAL_OK) {
    return status;
  }
  ctx->num_certificates = j.envelope.num_certificates;
  ctx->num_crls = j.envelope.num_crls;
  status = describe_signers(&j);
  if (status != EVSEAL_OK) {
    return status;
  }
  status = evseal_judge_signers(&j);
  report_signers(&j, false);
  if (status == EVSEAL_OK) {
    /* Only now: the bytes are what a signer signed whom the device trusts. */
    ctx->report.authenticated = true;
    status = ctx->config.crypto->sha256(ctx->report.package_id, &j.envelope.manifest, 1);
  }
  if (status == EVSEAL_OK) {
    status = judge_manifest(&j);
  }
  if (EVSEAL_WITH_CRL) {
    evseal_judge_report_crls(ctx);
  }
  if (status == EVSEAL_OK) {
    ctx->proof += PROOF_OF_ENVELOPE;
  }
  return status;
}
