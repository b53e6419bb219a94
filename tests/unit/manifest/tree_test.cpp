#include "evseal/manifest/tree.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using evseal::manifest::testing::noise;

// The definitions of docs/format.md §8, as they stand there.
Bytes concat(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

Bytes hash(std::uint8_t prefix, const Bytes& data) {
  const Sha256 digest = sha256(concat({prefix}, data));
  return Bytes(digest.begin(), digest.end());
}

using Chunks = std::vector<Bytes>;

std::size_t split(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) {
    k *= 2;
  }
  return k;
}

Chunks part(const Chunks& chunks, std::size_t from, std::size_t to) {
  return Chunks(chunks.begin() + static_cast<std::ptrdiff_t>(from),
                chunks.begin() + static_cast<std::ptrdiff_t>(to));
}

Bytes naive_tree(const Chunks& c) {
  if (c.size() == 1) {
    return hash(0, c[0]);
  }
  const std::size_t k = split(c.size());
  return hash(1, concat(naive_tree(part(c, 0, k)), naive_tree(part(c, k, c.size()))));
}

Bytes naive_write(const Chunks& c) {
  if (c.size() == 1) {
    return c[0];
  }
  const std::size_t k = split(c.size());
  const Chunks left = part(c, 0, k);
  const Chunks right = part(c, k, c.size());
  return concat(concat(naive_tree(left), naive_tree(right)),
                concat(naive_write(left), naive_write(right)));
}

Chunks chunks_of(std::size_t n, std::size_t last) {
  Chunks chunks;
  for (std::size_t i = 0; i < n; ++i) {
    chunks.push_back(noise(i + 1 < n ? 4096 : last, static_cast<unsigned>(i)));
  }
  return chunks;
}

TEST_CASE("tree: positions, nodes and root agree with the definition for 1 to 70 leaves") {
  for (std::size_t n = 1; n <= 70; ++n) {
    const std::size_t last = n % 3 == 0 ? 4096 : n * 7;
    const Chunks chunks = chunks_of(n, last);
    const Bytes expected = naive_write(chunks);
    const auto layout = TreeLayout::create((n - 1) * 4096 + last, 4096);
    REQUIRE(layout.ok());
    REQUIRE(layout->leaf_count() == n);
    REQUIRE(layout->stored_bytes_in_file() == expected.size());
    Bytes written(expected.size(), 0xEE);
    std::vector<Sha256> leaves;
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(layout->leaf_size(i) == chunks[i].size());
      std::copy(chunks[i].begin(), chunks[i].end(),
                written.begin() + static_cast<std::ptrdiff_t>(layout->leaf_position(i)));
      leaves.push_back(leaf_hash(chunks[i]));
    }
    const Sha256 root =
        build_tree(leaves, 4096, [&](std::uint64_t position, const NodeBytes& node) {
          std::copy(node.begin(), node.end(),
                    written.begin() + static_cast<std::ptrdiff_t>(position));
        });
    CHECK(written == expected);
    const Bytes expected_root = naive_tree(chunks);
    CHECK(std::equal(root.begin(), root.end(), expected_root.begin(), expected_root.end()));
    CHECK(tree_root(leaves) == root);
  }
}

TEST_CASE("tree: node positions are those at which nodes are written") {
  const auto layout = TreeLayout::create(13 * 4096, 4096).value();
  CHECK(layout.node_position(0, 13) == 0U);
  CHECK(layout.node_position(0, 8) == 64U);
  CHECK(layout.node_position(0, 4) == 128U);
  CHECK(layout.node_position(8, 5) == 64U + 8U * 4096U + 7U * 64U);
  CHECK(layout.node_position(8, 4) == 64U + 8U * 4096U + 8U * 64U);
  CHECK_FALSE(layout.node_position(1, 2).has_value());
  CHECK_FALSE(layout.node_position(0, 1).has_value());
  CHECK_FALSE(layout.node_position(8, 3).has_value());
}

TEST_CASE("tree: hashes are those of RFC 9162") {
  // RFC 9162 has no vectors. These are the well-known ones of RFC 6962's implementations, whose
  // tree is the same.
  std::vector<Sha256> leaves;
  for (const char* leaf : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                           "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(leaf_hash(from_hex(leaf).value()));
  }
  const std::array<const char*, 8> roots = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  for (std::size_t n = 1; n <= roots.size(); ++n) {
    CHECK(to_hex(tree_root(std::span(leaves).first(n))) == roots[n - 1]);
  }
}

TEST_CASE("tree: impossible layouts are refused, also near 2^64") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK_FALSE(TreeLayout::create(0, 4096).ok());
  CHECK_FALSE(TreeLayout::create(1, 0).ok());
  CHECK_FALSE(TreeLayout::create(1, 2048).ok());
  CHECK_FALSE(TreeLayout::create(1, 4097).ok());
  CHECK_FALSE(TreeLayout::create(1, 2U << 20U).ok());
  CHECK_FALSE(TreeLayout::create(1, most).ok());
  for (const std::uint64_t chunk : {std::uint64_t{4096}, std::uint64_t{1} << 20U}) {
    CHECK(TreeLayout::create(chunk << 20U, chunk).ok());
    CHECK(TreeLayout::create(chunk << 20U, chunk)->leaf_count() == kMaxLeaves);
    CHECK_FALSE(TreeLayout::create((chunk << 20U) + 1, chunk).ok());
    for (const std::uint64_t size :
         {most, most - 1, most - chunk, most - chunk + 1, std::uint64_t{1} << 63U}) {
      CAPTURE(size, chunk);
      CHECK_FALSE(TreeLayout::create(size, chunk).ok());
    }
  }
  const auto largest = TreeLayout::create(std::uint64_t{1} << 40U, 1U << 20U).value();
  CHECK(largest.stored_bytes_in_file() == (std::uint64_t{1} << 40U) + 64 * (kMaxLeaves - 1));
  CHECK(largest.leaf_position(kMaxLeaves - 1) ==
        largest.stored_bytes_in_file() - (std::uint64_t{1} << 20U));
}

}  // namespace
