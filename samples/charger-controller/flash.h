/*
 * The controller's flash: sectors that are erased whole and programmed once, and can be read as
 * memory. Here it is memory of the board that a file of the host mirrors, so that it outlives a
 * power cut; in a product the two functions that change it are the chip's own.
 */
#ifndef CONTROLLER_FLASH_H
#define CONTROLLER_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASH_SECTOR 4096u

/* Where everything lies, in sectors. */
enum {
  FLASH_PROFILE = 0,   /* 1: the compiled device profile, written at the factory */
  FLASH_STATE = 1,     /* 2: the two copies of the state */
  FLASH_PENDING = 3,   /* 1: the state of an update that has not proved itself yet */
  FLASH_BOOT = 4,      /* 2: the two copies of the boot record */
  FLASH_PROGRESS = 6,  /* 1: how far a download has come */
  FLASH_SLOTS = 8,     /* slot 0, then slot 1 */
  FLASH_SLOT_SIZE = 80 /* of each slot: 320 KiB */
};
#define FLASH_SIZE ((FLASH_SLOTS + 2u * FLASH_SLOT_SIZE) * FLASH_SECTOR)
#define FLASH_SLOT_BYTES (FLASH_SLOT_SIZE * FLASH_SECTOR)

/* Opens the file. `cut`: the power fails in the middle of the cut-th erase or program; 0: never. */
bool flash_open(const char* path, uint32_t cut);
/* How many times it has been changed since flash_open(). */
uint32_t flash_changes(void);

/* Octets from an address on, to be read as memory; null when they are not all inside. */
const uint8_t* flash_at(uint32_t address, size_t len);

bool flash_erase(uint32_t sector);
/* Erased octets only; what was programmed is compared with what should be there. */
bool flash_program(uint32_t address, const void* bytes, size_t len);

/* Erases one sector and programs its start. */
bool flash_replace(uint32_t sector, const void* bytes, size_t len);

#endif
