#include "tree_writer.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <optional>

namespace evseal::manifest {
namespace {

// A group of chunks is a whole subtree and lies in one piece in the file, so a block is written
// with one call. This size keeps a block within a core's cache between reading, both hashes and
// writing.
constexpr std::uint64_t kGroupBytes = 256U << 10U;

// One block: its leaves, its nodes in pre-order, and what stands where in the file.
class Group {
 public:
  Group(ByteView data, std::uint64_t chunk_size)
      : data_(data), chunk_size_(static_cast<std::size_t>(chunk_size)) {
    leaves_ = (data.size() - 1) / chunk_size_ + 1;
    nodes_.reserve(leaves_);
    pieces_.reserve(2 * leaves_);
    root_ = lay_out(0, leaves_);
  }

  [[nodiscard]] const Sha256& root() const { return root_; }
  [[nodiscard]] const std::vector<ByteView>& pieces() const { return pieces_; }

 private:
  // At most 8 deep: a group has at most 64 leaves, or one.
  Sha256 lay_out(std::size_t first, std::size_t count) {
    if (count == 1) {
      const std::size_t from = first * chunk_size_;
      const ByteView chunk = data_.subspan(from, std::min(chunk_size_, data_.size() - from));
      pieces_.push_back(chunk);
      return leaf_hash(chunk);
    }
    // Its place is taken now, in pre-order; its octets follow when the children are known. nodes_
    // never grows beyond what was reserved, so the view stays good.
    const std::size_t node = nodes_.size();
    nodes_.emplace_back();
    pieces_.emplace_back(nodes_[node]);
    const auto left = static_cast<std::size_t>(left_leaves(count));
    const Sha256 left_hash = lay_out(first, left);
    const Sha256 right_hash = lay_out(first + left, count - left);
    std::copy(left_hash.begin(), left_hash.end(), nodes_[node].begin());
    std::copy(right_hash.begin(), right_hash.end(), nodes_[node].begin() + left_hash.size());
    return node_hash(nodes_[node]);
  }

  ByteView data_;
  std::size_t chunk_size_;
  std::size_t leaves_;
  std::vector<NodeBytes> nodes_;
  std::vector<ByteView> pieces_;
  Sha256 root_{};
};

// All pieces in one call where the system takes them so; the rest, and every error, through
// OutputFile.
Result<void> write_pieces(OutputFile& out, std::uint64_t offset,
                          const std::vector<ByteView>& pieces) {
  std::vector<iovec> vector(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    // pwritev() does not write there; iovec serves both directions.
    vector[i] = {const_cast<std::uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  const ssize_t written = ::pwritev(out.fd(), vector.data(), static_cast<int>(vector.size()),
                                    static_cast<off_t>(offset));
  std::size_t done = written > 0 ? static_cast<std::size_t>(written) : 0;
  for (const ByteView piece : pieces) {
    const std::size_t skip = std::min(done, piece.size());
    done -= skip;
    if (skip < piece.size()) {
      EVSEAL_CHECK(out.write_at(offset + skip, piece.subspan(skip)));
    }
    offset += piece.size();
  }
  return {};
}

class TreeWork final : public BlockWork {
 public:
  TreeWork(const TreeLayout& layout, std::uint64_t leaves_per_group, const Destination& destination,
           std::size_t slots)
      : layout_(layout),
        leaves_per_group_(leaves_per_group),
        destination_(destination),
        slot_roots_(slots) {}

  Result<void> process(Block& block) override {
    const Group group(block.data(), layout_.chunk_size());
    slot_roots_[block.slot] = group.root();
    if (destination_.out == nullptr) {
      return {};
    }
    return write_pieces(*destination_.out, destination_.offset + position_of(block.index),
                        group.pieces());
  }

  Result<void> retire(Block& block) override {
    roots_.push_back(slot_roots_[block.slot]);
    return {};
  }

  [[nodiscard]] const std::vector<Sha256>& roots() const { return roots_; }

 private:
  [[nodiscard]] std::uint64_t position_of(std::uint64_t group) const {
    const std::uint64_t first = group * leaves_per_group_;
    const std::uint64_t count = std::min(leaves_per_group_, layout_.leaf_count() - first);
    return layout_.node_position(first, count).value_or(layout_.leaf_position(first));
  }

  const TreeLayout& layout_;
  std::uint64_t leaves_per_group_;
  Destination destination_;
  std::vector<Sha256> slot_roots_;
  std::vector<Sha256> roots_;
};

// The nodes above the groups, and the root.
Result<Sha256> write_top(const TreeWork& work, std::uint64_t group_bytes_in_file,
                         const Destination& destination) {
  std::optional<Error> failure;
  const NodeSink sink = [&](std::uint64_t position, const NodeBytes& node) {
    if (destination.out != nullptr && !failure) {
      if (auto written = destination.out->write_at(destination.offset + position, node); !written) {
        failure = std::move(written).error();
      }
    }
  };
  const Sha256 root = build_tree(work.roots(), group_bytes_in_file, sink);
  if (failure) {
    return *std::move(failure);
  }
  return root;
}

}  // namespace

Result<Sha256> write_tree(const TreeLayout& layout, const ReadAt& read, Sha256Stream* digest,
                          const Destination& destination, WorkerPool* pool, const Step& step) {
  const std::uint64_t leaves_per_group =
      std::max<std::uint64_t>(1, kGroupBytes / layout.chunk_size());
  const std::uint64_t group_bytes = leaves_per_group * layout.chunk_size();
  TreeWork work(layout, leaves_per_group, destination, BlockPipeline::slots_for(pool));
  BlockPipeline pipeline(pool, work,
                         static_cast<std::size_t>(std::min(group_bytes, layout.stored_size())));
  for (std::uint64_t offset = 0; offset < layout.stored_size();) {
    EVSEAL_TRY(Block* const block, pipeline.next());
    block->size = static_cast<std::size_t>(std::min(group_bytes, layout.stored_size() - offset));
    EVSEAL_CHECK(read(offset, block->buffer.first(block->size)));
    pipeline.submit();
    if (digest != nullptr) {
      // While the workers hash the same block: both only read it.
      digest->update(block->data());
    }
    offset += block->size;
    EVSEAL_CHECK(step(block->size));
  }
  EVSEAL_CHECK(pipeline.finish());
  return write_top(work, group_bytes + kNodeBytes * (leaves_per_group - 1), destination);
}

}  // namespace evseal::manifest
