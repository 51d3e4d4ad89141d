// What the data path tells the timers: when something was sent or heard. Workers write, the control
// thread reads when a timer fires, so that the data path arms no timer itself.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace wring {

// Times are nanoseconds of BootTime; 0 stands for "not".
class PeerActivity {
 public:
  // What on_sent() writes over.
  struct Before {
    std::int64_t last_traversal;
    std::int64_t owing_reply_since;
  };
  // An authenticated message leaves (handshake, keepalive or data). Call it before the message can
  // be answered. Any thread.
  Before on_sent(TimePoint now) {
    return {set(last_traversal_, ticks(now)), set(owing_reply_since_, 0)};
  }
  // What left at `now` was lost on our side after all: it suppresses no keepalive (P26, P27) and
  // waits for no answer (P9). Does nothing where something else was sent or heard since. True: the
  // control thread is to watch for a reply, since the passive keepalive is due again. Any thread.
  [[nodiscard]] bool take_back_sent(TimePoint now, const Before& before) {
    exchange(last_traversal_, ticks(now), before.last_traversal);
    exchange(awaiting_reply_since_, ticks(now), 0);
    return exchange(owing_reply_since_, 0, before.owing_reply_since) &&
           before.owing_reply_since != 0 && !owing_reply_watched_.load(std::memory_order_seq_cst);
  }
  // Data left, besides on_sent(). True: the control thread does not watch for an answer yet and is
  // to be told, since the timer of P9 starts.
  [[nodiscard]] bool on_data_sent(TimePoint now) {
    return start(awaiting_reply_since_, awaiting_reply_watched_, now);
  }

  // An authenticated message came. Any thread.
  void on_received(TimePoint now) {
    set(last_traversal_, ticks(now));
    set(awaiting_reply_since_, 0);
  }
  // Data came, besides on_received(). True: the passive keepalive of P26 is to be armed.
  [[nodiscard]] bool on_data_received(TimePoint now) {
    set(last_data_received_, ticks(now));
    return start(owing_reply_since_, owing_reply_watched_, now);
  }

  // --- Control thread ---

  // Since when data went out with nothing heard after it; kNever if it was answered.
  [[nodiscard]] TimePoint awaiting_reply_since() const { return time(awaiting_reply_since_); }
  // Since when data came in with nothing sent after it; kNever if something was.
  [[nodiscard]] TimePoint owing_reply_since() const { return time(owing_reply_since_); }
  // More data came after the packet that armed the keepalive: one more is to follow it. P26
  [[nodiscard]] bool received_data_after(TimePoint when) const {
    return last_data_received_.load(std::memory_order_relaxed) > ticks(when);
  }
  // The last authenticated message in either direction; the epoch if there was none.
  [[nodiscard]] TimePoint last_traversal() const {
    return TimePoint(Duration(last_traversal_.load(std::memory_order_relaxed)));
  }
  // Begins to watch. The time is read after the flag stands, so that a worker which starts the
  // clock just now either is seen here or sees the flag. kNever: it was answered meanwhile, there
  // is nothing to watch, and the next packet tells the control thread again.
  TimePoint watch_awaiting_reply() { return watch(awaiting_reply_watched_, awaiting_reply_since_); }
  TimePoint watch_owing_reply() { return watch(owing_reply_watched_, owing_reply_since_); }
  // Stops watching; a time other than kNever means that the clock was started meanwhile and that
  // the watch goes on.
  TimePoint unwatch_awaiting_reply() {
    return unwatch(awaiting_reply_watched_, awaiting_reply_since_);
  }
  TimePoint unwatch_owing_reply() { return unwatch(owing_reply_watched_, owing_reply_since_); }
  void forget_awaiting_reply() { awaiting_reply_since_ = 0; }
  void forget_owing_reply() { owing_reply_since_ = 0; }
  // The timers were disarmed: what comes next tells the control thread again. The flags fall first,
  // so that a worker which starts a clock in between is not left with one that nobody watches.
  void stop_watching() {
    awaiting_reply_watched_ = false;
    owing_reply_watched_ = false;
    forget_awaiting_reply();
    forget_owing_reply();
  }
  // Makes one more keepalive due, as if data had come now.
  void restart_owing_reply(TimePoint now) { owing_reply_since_ = ticks(now); }

 private:
  using Ticks = std::atomic<std::int64_t>;

  static std::int64_t ticks(TimePoint t) { return t.time_since_epoch().count(); }
  static TimePoint time(const Ticks& t) {
    const std::int64_t value = t.load(std::memory_order_seq_cst);
    return value == 0 ? kNever : TimePoint(Duration(value));
  }
  // Writes only what changes, so that a line which several workers read stays shared. Relaxed: a
  // time is a hint to timers of seconds, nothing is published through it.
  static std::int64_t set(Ticks& t, std::int64_t value) {
    const std::int64_t before = t.load(std::memory_order_relaxed);
    if (before != value) t.store(value, std::memory_order_relaxed);
    return before;
  }
  // False, and nothing changes, if `t` is not `from`.
  static bool exchange(Ticks& t, std::int64_t from, std::int64_t to) {
    return t.compare_exchange_strong(from, to, std::memory_order_seq_cst);
  }
  // Sequentially consistent on both variables: this is the one place where a store here and a load
  // there must not pass each other (see watch()).
  static bool start(Ticks& since, std::atomic<bool>& watched, TimePoint now) {
    if (since.load(std::memory_order_relaxed) != 0) return false;
    since.store(ticks(now), std::memory_order_seq_cst);
    return !watched.load(std::memory_order_seq_cst);
  }
  static TimePoint watch(std::atomic<bool>& watched, const Ticks& since) {
    watched.store(true, std::memory_order_seq_cst);
    const TimePoint started = time(since);
    return started != kNever ? started : unwatch(watched, since);
  }
  static TimePoint unwatch(std::atomic<bool>& watched, const Ticks& since) {
    watched.store(false, std::memory_order_seq_cst);
    const TimePoint started = time(since);
    if (started != kNever) watched.store(true, std::memory_order_seq_cst);
    return started;
  }

  Ticks last_traversal_{0};
  Ticks last_data_received_{0};
  Ticks awaiting_reply_since_{0};
  Ticks owing_reply_since_{0};
  std::atomic<bool> awaiting_reply_watched_{false};
  std::atomic<bool> owing_reply_watched_{false};
};

}  // namespace wring
