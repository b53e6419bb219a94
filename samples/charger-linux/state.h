/* The device state: what the verifier must remember, in the two copies of evseal/store.h. */
#ifndef CHARGER_STATE_H
#define CHARGER_STATE_H

#include <evseal/verify.h>

#define STATE_CAPACITY EVSEAL_STATE_SIZE_MAX(EVSEAL_MAX_COMPONENTS, EVSEAL_MAX_CHUNK)

/* Loads the state into memory of this file; it stays there until the next call. */
evseal_status state_load(evseal_span* out, int root);
evseal_status state_save(int root, evseal_span state);

/*
 * What the verdict says about the future, made now while the workspace holds the envelope:
 * revocations are stored at once; of firmware the rest waits beside the store until it has booted.
 * EVSEAL_OK also where there is nothing to remember. EVSEAL_ABORTED: errno.
 */
evseal_status state_remember(const evseal_verify_ctx* context, const evseal_report* report,
                             int root);

/* The update works: joins what waits with the state of now and stores it. Twice does no harm. */
evseal_status state_commit(int root, evseal_span profile);
/* The update is given up: nothing waits any more. */
bool state_forget_update(int root);

#endif
