// A handshake of our own with a peer, to see whether it gets through.
#pragma once

#include <optional>

#include "base/clock.h"
#include "crypto/keys.h"
#include "doctor/probe_socket.h"
#include "noise/handshake.h"
#include "noise/identity.h"

namespace wring::doctor {

struct HandshakeResult {
  std::optional<TransportKeys> keys;  // it got through
  Duration round_trip{};              // of the one that did
  bool forged = false;                // a response to ours came, and does not authenticate
  bool busy = false;                  // the peer answered with a cookie
  int send_error = 0;                 // errno
  std::optional<IcmpReport> refused;
};

// Begins handshakes until one gets through, something refuses them, or `patience` is over. The peer
// takes this host's address and a new session from it, so no engine may have the same key.
[[nodiscard]] HandshakeResult shake_hands(const ProbeSocket& socket, const LocalIdentity& identity,
                                          const PublicKey& peer, const PresharedKey& psk,
                                          Duration patience);

}  // namespace wring::doctor
