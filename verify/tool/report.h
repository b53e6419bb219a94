/* What evseal-verify prints. */
#ifndef EVSEAL_TOOL_REPORT_H
#define EVSEAL_TOOL_REPORT_H

#include "evseal/verify.h"
#include "options.h"

/* The verdict for people on standard output, or for machines with --json. */
void report_print(const options* given, const evseal_verify_ctx* ctx, const evseal_report* report);

/* `evseal-verify: warning: ...`, and a member of `warnings` with --json. `text` is kept. */
void report_warn(const options* given, const char* text);

/*
 * `evseal-verify: error: ...` and a hint; with --json the object that says the same. `retryable`:
 * the same command may succeed later without any change.
 */
void report_error(const options* given, evseal_class code, const char* status, bool retryable,
                  const char* what, const char* why, const char* hint);

#endif
