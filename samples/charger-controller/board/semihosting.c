/* "Semihosting for AArch32 and AArch64", section 6 (operations), section 3 (how they are called);
 * "RISC-V Semihosting", section 2. */
#include "semihosting.h"

#include <string.h>

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_SEEK = 0x0A,
  SYS_FLEN = 0x0C,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20
};
#define APPLICATION_EXIT 0x20026u /* ADP_Stopped_ApplicationExit */

/* An operation with its block of arguments; registers are all that the host sees. */
static int call(uintptr_t operation, const void* arguments) {
#if defined(__riscv)
  register uintptr_t a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = arguments;
  /* The three instructions that tell the host, uncompressed and not across a page. */
  __asm__ volatile(
      ".balign 16\n.option push\n.option norvc\n"
      "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return (int)a0;
#else
  register uintptr_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return (int)r0;
#endif
}

int host_open(const char* path, host_mode mode) {
  const uintptr_t arguments[] = {(uintptr_t)path, (uintptr_t)mode, strlen(path)};
  return call(SYS_OPEN, arguments);
}

size_t host_read(int handle, void* out, size_t len) {
  const uintptr_t arguments[] = {(uintptr_t)handle, (uintptr_t)out, len};
  int left = call(SYS_READ, arguments);
  return left < 0 || (size_t)left > len ? 0 : len - (size_t)left;
}

bool host_write(int handle, const void* bytes, size_t len) {
  const uintptr_t arguments[] = {(uintptr_t)handle, (uintptr_t)bytes, len};
  return call(SYS_WRITE, arguments) == 0;
}

bool host_seek(int handle, size_t offset) {
  const uintptr_t arguments[] = {(uintptr_t)handle, offset};
  return call(SYS_SEEK, arguments) == 0;
}

size_t host_length(int handle) {
  const uintptr_t arguments[] = {(uintptr_t)handle};
  int len = call(SYS_FLEN, arguments);
  return len < 0 ? 0 : (size_t)len;
}

void host_close(int handle) {
  const uintptr_t arguments[] = {(uintptr_t)handle};
  (void)call(SYS_CLOSE, arguments);
}

void host_print(const char* text) {
  (void)call(SYS_WRITE0, text);
}

void host_print_number(uint64_t number) {
  char digits[21];
  char* at = digits + sizeof digits - 1;
  *at = '\0';
  do {
    *--at = (char)('0' + number % 10u);
    number /= 10u;
  } while (number != 0);
  host_print(at);
}

bool host_command_line(char* out, size_t size) {
  struct {
    char* buffer;
    size_t size;
  } arguments = {out, size};
  return size > 0 && call(SYS_GET_CMDLINE, &arguments) == 0;
}

_Noreturn void host_exit(int code) {
  const uintptr_t arguments[] = {APPLICATION_EXIT, (uintptr_t)code};
  for (;;) {
    (void)call(SYS_EXIT_EXTENDED, arguments);
  }
}
