/* What evseal-verify prints. */
#ifndef EVSEAL_TOOL_REPORT_H
#define EVSEAL_TOOL_REPORT_H

#include "evseal/verify.h"
#include "options.h"

/* A trust-update in front of the package, and how it was judged. */
typedef struct step_note {
  evseal_status status;
  uint32_t epoch; /* 0 where it is not authentic */
} step_note;

/* The verdict for people on standard output, or for machines with --json. */
void report_print(const options* given, const evseal_verify_ctx* ctx, const evseal_report* report,
                  const step_note* steps, unsigned num_steps);

/* `evseal-verify: warning: ...`, and a member of `warnings` with --json. `text` is kept. */
void report_warn(const options* given, const char* text);

/*
 * `evseal-verify: error: ...` and a hint; with --json the object that says the same. `retryable`:
 * the same command may succeed later without any change.
 */
void report_error(const options* given, evseal_class code, const char* status, bool retryable,
                  const char* what, const char* why, const char* hint);

#endif
