// Builds the payload of a package: reads each input once, writes chunks and tree, completes the
// manifest.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/model.hpp"
#include "evseal/manifest/recipe.hpp"

namespace evseal::manifest {

/// The payload starts at a multiple of this in the file (docs/format.md §2).
inline constexpr std::uint64_t kPayloadAlignment = 4096;

struct PayloadOptions {
  /// Threads that work, the caller's included; 0: one for each processor. The result does not
  /// depend on it.
  unsigned threads = 0;
  /// Called from the caller's thread now and then with the octets of input read so far and in all.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  /// Set by a signal handler or another thread to stop the work with an `interrupted` error.
  const std::atomic<bool>* cancel = nullptr;
};

/// Writes the payload of all components at `payload_offset` (a multiple of kPayloadAlignment) and
/// returns the complete manifest, created at `created` (seconds since 1970; see
/// build_time_seconds()). A trust-update has no payload: nothing is written. Memory does not grow
/// with the size of the inputs, except for Intel HEX (at most 64 MiB each). Errors: io, also for an
/// input that changes its size while it is read; usage and malformed for what the recipe or an
/// input gets wrong; interrupted.
[[nodiscard]] Result<Manifest> write_payload(const Recipe& recipe, std::int64_t created,
                                             OutputFile& out, std::uint64_t payload_offset,
                                             const PayloadOptions& options = {});

/// The same manifest without writing a payload. Compressed components pass through an unnamed file
/// in the system's folder for temporary files.
[[nodiscard]] Result<Manifest> describe_payload(const Recipe& recipe, std::int64_t created,
                                                const PayloadOptions& options = {});

/// Shifts a payload of `length` octets, the last in the file, from offset `from` to `to` (multiples
/// of kPayloadAlignment), as when the envelope came out in another class of size. Where it moves
/// up, the octets in between read as zero afterwards. The file ends with the payload. Errors: io;
/// internal when the file does not end at `from` + `length`.
[[nodiscard]] Result<void> move_payload(OutputFile& out, std::uint64_t from, std::uint64_t to,
                                        std::uint64_t length);

}  // namespace evseal::manifest
