// Work on a stream in blocks: the caller's thread reads them in order, any thread processes them,
// the caller's thread takes the results in order again. Memory is a fixed ring of blocks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// Threads that take tasks from one queue. Tasks must not throw.
class WorkerPool {
 public:
  /// Starts `workers` threads, or as many as the system gives.
  explicit WorkerPool(unsigned workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] std::size_t workers() const { return threads_.size(); }
  void submit(std::function<void()> task);
  /// Runs a waiting task in the caller's thread; false where there is none.
  bool run_one();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

struct Block {
  std::size_t slot = 0;     ///< of the ring: for what a work keeps for each block in flight
  std::uint64_t index = 0;  ///< in the stream
  bool last = false;
  std::size_t size = 0;  ///< octets in `buffer`
  std::span<std::uint8_t> buffer;

  [[nodiscard]] ByteView data() const { return buffer.first(size); }
};

class BlockWork {
 public:
  BlockWork() = default;
  virtual ~BlockWork() = default;
  BlockWork(const BlockWork&) = delete;
  BlockWork& operator=(const BlockWork&) = delete;

  /// On any thread, several blocks at once.
  [[nodiscard]] virtual Result<void> process(Block& block) = 0;
  /// On the caller's thread, in the order of submission, after process().
  [[nodiscard]] virtual Result<void> retire(Block& block) = 0;
};

/// One pass over one stream. Without a pool everything happens in the caller's thread.
class BlockPipeline {
 public:
  BlockPipeline(WorkerPool* pool, BlockWork& work, std::size_t block_bytes);
  /// Waits for what is in flight.
  ~BlockPipeline();
  BlockPipeline(const BlockPipeline&) = delete;
  BlockPipeline& operator=(const BlockPipeline&) = delete;

  /// Blocks in flight at most, for a pool: one in each hand, one waiting for each, one being read.
  [[nodiscard]] static std::size_t slots_for(const WorkerPool* pool);

  /// A free block, to be filled. Where all are in use the oldest is finished and retired first.
  [[nodiscard]] Result<Block*> next();
  /// Hands over the block that next() gave. Its data may still be read until the following next().
  void submit();
  /// Retires everything.
  [[nodiscard]] Result<void> finish();

 private:
  enum State : int { kFree, kPending, kDone };
  struct Slot {
    Block block;
    std::unique_ptr<std::uint8_t[]> storage;
    std::atomic<int> state{kFree};
    std::optional<Error> error;
  };

  void process(Slot& slot);
  void wait_for(Slot& slot);
  Result<void> retire(Slot& slot);

  WorkerPool* pool_;
  BlockWork& work_;
  std::size_t block_bytes_;
  std::vector<Slot> ring_;
  std::uint64_t submitted_ = 0;
  std::uint64_t retired_ = 0;
};

}  // namespace evseal::manifest
