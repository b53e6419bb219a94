#include "check_once.h"

#include "span.h"

/* The answer that is kept; null where nobody has asked. */
static const evseal_checked_signature* find(const evseal_budget* budget, uint8_t index,
                                            evseal_span issuer_spki) {
  for (unsigned i = 0; i < budget->num_checked; i++) {
    const evseal_checked_signature* known = &budget->checked[i];
    if (known->certificate == index && evseal_span_equal(known->issuer_spki, issuer_spki)) {
      return known;
    }
  }
  return NULL;
}

evseal_status evseal_check_once(evseal_budget* budget, const evseal_crypto* crypto,
                                const evseal_chain_rules* rules, const signed_item* item,
                                const evseal_public_key* key, evseal_status does_not) {
  const evseal_checked_signature* known = find(budget, item->index, key->spki);
  if (known != NULL) {
    return known->status == EVSEAL_OK ? EVSEAL_OK : does_not;
  }
  if (budget->operations == 0 || budget->num_checked >= EVSEAL_MAX_OPERATIONS) {
    return EVSEAL_CHAIN_BUDGET;
  }
  budget->operations--;
  if (rules->on_yield != NULL) {
    rules->on_yield(rules->user);
  }
  evseal_status status =
      evseal_signature_verify(crypto, key, item->algorithm, item->tbs, item->signature, 0);
  if (status == EVSEAL_CRYPTO_MISSING || status == EVSEAL_CRYPTO_FAILED) {
    return status;
  }
  evseal_checked_signature* kept = &budget->checked[budget->num_checked++];
  kept->certificate = item->index;
  kept->issuer_spki = key->spki;
  /* The status itself is kept, not a conclusion from it: no branch here to misdirect. */
  kept->status = status;
  return status == EVSEAL_OK ? EVSEAL_OK : does_not;
}
