// Looks up, asks for the way, and shakes hands with each peer of a configuration.
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "client/connection.h"
#include "client/interfaces.h"
#include "client/name_lookup.h"
#include "crypto/key_text.h"
#include "doctor/causes.h"
#include "doctor/examination.h"
#include "doctor/parallel.h"
#include "doctor/path_mtu.h"
#include "io/udp_sockets.h"
#include "netlink/network_facts.h"
#include "run/plan.h"

namespace wring::doctor {
namespace {

// A host with more addresses is probed at these.
constexpr std::size_t kMaxAddresses = 4;

class PeerExamination {
 public:
  PeerExamination(const config::TunnelConfig& config, const config::Peer& peer,
                  const LocalIdentity& identity, const ExaminationOptions& options)
      : config_(config), peer_(peer), identity_(identity), options_(options) {}

  std::vector<Finding> run() {
    const PublicKey& key = peer_.public_key->value;
    if (!peer_.endpoint) {
      findings_.push_back({Grade::kNote,
                           "no-endpoint",
                           {},
                           "this peer has no Endpoint",
                           "it has to begin the handshake, so nothing can be tried from here",
                           "run `wring doctor` on its side"});
    } else if (auto found =
                   client::look_up_all(peer_.endpoint->value.host, peer_.endpoint->value.port)) {
      if (found->size() > kMaxAddresses) found->resize(kMaxAddresses);
      try_in_turn(*found);
    } else {
      findings_.push_back({Grade::kProblem,
                           "name",
                           {},
                           found.error().message,
                           "the tunnel cannot know where this peer is",
                           "correct the name in Endpoint, or look at the name servers in "
                           "/etc/resolv.conf"});
    }
    for (Finding& finding : findings_)
      finding.about = label_of(key, peer_.name);
    return std::move(findings_);
  }

 private:
  // Until one answers. Then what was found at those before costs time and no more.
  void try_in_turn(const std::vector<Endpoint>& endpoints) {
    for (const Endpoint& endpoint : endpoints) {
      check_routes(endpoint);
      if (!check_way(endpoint) || options_.passive) continue;
      const std::size_t so_far = findings_.size();
      if (!shake_hands_at(endpoint)) continue;
      for (std::size_t i = 0; i < so_far; ++i) {
        if (findings_[i].code == "route-into-tunnel") continue;
        findings_[i].grade = std::min(findings_[i].grade, Grade::kWarning);
      }
      return;
    }
  }

  // Routes that `wring run` and wg-quick would make of AllowedIPs.
  void check_routes(const Endpoint& endpoint) {
    const auto& table = config_.interface.table;
    if (table && table->value.kind != config::RoutingTable::Kind::kAuto) return;
    for (const config::Peer& peer : config_.peers) {
      for (const config::AllowedIp& allowed : peer.allowed_ips) {
        if (allowed.sign == config::AllowedIp::Sign::kMinus || allowed.prefix.length == 0) continue;
        if (!allowed.prefix.contains(remote_address(endpoint))) continue;
        findings_.push_back(route_into_tunnel(to_string(endpoint),
                                              to_string(allowed.prefix) + " is in AllowedIPs"));
        return;
      }
    }
  }

  // False if there is none.
  bool check_way(const Endpoint& endpoint) {
    auto socket = RtSocket::open();
    if (!socket) return true;
    way_ = way_to(*socket, endpoint, fwmark());
    if (way_) return true;
    findings_.push_back({Grade::kProblem,
                         "no-route",
                         {},
                         "this host has no route to " + to_string(endpoint),
                         "nothing can be sent to the peer",
                         "set up the network, or a default route; without IPv6 here, write an "
                         "IPv4 address"});
    return false;
  }

  // True if it gets through.
  bool shake_hands_at(const Endpoint& endpoint) {
    const Circumstances at{
        to_string(endpoint), std::string(KeyText(identity_.public_key().bytes).view()),
        std::string(KeyText(peer_.public_key->value.bytes).view()),
        peer_.preshared_key && !peer_.preshared_key->value.is_zero(), options_.clock_is_plausible};
    const auto socket = ProbeSocket::open(endpoint, fwmark(), true);
    if (!socket) {
      findings_.push_back(finding_of(socket.error(), Grade::kProblem, "no-route"));
      return false;
    }
    const PresharedKey psk =
        peer_.preshared_key ? peer_.preshared_key->value.clone() : PresharedKey();
    const HandshakeResult result =
        shake_hands(*socket, identity_, peer_.public_key->value, psk, options_.patience);
    const bool is_silent =
        !result.keys && !result.forged && !result.refused && result.send_error == 0;
    findings_.push_back(
        judge(result,
              is_silent ? look_around(endpoint, fwmark(), options_.patience) : Surroundings{}, at));
    if (result.keys && way_) check_path(*socket, *result.keys, endpoint.is_v4());
    return result.keys.has_value();
  }

  void check_path(const ProbeSocket& socket, const TransportKeys& keys, bool v4) {
    const PathMtu path = measure_path(socket, keys, echo_targets(config_.interface, peer_),
                                      way_->mtu, outer_headers(v4));
    const auto& written = config_.interface.mtu;
    findings_.push_back(
        judge_path(path, v4, written ? written->value : run::choose_mtu({way_->mtu}, 0)));
  }

  [[nodiscard]] std::uint32_t fwmark() const {
    return config_.interface.fwmark ? config_.interface.fwmark->value : 0;
  }

  const config::TunnelConfig& config_;
  const config::Peer& peer_;
  const LocalIdentity& identity_;
  const ExaminationOptions& options_;
  std::optional<Way> way_;  // to the endpoint that was looked at last
  std::vector<Finding> findings_;
};

}  // namespace

std::string label_of(const PublicKey& key, const std::string& name) {
  constexpr std::size_t kShown = 10;
  if (!name.empty()) return "peer " + name;
  return "peer " + std::string(KeyText(key.bytes).view().substr(0, kShown)) + "...";
}

std::vector<Finding> examine_config(const config::TunnelConfig& config,
                                    const ExaminationOptions& options) {
  const LocalIdentity identity(config.interface.private_key->value.clone());
  std::vector<std::vector<Finding>> each(config.peers.size());
  for_each_at_once(each.size(), [&](std::size_t i) {
    each[i] = PeerExamination(config, config.peers[i], identity, options).run();
  });
  std::vector<Finding> findings;
  for (std::vector<Finding>& one : each)
    append(findings, std::move(one));
  return findings;
}

std::optional<Running> find_running(const config::TunnelConfig& config,
                                    const std::string& interface) {
  const PublicKey own = derive_public_key(config.interface.private_key->value);
  const auto names = client::list_interfaces();
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    const auto state = client::ask(name);
    if (state && derive_public_key(state->device.private_key) == own) {
      return Running{name, name + " runs with this key"};
    }
  }
  if (!interface.empty() && if_nametoindex(interface.c_str()) != 0) {
    return Running{{}, "there is an interface " + interface + ", which may have the same key"};
  }
  const auto& port = config.interface.listen_port;
  if (port && port->value != 0) {
    const auto sockets = UdpSockets::open(port->value, 0, 1);
    if (!sockets && sockets.error().code == EADDRINUSE) {
      return Running{{},
                     fmt::format("something has UDP port {}, which is this tunnel's", port->value)};
    }
  }
  return std::nullopt;
}

}  // namespace wring::doctor
