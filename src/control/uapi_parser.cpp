// Reads the values of a request's lines into a ConfigChange.
#include "control/uapi_parser.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>

#include "base/decimal.h"
#include "base/hex.h"
#include "control/interface_index.h"
#include "ip/endpoint_parse.h"

namespace wring {
namespace {

template <typename T>
bool parse_number(std::string_view text, std::optional<T>& out) {
  out = parse_decimal<T>(text);
  return out.has_value();
}

// A flag can be raised and not lowered.
bool parse_true(std::string_view text, bool& out) {
  out = true;
  return text == "true";
}

bool parse_allowed_ip(std::string_view text, PeerChange& peer) {
  const bool remove = text.starts_with('-');
  if (remove) text.remove_prefix(1);
  // The protocol always states the length, so a bare address is a mistake.
  if (text.find('/') == std::string_view::npos) return false;
  const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
  if (!prefix) return false;
  peer.allowed_ips.push_back({*prefix, remove});
  return true;
}

bool parse_peer_endpoint(std::string_view text, PeerChange& peer) {
  const Result<Endpoint> endpoint = parse_endpoint(text, interface_index);
  if (!endpoint) return false;
  peer.endpoint = *endpoint;
  return true;
}

bool begin_peer(ConfigChange& change, std::string_view text) {
  return decode_hex(text, change.peers.emplace_back().public_key.bytes);
}

}  // namespace

const SetParser::Key SetParser::kDeviceKeys[] = {
    {"private_key",
     [](ConfigChange& change, std::string_view text) {
       return decode_hex(text, change.private_key.emplace().writable());
     }},
    {"listen_port", [](ConfigChange& change,
                       std::string_view text) { return parse_number(text, change.listen_port); }},
    {"fwmark",
     [](ConfigChange& change, std::string_view text) { return parse_number(text, change.fwmark); }},
    {"replace_peers", [](ConfigChange& change,
                         std::string_view text) { return parse_true(text, change.replace_peers); }},
    {"protocol_version", [](ConfigChange&, std::string_view text) { return text == "1"; }},
    {"public_key", begin_peer},
};

const SetParser::Key SetParser::kPeerKeys[] = {
    {"public_key", begin_peer},
    {"remove", [](ConfigChange& change,
                  std::string_view text) { return parse_true(text, change.peers.back().remove); }},
    {"update_only",
     [](ConfigChange& change, std::string_view text) {
       return parse_true(text, change.peers.back().update_only);
     }},
    {"preshared_key",
     [](ConfigChange& change, std::string_view text) {
       return decode_hex(text, change.peers.back().preshared_key.emplace().writable());
     }},
    {"endpoint",
     [](ConfigChange& change, std::string_view text) {
       return parse_peer_endpoint(text, change.peers.back());
     }},
    {"persistent_keepalive_interval",
     [](ConfigChange& change, std::string_view text) {
       return parse_number(text, change.peers.back().persistent_keepalive_s);
     }},
    {"replace_allowed_ips",
     [](ConfigChange& change, std::string_view text) {
       return parse_true(text, change.peers.back().replace_allowed_ips);
     }},
    {"allowed_ip",
     [](ConfigChange& change, std::string_view text) {
       return parse_allowed_ip(text, change.peers.back());
     }},
    {"protocol_version", [](ConfigChange&, std::string_view text) { return text == "1"; }},
};

void SetParser::feed(std::string_view line) {
  if (error_ != 0) return;
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    error_ = EPROTO;
    return;
  }
  const std::span<const Key> keys =
      change_.peers.empty() ? std::span<const Key>(kDeviceKeys) : std::span<const Key>(kPeerKeys);
  const auto key = std::ranges::find(keys, line.substr(0, equals), &Key::name);
  if (key == keys.end() || !key->set(change_, line.substr(equals + 1))) error_ = EINVAL;
}

}  // namespace wring
