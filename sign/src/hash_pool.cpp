#include "hash_pool.hpp"

#include <algorithm>

namespace evseal::sign {
namespace {

// Below this waking a thread costs more than it saves.
constexpr std::size_t kWorthSharing = 256U * 1024U;

std::size_t total_bytes(const evseal_hash_job* jobs, std::size_t count) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += jobs[i].bytes.len;
  }
  return total;
}

}  // namespace

HashPool::HashPool(unsigned threads)
    : threads_(threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency())) {}

HashPool::~HashPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void HashPool::start() {
  while (workers_.size() + 1 < threads_) {
    workers_.emplace_back([this] { work(); });
  }
}

void HashPool::take_jobs() {
  for (std::size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) {
    if (evseal_crypto_openssl.sha256(jobs_[i].digest, &jobs_[i].bytes, 1) != EVSEAL_OK) {
      failed_.store(true);
    }
  }
}

void HashPool::work() {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stop_ || batch_ != seen; });
    if (stop_) {
      return;
    }
    seen = batch_;
    lock.unlock();
    take_jobs();
    lock.lock();
    if (--busy_ == 0) {
      done_.notify_one();
    }
  }
}

evseal_status HashPool::run(const evseal_hash_job* jobs, std::size_t count) {
  const bool share = threads_ > 1 && total_bytes(jobs, count) >= kWorthSharing;
  if (share) {
    start();
  }
  {
    const std::lock_guard lock(mutex_);
    jobs_ = jobs;
    count_ = count;
    next_.store(0);
    failed_.store(false);
    busy_ = share ? static_cast<unsigned>(workers_.size()) : 0;
    batch_ += share ? 1 : 0;
  }
  if (share) {
    wake_.notify_all();
  }
  take_jobs();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return busy_ == 0; });
  return failed_.load() ? EVSEAL_CRYPTO_FAILED : EVSEAL_OK;
}

}  // namespace evseal::sign
