// SoftHSM 2.6.1 leaks the curve's name in each C_SignInit with an Ed25519 key. LeakSanitizer cannot
// tell by the stack whose leak it is, since libcrypto is built without frame pointers.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

/// What is allocated while one of these lives is not reported as a leak.
struct ForgiveLeaks {
#if defined(__SANITIZE_ADDRESS__)
  explicit ForgiveLeaks(bool forgive) : on(forgive) {
    if (on) {
      __lsan_disable();
    }
  }
  ~ForgiveLeaks() {
    if (on) {
      __lsan_enable();
    }
  }
  bool on;
#else
  explicit ForgiveLeaks(bool /*forgive*/) {}
  ~ForgiveLeaks() = default;
#endif
  ForgiveLeaks(const ForgiveLeaks&) = delete;
  ForgiveLeaks& operator=(const ForgiveLeaks&) = delete;
};
