// What those who watch are told: /readyz and /metrics.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "client/connection.h"
#include "proxy/counters.h"
#include "proxy/handshake_watch.h"
#include "proxy/info_server.h"
#include "proxy/peer_answers.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// In the process outside. Each page asks the engine.
class InfoPages {
 public:
  // All outlive it; `engine` is called when a page needs it.
  InfoPages(const ProxyConfig& config, const Shared& shared,
            std::function<client::Connection&()> engine)
      : config_(config), shared_(shared), engine_(std::move(engine)) {}

  // `accept` is the value of that field; empty: there is none.
  [[nodiscard]] InfoAnswer answer(std::string_view path, std::string_view accept);

 private:
  [[nodiscard]] InfoAnswer readiness_now();
  [[nodiscard]] InfoAnswer figures();

  const ProxyConfig& config_;
  const Shared& shared_;
  std::function<client::Connection&()> engine_;
  SystemClock clock_;
  HandshakeWatch handshakes_;
};

}  // namespace wring::proxy
