// Notices that a peer does not answer where it is looked for. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "client/interface_state.h"

namespace wring::run {

// Follows one peer by what its engine counts.
class SilenceWatch {
 public:
  // As long as an engine tries for a handshake before it gives up (REKEY_ATTEMPT_TIME).
  static constexpr std::chrono::seconds kGivenUp{90};

  SilenceWatch() = default;
  // With another limit.
  explicit SilenceWatch(Duration limit) : limit_(limit) {}

  // True if the peer was sent messages and nothing came from it for so long. Then it counts anew.
  [[nodiscard]] bool is_silent(const PeerDescription& peer, TimePoint now);

 private:
  Duration limit_ = kGivenUp;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::optional<TimePoint> unanswered_since_;
};

}  // namespace wring::run
