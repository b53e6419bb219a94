/* Rule 5: revocation that works offline (docs/format.md section 6.2). */
#include "check_once.h"
#include "crl_claims.h"
#include "judge.h"
#include "state_write.h"

/* Checks whose a CRL is, its signature with an issuer's key included. */
static evseal_status check_issuer(judgement* j, unsigned index, const evseal_crl* crl,
                                  const path_issuer* issuer, const evseal_chain_rules* rules) {
  evseal_verify_ctx* ctx = j->ctx;
  evseal_status status = evseal_crl_check_claims(crl, issuer->name, issuer->certificate, rules);
  if (status != EVSEAL_OK) {
    return status;
  }
  signed_item item = {(uint8_t)(CRL_ITEM | index), &crl->algorithm, crl->tbs, crl->signature};
  return evseal_check_once(&ctx->budget, ctx->config.crypto, rules, &item, &issuer->key,
                           EVSEAL_CRL_ISSUER);
}

/* Whether a CRL of the envelope is this issuer's and holds; remembers that its signature did. */
static evseal_status check_crl(judgement* j, unsigned index, const evseal_crl* crl,
                               const path_issuer* issuer, const evseal_chain_rules* rules) {
  evseal_verify_ctx* ctx = j->ctx;
  evseal_crl_record* record = &ctx->crls[index];
  evseal_status status = check_issuer(j, index, crl, issuer, rules);
  if (status != EVSEAL_OK) {
    return status;
  }
  record->issuer_spki = issuer->key.spki;
  memcpy(record->issuer_key, issuer->key_hash, EVSEAL_SHA256_LEN);
  bool current = !ctx->profile.clock_trusted ||
                 (crl->this_update <= ctx->config.now && ctx->config.now <= crl->next_update);
  return current ? EVSEAL_OK : EVSEAL_CRL_STALE;
}

/* What all lists of one issuer say of one certificate. */
static evseal_status check_certificate(judgement* j, const evseal_certificate* certificate,
                                       const path_issuer* issuer, bool required,
                                       const evseal_chain_rules* rules) {
  evseal_verify_ctx* ctx = j->ctx;
  evseal_status first = EVSEAL_OK;
  evseal_known_issuer known;
  bool is_known = evseal_state_find_issuer(&known, &ctx->state, issuer->key_hash);
  bool is_revoked = is_known && evseal_known_issuer_lists(&known, certificate->serial);
  bool shown = false;  /* a list of this issuer is here */
  bool recent = false; /* one that is no older than what the device has seen */
  for (unsigned i = 0; i < ctx->num_crls; i++) {
    evseal_crl crl;
    (void)evseal_crl_parse(&crl, ctx->crls[i].der);
    if (!evseal_span_equal(crl.issuer, issuer->name)) {
      continue;
    }
    evseal_status status = check_crl(j, i, &crl, issuer, rules);
    if (status != EVSEAL_OK) {
      first = first == EVSEAL_OK ? status : first;
      continue;
    }
    shown = true;
    recent = recent || !is_known || crl.number >= known.number;
    is_revoked = is_revoked || evseal_crl_lists(&crl, certificate->serial);
  }
  if (first != EVSEAL_OK) {
    return first;
  }
  if (is_revoked) {
    return EVSEAL_REVOKED;
  }
  bool missing = (required && !shown && !is_known) || (is_known && !known.complete && !recent);
  return missing ? EVSEAL_CRL_MISSING : EVSEAL_OK;
}

evseal_status evseal_judge_revocation(judgement* j, const evseal_role* role,
                                      const evseal_path* path) {
  evseal_chain_rules rules = evseal_judge_rules(j, role);
  bool required = (role->flags & EVSEAL_ROLE_CRL_REQUIRED) != 0;
  evseal_status first = EVSEAL_OK;
  if (!EVSEAL_WITH_CRL) {
    return required ? EVSEAL_CRL_MISSING : EVSEAL_OK;
  }
  /* All certificates are looked at also after a failure: what their issuers revoke is remembered.
   */
  for (unsigned i = 0; i < path->num_certificates; i++) {
    path_issuer issuer;
    evseal_status status = evseal_judge_issuer(&issuer, j, path, role, i);
    if (status != EVSEAL_OK) {
      return status;
    }
    status = check_certificate(j, &j->ctx->certificates[path->certificates[i]], &issuer, required,
                               &rules);
    first = first == EVSEAL_OK ? status : first;
  }
  return first;
}

/* The highest CRLNumber that this device has seen of an issuer, now or before; false for none. */
static bool number_seen(uint64_t* out, const evseal_verify_ctx* ctx, const uint8_t* issuer_key) {
  evseal_known_issuer known;
  bool seen = evseal_state_find_issuer(&known, &ctx->state, issuer_key);
  *out = seen ? known.number : 0;
  for (unsigned i = 0; i < ctx->num_crls; i++) {
    const evseal_crl_record* record = &ctx->crls[i];
    if (record->issuer_spki.len > 0 &&
        memcmp(record->issuer_key, issuer_key, EVSEAL_SHA256_LEN) == 0) {
      *out = !seen || record->number > *out ? record->number : *out;
      seen = true;
    }
  }
  return seen;
}

/* True when the key is that of an issuer on the path of a signer that counts, or when that cannot
 * be told: a list is then asked for. */
static bool is_on_a_path(const judgement* j, const uint8_t* issuer_key) {
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    const evseal_signer_verdict* verdict = &j->ctx->verdicts[i];
    evseal_role role;
    if (!evseal_judge_counts(j, i) || !evseal_trust_role(&role, j->store, verdict->role)) {
      continue;
    }
    for (unsigned k = 0; k < verdict->path.num_certificates; k++) {
      path_issuer issuer;
      if (evseal_judge_issuer(&issuer, j, &verdict->path, &role, k) != EVSEAL_OK ||
          memcmp(issuer.key_hash, issuer_key, EVSEAL_SHA256_LEN) == 0) {
        return true;
      }
    }
  }
  return false;
}

evseal_status evseal_judge_named_crls(const judgement* j) {
  uint8_t issuer_key[EVSEAL_SHA256_LEN];
  uint64_t least = 0;
  for (unsigned i = 0; evseal_manifest_crl(issuer_key, &least, &j->ctx->report.manifest, i); i++) {
    uint64_t number = 0;
    bool fine = (number_seen(&number, j->ctx, issuer_key) && number >= least) ||
                !is_on_a_path(j, issuer_key);
    if (!fine) {
      return EVSEAL_CRL_STRIPPED;
    }
  }
  return EVSEAL_OK;
}

evseal_status evseal_judge_known_issuers(const judgement* j) {
  const evseal_verify_ctx* ctx = j->ctx;
  state_sources sources;
  memset(&sources, 0, sizeof sources);
  sources.states[0] = &ctx->state;
  sources.num_states = 1;
  sources.crls = ctx->crls;
  sources.num_crls = ctx->num_crls;
  sources.manifest = &ctx->report.manifest;
  return evseal_state_count_issuers(&sources) <= EVSEAL_MAX_KNOWN_ISSUERS ? EVSEAL_OK
                                                                          : EVSEAL_CRL_TOO_MANY;
}

/* True when a CRL says something that the state does not know. */
static bool is_news(const evseal_verify_ctx* ctx, const evseal_crl_record* record) {
  evseal_known_issuer known;
  evseal_crl crl;
  evseal_span serial;
  if (!evseal_state_find_issuer(&known, &ctx->state, record->issuer_key) ||
      record->number > known.number) {
    return true;
  }
  if (!known.complete || evseal_crl_parse(&crl, record->der) != EVSEAL_OK) {
    return false;
  }
  evseal_span rest = crl.entries;
  while (evseal_crl_next_serial(&rest, &serial)) {
    if (!evseal_known_issuer_lists(&known, serial)) {
      return true;
    }
  }
  return false;
}

void evseal_judge_report_crls(evseal_verify_ctx* ctx) {
  for (unsigned i = 0; i < ctx->num_crls; i++) {
    const evseal_crl_record* record = &ctx->crls[i];
    if (record->issuer_spki.len > 0) {
      evseal_crl_report* report = &ctx->report.crls[ctx->report.num_crls++];
      memcpy(report->issuer_key, record->issuer_key, EVSEAL_SHA256_LEN);
      report->number = record->number;
      ctx->report.learnt = ctx->report.learnt || is_news(ctx, record);
    }
  }
}
