// A peer's three keypair slots: previous, current, next. P10, P11; the kernel's `struct
// noise_keypairs`.
//
//   initiator's new session:  current -> previous, new -> current   (the response proves the other
//   side) responder's new session:  new -> next                           (not sent on until it is
//   confirmed) data arrives on next:     current -> previous, next -> current
//
// Control thread only; a session that leaves its slot is handed back to be unpublished and retired.
#pragma once

#include <array>
#include <memory>

#include "device/session.h"

namespace wring {

class Keypairs {
 public:
  using Dropped = std::array<std::unique_ptr<Session>, 3>;

  [[nodiscard]] Session* previous() const { return previous_.get(); }
  [[nodiscard]] Session* current() const { return current_.get(); }
  [[nodiscard]] Session* next() const { return next_.get(); }

  [[nodiscard]] Dropped add(std::unique_ptr<Session> session) {
    Dropped dropped;
    if (session->keys().is_initiator) {
      dropped[0] = std::move(previous_);
      if (next_ != nullptr) {
        // The other side's newer session, unconfirmed: it may still be sending on it.
        dropped[1] = std::move(current_);
        previous_ = std::move(next_);
      } else {
        previous_ = std::move(current_);
      }
      current_ = std::move(session);
    } else {
      dropped[0] = std::move(previous_);
      dropped[1] = std::move(next_);
      next_ = std::move(session);
    }
    return dropped;
  }

  // Data authenticated on `next`.
  [[nodiscard]] Dropped promote_next() {
    Dropped dropped;
    dropped[0] = std::move(previous_);
    previous_ = std::move(current_);
    current_ = std::move(next_);
    return dropped;
  }

  [[nodiscard]] Dropped clear() {
    return {std::move(previous_), std::move(current_), std::move(next_)};
  }

 private:
  std::unique_ptr<Session> previous_;
  std::unique_ptr<Session> current_;
  std::unique_ptr<Session> next_;
};

}  // namespace wring
