// Compares two files and an engine.
#include "run/engine_settings.h"

#include <algorithm>

#include "client/tunnel_change.h"
#include "run/named_peers.h"

namespace wring::run {
namespace {

const config::Peer* find_peer(const config::TunnelConfig& config, const PublicKey& key) {
  const auto peer = std::ranges::find_if(
      config.peers, [&](const config::Peer& one) { return one.public_key->value == key; });
  return peer == config.peers.end() ? nullptr : &*peer;
}

bool same_endpoint(const config::Peer& a, const config::Peer& b) {
  return a.endpoint && b.endpoint && a.endpoint->value == b.endpoint->value;
}

// Leaves out what the files do not say, or say again.
void keep_what_is_not_said(PeerChange& change, const config::Peer& before,
                           const config::Peer& after, const PeerDescription& present) {
  if (same_endpoint(before, after)) change.endpoint.reset();
  if (!before.preshared_key && !after.preshared_key) {
    change.preshared_key = present.preshared_key.clone();
  }
}

}  // namespace

Result<ConfigChange> all_settings(const config::TunnelConfig& config, std::uint32_t fwmark,
                                  const FindName& find) {
  auto change =
      client::change_of(config, client::ApplyMode::kReplace, [&](const config::HostPort& endpoint) {
        auto address = address_in(endpoint);
        if (!address) address = find(endpoint);
        return Result<Endpoint>(address.value_or(Endpoint{}));
      });
  if (!change) return change;
  change->fwmark = fwmark;
  for (PeerChange& peer : change->peers) {
    if (peer.endpoint && !peer.endpoint->is_set()) peer.endpoint.reset();
  }
  return change;
}

Result<ConfigChange> changed_settings(const config::TunnelConfig& before,
                                      const config::TunnelConfig& after, std::uint32_t fwmark,
                                      const FindName& find, const client::InterfaceState& state) {
  auto change = all_settings(after, fwmark, find);
  if (!change) return change;
  if (!before.interface.private_key && !after.interface.private_key) {
    change->private_key = state.device.private_key.clone();
  }
  // The engine has it in this form.
  if (!change->private_key->is_zero()) clamp(*change->private_key);
  for (PeerChange& peer : change->peers) {
    const config::Peer* const old = find_peer(before, peer.public_key);
    const config::Peer* const now = find_peer(after, peer.public_key);
    const auto present =
        std::ranges::find(state.peers, peer.public_key, &PeerDescription::public_key);
    if (old == nullptr || now == nullptr || present == state.peers.end()) continue;
    keep_what_is_not_said(peer, *old, *now, *present);
  }
  return client::difference(std::move(*change), state);
}

std::string what_changes(const ConfigChange& change) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (change.private_key) add("private key");
  if (change.listen_port) add("port");
  if (change.fwmark) add("mark");
  const std::size_t peers = change.peers.size();
  if (peers != 0) add(std::to_string(peers) + (peers == 1 ? " peer" : " peers"));
  return text;
}

}  // namespace wring::run
