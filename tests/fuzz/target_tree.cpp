// The hash tree as it streams by: against a tree built here, and over shapes too large to build.
//
// Input: 4 octets number of leaves, 2 octets which bit of the stream is flipped, then the chunks.
#include <algorithm>
#include <cstring>

#include "evseal/base/digest.hpp"
#include "fuzz.hpp"
#include "toy_crypto.hpp"

extern "C" {
#include "tree.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;

constexpr std::size_t kMaxBuilt = 40;

struct Subtree {
  Sha256 hash{};
  Bytes written;  ///< nodes only: write() of docs/format.md section 8 without the chunks
  std::vector<Sha256> leaves;  ///< what each chunk must have, in order
};

Sha256 hash_pair(const Sha256& left, const Sha256& right) {
  Bytes bytes = {1};
  bytes.insert(bytes.end(), left.begin(), left.end());
  bytes.insert(bytes.end(), right.begin(), right.end());
  return sha256(bytes);
}

/// The recursion of RFC 9162 section 2.1.1, by halves as the text has it.
Subtree build(std::span<const Sha256> leaves) {
  if (leaves.size() == 1) {
    return {leaves[0], {}, {leaves[0]}};
  }
  std::size_t k = 1;
  while (k * 2 < leaves.size()) {
    k *= 2;
  }
  const Subtree left = build(leaves.first(k));
  const Subtree right = build(leaves.subspan(k));
  Subtree out{hash_pair(left.hash, right.hash), {}, left.leaves};
  out.written.insert(out.written.end(), left.hash.begin(), left.hash.end());
  out.written.insert(out.written.end(), right.hash.begin(), right.hash.end());
  out.written.insert(out.written.end(), left.written.begin(), left.written.end());
  out.written.insert(out.written.end(), right.written.begin(), right.written.end());
  out.leaves.insert(out.leaves.end(), right.leaves.begin(), right.leaves.end());
  return out;
}

void start(evseal_verify_ctx& ctx, const evseal_crypto& crypto, std::uint32_t leaves,
           const Sha256& root) {
  std::memset(&ctx, 0, sizeof ctx);
  ctx.config.crypto = &crypto;
  ctx.component.num_chunks = leaves;
  std::copy(root.begin(), root.end(), ctx.component.tree_root);
  evseal_tree_start(&ctx);
}

void check_stack(const evseal_verify_ctx& ctx, std::uint64_t leaves_left) {
  std::uint64_t sum = 0;
  FUZZ_REQUIRE(ctx.depth <= EVSEAL_MAX_LEVELS + 1);
  for (unsigned i = 0; i < ctx.depth; ++i) {
    FUZZ_REQUIRE(ctx.tree_leaves[i] >= 1);
    sum += ctx.tree_leaves[i];
  }
  FUZZ_REQUIRE(sum == leaves_left);
}

/// Feeds the nodes; the leaves' hashes in the order in which the reader asks for chunks, up to the
/// first node that does not match.
std::vector<Sha256> stream(evseal_verify_ctx& ctx, const Bytes& nodes, std::uint32_t count) {
  std::vector<Sha256> leaves;
  std::size_t at = 0;
  while (!evseal_tree_done(&ctx)) {
    check_stack(ctx, count - leaves.size());
    if (evseal_tree_expects_node(&ctx)) {
      FUZZ_REQUIRE(at + TREE_NODE_LEN <= nodes.size());
      const evseal_status status = evseal_tree_take_node(&ctx, nodes.data() + at);
      FUZZ_REQUIRE(status == EVSEAL_OK || status == EVSEAL_TREE_NODE);
      if (status != EVSEAL_OK) {
        return leaves;
      }
      at += TREE_NODE_LEN;
      continue;
    }
    Sha256 leaf{};
    evseal_tree_take_leaf(&ctx, leaf.data());
    leaves.push_back(leaf);
  }
  FUZZ_REQUIRE(at == nodes.size());
  return leaves;
}

void check_built(ByteView chunks, std::uint32_t count, std::size_t flip) {
  std::vector<Sha256> leaves(count);
  for (std::size_t i = 0; i < count; ++i) {
    leaves[i] = sha256(chunks.subspan(std::min(i, chunks.size())));
  }
  const Subtree tree = build(leaves);
  evseal_verify_ctx ctx;
  start(ctx, kToyCrypto, count, tree.hash);
  FUZZ_REQUIRE(stream(ctx, tree.written, count) == leaves);
  if (!tree.written.empty()) {
    Bytes damaged = tree.written;
    damaged[flip / 8 % damaged.size()] ^= static_cast<std::uint8_t>(1U << flip % 8);
    start(ctx, kToyCrypto, count, tree.hash);
    const std::vector<Sha256> seen = stream(ctx, damaged, count);
    // A flipped bit of a node is found when the node comes, before any leaf below it is used.
    FUZZ_REQUIRE(!evseal_tree_done(&ctx) && seen.size() < count);
    FUZZ_REQUIRE(std::equal(seen.begin(), seen.end(), leaves.begin()));
  }
}

evseal_status agree(std::uint8_t* out, const evseal_span*, std::size_t) {
  std::memset(out, 0, EVSEAL_SHA256_LEN);
  return EVSEAL_OK;
}

/// With a hash that always agrees the shape alone is left: any number of leaves, its left edge.
void check_shape(std::uint32_t leaves, std::size_t steps) {
  static const std::uint8_t node[TREE_NODE_LEN] = {};
  evseal_crypto crypto{};
  crypto.sha256 = agree;
  evseal_verify_ctx ctx;
  start(ctx, crypto, leaves, Sha256{});
  std::uint64_t left = leaves;
  for (std::size_t i = 0; i < steps && !evseal_tree_done(&ctx); ++i) {
    check_stack(ctx, left);
    if (evseal_tree_expects_node(&ctx)) {
      FUZZ_REQUIRE(evseal_tree_take_node(&ctx, node) == EVSEAL_OK);
    } else {
      Sha256 leaf{};
      evseal_tree_take_leaf(&ctx, leaf.data());
      --left;
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6 || size > 1024) {
    return 0;
  }
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) {
    number = number << 8U | data[i];
  }
  const std::uint32_t leaves = number % (1U << EVSEAL_MAX_LEVELS) + 1;
  check_shape(leaves, 300);
  check_built({data + 6, size - 6}, static_cast<std::uint32_t>(leaves % kMaxBuilt) + 1,
              data[4] | std::size_t{data[5]} << 8U);
  return 0;
}
