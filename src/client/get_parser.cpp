// Reads each line of a reply into the description of a device and its peers.
#include "client/get_parser.h"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include "base/decimal.h"
#include "base/hex.h"
#include "ip/endpoint_parse.h"

namespace wring::client {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// The latest second that a WallTime can hold; it is in the year 2262.
constexpr std::uint64_t kMaxSeconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto number = parse_decimal<T>(text);
  if (number) out = *number;
  return number.has_value();
}

bool read_text(std::string_view text, std::string& out) {
  out = text;
  return true;
}

// The engine may live in another network namespace, where the zone has a name that is unknown here.
// The address without it is more than nothing.
Result<Endpoint> parse_without_unknown_zone(std::string_view text) {
  auto endpoint = parse_endpoint(text, if_nametoindex);
  const std::size_t percent = text.find('%');
  const std::size_t bracket = text.find(']');
  if (endpoint || endpoint.error().code != ENODEV || percent > bracket) return endpoint;
  return parse_endpoint(std::string(text.substr(0, percent)).append(text.substr(bracket)));
}

bool read_endpoint(std::string_view text, PeerDescription& peer) {
  const auto endpoint = parse_without_unknown_zone(text);
  if (endpoint) peer.endpoint = *endpoint;
  return endpoint.has_value();
}

// The two lines of a time come one by one. Zero in both is "never".
bool add_time(std::string_view text, std::uint64_t max, nanoseconds unit, PeerDescription& peer) {
  const auto number = parse_decimal<std::uint64_t>(text);
  if (!number || *number > max) return false;
  if (*number == 0) return true;
  peer.last_handshake =
      peer.last_handshake.value_or(WallTime{}) + unit * static_cast<std::int64_t>(*number);
  return true;
}

bool read_allowed_ip(std::string_view text, PeerDescription& peer) {
  const auto prefix = IpPrefix::parse(text);
  if (prefix) peer.allowed_ips.push_back(*prefix);
  return prefix.has_value();
}

bool begin_peer(InterfaceState& state, std::string_view text) {
  return decode_hex(text, state.peers.emplace_back().public_key.bytes);
}

// Reasons of a newer engine that are unknown here are skipped.
bool read_dropped(InterfaceState& state, std::string_view reason, std::string_view text) {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    if (name(static_cast<DropReason>(i)) == reason) {
      return read_number(text, state.device.dropped[i]);
    }
  }
  return true;
}

// SUM;LIMIT:COUNT,...,COUNT
bool read_distribution(std::string_view text, Distribution& out) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == text.npos || !read_number(text.substr(0, semicolon), out.sum)) return false;
  text.remove_prefix(semicolon + 1);
  out.classes.clear();
  for (std::size_t comma = 0; (comma = text.find(',')) != text.npos;
       text.remove_prefix(comma + 1)) {
    const std::string_view part = text.substr(0, comma);
    const std::size_t colon = part.find(':');
    Distribution::Class& made = out.classes.emplace_back();
    if (colon == part.npos || !read_number(part.substr(0, colon), made.up_to) ||
        !read_number(part.substr(colon + 1), made.count)) {
      return false;
    }
  }
  return read_number(text, out.above);
}

bool read_list(std::string_view text, std::vector<std::uint64_t>& out) {
  out.clear();
  while (true) {
    const std::size_t comma = text.find(',');
    if (!read_number(text.substr(0, comma), out.emplace_back())) return false;
    if (comma == text.npos) return true;
    text.remove_prefix(comma + 1);
  }
}

// Counters of a newer engine that are unknown here are skipped.
bool read_counts(InterfaceState& state, std::string_view key, std::string_view text) {
  const auto counts = [&]() -> EngineCounts& {
    return state.device.counts ? *state.device.counts : state.device.counts.emplace();
  };
  for (const auto& [name, member] : kCountNames) {
    if (name == key) return read_number(text, counts().*member);
  }
  for (const auto& [name, member] : kDistributionNames) {
    if (name == key) return read_distribution(text, counts().*member);
  }
  return key != "worker_ns" || read_list(text, counts().worker_ns);
}

}  // namespace

const GetParser::Key GetParser::kDeviceKeys[] = {
    {"private_key",
     [](InterfaceState& state, std::string_view text) {
       return decode_hex(text, state.device.private_key.writable());
     }},
    {"listen_port",
     [](InterfaceState& state, std::string_view text) {
       return read_number(text, state.device.listen_port);
     }},
    {"fwmark", [](InterfaceState& state,
                  std::string_view text) { return read_number(text, state.device.fwmark); }},
    {"wring_version",
     [](InterfaceState& state, std::string_view text) {
       return read_text(text, state.device.engine.version);
     }},
    {"wring_pump", [](InterfaceState& state,
                      std::string_view text) { return read_text(text, state.device.engine.pump); }},
    {"wring_workers",
     [](InterfaceState& state, std::string_view text) {
       return read_number(text, state.device.engine.workers);
     }},
    {"wring_offloads",
     [](InterfaceState& state, std::string_view text) {
       return read_text(text, state.device.engine.offloads);
     }},
    {"wring_cipher",
     [](InterfaceState& state, std::string_view text) {
       return read_text(text, state.device.engine.cipher);
     }},
    {"wring_public_key",
     [](InterfaceState& state, std::string_view text) {
       return decode_hex(text, state.device.public_key.bytes);
     }},
    {"public_key", begin_peer},
};

const GetParser::Key GetParser::kPeerKeys[] = {
    {"public_key", begin_peer},
    {"preshared_key",
     [](InterfaceState& state, std::string_view text) {
       return decode_hex(text, state.peers.back().preshared_key.writable());
     }},
    {"endpoint", [](InterfaceState& state,
                    std::string_view text) { return read_endpoint(text, state.peers.back()); }},
    {"last_handshake_time_sec",
     [](InterfaceState& state, std::string_view text) {
       return add_time(text, kMaxSeconds, seconds(1), state.peers.back());
     }},
    {"last_handshake_time_nsec",
     [](InterfaceState& state, std::string_view text) {
       return add_time(text, 999'999'999, nanoseconds(1), state.peers.back());
     }},
    {"rx_bytes",
     [](InterfaceState& state, std::string_view text) {
       return read_number(text, state.peers.back().rx_bytes);
     }},
    {"tx_bytes",
     [](InterfaceState& state, std::string_view text) {
       return read_number(text, state.peers.back().tx_bytes);
     }},
    {"persistent_keepalive_interval",
     [](InterfaceState& state, std::string_view text) {
       return read_number(text, state.peers.back().persistent_keepalive_s);
     }},
    {"allowed_ip", [](InterfaceState& state,
                      std::string_view text) { return read_allowed_ip(text, state.peers.back()); }},
};

void GetParser::feed(std::string_view line) {
  if (complete_ || !bad_key_.empty()) return;
  if (line.empty()) {
    complete_ = true;
    return;
  }
  const std::size_t equals = std::min(line.find('='), line.size());
  const std::string_view key = line.substr(0, equals);
  const std::string_view value = line.substr(std::min(equals + 1, line.size()));
  constexpr std::string_view kDropped = "dropped_";
  constexpr std::string_view kOurs = "wring_";
  const std::span<const Key> keys =
      state_.peers.empty() ? std::span<const Key>(kDeviceKeys) : std::span<const Key>(kPeerKeys);
  const auto known = std::ranges::find(keys, key, &Key::name);
  bool good = equals < line.size();
  if (key == "errno") {
    errno_ = parse_errno(value);
    good = good && errno_;
  } else if (known != keys.end()) {
    good = good && known->read(state_, value);
  } else if (state_.peers.empty() && key.starts_with(kDropped)) {
    good = good && read_dropped(state_, key.substr(kDropped.size()), value);
  } else if (state_.peers.empty() && key.starts_with(kOurs)) {
    good = good && read_counts(state_, key.substr(kOurs.size()), value);
  }
  if (good) return;
  bad_key_ = key.substr(0, 32);
  complete_ = true;
}

Result<InterfaceState> GetParser::take() {
  if (!bad_key_.empty()) return failure("its reply has a bad line \"" + bad_key_ + "\"", EPROTO);
  if (!errno_) return failure("its reply has no end", EPROTO);
  if (*errno_ != 0) return system_failure("it does not describe itself", *errno_);
  return std::move(state_);
}

std::optional<int> parse_errno(std::string_view value) {
  if (value.starts_with('-')) value.remove_prefix(1);
  const auto number = parse_decimal<unsigned>(value);
  if (!number || *number > unsigned{std::numeric_limits<int>::max()}) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace wring::client
