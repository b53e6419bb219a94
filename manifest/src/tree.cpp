#include "evseal/manifest/tree.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>

#include "evseal/manifest/model.hpp"
#include "hashing.hpp"

namespace evseal::manifest {
namespace {

// Domain separation of RFC 9162 §2.1.1: a node can never be passed off as a chunk.
constexpr std::array<std::uint8_t, 1> kLeafPrefix = {0x00};
constexpr std::array<std::uint8_t, 1> kNodePrefix = {0x01};

Error bad_layout(std::string why) {
  return Error{ErrorCode::malformed, "component", std::move(why), {}, "manifest_schema"};
}

// Octets of the file that `leaves` whole chunks take with their nodes.
std::uint64_t subtree_bytes(std::uint64_t leaves, std::uint64_t unit_bytes) {
  return leaves * unit_bytes + kNodeBytes * (leaves - 1);
}

struct TreeBuilder {
  std::span<const Sha256> hashes;
  std::uint64_t unit_bytes;
  const NodeSink& sink;

  // The recursion is at most 20 deep: one level for each bit of the number of leaves.
  [[nodiscard]] Sha256 build(std::size_t first, std::size_t count, std::uint64_t position) const {
    if (count == 1) {
      return hashes[first];
    }
    const auto left = static_cast<std::size_t>(left_leaves(count));
    const std::uint64_t left_position = position + kNodeBytes;
    const std::uint64_t right_position = left_position + subtree_bytes(left, unit_bytes);
    const Sha256 left_hash = build(first, left, left_position);
    const Sha256 right_hash = build(first + left, count - left, right_position);
    NodeBytes node{};
    std::copy(left_hash.begin(), left_hash.end(), node.begin());
    std::copy(right_hash.begin(), right_hash.end(), node.begin() + left_hash.size());
    if (sink) {
      sink(position, node);
    }
    return node_hash(node);
  }
};

}  // namespace

// A failure to set up SHA-256 means that the program cannot run at all.
Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
}

Sha256 Hasher::hash(std::initializer_list<ByteView> parts) {
  Sha256 digest{};
  // Without a type the context keeps its algorithm and only starts anew.
  bool good = EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1;
  for (const ByteView part : parts) {
    good = good && EVP_DigestUpdate(context_.get(), part.data(), part.size()) == 1;
  }
  good = good && EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
  if (!good) {
    std::abort();
  }
  return digest;
}

Hasher& Hasher::local() {
  thread_local Hasher hasher;
  return hasher;
}

Sha256 leaf_hash(ByteView chunk) {
  return Hasher::local().hash({kLeafPrefix, chunk});
}

Sha256 node_hash(const NodeBytes& node) {
  return Hasher::local().hash({kNodePrefix, node});
}

std::uint64_t left_leaves(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

Result<TreeLayout> TreeLayout::create(std::uint64_t stored_size, std::uint64_t chunk_size) {
  if (stored_size == 0) {
    return bad_layout("has no octets");
  }
  if (!is_chunk_size(chunk_size)) {
    return bad_layout("chunk_size must be a power of two from 4096 to 1048576");
  }
  // Not (size + chunk - 1) / chunk: that sum can wrap.
  const std::uint64_t leaves = (stored_size - 1) / chunk_size + 1;
  if (leaves > kMaxLeaves) {
    return bad_layout("needs " + std::to_string(leaves) + " chunks, more than 2^20");
  }
  return TreeLayout(stored_size, chunk_size, leaves);
}

std::uint64_t TreeLayout::stored_bytes_in_file() const {
  return stored_size_ + kNodeBytes * (leaves_ - 1);
}

std::uint64_t TreeLayout::leaf_size(std::uint64_t i) const {
  return i + 1 < leaves_ ? chunk_size_ : stored_size_ - (leaves_ - 1) * chunk_size_;
}

std::uint64_t TreeLayout::leaf_position(std::uint64_t i) const {
  std::uint64_t position = 0;
  for (std::uint64_t n = leaves_; n > 1;) {
    const std::uint64_t left = left_leaves(n);
    position += kNodeBytes;
    if (i < left) {
      n = left;
    } else {
      position += subtree_bytes(left, chunk_size_);
      i -= left;
      n -= left;
    }
  }
  return position;
}

std::optional<std::uint64_t> TreeLayout::node_position(std::uint64_t first,
                                                       std::uint64_t count) const {
  std::uint64_t position = 0;
  for (std::uint64_t n = leaves_; n > 1 && count > 1;) {
    if (first == 0 && count == n) {
      return position;
    }
    const std::uint64_t left = left_leaves(n);
    position += kNodeBytes;
    if (first < left) {
      n = left;
    } else {
      position += subtree_bytes(left, chunk_size_);
      first -= left;
      n -= left;
    }
  }
  return std::nullopt;
}

Sha256 build_tree(std::span<const Sha256> hashes, std::uint64_t unit_bytes, const NodeSink& sink,
                  std::uint64_t position) {
  return TreeBuilder{hashes, unit_bytes, sink}.build(0, hashes.size(), position);
}

Sha256 tree_root(std::span<const Sha256> leaves) {
  return build_tree(leaves, 0);
}

}  // namespace evseal::manifest
