// Wipes secrets in a process that was forked after they were read.
#include "proxy/forgetting.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "proxyconfig/wipe.h"

namespace wring::proxy {

void forget_keys(config::TunnelConfig& tunnel) {
  tunnel.interface.private_key.reset();
  for (config::Peer& peer : tunnel.peers)
    peer.preshared_key.reset();
}

void forget_passwords(std::vector<Listener>& listeners) {
  for (Listener& listener : listeners) {
    for (Credentials& pair : listener.credentials) {
      wipe(pair.username);
      wipe(pair.password);
    }
    listener.credentials.clear();
  }
}

void forget_environment() {
  for (char** each = environ; each != nullptr && *each != nullptr; ++each)
    explicit_bzero(*each, std::strlen(*each));
  clearenv();
}

}  // namespace wring::proxy
