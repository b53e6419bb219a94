/* The rules between the bytes of an envelope and the first byte of payload (docs/format.md
 * section 9.3). Internal. */
#ifndef EVSEAL_SRC_JUDGE_H
#define EVSEAL_SRC_JUDGE_H

#include "cms.h"
#include "evseal/verify.h"

#define NO_ROLE EVSEAL_MAX_ROLES

/* One envelope, judged with one trust store. The verdicts are in the context. */
typedef struct judgement {
  evseal_verify_ctx* ctx;
  cms_envelope envelope;
  const evseal_trust_store* store;
} judgement;

/* The issuer of a certificate of a path: the certificate above it, or the anchor. */
typedef struct path_issuer {
  evseal_span name;
  const evseal_certificate* certificate; /* null for an anchor */
  evseal_public_key key;
  uint8_t key_hash[EVSEAL_SHA256_LEN];
} path_issuer;

/* What ctx->proof gains each time that all rules over an envelope held; far from zero. */
#define PROOF_OF_ENVELOPE 0x2D5A91E7u

/* Reads the device's profile and state, and checks that they fit and that the workspace is large
 * enough. */
evseal_status evseal_judge_open_device(evseal_verify_ctx* ctx);

/*
 * Rules 2 to 9 over the envelope in the workspace. EVSEAL_OK fills ctx->report but for the
 * payload's masks. It begins anew each time and keeps only what the public-key operations have
 * found out.
 */
evseal_status evseal_judge_envelope(evseal_verify_ctx* ctx);

/* Rules 3 to 7: fills the verdicts. EVSEAL_OK when a signer counts. */
evseal_status evseal_judge_signers(judgement* j);

/* Whether signer `index` counts. */
bool evseal_judge_counts(const judgement* j, unsigned index);

/* The issuer of the certificate at `position` of a signer's path. EVSEAL_OK, what the hash function
 * says, or EVSEAL_CERT_KEY when the key cannot be read, which a path that holds excludes. */
evseal_status evseal_judge_issuer(path_issuer* out, const judgement* j, const evseal_path* path,
                                  const evseal_role* role, unsigned position);

/* What the role asks of chains and CRLs. */
evseal_chain_rules evseal_judge_rules(const judgement* j, const evseal_role* role);

/* Rule 5 for one signer's path. */
evseal_status evseal_judge_revocation(judgement* j, const evseal_role* role,
                                      const evseal_path* path);

/* Rule 8: what the manifest's `crls` asks for has been seen. */
evseal_status evseal_judge_named_crls(const judgement* j);

/* After rule 9: the state has room for what was learnt. */
evseal_status evseal_judge_known_issuers(const judgement* j);

/* Fills the report's part about CRLs. */
void evseal_judge_report_crls(evseal_verify_ctx* ctx);

/* Rule 8 but for signers, thresholds and CRLs, in two parts: before and after them. */
evseal_status evseal_judge_manifest_for_device(judgement* j);
evseal_status evseal_judge_manifest_content(judgement* j);

/* Rule 8 for the signers that count: those that may not sign this manifest no longer do. */
void evseal_judge_scope(judgement* j);

/* EVSEAL_OK when the signers that count meet what the trust store requires for the manifest's kind;
 * else EVSEAL_THRESHOLD_NOT_MET, or the first signer's status where none counts. */
evseal_status evseal_judge_thresholds(const judgement* j);

/* Rule 9: signers whose certificates were not valid no longer count; sets the report's floors. */
void evseal_judge_time(judgement* j);

/* Decodes and opens the trust store that a trust-update brings; EVSEAL_OK or EVSEAL_TRUST_STORE. */
evseal_status evseal_judge_new_trust(evseal_verify_ctx* ctx, evseal_trust_store* out);

#endif
