/* Parts of profile and state that their reader and their writer share. Internal. */
#ifndef EVSEAL_SRC_DEVICE_FIELDS_H
#define EVSEAL_SRC_DEVICE_FIELDS_H

#include "evseal/device.h"
#include "span.h"

#define BLOB_HEADER 12u /* magic and length */

extern const uint8_t evseal_state_magic[8];

/* Slot `index` that a state lists; false when there are no more. */
bool evseal_state_slot(evseal_slot* out, const evseal_state* state, unsigned index);

/* The order of serial numbers in a state: by length, then octets. */
int evseal_serial_compare(evseal_span a, evseal_span b);

#endif
