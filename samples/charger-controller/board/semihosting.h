/* The host's files, command line and exit, from a board under QEMU or a debug probe: Arm
 * semihosting, and the same calls on RISC-V. Only for samples and tests: a product has none. */
#ifndef BOARD_SEMIHOSTING_H
#define BOARD_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum host_mode {
  HOST_READ = 1,       /* "rb" */
  HOST_READ_WRITE = 3, /* "r+b": the file must exist */
  HOST_WRITE = 5       /* "wb": made anew */
} host_mode;

/* A handle, or -1. */
int host_open(const char* path, host_mode mode);
/* Octets read: fewer than `len` at the end of the file and for a pipe. */
size_t host_read(int handle, void* out, size_t len);
bool host_write(int handle, const void* bytes, size_t len);
bool host_seek(int handle, size_t offset);
/* 0 also where it cannot be told. */
size_t host_length(int handle);
void host_close(int handle);

/* Text on the host's console. */
void host_print(const char* text);
void host_print_number(uint64_t number);

/* The command line, whose words are separated by one space, with a 0 at its end. */
bool host_command_line(char* out, size_t size);

_Noreturn void host_exit(int code);

#endif
