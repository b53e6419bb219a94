// Writes one component's chunks and tree nodes to their places.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "block_pipeline.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/tree.hpp"

namespace evseal::manifest {

/// Octets to be stored, read once and in order.
using ReadAt = std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> out)>;
/// Called on the caller's thread with the octets read since the last call; an error ends the work.
using Step = std::function<Result<void>(std::uint64_t octets)>;

/// Where a component goes: nowhere when `out` is null and only its hashes are wanted.
struct Destination {
  OutputFile* out = nullptr;
  std::uint64_t offset = 0;
};

/// Reads the stored octets, writes chunks and nodes, and returns the tree's root. `digest`, where
/// given, receives the octets in order.
[[nodiscard]] Result<Sha256> write_tree(const TreeLayout& layout, const ReadAt& read,
                                        Sha256Stream* digest, const Destination& destination,
                                        WorkerPool* pool, const Step& step);

}  // namespace evseal::manifest
