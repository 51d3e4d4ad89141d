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
// Jobs that one thread takes at a time: one product of each fills the lanes of a register
// (x25519_lanes.h). A thread more is woken for each so many.
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
  submitted_.push_back(std::move(job));
}

void HandshakePool::start_submitted() {
  if (submitted_.empty()) return;
  const std::size_t shares = (submitted_.size() + kMostTogether - 1) / kMostTogether;
  {
    const MutexLock lock(mutex_);
    std::move(submitted_.begin(), submitted_.end(), std::back_inserter(waiting_));
  }
  submitted_.clear();
  for (std::size_t i = 0; i < std::min(shares, thread_count_); ++i)
    work_or_end_.notify_one();
}

std::vector<std::unique_ptr<HandshakeJob>> HandshakePool::take_done() {
  const MutexLock lock(mutex_);
  return std::exchange(done_, {});
}

HandshakePool::Jobs HandshakePool::take_share() {
  const MutexLock lock(mutex_);
  while (!ending_ && waiting_.empty())
    mutex_.wait(work_or_end_);
  if (ending_) return {};
  const std::size_t count = std::min(waiting_.size(), kMostTogether);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  Jobs share(std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return share;
}

void HandshakePool::give_back(Jobs done) {
  bool first = false;
  {
    const MutexLock lock(mutex_);
    first = done_.empty();
    std::move(done.begin(), done.end(), std::back_inserter(done_));
  }
  // The control thread takes all of them at once, so one wake-up is enough. It comes without the
  // mutex, because the control thread takes that first.
  if (first) control_.notify();
}

void HandshakePool::run() {
  while (true) {
    Jobs share = take_share();
    if (share.empty()) return;
    std::vector<HandshakeJob*> jobs;
    jobs.reserve(share.size());
    for (const auto& job : share)
      jobs.push_back(job.get());
    wring::run(jobs, rng_);
    give_back(std::move(share));
  }
}

}  // namespace wring
