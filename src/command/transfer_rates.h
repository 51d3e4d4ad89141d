// How fast each peer sends and receives, from two looks at an interface.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/rng.h"
#include "client/interface_state.h"

namespace wring::command {

// In bytes a second.
struct Rate {
  double received = 0;
  double sent = 0;
};

class TransferRates {
 public:
  // Takes the counters of an interface, as they were at `now`.
  void note(const client::InterfaceState& state, TimePoint now);
  // Between the last two looks at the interface that note() was given last. Nothing before there
  // were two, and for a peer that came, or came anew, in between.
  [[nodiscard]] std::optional<Rate> of(const PublicKey& peer) const;

 private:
  struct Look {
    TimePoint at;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::optional<Rate> rate;
  };
  using Looks = std::unordered_map<PublicKey, Look, PublicKeyHash>;

  SystemRng rng_;
  std::map<std::string, Looks> interfaces_;
  const Looks* last_ = nullptr;
};

}  // namespace wring::command
