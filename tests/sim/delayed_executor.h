// Threads that compute handshakes, on a clock that is not real: each job comes back after a while
// of its own, so that jobs overtake each other and all that else happens.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "device/handshake_job.h"
#include "tests/sim/simulated_network.h"

namespace wring::test {

class DelayedExecutor final : public HandshakeExecutor {
 public:
  // `clock` outlives it. Delays are drawn up to `max_delay`, at least a millisecond.
  DelayedExecutor(const TimePoint& clock, Duration max_delay, std::uint64_t seed)
      : clock_(clock), max_delay_(max_delay), rng_(seed) {}

  void submit(std::unique_ptr<HandshakeJob> job) override {
    const auto most = static_cast<std::uint32_t>(max_delay_ / std::chrono::milliseconds(1));
    jobs_.emplace(clock_ + std::chrono::milliseconds(1 + rng_.below(most)), std::move(job));
  }
  [[nodiscard]] TimePoint next() const { return jobs_.empty() ? kNever : jobs_.begin()->first; }
  // Null where none is due.
  [[nodiscard]] std::unique_ptr<HandshakeJob> take_due() {
    if (next() > clock_) return nullptr;
    std::unique_ptr<HandshakeJob> job = std::move(jobs_.extract(jobs_.begin()).mapped());
    run(std::array{job.get()}, rng_);
    return job;
  }

 private:
  const TimePoint& clock_;
  const Duration max_delay_;
  SeededRng rng_;
  std::multimap<TimePoint, std::unique_ptr<HandshakeJob>> jobs_;
};

}  // namespace wring::test
