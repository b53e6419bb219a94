// Threads that hash chunks for the verifier. They start with the first batch that is worth it.
#pragma once

#include <evseal/verify.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace evseal::sign {

class HashPool {
 public:
  /// `threads`: all that work, the caller's included; 0: one for each processor.
  explicit HashPool(unsigned threads);
  ~HashPool();
  HashPool(const HashPool&) = delete;
  HashPool& operator=(const HashPool&) = delete;

  [[nodiscard]] unsigned threads() const { return threads_; }
  /// Hashes all jobs; returns when they are done.
  [[nodiscard]] evseal_status run(const evseal_hash_job* jobs, std::size_t count);

 private:
  void start();
  void work();
  void take_jobs();

  unsigned threads_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::uint64_t batch_ = 0;  // guarded by mutex_
  unsigned busy_ = 0;        // guarded by mutex_
  bool stop_ = false;        // guarded by mutex_
  const evseal_hash_job* jobs_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace evseal::sign
