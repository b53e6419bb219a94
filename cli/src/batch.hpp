// Batch modes: JSON lines in, one verdict a line out, counted against what each line expects.
#pragma once

#include <evseal/crypto.h>

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "program.hpp"

namespace evseal::cli {

/// "accept": it holds; "reject": it does not; "error": it could not be judged, which is never a
/// correct rejection.
struct CaseVerdict {
  std::string verdict;
  std::string status;
};

[[nodiscard]] CaseVerdict verdict_of(evseal_status status);

/// Reads FILE line by line; `judge` gives the verdict of one case. Each case is answered on
/// standard output as
/// {"suite","id","expect","verdict","status"}, in order; a summary on standard error counts false
/// accepts and false rejects apart. Lines whose `expect` is "either" or "acceptable" count as right
/// either way, and so do accepted cases marked `anchor_only`. Exit code 0 when every verdict is
/// right, else 1.
[[nodiscard]] Result<Outcome> run_batch(
    const std::string& path, const std::function<CaseVerdict(const nlohmann::json&)>& judge);

/// Adds --backend NAME; `name` holds the default.
void add_backend_option(const Command& command, std::string& name);

/// "openssl", "sodium" and, where it was found at build time, "bearssl" and "bearssl+sodium".
/// Errors: usage.
[[nodiscard]] Result<const evseal_crypto*> backend_by_name(const std::string& name);

}  // namespace evseal::cli
