// A connection whose bytes a side passes on by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "proxy/counters.h"
#include "proxy/idle_limit.h"
#include "proxy/loop.h"
#include "proxy/sides.h"
#include "proxy/watched.h"

namespace wring::proxy {

// Counts its bytes, and sees to its end as Relay does.
class HandedOver {
 public:
  struct Ends {
    Watched client;  // nobody watches it
    Watched target;
  };
  // Called once, and it is kept until this returns. `parting`: as Relay's.
  using Ended = std::function<void(std::optional<Watched> parting)>;
  HandedOver(Loop& loop, Side& side, ListenerCounters& counters, Ends ends, Ended ended);

  // The target is watched already.
  void start();

 private:
  void on_target(std::uint32_t events);
  void end();

  Side& side_;
  ListenerCounters& counters_;
  Ends ends_;
  Ended ended_;
  IdleLimit idle_;
  bool client_ended_ = false;
  bool target_ended_ = false;
};

}  // namespace wring::proxy
