// Looks at the engines when somebody asks and the last look is old.
#include "metrics/collector.h"

#include <utility>

namespace wring::metrics {

Collector::Collector(const Options& options, const Wakeup& changed,
                     std::function<Result<void>()> prepare)
    : looker_(options),
      changed_(changed),
      thread_([this, prepare = std::move(prepare)] { run(prepare); }) {}

Collector::~Collector() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  wanted_or_end_.notify_all();
  thread_.join();
}

Result<void> Collector::started() {
  const MutexLock lock(mutex_);
  while (!preparation_)
    mutex_.wait(prepared_);
  return *preparation_;
}

std::shared_ptr<const Snapshot> Collector::ask(Kind kind, TimePoint since) {
  const MutexLock lock(mutex_);
  Look& look = looks_[static_cast<std::size_t>(kind)];
  if (look.snapshot && (look.begun >= since || clock_.now() - look.begun < kFreshFor)) {
    return look.snapshot;
  }
  look.wanted = true;
  wanted_or_end_.notify_all();
  return nullptr;
}

void Collector::run(const std::function<Result<void>()>& prepare) {
  auto prepared = prepare();
  mutex_.lock();
  preparation_ = std::move(prepared);
  prepared_.notify_all();
  while (!ending_ && *preparation_) {
    Look* const look = looks_[0].wanted ? &looks_[0] : looks_[1].wanted ? &looks_[1] : nullptr;
    if (look == nullptr) {
      mutex_.wait(wanted_or_end_);
      continue;
    }
    const bool is_whole = look == &looks_[static_cast<std::size_t>(Kind::kWhole)];
    const TimePoint begun = clock_.now();
    mutex_.unlock();
    auto snapshot =
        std::make_shared<const Snapshot>(is_whole ? looker_.look() : looker_.look_briefly());
    mutex_.lock();
    look->begun = begun;
    std::swap(look->snapshot, snapshot);
    // All who wait are told, and those ask again for whom this look began too early. A wish from
    // before would throw it away unseen.
    look->wanted = false;
    changed_.notify();
    // The old one may be the last of its kind: it is freed without the lock.
    mutex_.unlock();
    snapshot.reset();
    mutex_.lock();
  }
  mutex_.unlock();
}

}  // namespace wring::metrics
