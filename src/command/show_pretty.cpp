// Writes an interface and its peers as `wg` does, and more.
#include "command/show_pretty.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "command/text_forms.h"

namespace wring::command {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kCyan = "\x1b[36m";

bool environment_says(const char* variable, std::string_view value) {
  const char* const set = std::getenv(variable);
  return set != nullptr && set == value;
}

struct Unit {
  std::uint64_t size;
  std::string_view name;
};

class Pretty {
 public:
  Pretty(const PrettyOptions& options, Output& output) : options_(options), output_(output) {}

  void interface(const client::InterfaceState& state);
  void peer(const PeerDescription& peer, const std::optional<Rate>& rate, WallTime now);

 private:
  [[nodiscard]] std::string_view colour(std::string_view code) const {
    return options_.colours ? code : "";
  }
  [[nodiscard]] std::string unit(std::string_view name) const {
    return fmt::format("{}{}{}", colour(kCyan), name, colour(kReset));
  }
  // The first line of an interface or a peer.
  void heading(std::string_view what, std::string_view shade) {
    output_ << colour(shade) << colour(kBold) << what << colour(kReset) << ": " << colour(shade);
  }
  Output& label(std::string_view name) {
    return output_ << "  " << colour(kBold) << name << colour(kReset) << ": ";
  }
  template <typename Key>
  void secret(std::string_view name, const Key& key) {
    if (key.is_zero()) return;
    label(name);
    if (options_.show_keys) {
      output_ << key.reveal() << "\n";
    } else {
      output_ << "(hidden)\n";
    }
  }
  void allowed_ips(const PeerDescription& peer);
  void engine(const EngineDescription& engine);
  void drops(const DropCounts& dropped);
  [[nodiscard]] std::string words_of(std::uint64_t seconds) const;
  [[nodiscard]] std::string age(std::int64_t second, WallTime now) const;
  // `suffix` goes behind the unit: "/s".
  [[nodiscard]] std::string bytes(double count, std::string_view suffix = "") const;

  const PrettyOptions& options_;
  Output& output_;
};

void Pretty::interface(const client::InterfaceState& state) {
  const DeviceDescription& device = state.device;
  output_ << colour(kReset);
  heading("interface", kGreen);
  output_ << state.name << colour(kReset) << "\n";
  if (!device.private_key.is_zero()) label("public key") << public_key_of(device).bytes << "\n";
  secret("private key", device.private_key);
  if (device.listen_port != 0) label("listening port") << device.listen_port << "\n";
  if (device.fwmark != 0) label("fwmark") << fwmark_text(device.fwmark) << "\n";
  engine(device.engine);
  drops(device.dropped);
}

void Pretty::engine(const EngineDescription& engine) {
  if (!engine.version.empty()) label("engine") << "wring " << engine.version << "\n";
  if (!engine.pump.empty()) label("pump") << engine.pump << "\n";
  if (engine.workers != 0) label("workers") << engine.workers << "\n";
  if (!engine.offloads.empty()) label("offloads") << engine.offloads << "\n";
  if (!engine.cipher.empty()) label("cipher") << engine.cipher << "\n";
}

void Pretty::drops(const DropCounts& dropped) {
  std::string reasons;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    if (dropped[i] == 0) continue;
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", dropped[i],
                           name(static_cast<DropReason>(i)));
  }
  if (!reasons.empty()) label("dropped") << reasons << "\n";
}

void Pretty::peer(const PeerDescription& peer, const std::optional<Rate>& rate, WallTime now) {
  heading("peer", kYellow);
  output_ << peer.public_key.bytes << colour(kReset) << "\n";
  secret("preshared key", peer.preshared_key);
  if (peer.endpoint.is_set()) label("endpoint") << endpoint_text(peer.endpoint) << "\n";
  allowed_ips(peer);
  if (handshake_second(peer) != 0) {
    label("latest handshake") << age(handshake_second(peer), now) << "\n";
  }
  if (peer.rx_bytes != 0 || peer.tx_bytes != 0) {
    label("transfer") << bytes(static_cast<double>(peer.rx_bytes)) << " received, "
                      << bytes(static_cast<double>(peer.tx_bytes)) << " sent\n";
  }
  if (rate) {
    label("rate") << bytes(rate->received, "/s") << " received, " << bytes(rate->sent, "/s")
                  << " sent\n";
  }
  if (peer.persistent_keepalive_s != 0) {
    label("persistent keepalive") << "every " << words_of(peer.persistent_keepalive_s) << "\n";
  }
}

void Pretty::allowed_ips(const PeerDescription& peer) {
  label("allowed ips");
  if (peer.allowed_ips.empty()) output_ << "(none)";
  for (const IpPrefix& prefix : peer.allowed_ips) {
    output_ << (&prefix == &peer.allowed_ips.front() ? "" : ", ") << to_string(prefix.address)
            << colour(kCyan) << "/" << colour(kReset) << prefix.length;
  }
  output_ << "\n";
}

// "1 minute, 3 seconds". Empty for 0.
std::string Pretty::words_of(std::uint64_t seconds) const {
  constexpr std::array<Unit, 5> kUnits = {
      {{365ULL * 86400, "year"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};
  std::string words;
  for (const auto& [size, name] : kUnits) {
    const std::uint64_t count = seconds / size;
    seconds %= size;
    if (count == 0) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count,
                         unit(count == 1 ? std::string(name) : std::string(name) + "s"));
  }
  return words;
}

std::string Pretty::age(std::int64_t second, WallTime now) const {
  const std::int64_t present =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (present == second) return "Now";
  if (present > second) return words_of(static_cast<std::uint64_t>(present - second)) + " ago";
  return fmt::format("({}System clock wound backward; connection problems may ensue.{})",
                     colour(kRed), colour(kReset));
}

std::string Pretty::bytes(double count, std::string_view suffix) const {
  constexpr std::array<std::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t step = 0;
  for (; step + 1 < kNames.size() && count >= 1024; ++step)
    count /= 1024;
  return fmt::format("{:.{}f} {}", count, step == 0 ? 0 : 2,
                     unit(std::string(kNames[step]).append(suffix)));
}

// The latest handshake first, those without one last. Peers of one moment keep their order.
void sort_by_handshake(std::vector<PeerDescription>& peers) {
  std::ranges::stable_sort(peers, [](const PeerDescription& a, const PeerDescription& b) {
    return a.last_handshake > b.last_handshake;
  });
}

}  // namespace

PrettyOptions pretty_options() {
  PrettyOptions options;
  options.colours = environment_says("WG_COLOR_MODE", "always") ||
                    (!environment_says("WG_COLOR_MODE", "never") && isatty(STDOUT_FILENO) == 1);
  options.show_keys = environment_says("WG_HIDE_KEYS", "never");
  return options;
}

void write_pretty(client::InterfaceState& state, const TransferRates& rates, WallTime now,
                  const PrettyOptions& options, Output& output) {
  Pretty pretty(options, output);
  pretty.interface(state);
  sort_by_handshake(state.peers);
  for (const PeerDescription& peer : state.peers) {
    output << "\n";
    pretty.peer(peer, rates.of(peer.public_key), now);
  }
}

}  // namespace wring::command
