// Names, labels and meanings are those of two exporters that dashboards were made for.
//
// MindFlavor's: `interface`, `public_key`, `allowed_ips`, `friendly_name`; a time is that since
// 1970. mdlayher's: `device`, `public_key`; endpoint and name are labels of an info series alone,
// so the other series stay the same when a peer moves.
#include "metrics/peer_families.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace wring::metrics {
namespace {

// `interface="wg0",public_key="..."` of the row's labels, as mdlayher has it.
void append_device_labels(std::string& out, const InterfaceRow& interface, const PeerRow& peer) {
  append_label(out, "device", interface.name);
  constexpr std::string_view kKey = ",public_key=\"";
  constexpr std::size_t kSize = kKey.size() + 44 + 1;
  out.append(std::string_view(peer.labels).substr(peer.labels.find(kKey), kSize));
}

std::uint64_t handshake_or_zero(const PeerRow& peer) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(peer.handshake_s.value_or(0), 0));
}

void append_info(std::string& out, std::string_view name, const InterfaceRow& interface,
                 const PeerRow& peer, WallTime /*now*/) {
  std::string labels;
  append_device_labels(labels, interface, peer);
  append_label(labels, "endpoint", peer.endpoint);
  append_label(labels, "name", peer.name);
  append_sample(out, name, labels, std::uint64_t{1});
}

void append_allowed_ips(std::string& out, std::string_view name, const InterfaceRow& interface,
                        const PeerRow& peer, WallTime /*now*/) {
  for (const IpPrefix& prefix : peer.allowed_ips) {
    std::string labels;
    append_device_labels(labels, interface, peer);
    append_label(labels, "allowed_ips", to_string(prefix));
    append_label(labels, "family", prefix.address.version == IpVersion::kV4 ? "IPv4" : "IPv6");
    append_sample(out, name, labels, std::uint64_t{1});
  }
}

void append_delay(std::string& out, std::string_view name, const InterfaceRow& /*interface*/,
                  const PeerRow& peer, WallTime now) {
  if (!peer.handshake_s) return;
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  append_sample(out, name, peer.labels,
                static_cast<std::uint64_t>(std::max<std::int64_t>(second - *peer.handshake_s, 0)));
}

template <std::uint64_t (*kValue)(const PeerRow&)>
void append_mindflavor(std::string& out, std::string_view name, const InterfaceRow& /*interface*/,
                       const PeerRow& peer, WallTime /*now*/) {
  append_sample(out, name, peer.labels, kValue(peer));
}

template <std::uint64_t (*kValue)(const PeerRow&)>
void append_mdlayher(std::string& out, std::string_view name, const InterfaceRow& interface,
                     const PeerRow& peer, WallTime /*now*/) {
  std::string labels;
  append_device_labels(labels, interface, peer);
  append_sample(out, name, labels, kValue(peer));
}

std::uint64_t received(const PeerRow& peer) {
  return peer.rx_bytes;
}
std::uint64_t sent(const PeerRow& peer) {
  return peer.tx_bytes;
}

constexpr PeerFamily kFamilies[] = {
    {"wireguard_peer_info", Type::kGauge,
     "Endpoint and name of a peer. Join it by device and public_key", true, true, append_info},
    {"wireguard_sent_bytes_total", Type::kCounter, "Bytes sent to the peer", true, false,
     append_mindflavor<sent>},
    {"wireguard_received_bytes_total", Type::kCounter, "Bytes received from the peer", true, false,
     append_mindflavor<received>},
    {"wireguard_latest_handshake_seconds", Type::kGauge,
     "UNIX timestamp seconds of the last handshake", true, false,
     append_mindflavor<handshake_or_zero>},
    {"wireguard_latest_handshake_delay_seconds", Type::kGauge,
     "Seconds from the last handshake; absent for a peer that never had one", true, false,
     append_delay},
    {"wireguard_peer_allowed_ips_info", Type::kGauge, "A prefix of a peer", false, true,
     append_allowed_ips},
    {"wireguard_peer_receive_bytes_total", Type::kCounter,
     "Number of bytes received from a given peer.", false, true, append_mdlayher<received>},
    {"wireguard_peer_transmit_bytes_total", Type::kCounter,
     "Number of bytes transmitted to a given peer.", false, true, append_mdlayher<sent>},
    {"wireguard_peer_last_handshake_seconds", Type::kGauge,
     "UNIX timestamp for the last handshake with a given peer.", false, true,
     append_mdlayher<handshake_or_zero>},
};

}  // namespace

std::span<const PeerFamily> peer_families() {
  return kFamilies;
}

}  // namespace wring::metrics
