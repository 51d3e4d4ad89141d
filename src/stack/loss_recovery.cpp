// What acknowledgements tell.
#include "stack/loss_recovery.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace wring::stack {
namespace {

constexpr std::size_t kDuplicates = 3;         // DupThresh, RFC 5681
constexpr unsigned kRecoveriesWithSteps = 16;  // RFC 8985, 6.2

}  // namespace

void LossRecovery::Rate::on_arrived(std::uint32_t bytes, TimePoint now, Duration round_trip) {
  if (bytes == 0 || round_trip == Duration{}) return;
  if (!begun) {
    begun = now;
    return;
  }
  arrived += bytes;
  const Duration passed = now - *begun;
  if (passed < round_trip) return;
  per_second = {per_second[1],
                static_cast<double>(arrived) / std::chrono::duration<double>(passed).count()};
  begun = now;
  arrived = 0;
}

std::uint32_t LossRecovery::Rate::within(Duration time) const {
  const double bytes =
      std::max(per_second[0], per_second[1]) * std::chrono::duration<double>(time).count();
  return static_cast<std::uint32_t>(std::min(bytes, 1e9));
}

void LossRecovery::begin(std::uint32_t segment, std::uint32_t first, bool sack) {
  congestion_.begin(segment);
  acknowledged_ = next_ = recovery_end_ = first;
  sack_ = sack;
}

void LossRecovery::on_sent(SequenceRange range, TimePoint now) {
  const bool again = precedes(range.begin, next_);
  if (board_.empty() || again) progress_ = now;
  if (again && reduction_ && state_ != State::kOpen) reduction_->doubtful += range.size();
  if (!again) {
    last_new_ = now;
    next_ = range.end;
    probe_room_ -= std::min(probe_room_, range.size());
  }
  sent_ += range.size();
  board_.on_sent(range, now);
  if (precedes(next_, range.end)) next_ = range.end;
}

void LossRecovery::on_acknowledgement(const Acknowledgement& what, TimePoint now) {
  if (precedes(what.number, acknowledged_) || precedes(next_, what.number)) return;
  const bool advanced = what.number != acknowledged_;
  const bool full = state_ != State::kOpen ||
                    board_.in_flight() + congestion_.segment() > congestion_.window() ||
                    (congestion_.window() < congestion_.threshold() &&
                     2 * board_.in_flight() >= congestion_.window());
  Scoreboard::Delivery delivery;
  take_in(what, now, delivery);
  if (delivery.round_trip) trip_.on_measured(*delivery.round_trip, now);
  if (delivery.reordered) reordering_seen_ = true;
  rate_.on_arrived(delivery.bytes, now, trip_.smoothed());
  if (advanced) {
    progress_ = last_new_ = now;
    timeouts_ = 0;
    probed_ = false;
  }
  const auto twice = what.blocks.duplicate(what.number);
  if (twice) look_at_duplicate(*twice);
  look_at_probe(what, twice.has_value());
  const std::uint32_t lost = find_losses(now);
  if (state_ != State::kOpen && !precedes(acknowledged_, recovery_end_)) end_recovery();
  if (state_ == State::kOpen && lost != 0) enter_recovery(delivery.bytes);
  if (state_ == State::kRecovery) {
    reduce_in_proportion(delivery.bytes, advanced && lost == 0);
  } else if (!full) {
    congestion_.on_idle(now);
  } else if (delivery.bytes != 0) {
    congestion_.on_delivered(delivery.bytes, now, trip_.smoothed());
  }
}

void LossRecovery::take_in(const Acknowledgement& what, TimePoint now,
                           Scoreboard::Delivery& delivery) {
  const Duration least = sooner_is_older();
  const std::size_t before = board_.segments().size();
  board_.on_acknowledged(what.number, now, least, delivery);
  const bool advanced = std::exchange(acknowledged_, what.number) != what.number;
  if (!sack_) {
    const std::size_t passed = before - std::min(before, board_.segments().size());
    if (advanced) duplicates_ -= std::min(duplicates_, std::max<std::size_t>(passed, 1) - 1);
    return count_duplicates(what, now, delivery);
  }
  // What has arrived is not waited for, but by one who has dropped it (RFC 2018, 8).
  if (!board_.empty() && board_.segments().front().arrived) board_.forget_arrived();
  // In the stream's order, so that what came in order does not look like overtaken.
  std::array<SequenceRange, SackBlocks::kMost> blocks;
  auto* end = blocks.data();
  for (const SequenceRange& each : what.blocks) {
    if (!precedes(acknowledged_, each.end) || precedes(next_, each.end)) continue;
    auto* const place = std::find_if(blocks.data(), end, [&](const SequenceRange& other) {
      return precedes(each.begin, other.begin);
    });
    std::move_backward(place, end, end + 1);
    *place = each;
    ++end;
  }
  for (const auto* each = blocks.data(); each != end; ++each)
    board_.on_selected(*each, now, least, delivery);
}

// An answer to what was sent again that comes sooner was on its way already. The least is measured
// no better than to an eighth.
Duration LossRecovery::sooner_is_older() const {
  return trip_.least() / 8 * 7;
}

// Each says that one more has arrived, but not which.
void LossRecovery::count_duplicates(const Acknowledgement& what, TimePoint now,
                                    Scoreboard::Delivery& delivery) {
  if (what.duplicate && duplicates_ < board_.segments().size()) ++duplicates_;
  if (board_.arrived_segments() > duplicates_ ||
      (!board_.empty() && board_.segments().front().arrived)) {
    board_.forget_arrived();
    Scoreboard::Delivery known;
    board_.suppose_arrived(duplicates_, now, sooner_is_older(), known);
  } else {
    board_.suppose_arrived(duplicates_, now, sooner_is_older(), delivery);
  }
}

// Something was sent again for nothing, so it had only been overtaken.
void LossRecovery::look_at_duplicate(SequenceRange twice) {
  reordering_seen_ = true;
  recoveries_left_ = kRecoveriesWithSteps;
  if (!precedes(acknowledged_, step_end_)) {
    ++reordering_steps_;
    step_end_ = next_;
  }
  if (!reduction_ || reduction_->doubtful == 0 || precedes(twice.begin, reduction_->begun_at)) {
    return;
  }
  reduction_->doubtful -= std::min(reduction_->doubtful, twice.size());
  if (reduction_->doubtful != 0) return;
  congestion_.take_back(reduction_->before);
  reduction_.reset();
  state_ = State::kOpen;
}

// A probe that came alone has mended a loss (RFC 8985, 7.4.2).
void LossRecovery::look_at_probe(const Acknowledgement& what, bool twice) {
  if (!probe_is_old_ || precedes(what.number, probe_end_)) return;
  if (!twice && what.number == probe_end_) return;
  probe_is_old_ = false;
  if (twice || state_ != State::kOpen) return;
  begin_reduction();
  congestion_.set_window(congestion_.threshold());
}

// How much later than others a segment may be (RFC 8985, 6.2, step 4).
Duration LossRecovery::reordering() const {
  if (!reordering_seen_ && (state_ != State::kOpen || board_.arrived_segments() >= kDuplicates)) {
    return {};
  }
  return std::min(trip_.least() / 4 * reordering_steps_, trip_.smoothed());
}

std::uint32_t LossRecovery::find_losses(TimePoint now) {
  if (!sack_ && duplicates_ < kDuplicates && state_ == State::kOpen) return 0;
  const Scoreboard::Losses found = board_.find_losses(now, reordering());
  lost_ += found.bytes;
  look_again_ = found.wait == Duration{} ? kNever : now + found.wait;
  return found.bytes;
}

void LossRecovery::begin_reduction() {
  reduction_ = Reduction{congestion_, acknowledged_};
  congestion_.on_loss(rate_.within(trip_.least()));
}

void LossRecovery::enter_recovery(std::uint32_t delivered) {
  begin_reduction();
  state_ = State::kRecovery;
  recovery_end_ = next_;
  probe_is_old_ = false;
  reduced_from_ = std::max(board_.total() - board_.arrived() + delivered, 1U);
  delivered_ = sent_ = 0;
  lost_ = board_.lost();
  if (recoveries_left_ != 0 && --recoveries_left_ == 0) reordering_steps_ = 1;
}

// RFC 6937, 3, with the bound of its successor for what arrives while more was lost.
void LossRecovery::reduce_in_proportion(std::uint32_t delivered, bool safe) {
  const std::uint64_t flight = board_.in_flight();
  const std::uint64_t target = congestion_.threshold();
  if (delivered == 0 && sent_ != 0) return;
  delivered_ += delivered;
  std::uint64_t more = 0;
  if (flight > target) {
    const std::uint64_t share = (delivered_ * target + reduced_from_ - 1) / reduced_from_;
    more = share - std::min(share, sent_);
  } else {
    more = std::max<std::uint64_t>(delivered_ - std::min(delivered_, sent_), delivered);
    if (safe) more += congestion_.segment();
    more = std::min(more, target - flight);
  }
  // The first is sent again at once.
  if (sent_ == 0) more = std::max<std::uint64_t>(more, congestion_.segment());
  congestion_.set_window(static_cast<std::uint32_t>(flight + more));
}

void LossRecovery::end_recovery() {
  if (std::exchange(state_, State::kOpen) != State::kRecovery) return;
  congestion_.set_window(congestion_.threshold());
  if (!reduction_ || !began_without_queue()) return;
  congestion_.take_back(reduction_->before);
  reduction_.reset();
}

// At the beginning, a window that is too large loses many at once, or makes them wait. A path that
// does neither has lost something for other reasons.
bool LossRecovery::began_without_queue() const {
  using namespace std::chrono_literals;
  constexpr std::uint32_t kMany = 6;     // as BBR has it, draft-ietf-ccwg-bbr, 5.3.1.3
  constexpr Duration kLeastQueue = 4ms;  // RFC 9406, 4.2
  const Congestion& before = reduction_->before;
  const Duration queue = std::max(trip_.least() / 8, kLeastQueue);
  return before.window() < before.threshold() && lost_ < kMany * before.segment() &&
         trip_.smoothed() < trip_.least() + queue;
}

LossRecovery::Due LossRecovery::on_timer(TimePoint now, bool new_data) {
  if (now < deadline()) return Due::kNothing;
  if (look_again_ <= now) {
    look_again_ = kNever;
    const std::uint32_t lost = find_losses(now);
    if (lost == 0) return Due::kNothing;
    if (state_ == State::kOpen) {
      enter_recovery(0);
      reduce_in_proportion(0, false);
    }
    return Due::kLosses;
  }
  if (now < progress_ + time_out_after()) {
    probed_ = true;
    probe_end_ = next_;
    probe_is_old_ = !new_data;
    if (new_data) {
      probe_room_ = congestion_.segment();
    } else {
      board_.lose_last();
    }
    return Due::kProbe;
  }
  progress_ = now;
  time_out();
  return Due::kTimeout;
}

void LossRecovery::time_out() {
  if (timeouts_ == 0) reduction_ = Reduction{congestion_, acknowledged_};
  congestion_.on_timeout(0, timeouts_ != 0);
  constexpr unsigned kMostDoublings = 7;
  timeouts_ = std::min(timeouts_ + 1, kMostDoublings);
  board_.lose_all();
  state_ = State::kTimedOut;
  recovery_end_ = next_;
  probe_is_old_ = false;
  look_again_ = kNever;
}

// RFC 6298, 5.5.
Duration LossRecovery::time_out_after() const {
  return std::min(trip_.timeout() * (1U << timeouts_), RoundTrip::kMostTimeout);
}

// RFC 8985, 7.2.
bool LossRecovery::may_probe() const {
  return state_ == State::kOpen && sack_ && !probed_ && trip_.known() && board_.arrived() == 0 &&
         board_.lost() == 0;
}

Duration LossRecovery::probe_after() const {
  using namespace std::chrono_literals;
  constexpr Duration kLeast = 10ms;
  constexpr Duration kDelayedAcknowledgement = 200ms;  // TLP.max_ack_delay
  const bool single = board_.segments().size() == 1;
  return std::max(2 * trip_.smoothed(), kLeast) + (single ? kDelayedAcknowledgement : 0ms);
}

TimePoint LossRecovery::deadline() const {
  if (board_.empty()) return kNever;
  TimePoint at = std::min(look_again_, progress_ + time_out_after());
  if (may_probe()) at = std::min(at, last_new_ + probe_after());
  return at;
}

std::uint32_t LossRecovery::allowance() const {
  // Without anything on its way, nothing would change.
  const std::uint32_t flight = board_.in_flight();
  const std::uint32_t least = flight == 0 ? congestion_.segment() : probe_room_;
  const std::uint32_t window = congestion_.window();
  return std::max(window - std::min(window, flight), least);
}

std::uint32_t LossRecovery::window() const {
  return state_ == State::kOpen ? congestion_.window()
                                : std::max(congestion_.window(), congestion_.threshold());
}

}  // namespace wring::stack
