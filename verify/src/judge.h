/* The rules between the bytes of an envelope and the first byte of payload (docs/format.md
 * section 9.3). Internal. */
#ifndef EVSEAL_SRC_JUDGE_H
#define EVSEAL_SRC_JUDGE_H

#include "cms.h"
#include "evseal/verify.h"

/* Rules 2 to 9 over the envelope in the workspace. EVSEAL_OK fills ctx->report but for the
 * payload's masks. */
evseal_status evseal_judge_envelope(evseal_verify_ctx* ctx);

/* Rule 8, once a signature over the manifest holds. `policies`: those of the counted signer's leaf.
 */
evseal_status evseal_judge_manifest(evseal_verify_ctx* ctx, const evseal_role* role,
                                    uint32_t policies);

/* What a profile may ask of this version of the verifier. EVSEAL_OK or EVSEAL_PROFILE_UNSUPPORTED.
 */
evseal_status evseal_judge_profile(const evseal_profile* profile);

#endif
