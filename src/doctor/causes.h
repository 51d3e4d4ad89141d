// Why a handshake does not get through, as far as this end can tell. Pure.
#pragma once

#include <string>

#include "doctor/finding.h"
#include "doctor/handshake_probe.h"
#include "doctor/surroundings.h"

namespace wring::doctor {

struct Circumstances {
  std::string where;     // the endpoint: "192.0.2.1:51820"
  std::string own_key;   // our public key, base64
  std::string peer_key;  // the peer's, as we have it
  bool has_preshared_key = false;
  bool clock_is_plausible = true;
};

// The likeliest cause, or that it got through.
[[nodiscard]] Finding judge(const HandshakeResult& handshake, const Surroundings& around,
                            const Circumstances& circumstances);

// The endpoint would be reached through the tunnel itself. `prefix` or route that leads there.
[[nodiscard]] Finding route_into_tunnel(const std::string& where, const std::string& why);

}  // namespace wring::doctor
