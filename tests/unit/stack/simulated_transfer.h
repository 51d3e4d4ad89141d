// An upload over a long path in no time: LossRecovery at one end, a receiver as RFC 5681, 2018 and
// 2883 have it at the other, and a SimulatedPath between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "simulated_path.h"
#include "stack/loss_recovery.h"

namespace wring::stack {

// Has what arrives, by offsets in the stream.
class SimulatedReceiver {
 public:
  using Range = std::pair<std::uint64_t, std::uint64_t>;

  [[nodiscard]] std::uint64_t next() const { return next_; }
  // The blocks of the answer: what came twice, and what was received last (RFC 2018, 4).
  std::vector<Range> take(std::uint64_t begin, std::uint64_t end) {
    std::vector<Range> blocks;
    const bool twice = end <= next_ || held(begin, end);
    if (twice) blocks.emplace_back(begin, end);
    if (!twice) keep(begin, end);
    for (auto each = held_.begin(); each != held_.end() && each->first <= next_;) {
      next_ = std::max(next_, each->second);
      each = held_.erase(each);
    }
    const auto own = around(begin);
    if (own != held_.end()) blocks.emplace_back(*own);
    for (auto each = held_.rbegin(); each != held_.rend() && blocks.size() < 4; ++each) {
      if (own == held_.end() || each->first != own->first) blocks.emplace_back(*each);
    }
    return blocks;
  }
  [[nodiscard]] bool has_gap() const { return !held_.empty(); }

 private:
  [[nodiscard]] std::map<std::uint64_t, std::uint64_t>::iterator around(std::uint64_t at) {
    auto after = held_.upper_bound(at);
    if (after == held_.begin()) return held_.end();
    --after;
    return at < after->second ? after : held_.end();
  }
  [[nodiscard]] bool held(std::uint64_t begin, std::uint64_t end) {
    const auto found = around(begin);
    return found != held_.end() && end <= found->second;
  }
  void keep(std::uint64_t begin, std::uint64_t end) {
    auto each = held_.upper_bound(end);
    while (each != held_.begin()) {
      const auto before = std::prev(each);
      if (before->second < begin) break;
      begin = std::min(begin, before->first);
      end = std::max(end, before->second);
      held_.erase(before);
    }
    held_.emplace(begin, end);
  }

  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::uint64_t> held_;
};

class SimulatedTransfer {
 public:
  static constexpr std::uint32_t kSegment = 1380;
  static constexpr std::uint32_t kFirst = 0xffff0000;  // it wraps around soon

  SimulatedTransfer(Weather weather, bool sack, unsigned seed, std::uint64_t size = UINT64_MAX)
      : path_(weather, seed), sack_(sack), size_(size) {
    recovery_.begin(kSegment, kFirst, sack);
  }
  // Which transmissions get lost besides, by their number from 0 on.
  std::function<bool(std::uint64_t)> drops = [](std::uint64_t) { return false; };

  void run(Duration time) {
    const TimePoint end = now_ + time;
    send();
    for (;;) {
      const TimePoint next = path_.next();
      const TimePoint at = std::min(next, recovery_.deadline());
      if (at > end) break;
      now_ = at;
      if (at == next) {
        path_.happen();
      } else {
        const bool more = next_ < size_;
        const auto due = recovery_.on_timer(now_, more);
        if (due == LossRecovery::Due::kTimeout) ++timeouts;
        if (due == LossRecovery::Due::kProbe) ++probes;
      }
      send();
    }
    now_ = end;
  }

  [[nodiscard]] std::uint64_t delivered() const { return receiver_.next(); }
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] const LossRecovery& recovery() const { return recovery_; }
  std::uint64_t transmissions = 0;
  std::uint64_t again = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t probes = 0;
  TimePoint finished{};

 private:
  static std::uint32_t number(std::uint64_t offset) {
    return kFirst + static_cast<std::uint32_t>(offset);
  }
  std::uint64_t offset(std::uint32_t number) const {
    const auto near = static_cast<std::uint32_t>(receiver_.next());
    return receiver_.next() + static_cast<std::uint64_t>(static_cast<std::int64_t>(
                                  static_cast<std::int32_t>(number - kFirst - near)));
  }

  void send() {
    for (;;) {
      std::uint32_t room = recovery_.allowance();
      SequenceRange next{number(next_), number(std::min(next_ + kSegment, size_))};
      if (recovery_.has_lost()) {
        const auto all = recovery_.segments();
        next = std::ranges::find_if(all, [](const auto& each) { return each.lost; })->range;
        ++again;
      } else if (next_ >= size_) {
        return;
      }
      if (next.size() > room) {
        if (recovery_.has_lost()) --again;
        return;
      }
      if (!recovery_.has_lost()) next_ += next.size();
      recovery_.on_sent(next, now_);
      leave(next);
    }
  }
  void leave(SequenceRange range) {
    const bool dropped = drops(transmissions++);
    path_.pass(now_, range.size(), dropped, [this, range] { arrive(range); });
  }
  void arrive(SequenceRange range) {
    const std::uint64_t before = receiver_.next();
    const auto begin = offset(range.begin);
    const auto blocks = receiver_.take(begin, begin + range.size());
    if (receiver_.next() == size_) finished = now_;
    // Every second segment is acknowledged, and at once what is not in order.
    const bool in_order = blocks.empty() && receiver_.next() == before + range.size();
    if (in_order && ++unanswered_ < 2 && receiver_.next() != size_) return;
    unanswered_ = 0;
    if (path_.loses()) return;
    LossRecovery::Acknowledgement answer{number(receiver_.next()), {}, receiver_.next() == before};
    for (const auto& [first, last] : blocks) {
      if (sack_) answer.blocks.add({number(first), number(last)});
    }
    path_.at(now_ + path_.delay(), [this, answer] { recovery_.on_acknowledgement(answer, now_); });
  }

  SimulatedPath path_;
  bool sack_;
  std::uint64_t size_;
  LossRecovery recovery_;
  SimulatedReceiver receiver_;
  TimePoint now_{std::chrono::seconds(1)};
  std::uint64_t next_ = 0;  // offset of what was never sent
  unsigned unanswered_ = 0;
};

}  // namespace wring::stack
