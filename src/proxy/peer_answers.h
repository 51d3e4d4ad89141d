// Tells the relay which peers do not answer.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "proxy/counters.h"
#include "run/silence.h"

namespace wring::proxy {

class PeerAnswers {
 public:
  // After messages that no answer came to for so long, a peer counts as silent, until one comes. A
  // peer with a session that has nothing to say answers after 10 s only (KEEPALIVE_TIMEOUT).
  static constexpr std::chrono::seconds kLimit{6};
  static constexpr std::chrono::seconds kLimitInSession{12};
  static constexpr std::chrono::seconds kSession{180};  // REJECT_AFTER_TIME

  PeerAnswers(const config::TunnelConfig& config, Shared& shared);
  void take(const std::vector<PeerDescription>& peers, TimePoint now, WallTime wall);
  // Whether it has to be asked on, because one that is silent may come back.
  [[nodiscard]] bool any_is_silent() const;

 private:
  struct Peer {
    std::size_t index = 0;
    std::uint64_t received = 0;
    run::SilenceWatch watch{kLimit};
    run::SilenceWatch watch_in_session{kLimitInSession};
  };

  Shared& shared_;
  std::map<PublicKey, Peer> peers_;
};

}  // namespace wring::proxy
