/* From reset to main(): memory as C expects it, and a fault that ends the program with an exit code
 * in the place of a board that hangs. */
#include <stdint.h>
#include <string.h>

#include "semihosting.h"

#define EXIT_FAULT 99

/* Of the linker script. */
extern uint32_t board_data_load[];
extern uint32_t board_data_start[];
extern uint32_t board_data_end[];
extern uint32_t board_bss_start[];
extern uint32_t board_bss_end[];
extern uint32_t board_stack_top[];

int main(void);

static _Noreturn void on_fault(void) {
  host_exit(EXIT_FAULT);
}

__attribute__((used)) static _Noreturn void start(void) {
  memcpy(board_data_start, board_data_load,
         (size_t)((uintptr_t)board_data_end - (uintptr_t)board_data_start));
  memset(board_bss_start, 0, (size_t)((uintptr_t)board_bss_end - (uintptr_t)board_bss_start));
  host_exit(main());
}

#if defined(__riscv)

/* Machine mode, one hart; a trap of any kind is a fault. */
__attribute__((naked, used, section(".vectors"))) void board_reset(void);
void board_reset(void) {
  __asm__ volatile(
      ".option push\n.option norelax\n"
      "la gp, __global_pointer$\n.option pop\n"
      "la sp, board_stack_top\n"
      "la t0, board_trap\n"
      ".option push\n.option arch, +zicsr\n"
      "csrw mtvec, t0\n.option pop\n"
      "j start");
}
__attribute__((aligned(4), used)) void board_trap(void);
void board_trap(void) {
  on_fault();
}

#else

/* Armv6-M to Armv8-M: initial stack, reset, and the exceptions that end everything. */
typedef union vector {
  const void* stack;
  void (*handler)(void);
} vector;

void board_reset(void);
void board_reset(void) {
  start();
}

/* SysTick, for programs that use it. */
__attribute__((weak)) void board_tick(void);
void board_tick(void) {
  on_fault();
}

__attribute__((used, section(".vectors"))) const vector board_vectors[16] = {
    [0] = {.stack = board_stack_top}, [1] = {.handler = board_reset}, [2] = {.handler = on_fault},
    [3] = {.handler = on_fault},      [4] = {.handler = on_fault},    [5] = {.handler = on_fault},
    [6] = {.handler = on_fault},      [7] = {.handler = on_fault},    [8] = {.handler = on_fault},
    [9] = {.handler = on_fault},      [10] = {.handler = on_fault},   [11] = {.handler = on_fault},
    [12] = {.handler = on_fault},     [13] = {.handler = on_fault},   [14] = {.handler = on_fault},
    [15] = {.handler = board_tick},
};

#endif
