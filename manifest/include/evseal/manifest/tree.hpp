// The Merkle tree of docs/format.md §8: hashing of RFC 9162 §2.1, written in pre-order between the
// chunks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// 20 levels: what a verifier expects next is at most 640 octets of hashes.
inline constexpr std::uint64_t kMaxLeaves = std::uint64_t{1} << 20U;
inline constexpr std::uint64_t kNodeBytes = 64;

/// The two hashes of a node's children, as they stand in the file.
using NodeBytes = std::array<std::uint8_t, kNodeBytes>;

[[nodiscard]] Sha256 leaf_hash(ByteView chunk);
[[nodiscard]] Sha256 node_hash(const NodeBytes& node);

/// Where everything of one component stands, relative to its first octet in the file.
class TreeLayout {
 public:
  /// Errors: malformed, status `manifest_schema`: no octets, a chunk size that is not a power of
  /// two from 4 KiB to 1 MiB, more than 2^20 leaves.
  [[nodiscard]] static Result<TreeLayout> create(std::uint64_t stored_size,
                                                 std::uint64_t chunk_size);

  [[nodiscard]] std::uint64_t leaf_count() const { return leaves_; }
  [[nodiscard]] std::uint64_t chunk_size() const { return chunk_size_; }
  [[nodiscard]] std::uint64_t stored_size() const { return stored_size_; }
  /// stored_size + 64·(leaves − 1). Cannot overflow: both limits of create() keep it below 2^41.
  [[nodiscard]] std::uint64_t stored_bytes_in_file() const;
  /// Octets of leaf `i`: chunk_size, for the last one perhaps fewer. `i` < leaf_count().
  [[nodiscard]] std::uint64_t leaf_size(std::uint64_t i) const;
  /// Position of leaf `i` < leaf_count().
  [[nodiscard]] std::uint64_t leaf_position(std::uint64_t i) const;
  /// Position of the node above leaves [first, first + count); nothing where the tree has no such
  /// node.
  [[nodiscard]] std::optional<std::uint64_t> node_position(std::uint64_t first,
                                                           std::uint64_t count) const;

 private:
  TreeLayout(std::uint64_t stored_size, std::uint64_t chunk_size, std::uint64_t leaves)
      : stored_size_(stored_size), chunk_size_(chunk_size), leaves_(leaves) {}

  std::uint64_t stored_size_;
  std::uint64_t chunk_size_;
  std::uint64_t leaves_;
};

/// The largest power of two below `n`, which is at least 2: how many leaves go to the left.
[[nodiscard]] std::uint64_t left_leaves(std::uint64_t n);

/// Called for each node, children before parents, with its position.
using NodeSink = std::function<void(std::uint64_t position, const NodeBytes& node)>;

/// The root over `hashes` (at least one), each of a subtree that takes `unit_bytes` octets of the
/// file (a chunk, or a whole group of chunks with its nodes); the first begins at `position` behind
/// its nodes.
[[nodiscard]] Sha256 build_tree(std::span<const Sha256> hashes, std::uint64_t unit_bytes,
                                const NodeSink& sink = {}, std::uint64_t position = 0);

/// tree_root of the leaf hashes of a component.
[[nodiscard]] Sha256 tree_root(std::span<const Sha256> leaves);

}  // namespace evseal::manifest
