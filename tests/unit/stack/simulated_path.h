// A network that delays, loses and overtakes, and the order of what happens there. Time is given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <utility>

#include "base/clock.h"

namespace wring::stack {

struct Weather {
  Duration delay{};      // each way
  double loss = 0;       // share of the segments
  double overtaken = 0;  // share that comes `late`
  Duration late{};
  double rate = 1e12;   // bytes a second at the narrowest place
  double queue = 1e12;  // bytes that wait there at most
};

class SimulatedPath {
 public:
  SimulatedPath(Weather weather, unsigned seed) : weather_(weather), random_(seed) {}

  [[nodiscard]] Duration delay() const { return weather_.delay; }
  // Whether the next packet is lost.
  [[nodiscard]] bool loses() { return chance(weather_.loss); }
  // A segment leaves. Unless it is lost, `arrive` is called when it is there.
  void pass(TimePoint now, std::size_t size, bool dropped, std::function<void()> arrive) {
    const bool lost = dropped || loses();
    const Duration waits = std::max(free_at_ - now, Duration{});
    if (std::chrono::duration<double>(waits).count() * weather_.rate > weather_.queue) return;
    free_at_ = now + waits +
               std::chrono::duration_cast<Duration>(
                   std::chrono::duration<double>(static_cast<double>(size) / weather_.rate));
    if (lost) return;
    const Duration late = chance(weather_.overtaken) ? weather_.late : Duration{};
    at(free_at_ + weather_.delay + late, std::move(arrive));
  }
  void at(TimePoint when, std::function<void()> act) {
    events_.push({when, order_++, std::move(act)});
  }
  // When something happens next; kNever: nothing does.
  [[nodiscard]] TimePoint next() const { return events_.empty() ? kNever : events_.top().at; }
  // Has it happen.
  void happen() {
    const std::function<void()> act = events_.top().act;
    events_.pop();
    act();
  }

 private:
  struct Event {
    TimePoint at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator<(const Event& other) const {
      return std::pair(other.at, other.order) < std::pair(at, order);
    }
  };
  bool chance(double share) { return std::uniform_real_distribution<>()(random_) < share; }

  Weather weather_;
  std::mt19937 random_;
  TimePoint free_at_{};
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
};

}  // namespace wring::stack
