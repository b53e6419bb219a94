#include "block_pipeline.hpp"

#include <system_error>
#include <utility>

namespace evseal::manifest {

WorkerPool::WorkerPool(unsigned workers) {
  threads_.reserve(workers);
  try {
    for (unsigned i = 0; i < workers; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  } catch (const std::system_error&) {
    // A system that is out of threads gets the work done with fewer: the caller helps.
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void WorkerPool::submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

bool WorkerPool::run_one() {
  std::function<void()> task;
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) {
      return false;
    }
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  return true;
}

void WorkerPool::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

std::size_t BlockPipeline::slots_for(const WorkerPool* pool) {
  return pool == nullptr ? 1 : 2 * (pool->workers() + 1) + 1;
}

BlockPipeline::BlockPipeline(WorkerPool* pool, BlockWork& work, std::size_t block_bytes)
    : pool_(pool), work_(work), block_bytes_(block_bytes), ring_(slots_for(pool)) {}

BlockPipeline::~BlockPipeline() {
  for (Slot& slot : ring_) {
    wait_for(slot);
  }
}

void BlockPipeline::process(Slot& slot) {
  try {
    if (auto result = work_.process(slot.block); !result) {
      slot.error = std::move(result).error();
    }
  } catch (const std::exception& problem) {
    slot.error = Error{ErrorCode::internal, "payload", problem.what()};
  }
  slot.state.store(kDone, std::memory_order_release);
  slot.state.notify_one();
}

// Helps with the queue while there is one; then the block is in another thread's hands, which will
// tell.
void BlockPipeline::wait_for(Slot& slot) {
  while (slot.state.load(std::memory_order_acquire) == kPending) {
    if (pool_ == nullptr || !pool_->run_one()) {
      slot.state.wait(kPending, std::memory_order_acquire);
    }
  }
}

Result<void> BlockPipeline::retire(Slot& slot) {
  wait_for(slot);
  ++retired_;
  slot.state.store(kFree, std::memory_order_relaxed);
  if (slot.error) {
    return std::exchange(slot.error, std::nullopt).value();
  }
  return work_.retire(slot.block);
}

Result<Block*> BlockPipeline::next() {
  if (submitted_ - retired_ == ring_.size()) {
    EVSEAL_CHECK(retire(ring_[retired_ % ring_.size()]));
  }
  Slot& slot = ring_[submitted_ % ring_.size()];
  if (!slot.storage) {
    // Not value-initialised: each octet is read into before it is used.
    slot.storage.reset(new std::uint8_t[block_bytes_]);
    slot.block.buffer = {slot.storage.get(), block_bytes_};
  }
  slot.block.slot = submitted_ % ring_.size();
  slot.block.index = submitted_;
  slot.block.size = 0;
  slot.block.last = false;
  return &slot.block;
}

void BlockPipeline::submit() {
  Slot& slot = ring_[submitted_ % ring_.size()];
  slot.state.store(kPending, std::memory_order_relaxed);
  ++submitted_;
  if (pool_ == nullptr) {
    process(slot);
  } else {
    pool_->submit([this, &slot] { process(slot); });
  }
}

Result<void> BlockPipeline::finish() {
  while (retired_ < submitted_) {
    EVSEAL_CHECK(retire(ring_[retired_ % ring_.size()]));
  }
  return {};
}

}  // namespace evseal::manifest
