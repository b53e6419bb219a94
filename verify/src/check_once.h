/* Signatures of certificates and CRLs, each checked once with each key: what an answer cost is
 * spent, so it is kept for other paths, other roles and the second judgement. Internal. */
#ifndef EVSEAL_SRC_CHECK_ONCE_H
#define EVSEAL_SRC_CHECK_ONCE_H

#include "evseal/chain.h"

/* Added to the index of a CRL, to tell it from a certificate. */
#define CRL_ITEM 0x80u

/* What has been signed. */
typedef struct signed_item {
  uint8_t index; /* a certificate's, or CRL_ITEM and a CRL's */
  const evseal_algorithm* algorithm;
  evseal_span tbs;
  evseal_span signature;
} signed_item;

/*
 * EVSEAL_OK: the signature holds. `does_not` where it does not. EVSEAL_CHAIN_BUDGET where it had to
 * be asked and budget->operations is spent; EVSEAL_CRYPTO_MISSING or _FAILED, which are not kept.
 */
evseal_status evseal_check_once(evseal_budget* budget, const evseal_crypto* crypto,
                                const evseal_chain_rules* rules, const signed_item* item,
                                const evseal_public_key* key, evseal_status does_not);

#endif
