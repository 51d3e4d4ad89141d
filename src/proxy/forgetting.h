// What a process of the proxy forgets because it has no use for it.
#pragma once

#include <vector>

#include "config/tunnel_config.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// Wipes the private key and the preshared keys.
void forget_keys(config::TunnelConfig& tunnel);
// Wipes the names and passwords of users.
void forget_passwords(std::vector<Listener>& listeners);
// Wipes the environment: the configuration may have taken a key or a password out of it. The
// calling process has one thread.
void forget_environment();

}  // namespace wring::proxy
