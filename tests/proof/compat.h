/* Frama-C 25 does not parse _Static_assert; compilers have checked those lines already. */
#define _Static_assert(condition, message) extern int evseal_static_assert_checked
