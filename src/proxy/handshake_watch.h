// Whether the tunnel can be expected to carry, by the age of the handshakes. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "client/interface_state.h"

namespace wring::proxy {

// A peer that nothing is wanted of needs no session, so it says nothing. Something is wanted of one
// that has a PersistentKeepalive, or that was sent something lately.
class HandshakeWatch {
 public:
  // No session is older (REJECT_AFTER_TIME).
  static constexpr std::chrono::seconds kOldest{180};
  // How long the wish lasts after something was sent. A tunnel that was not ready is ready again
  // then, so that somebody tries it: nobody would, if nobody is led here.
  static constexpr std::chrono::seconds kWanted{180};
  // How long a new handshake may take once the session was too old.
  static constexpr std::chrono::seconds kGrace{10};

  struct Verdict {
    bool ready = true;
    std::optional<WallTime> latest;  // handshake; nothing: there was none
  };
  // Not ready: something is wanted of some peers, and none of them has a session. Call it at least
  // every kWanted.
  [[nodiscard]] Verdict take(const std::vector<PeerDescription>& peers, TimePoint now,
                             WallTime wall);

 private:
  struct Peer {
    std::uint64_t sent = 0;
    std::optional<TimePoint> last_sent;
    std::optional<TimePoint> without_since;  // since when something is wanted without a session
  };
  enum class State { kUnwanted, kCarries, kFails };

  [[nodiscard]] static State state_of(Peer& peer, const PeerDescription& described, TimePoint now,
                                      WallTime wall);

  std::map<PublicKey, Peer> peers_;
};

}  // namespace wring::proxy
