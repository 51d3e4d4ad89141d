// The peers of one tunnel: whether they are reached, and the likeliest cause where they are not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "doctor/finding.h"

namespace wring::doctor {

struct ExaminationOptions {
  // Sends nothing, and only says what is known without.
  bool passive = false;
  // How long a peer may take to answer.
  Duration patience{};
  bool clock_is_plausible = true;
};

// A tunnel that does not run: looks names up and makes a handshake of its own with each peer that
// has an endpoint. Every peer has a public key and the interface a private one, and no engine runs
// with that key.
[[nodiscard]] std::vector<Finding> examine_config(const config::TunnelConfig& config,
                                                  const ExaminationOptions& options);

// A tunnel that runs: looks at what its engine counts. Peers without a recent handshake are sent a
// small packet through the tunnel, so that the engine begins one.
[[nodiscard]] std::vector<Finding> examine_interface(const client::InterfaceState& state,
                                                     const ExaminationOptions& options);

// Why no handshake of our own may be made with this key, or nothing if it may. The name is that of
// the interface if an engine on this host answers for it.
struct Running {
  std::string interface;  // empty: it is no engine's that answers us
  std::string why;
};
[[nodiscard]] std::optional<Running> find_running(const config::TunnelConfig& config,
                                                  const std::string& interface);

// "peer laptop" or "peer xTIBA5rboU...".
[[nodiscard]] std::string label_of(const PublicKey& key, const std::string& name = {});

}  // namespace wring::doctor
