// Runs handshake jobs on threads of its own, several at once.
#include "daemon/handshake_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "daemon/processor_time.h"

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
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  work_or_end_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

std::uint64_t HandshakePool::processor_ns() const {
  std::uint64_t sum = 0;
  for (const std::thread& thread : threads_)
    sum += wring::processor_ns(const_cast<std::thread&>(thread).native_handle());
  return sum;
}

void HandshakePool::submit(std::unique_ptr<HandshakeJob> job) {
  {
    const MutexLock lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  work_or_end_.notify_one();
}

std::vector<std::unique_ptr<HandshakeJob>> HandshakePool::take_done() {
  const MutexLock lock(mutex_);
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
  mutex_.lock();
  while (true) {
    while (!ending_ && waiting_.empty())
      work_or_end_.wait(mutex_);
    if (ending_) break;
    std::vector<std::unique_ptr<HandshakeJob>> batch = take_share();
    mutex_.unlock();
    std::vector<HandshakeJob*> jobs;
    jobs.reserve(batch.size());
    for (const auto& job : batch)
      jobs.push_back(job.get());
    wring::run(jobs, rng_);
    mutex_.lock();
    // The control thread takes all of them at once, so one wake-up is enough.
    if (done_.empty()) control_.notify();
    std::move(batch.begin(), batch.end(), std::back_inserter(done_));
  }
  mutex_.unlock();
}

}  // namespace wring
