// Makes rows of what engines say.
#include "metrics/snapshot.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/interfaces.h"
#include "crypto/key_text.h"
#include "metrics/text.h"

namespace wring::metrics {
namespace {

using std::chrono::seconds;

// Prometheus gives up after 10 s by default. One engine may take this, all together kBudget.
constexpr Duration kPatience = std::chrono::milliseconds(5000);
constexpr Duration kBudget = std::chrono::milliseconds(8000);
// Left for an engine whose turn comes after others took the time: one that is well answers in less.
constexpr Duration kLeastPatience = std::chrono::milliseconds(250);
// No session is older than this (REJECT_AFTER_TIME).
constexpr seconds kConnected{180};
constexpr seconds kActive{3600};

std::string texts_of(const std::vector<IpPrefix>& prefixes) {
  std::string text;
  for (const IpPrefix& prefix : prefixes)
    text.append(text.empty() ? "" : ",").append(to_string(prefix));
  return text.empty() ? "(none)" : text;
}

PeerRow row_of(PeerDescription& peer, const std::string& interface, std::string_view name,
               Style style) {
  PeerRow row;
  append_label(row.labels, "interface", interface);
  append_label(row.labels, "public_key", KeyText(peer.public_key.bytes).view());
  if (style != Style::kMdlayher) {
    append_label(row.labels, "allowed_ips", texts_of(peer.allowed_ips));
    if (!name.empty()) append_label(row.labels, "friendly_name", name);
  }
  if (style != Style::kMindFlavor) row.allowed_ips = std::move(peer.allowed_ips);
  row.endpoint = to_string(peer.endpoint);
  row.name = name;
  row.rx_bytes = peer.rx_bytes;
  row.tx_bytes = peer.tx_bytes;
  if (peer.last_handshake) {
    row.handshake_s = std::chrono::floor<seconds>(peer.last_handshake->time_since_epoch()).count();
  }
  return row;
}

}  // namespace

InterfaceRow row_of(client::InterfaceState&& state, const Options& options, WallTime now,
                    const std::function<std::string_view(const PublicKey&)>& name_of) {
  InterfaceRow row;
  row.name = std::move(state.name);
  row.answers = true;
  row.peers = state.peers.size();
  const PeerChoice choice = options.peer_choice();
  if (choice == PeerChoice::kAll) row.rows.reserve(state.peers.size());
  for (PeerDescription& peer : state.peers) {
    const bool is_active = peer.last_handshake && now - *peer.last_handshake < kActive;
    if (!peer.last_handshake) ++row.never;
    if (is_active) ++row.active;
    if (peer.last_handshake && now - *peer.last_handshake < kConnected) ++row.connected;
    if (choice == PeerChoice::kAll || (choice == PeerChoice::kActive && is_active)) {
      row.rows.push_back(row_of(peer, row.name, name_of(peer.public_key), options.series_style()));
    }
  }
  row.device = std::move(state.device);
  return row;
}

Looker::Looker(const Options& options) : options_(options) {
  for (const std::string& file : options.names)
    files_.emplace_back(file);
}

Snapshot Looker::look() {
  return look(GetDetail::kPublic);
}

Snapshot Looker::look_briefly() {
  return look(GetDetail::kDevice);
}

Snapshot Looker::look(GetDetail detail) {
  Snapshot snapshot;
  snapshot.at = clock_.wall_now();
  std::vector<std::string> names = options_.interfaces;
  if (names.empty()) {
    auto listed = client::list_interfaces();
    if (!listed) {
      snapshot.problem = listed.error().message;
      return snapshot;
    }
    names = std::move(*listed);
  }
  for (NameFile& file : files_)
    file.refresh();
  std::erase_if(by_interface_, [&](const auto& each) {
    return std::ranges::find(names, each.first) == names.end();
  });
  const TimePoint due = clock_.now() + kBudget;
  for (const std::string& name : names)
    snapshot.interfaces.push_back(ask(name, detail, snapshot.at, due));
  return snapshot;
}

InterfaceRow Looker::ask(const std::string& interface, GetDetail detail, WallTime now,
                         TimePoint due) {
  const TimePoint begun = clock_.now();
  const Duration patience = std::max(kLeastPatience, std::min(kPatience, due - begun));
  auto state = client_.ask(interface, detail,
                           std::chrono::duration_cast<std::chrono::milliseconds>(patience));
  if (!state) {
    InterfaceRow row;
    row.name = interface;
    row.problem = state.error().message;
    return row;
  }
  NameFile& own =
      by_interface_.try_emplace(interface, "/etc/wireguard/" + interface + ".conf").first->second;
  if (detail == GetDetail::kPublic) own.refresh();
  InterfaceRow row =
      row_of(std::move(*state), options_, now, [&](const PublicKey& peer) -> std::string_view {
        for (const NameFile& file : files_) {
          if (const auto name = file.name_of(peer); !name.empty()) return name;
        }
        return own.name_of(peer);
      });
  row.took_s = std::chrono::duration<double>(clock_.now() - begun).count();
  return row;
}

}  // namespace wring::metrics
