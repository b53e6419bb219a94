/* Small files that are replaced whole, and folders below one root. Functions return false with
 * errno set. */
#ifndef CHARGER_FILES_H
#define CHARGER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool file_write_all(int fd, const uint8_t* bytes, size_t len);
bool file_write_at(int fd, const uint8_t* bytes, size_t len, uint64_t offset);

/* Reads a file whole. One that is not there has no octets; more than `capacity` is EFBIG. */
bool file_load(int folder, const char* name, uint8_t* out, size_t capacity, size_t* out_len);

/*
 * Replaces a file: whoever reads it after a power cut finds the old content or the new. Written
 * beside it, synced, renamed, and the folder synced: without the last step the name may still lead
 * to the old content although the caller went on.
 */
bool file_replace(int folder, const char* name, const uint8_t* bytes, size_t len);

/* Removes a file, if there is one, and syncs the folder. */
bool file_remove(int folder, const char* name);

/* Opens a file to be written in place, made where it is missing; its name is on the medium then. */
int file_open_in_place(int folder, const char* subfolder, const char* name);

/* Syncs the folder that a path lies in. */
bool file_sync_folder_of(const char* path);

#endif
