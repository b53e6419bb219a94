/* The verifier between a link that delivers a package and the slot that does not boot now. */
#ifndef CONTROLLER_UPDATE_H
#define CONTROLLER_UPDATE_H

#include <evseal/verify.h>

/* Limits of this controller; its profile's must not be above them. */
#define UPDATE_ENVELOPE 8192u
#define UPDATE_CHUNK 4096u

/* Where octets come from: the next ones from `offset`, at most `len`; 0 at the end. */
typedef size_t (*update_source)(uint64_t offset, uint8_t* out, size_t len);

/* The factory's part: the profile and the state of a new device. False when it cannot be. */
bool update_provision(const uint8_t* profile, size_t len, const evseal_crypto* crypto);

/*
 * Takes a package, from where an earlier call was interrupted. EVSEAL_OK: the inactive slot holds
 * the image, and the next start tries it. Anything else: what boots now goes on booting. `report`
 * may be read until the next call.
 */
evseal_status update_run(evseal_report* report, update_source source, const evseal_crypto* crypto);

/* The image that runs has proved itself: floors and times of its package hold from now on. */
bool update_confirm(const evseal_crypto* crypto);
/* At every start: ends what a power cut left undone in update_confirm(). */
bool update_settle(const evseal_crypto* crypto);

/* Octets that update_run() asked of the source since the board started. */
uint64_t update_octets_fetched(void);

#endif
