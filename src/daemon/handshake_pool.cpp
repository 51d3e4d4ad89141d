// Runs handshake jobs on threads of its own, several at once.
#include "daemon/handshake_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace wring {
namespace {

// Where there are fewer processors than work, packets go first: a thread of this niceness gets a
// third of what a worker gets.
constexpr int kNiceness = 5;
// One product of each fills the lanes of a register (x25519_lanes.h).
constexpr std::size_t kMostTogether = 8;

}  // namespace

void HandshakePool::start(unsigned threads, const std::function<void()>& prepare) {
  thread_count_ = threads;
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i, prepare] {
      pthread_setname_np(pthread_self(), ("wring-hs-" + std::to_string(i)).c_str());
      // Linux counts niceness by thread. A refusal is no harm.
      setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
      prepare();
      run();
    });
  }
}

HandshakePool::~HandshakePool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_or_end_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void HandshakePool::submit(std::unique_ptr<HandshakeJob> job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  work_or_end_.notify_one();
}

std::vector<std::unique_ptr<HandshakeJob>> HandshakePool::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::vector<std::unique_ptr<HandshakeJob>> HandshakePool::take_share() {
  const std::size_t fair = (waiting_.size() + thread_count_ - 1) / thread_count_;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(fair, kMostTogether));
  std::vector<std::unique_ptr<HandshakeJob>> share(std::move_iterator(waiting_.begin()),
                                                   std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return share;
}

void HandshakePool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_or_end_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    std::vector<std::unique_ptr<HandshakeJob>> batch = take_share();
    lock.unlock();
    std::vector<HandshakeJob*> jobs;
    for (const auto& job : batch)
      jobs.push_back(job.get());
    wring::run(jobs, rng_);
    lock.lock();
    // The control thread takes all of them at once, so one wake-up is enough.
    if (done_.empty()) control_.notify();
    std::move(batch.begin(), batch.end(), std::back_inserter(done_));
  }
}

}  // namespace wring
