// The threads that compute handshakes, so that neither the control thread nor a worker ever waits
// for Curve25519.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/rng.h"
#include "base/wakeup.h"
#include "device/handshake_job.h"

namespace wring {

// Jobs start in the order in which they came, several together, and may end in another order. The
// device limits how many there are at a time (kMaxHandshakeJobs).
class HandshakePool final : public HandshakeExecutor {
 public:
  // `control` is notified when there is something to take; it outlives the pool.
  explicit HandshakePool(const Wakeup& control) : control_(control) {}
  // Jobs that no thread has begun are dropped.
  ~HandshakePool() override;

  // Each thread calls `prepare` first. To be called once; what was submitted before waits.
  void start(unsigned threads, const std::function<void()>& prepare);

  // Control thread, as start_submitted().
  void submit(std::unique_ptr<HandshakeJob> job) override;
  // Gives what was submitted to the threads. To be called once a turn, because threads that are
  // woken for each job take them one by one: that fills no lanes and costs a wake-up for each.
  void start_submitted();
  // The processor time of all threads, in nanoseconds. Control thread.
  [[nodiscard]] std::uint64_t processor_ns() const;
  // What was run since the last call. Control thread.
  [[nodiscard]] std::vector<std::unique_ptr<HandshakeJob>> take_done();

 private:
  using Jobs = std::vector<std::unique_ptr<HandshakeJob>>;

  void run();
  // Waits for jobs, and takes some for one thread to run together. None: the pool ends.
  Jobs take_share();
  void give_back(Jobs done);

  const Wakeup& control_;
  SystemRng rng_;
  Jobs submitted_;  // control thread
  Mutex mutex_;
  std::condition_variable work_or_end_;
  std::deque<std::unique_ptr<HandshakeJob>> waiting_ WRING_GUARDED_BY(mutex_);
  Jobs done_ WRING_GUARDED_BY(mutex_);
  bool ending_ WRING_GUARDED_BY(mutex_) = false;
  std::size_t thread_count_ = 0;  // constant once they run
  std::vector<std::thread> threads_;
};

}  // namespace wring
