// Decides when to check which source, and acts on the answer.
#include "device/source_follower.h"

#include <algorithm>
#include <utility>

#include "device/device_peer.h"

namespace wring {

SourceFollower::Outcome SourceFollower::check(DevicePeer& peer, TimePoint now) {
  // Before the endpoint is read: a worker that changes it later asks again.
  peer.wants_source_check.exchange(false, std::memory_order_acq_rel);
  peer.next_source_check = now + kCheckInterval;
  const Endpoint asked = peer.endpoint.load();
  if (asked.source_ifindex == 0) return Outcome::kAsBefore;
  ++questions_;
  const std::optional<bool> fits = routes_.leaves_as_heard(asked);
  if (!fits) return Outcome::kAsBefore;
  // The peer knows the way that it was heard on.
  if (*fits) peer.chosen_way.reset();
  const Outcome leads = *fits ? Outcome::kAsBefore : look_where_it_leads(peer, asked);
  if (*fits == asked.pins_source()) return leads;
  bool changed = false;
  peer.endpoint.update([&](Endpoint& current) {
    if (!(current == asked)) return;
    current.source_refused = *fits ? 0 : 1;
    changed = true;
  });
  if (!changed) return Outcome::kAsBefore;
  return *fits ? Outcome::kTakenBack : Outcome::kRefused;
}

// Where the kernel leads what has no source. The peer knows the last way by a keepalive, and nobody
// may have answered that.
SourceFollower::Outcome SourceFollower::look_where_it_leads(DevicePeer& peer,
                                                            const Endpoint& endpoint) {
  ++questions_;
  const auto way = routes_.way_without_source(endpoint);
  if (!way || way == peer.chosen_way) return Outcome::kAsBefore;
  peer.chosen_way = way;
  return Outcome::kMovedOn;
}

void SourceFollower::check_soon(DevicePeer& peer, TimePoint now) {
  // Another check was made since the worker asked, or is on the way.
  if (!peer.wants_source_check.load(std::memory_order_relaxed)) return;
  if (now >= peer.next_source_check) {
    check(peer, now);
    return;
  }
  if (!std::exchange(peer.source_check_deferred, true)) deferred_.push_back(peer.serial);
  deferred_due_ = std::min(deferred_due_, now + kCheckInterval);
}

void SourceFollower::on_routes_changed() {
  if (state_ == State::kListening) state_ = State::kDue;
}

void SourceFollower::work(const Peers& peers, TimePoint now, const OnMoved& on_moved) {
  if (now >= deferred_due_) check_deferred(peers, now);
  if (state_ == State::kPause && now >= pause_end_) state_ = State::kListening;
  if (state_ == State::kListening && now >= settled_) state_ = State::kDue;
  if (state_ == State::kDue) begin_round(now);
  if (state_ == State::kRound) continue_round(peers, now, on_moved);
}

TimePoint SourceFollower::next_deadline() const {
  switch (state_) {
    case State::kListening:
      return std::min(settled_, deferred_due_);
    case State::kPause:
      return std::min(pause_end_, deferred_due_);
    case State::kDue:
    case State::kRound:
      break;
  }
  return TimePoint{};
}

void SourceFollower::check_deferred(const Peers& peers, TimePoint now) {
  questions_ = 0;
  for (std::size_t n = 0;
       n < kQuestionsPerTurn && questions_ < kQuestionsPerTurn && !deferred_.empty(); ++n) {
    const auto found = peers.find(deferred_.back());
    deferred_.pop_back();
    if (found == peers.end()) continue;
    found->second->source_check_deferred = false;
    check(*found->second, now);
  }
  if (deferred_.empty()) deferred_due_ = kNever;
}

void SourceFollower::begin_round(TimePoint now) {
  // What is announced from here on belongs to the round after this one.
  settled_ = routes_.take_notices() ? now + kSettling : kNever;
  state_ = State::kRound;
  next_serial_ = 0;
  cost_ = {};
}

void SourceFollower::continue_round(const Peers& peers, TimePoint now, const OnMoved& on_moved) {
  questions_ = 0;
  std::size_t seen = 0;
  auto it = peers.lower_bound(next_serial_);
  for (; it != peers.end() && questions_ < kQuestionsPerTurn && seen < kPeersPerTurn;
       ++it, ++seen) {
    DevicePeer& peer = *it->second;
    next_serial_ = it->first + 1;
    if (peer.endpoint.load().source_ifindex == 0) continue;
    const Outcome outcome = check(peer, now);
    if (outcome == Outcome::kAsBefore) continue;
    cost_ += kPausePerMove;
    on_moved(peer, outcome);
  }
  cost_ += kPausePerQuestion * questions_ + kPausePerPeer * seen;
  if (it != peers.end()) return;
  state_ = State::kPause;
  pause_end_ = now + std::max(kPause, cost_);
}

}  // namespace wring
