// A set in the order of time.
#include "stack/alarms.h"

#include <algorithm>

namespace wring::stack {

void Alarms::touch(Sleeper& sleeper) {
  if (std::exchange(sleeper.touched_, true)) return;
  touched_.push_back(&sleeper);
}

void Alarms::forget(Sleeper& sleeper) {
  if (std::exchange(sleeper.touched_, false)) std::erase(touched_, &sleeper);
  if (sleeper.alarm_ != kNever) alarms_.erase({sleeper.alarm_, &sleeper});
  sleeper.alarm_ = kNever;
}

void Alarms::set() {
  for (Sleeper* const each : touched_) {
    each->touched_ = false;
    const TimePoint at = each->deadline();
    if (at >= each->alarm_) continue;
    if (each->alarm_ == kNever) {
      alarms_.emplace(at, each);
    } else {
      auto moved = alarms_.extract({each->alarm_, each});
      moved.value().first = at;
      alarms_.insert(std::move(moved));
    }
    each->alarm_ = at;
  }
  touched_.clear();
}

TimePoint Alarms::next() const {
  return alarms_.empty() ? kNever : alarms_.begin()->first;
}

void Alarms::ring(TimePoint now) {
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    Sleeper& first = *alarms_.begin()->second;
    alarms_.erase(alarms_.begin());
    first.alarm_ = kNever;
    touch(first);
    if (first.deadline() <= now) first.wake(now);
  }
}

}  // namespace wring::stack
