// Marks segments, and keeps the sums of them.
#include "stack/scoreboard.h"

#include <algorithm>

namespace wring::stack {
namespace {

// Segments that a connection has room for while nothing is on its way.
constexpr std::size_t kKept = 64;

}  // namespace

// The first that ends behind `number`.
std::size_t Scoreboard::find(std::uint32_t number) const {
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto found = std::partition_point(begin, segments_.end(), [number](const Segment& each) {
    return !precedes(number, each.range.end);
  });
  return static_cast<std::size_t>(found - segments_.begin());
}

void Scoreboard::split(std::size_t index, std::uint32_t at) {
  Segment behind = segments_[index];
  behind.range.begin = segments_[index].range.end = at;
  if (behind.arrived) ++arrived_segments_;
  segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(index) + 1, behind);
}

void Scoreboard::mark_sent(Segment& segment, TimePoint now) {
  if (segment.lost) {
    lost_ -= segment.range.size();
    segment.resent = true;
  }
  segment.lost = false;
  segment.sent = now;
}

void Scoreboard::on_sent(SequenceRange range, TimePoint now) {
  const std::uint32_t end = empty() ? range.begin : segments_.back().range.end;
  if (precedes(range.begin, end)) {
    std::size_t index = find(range.begin);
    if (precedes(segments_[index].range.begin, range.begin)) split(index++, range.begin);
    for (; index < segments_.size() && precedes(segments_[index].range.begin, range.end); ++index) {
      if (precedes(range.end, segments_[index].range.end)) split(index, range.end);
      mark_sent(segments_[index], now);
    }
    range.begin = end;
  }
  if (!precedes(range.begin, range.end)) return;
  segments_.push_back({range, now});
  total_ += range.size();
}

// Before any has arrived, all are later.
bool Scoreboard::newest_is_later_than(const Segment& segment) const {
  if (!any_newest_) return false;
  if (newest_sent_ != segment.sent) return newest_sent_ > segment.sent;
  return precedes(segment.range.end, newest_end_);
}

void Scoreboard::mark_arrived(Segment& segment, TimePoint now, Duration least, Delivery& delivery) {
  segment.arrived = true;
  ++arrived_segments_;
  arrived_ += segment.range.size();
  if (segment.lost) lost_ -= segment.range.size();
  segment.lost = false;
  delivery.bytes += segment.range.size();
  const Duration trip = now - segment.sent;
  if (!segment.resent) {
    delivery.round_trip = trip;
    if (any_highest_ && precedes(segment.range.end, highest_)) delivery.reordered = true;
  }
  if (!any_highest_ || precedes(highest_, segment.range.end)) highest_ = segment.range.end;
  any_highest_ = true;
  if (segment.resent && trip < least) return;
  const bool later = !any_newest_ || segment.sent > newest_sent_ ||
                     (segment.sent == newest_sent_ && precedes(newest_end_, segment.range.end));
  if (!later) return;
  any_newest_ = true;
  newest_sent_ = segment.sent;
  newest_end_ = segment.range.end;
  newest_trip_ = trip;
}

void Scoreboard::remove(const Segment& segment) {
  total_ -= segment.range.size();
  arrived_ -= segment.range.size();
  --arrived_segments_;
}

void Scoreboard::on_acknowledged(std::uint32_t number, TimePoint now, Duration least,
                                 Delivery& delivery) {
  while (!empty() && precedes(segments_[first_].range.begin, number)) {
    if (precedes(number, segments_[first_].range.end)) split(first_, number);
    Segment& segment = segments_[first_];
    if (!segment.arrived) mark_arrived(segment, now, least, delivery);
    remove(segment);
    ++first_;
  }
  // Others move to its place once it is half of all, so each moves about once.
  if (empty()) {
    segments_.clear();
    if (segments_.capacity() > kKept) segments_.shrink_to_fit();
    first_ = 0;
  } else if (first_ > segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void Scoreboard::on_selected(SequenceRange block, TimePoint now, Duration least,
                             Delivery& delivery) {
  for (std::size_t index = find(block.begin); index < segments_.size(); ++index) {
    Segment& segment = segments_[index];
    if (precedes(block.end, segment.range.end)) return;
    if (segment.arrived || precedes(segment.range.begin, block.begin)) continue;
    mark_arrived(segment, now, least, delivery);
  }
}

void Scoreboard::suppose_arrived(std::size_t count, TimePoint now, Duration least,
                                 Delivery& delivery) {
  const std::size_t last = std::min(segments_.size(), first_ + 1 + count);
  for (std::size_t index = first_ + 1; index < last; ++index) {
    if (!segments_[index].arrived) mark_arrived(segments_[index], now, least, delivery);
  }
}

void Scoreboard::forget_arrived() {
  for (std::size_t index = first_; index < segments_.size(); ++index)
    segments_[index].arrived = false;
  arrived_ = 0;
  arrived_segments_ = 0;
}

void Scoreboard::lose(Segment& segment) {
  segment.lost = true;
  lost_ += segment.range.size();
}

Scoreboard::Losses Scoreboard::find_losses(TimePoint now, Duration reordering) {
  Losses losses;
  // The usual case: all is in order.
  if (empty()) return losses;
  if (arrived_ == 0 && !waited_ && !newest_is_later_than(segments_[first_])) return losses;
  for (std::size_t index = first_; index < segments_.size(); ++index) {
    Segment& segment = segments_[index];
    if (segment.arrived || segment.lost || !newest_is_later_than(segment)) continue;
    const Duration left = segment.sent + newest_trip_ + reordering - now;
    if (left > Duration{}) {
      losses.wait = std::max(losses.wait, left);
      continue;
    }
    lose(segment);
    losses.bytes += segment.range.size();
  }
  waited_ = losses.wait != Duration{};
  return losses;
}

void Scoreboard::lose_all() {
  for (std::size_t index = first_; index < segments_.size(); ++index) {
    if (!segments_[index].arrived && !segments_[index].lost) lose(segments_[index]);
  }
}

void Scoreboard::lose_last() {
  for (std::size_t index = segments_.size(); index-- > first_;) {
    if (segments_[index].arrived || segments_[index].lost) continue;
    lose(segments_[index]);
    return;
  }
}

}  // namespace wring::stack
