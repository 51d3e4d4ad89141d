// What all listeners of a relay share.
#pragma once

#include <cstddef>
#include <memory>

#include "proxy/dial.h"
#include "proxy/flow.h"
#include "proxy/loop.h"
#include "proxy/waiting_bytes.h"

namespace wring::proxy {

// How many connections may be open at once, over all listeners. One thread. It outlives them.
class Places {
 public:
  // Comes back when nobody holds it any more.
  using Held = std::shared_ptr<void>;

  explicit Places(std::size_t most) : few_(most / 4), left_(most) {}
  // Null if none is left.
  [[nodiscard]] Held hold() {
    if (!take()) return nullptr;
    return {this, [](Places* places) { places->give_back(); }};
  }
  [[nodiscard]] bool take() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  void give_back() { ++left_; }
  // So that those who would keep theirs for ever have to give way to others.
  [[nodiscard]] bool are_few() const { return left_ <= few_; }

 private:
  std::size_t few_;
  std::size_t left_;
};

struct Services {
  Loop& loop;
  Pipes& pipes;
  Places& places;
  Reach& tunnel;
  Reach& outside;
  WaitingBytes& waiting;  // for the look-up of names
};

}  // namespace wring::proxy
