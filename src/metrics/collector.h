// Asks the engines in a thread of its own, so that one that hangs holds up nobody else.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "metrics/options.h"
#include "metrics/snapshot.h"

namespace wring::metrics {

// At most one look of each kind begins within kFreshFor: all who ask meanwhile share it. So a
// client that asks in a loop costs an engine no more than one that asks once a second.
class Collector {
 public:
  static constexpr std::chrono::milliseconds kFreshFor{1000};
  enum class Kind { kWhole, kBrief };

  // `changed` is notified when a look has ended; it outlives this. `prepare` is called by the
  // thread first; what it returns is passed on by started().
  Collector(const Options& options, const Wakeup& changed, std::function<Result<void>()> prepare);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Waits until the thread is prepared.
  [[nodiscard]] Result<void> started();
  // The last look, if it is fresh. Otherwise null, and one begins: ask again once `changed` was
  // notified. What was looked at after `since` counts as fresh in any case. Any thread.
  [[nodiscard]] std::shared_ptr<const Snapshot> ask(Kind kind, TimePoint since);

 private:
  struct Look {
    bool wanted = false;
    TimePoint begun{};
    std::shared_ptr<const Snapshot> snapshot;  // null: there was none yet
  };
  void run(const std::function<Result<void>()>& prepare);

  Looker looker_;
  const Wakeup& changed_;
  SystemClock clock_;
  Mutex mutex_;
  std::condition_variable wanted_or_end_;
  std::condition_variable prepared_;
  std::optional<Result<void>> preparation_ WRING_GUARDED_BY(mutex_);
  Look looks_[2] WRING_GUARDED_BY(mutex_);
  bool ending_ WRING_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace wring::metrics
