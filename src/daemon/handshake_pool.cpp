#include "daemon/handshake_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace wring {
namespace {

// Where there are fewer processors than work, packets go first: a thread of this niceness gets a
// third of what a worker gets.
constexpr int kNiceness = 5;

}  // namespace

void HandshakePool::start(unsigned threads, const std::function<void()>& prepare) {
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

void HandshakePool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_or_end_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    std::unique_ptr<HandshakeJob> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job->run(rng_);
    lock.lock();
    done_.push_back(std::move(job));
    // Whoever takes them takes all of them.
    if (done_.size() == 1) control_.notify();
  }
}

}  // namespace wring
