/* Rule 9: time, for a device that may have no clock (docs/format.md section 9.3). */
#include "judge.h"

/* One certificate. */
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

/* The device's time floor, or the one that a trust-update sets: who may lower the floor must not be
 * shut out by one that was pushed too far. The profile's own always counts. */
static int64_t time_floor_for(const evseal_verify_ctx* ctx) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  bool resets = manifest->kind == EVSEAL_KIND_TRUST_UPDATE && manifest->resets_time_floor;
  int64_t learnt = resets ? manifest->time_floor : ctx->state.time_floor;
  return learnt > ctx->profile.time_floor ? learnt : ctx->profile.time_floor;
}

static evseal_status check_path(const evseal_verify_ctx* ctx, const evseal_path* path,
                                int64_t signing_time, int64_t floor) {
  for (unsigned i = 0; i < path->num_certificates; i++) {
    const evseal_certificate* certificate = &ctx->certificates[path->certificates[i]];
    evseal_status status = check_validity(ctx, certificate, signing_time, floor);
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  return EVSEAL_OK;
}

/* What the device should remember: never more than 400 days at once. */
static void report_floors(evseal_verify_ctx* ctx, int64_t earliest, int64_t floor) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  uint32_t highest = (uint32_t)EVSEAL_STAGE_PROD;
  while ((ctx->profile.stages & highest) == 0) {
    highest >>= 1;
  }
  ctx->report.raises_floors = (uint32_t)manifest->stage == highest;
  ctx->report.time_floor = floor;
  bool fixed = manifest->kind == EVSEAL_KIND_TRUST_UPDATE && manifest->resets_time_floor;
  if (ctx->report.raises_floors && !fixed && earliest > floor) {
    bool far_ahead = earliest - floor > EVSEAL_TIME_FLOOR_STEP;
    ctx->report.time_floor = far_ahead ? floor + EVSEAL_TIME_FLOOR_STEP : earliest;
  }
}

void evseal_judge_time(judgement* j) {
  evseal_verify_ctx* ctx = j->ctx;
  int64_t floor = time_floor_for(ctx);
  int64_t earliest = INT64_MAX;
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    int64_t signing_time = j->envelope.signers[i].signing_time;
    if (!evseal_judge_counts(j, i)) {
      continue;
    }
    ctx->verdicts[i].status = check_path(ctx, &ctx->verdicts[i].path, signing_time, floor);
    if (evseal_judge_counts(j, i) && signing_time < earliest) {
      earliest = signing_time;
    }
  }
  report_floors(ctx, earliest == INT64_MAX ? floor : earliest, floor);
}
