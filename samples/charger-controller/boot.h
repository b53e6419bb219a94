/* Which slot boots: one record in two sectors, so that it changes at once or not at all. */
#ifndef CONTROLLER_BOOT_H
#define CONTROLLER_BOOT_H

#include <evseal/crypto.h>
#include <stdbool.h>
#include <stdint.h>

#define BOOT_TRIES 3u

typedef struct boot_slot {
  uint32_t size; /* of the image; 0: the slot holds none */
  uint8_t sha256[EVSEAL_SHA256_LEN];
} boot_slot;

typedef struct boot_record {
  uint32_t counter;
  uint32_t active;     /* slot to boot */
  uint32_t tries_left; /* of an image on trial; 0: confirmed */
  uint32_t pending;    /* 1: what its package teaches has not been stored yet */
  boot_slot slots[2];
} boot_record;

/* The newest whole record; one without images where there is none. */
void boot_load(boot_record* out, const evseal_crypto* crypto);
/* Stores it under the next counter, in the sector of the older one. */
bool boot_save(boot_record* record, const evseal_crypto* crypto);

/* Whether a slot holds, octet for octet, the image that its record names. */
bool boot_slot_holds(const boot_record* record, unsigned slot, const evseal_crypto* crypto);

/*
 * What a bootloader does at each start: takes one try from an image on trial, goes back to the
 * other slot when there is none left or the image is damaged, and saves the record where it changed
 * it. False when no slot can be booted. `*out_fell_back`: the update has failed.
 */
bool boot_choose(boot_record* record, bool* out_fell_back, const evseal_crypto* crypto);

#endif
