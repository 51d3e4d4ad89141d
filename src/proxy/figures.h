// What the listeners counted, and whether CheckAlive's addresses answer, as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/counters.h"
#include "proxy/handshake_watch.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// The page that Prometheus reads: a family for each kind of figure, a line for each listener.
[[nodiscard]] std::string listener_figures(const std::vector<Listener>& listeners,
                                           const Shared& shared);

struct Readiness {
  bool ready = true;
  std::string text;  // wireproxy's: {"1.1.1.1":1712796979} and a line's end
};
// `now` in seconds since 1970. Ready: each address answered within the interval and two seconds,
// and the handshakes are no reason against it. If they are, the text has when the latest was, as
// "handshake"; 0: never.
[[nodiscard]] Readiness readiness(const ProxyConfig& config, const Shared& shared, std::int64_t now,
                                  const HandshakeWatch::Verdict& handshakes);
[[nodiscard]] std::int64_t seconds_of(WallTime time);

// A line of what an engine says of itself, with REDACTED in place of a key that is secret.
[[nodiscard]] std::string without_secret(std::string_view line);

}  // namespace wring::proxy
