// A peer's three keypair slots: previous, current, next. P10, P11; the kernel's `struct
// noise_keypairs`. All three are received on, `current` is sent on.
//
//   We began, and the response came:
//     current -> previous, new -> current.
//   We answered:
//     new -> next. It is sent on once data has arrived on it.
//   Data arrives on `next`:
//     current -> previous, next -> current.
//
// Where the other side's handshake and ours both succeed, `current` and `next` are twins: the other
// side may send on either, so both stay. Data on the twin in `next` makes the two change places,
// from a time on that decides which of them wins (docs/decisions/0024-crossing-handshakes.md).
//
// Control thread only. A session that leaves its slot is handed back, to be unpublished and
// retired.
#pragma once

#include <array>
#include <cassert>
#include <memory>
#include <utility>

#include "peer/session.h"

namespace wring {

class Keypairs {
 public:
  using Dropped = std::array<std::unique_ptr<Session>, 3>;

  [[nodiscard]] Session* previous() const { return previous_.get(); }
  [[nodiscard]] Session* current() const { return current_.get(); }
  [[nodiscard]] Session* next() const { return next_.get(); }
  // `current` and `next` come from two handshakes that both succeeded.
  [[nodiscard]] bool are_twins() const { return are_twins_; }

  // The session of a handshake that we began. A `next` becomes its twin and can be promoted by data
  // that arrives at `twin_from` or later.
  [[nodiscard]] Dropped add_initiated(std::unique_ptr<Session> session, TimePoint twin_from) {
    assert(session != nullptr && session->keys().is_initiator);
    Dropped dropped;
    // An old twin was given up by one side or the other long ago.
    if (are_twins_) dropped[0] = std::move(next_);
    dropped[1] = std::move(previous_);
    previous_ = std::move(current_);
    current_ = std::move(session);
    are_twins_ = next_ != nullptr;
    if (are_twins_) next_->await_confirmation(twin_from);
    return dropped;
  }

  // The session of a handshake that the other side began. All that the other side may still send
  // on, until the response arrives, stays.
  [[nodiscard]] Dropped add_answered(std::unique_ptr<Session> session) {
    assert(session != nullptr && !session->keys().is_initiator);
    Dropped dropped;
    // Two handshakes so close to each other crossed, whether we saw it or not (P6), and the other
    // side may send on what it had before.
    const bool crossed =
        current_ != nullptr && session->created_at() - current_->created_at() < kTwinGrace;
    if (next_ != nullptr && !crossed) {
      dropped[0] = std::move(previous_);
      previous_ = std::move(next_);
    } else {
      dropped[0] = std::move(next_);
    }
    next_ = std::move(session);
    are_twins_ = crossed;
    return dropped;
  }

  // Data authenticated on `next`. Of twins, the other one can then be promoted by data that arrives
  // at `twin_from` or later.
  [[nodiscard]] Dropped promote_next(TimePoint twin_from) {
    assert(next_ != nullptr);
    Dropped dropped;
    if (are_twins_) {
      std::swap(current_, next_);
      next_->await_confirmation(twin_from);
      return dropped;
    }
    dropped[0] = std::move(previous_);
    previous_ = std::move(current_);
    current_ = std::move(next_);
    return dropped;
  }

  [[nodiscard]] Dropped clear() {
    are_twins_ = false;
    return {std::move(previous_), std::move(current_), std::move(next_)};
  }

 private:
  std::unique_ptr<Session> previous_;
  std::unique_ptr<Session> current_;
  std::unique_ptr<Session> next_;
  bool are_twins_ = false;
};

}  // namespace wring
