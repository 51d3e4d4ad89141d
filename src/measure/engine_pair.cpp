// Starts engines and sets them up by their control sockets.
#include "measure/engine_pair.h"

#include <cstdlib>
#include <ctime>
#include <utility>

#include "base/rng.h"
#include "client/connection.h"
#include "tun/tun_device.h"

namespace wring::measure {
namespace {

std::string interface_of(unsigned host) {
  return "bench" + std::to_string(host);
}

Result<void> configure(const std::string& interface, const ConfigChange& change) {
  auto connection = client::Connection::open(interface);
  if (!connection) return tl::unexpected(connection.error());
  return connection->set(change);
}

Result<void> set_up_end(unsigned host, const PrivateKey& own, const PublicKey& other) {
  PeerChange peer;
  peer.public_key = other;
  peer.endpoint = endpoint_at(JoinedHosts::address(1 - host), EnginePair::kPort);
  peer.allowed_ips.push_back({IpPrefix(*IpAddress::parse(EnginePair::address(1 - host)), 32)});
  ConfigChange change;
  change.private_key = own.clone();
  change.listen_port = EnginePair::kPort;
  change.peers.push_back(std::move(peer));
  if (auto set = configure(interface_of(host), change); !set) return set;
  return JoinedHosts::set_up_interface(interface_of(host), EnginePair::address(host),
                                       JoinedHosts::kTunnelMtu);
}

}  // namespace

std::string EnginePair::address(unsigned host) {
  return "198.51.100." + std::to_string(host + 1);
}

Result<EnginePair> EnginePair::start(const JoinedHosts& hosts) {
  // The usual reason for a start that fails is told here. What else the engines would say of this
  // host, `wring doctor` says better.
  if (auto tried = TunDevice::create(interface_of(0), 1); !tried) {
    return tl::unexpected(tried.error());
  }
  setenv("LOG_LEVEL", "silent", 1);
  SystemRng rng;
  const std::array<PrivateKey, 2> keys = {generate_private_key(rng), generate_private_key(rng)};
  EnginePair pair({derive_public_key(keys[0]), derive_public_key(keys[1])});
  for (const unsigned host : {0U, 1U}) {
    hosts.enter(host);
    auto engine = run::Engine::start(interface_of(host));
    if (!engine) return tl::unexpected(engine.error());
    pair.engines_.push_back(std::move(*engine));
    if (auto set = set_up_end(host, keys[host], pair.keys_[1 - host]); !set) {
      return tl::unexpected(set.error());
    }
  }
  return pair;
}

Duration EnginePair::cpu_time() const {
  Duration sum{};
  for (const run::Engine& engine : engines_) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(engine.pid(), &clock) == 0) clock_gettime(clock, &time);
    sum += std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  return sum;
}

Result<void> EnginePair::add_callers(const std::vector<PublicKey>& callers) const {
  ConfigChange change;
  for (const PublicKey& caller : callers) {
    change.peers.emplace_back().public_key = caller;
  }
  return configure(interface_of(1), change);
}

}  // namespace wring::measure
