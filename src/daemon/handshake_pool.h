// The threads that compute handshakes, so that neither the control thread nor a worker ever waits
// for Curve25519.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "base/wakeup.h"
#include "device/handshake_job.h"

namespace wring {

// Jobs start in the order in which they came, several together, and may end in another one. How
// many there are at a time is the device's affair (kMaxHandshakeJobs).
class HandshakePool final : public HandshakeExecutor {
 public:
  // `control` is notified when there is something to take; it outlives the pool.
  explicit HandshakePool(const Wakeup& control) : control_(control) {}
  // Jobs that no thread has begun are dropped.
  ~HandshakePool() override;

  // Each thread calls `prepare` first. To be called once; what was submitted before waits.
  void start(unsigned threads, const std::function<void()>& prepare);

  void submit(std::unique_ptr<HandshakeJob> job) override;
  // What was run since the last call. Control thread.
  [[nodiscard]] std::vector<std::unique_ptr<HandshakeJob>> take_done();

 private:
  void run();
  // Of what waits, as much as leaves the same to each thread, to be worked on together. Locked.
  std::vector<std::unique_ptr<HandshakeJob>> take_share();

  const Wakeup& control_;
  SystemRng rng_;
  std::mutex mutex_;
  std::condition_variable work_or_end_;
  // The three are guarded by the mutex.
  std::deque<std::unique_ptr<HandshakeJob>> waiting_;
  std::vector<std::unique_ptr<HandshakeJob>> done_;
  bool ending_ = false;
  std::size_t thread_count_ = 0;  // constant once they run
  std::vector<std::thread> threads_;
};

}  // namespace wring
