#include "flash.h"

#include <string.h>

#include "semihosting.h"

#define EXIT_POWER_CUT 42

/* Beside the RAM that a controller has: see the linker scripts. */
static uint8_t memory[FLASH_SIZE] __attribute__((section(".storage")));
static int file = -1;
static uint32_t changes;
static uint32_t cut_at;

bool flash_open(const char* path, uint32_t cut) {
  file = host_open(path, HOST_READ_WRITE);
  changes = 0;
  cut_at = cut;
  return file >= 0 && host_read(file, memory, sizeof memory) == sizeof memory;
}

uint32_t flash_changes(void) {
  return changes;
}

const uint8_t* flash_at(uint32_t address, size_t len) {
  return address <= FLASH_SIZE && len <= FLASH_SIZE - address ? memory + address : NULL;
}

/* Programs octets, or erases where `bytes` is null. A power cut leaves the first half done. */
static bool change(uint32_t address, const uint8_t* bytes, size_t len) {
  bool cut = ++changes == cut_at;
  size_t done = cut ? len / 2 : len;
  for (size_t i = 0; i < done; i++) {
    memory[address + i] = bytes == NULL ? 0xFF : bytes[i];
  }
  bool written = host_seek(file, address) && host_write(file, memory + address, done);
  if (cut) {
    host_exit(EXIT_POWER_CUT);
  }
  return written;
}

bool flash_erase(uint32_t sector) {
  uint32_t address = sector * FLASH_SECTOR;
  return flash_at(address, FLASH_SECTOR) != NULL && change(address, NULL, FLASH_SECTOR);
}

static bool is_erased(const uint8_t* octets, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (octets[i] != 0xFF) {
      return false;
    }
  }
  return true;
}

bool flash_program(uint32_t address, const void* bytes, size_t len) {
  const uint8_t* place = flash_at(address, len);
  return place != NULL && is_erased(place, len) && change(address, bytes, len) &&
         memcmp(place, bytes, len) == 0;
}

bool flash_replace(uint32_t sector, const void* bytes, size_t len) {
  return len <= FLASH_SECTOR && flash_erase(sector) &&
         flash_program(sector * FLASH_SECTOR, bytes, len);
}
