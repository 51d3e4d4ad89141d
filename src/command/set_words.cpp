// Reads one setting after the other into a change.
#include "command/set_words.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <utility>

#include "command/change.h"
#include "command/key_file.h"
#include "config/values.h"

namespace wring::command {
namespace {

// Each reads the word behind its name.
using Setter = Result<void> (*)(ConfigChange& change, const std::string& word);

enum class Of : std::uint8_t { kInterface, kPeer, kBoth };

struct Setting {
  std::string_view name;
  Of of;
  bool takes_word;
  Setter set;
};

tl::unexpected<Error> wrong(std::string_view setting, const config::Complaint& complaint,
                            std::string_view cure) {
  return failure(std::string(setting) + ": " + complaint.what + "; " + std::string(cure), EINVAL);
}

Result<void> set_listen_port(ConfigChange& change, const std::string& word) {
  const auto port = config::read_listen_port(word);
  if (!port) return wrong("listen-port", port.error(), "write a number, 0 for a random port");
  change.listen_port = *port;
  return {};
}

Result<void> set_fwmark(ConfigChange& change, const std::string& word) {
  const auto mark = config::read_fwmark(word);
  if (!mark) return wrong("fwmark", mark.error(), mark.error().cure);
  change.fwmark = *mark;
  return {};
}

Result<void> set_private_key(ConfigChange& change, const std::string& word) {
  return read_key_file(word, change.private_key.emplace().writable());
}

Result<void> begin_peer(ConfigChange& change, const std::string& word) {
  const auto key = config::read_public_key(word);
  if (!key) return wrong("peer", key.error(), "write the 44 characters of its public key");
  change.peers.emplace_back().public_key = *key;
  return {};
}

Result<void> remove_peer(ConfigChange& change, const std::string&) {
  change.peers.back().remove = true;
  return {};
}

Result<void> set_preshared_key(ConfigChange& change, const std::string& word) {
  return read_key_file(word, change.peers.back().preshared_key.emplace().writable());
}

Result<void> set_endpoint(ConfigChange& change, const std::string& word) {
  const auto written = config::read_endpoint(word);
  if (!written) return wrong("endpoint", written.error(), written.error().cure);
  const auto endpoint = resolve_endpoint(*written);
  if (!endpoint) return tl::unexpected(endpoint.error());
  change.peers.back().endpoint = *endpoint;
  return {};
}

Result<void> set_keepalive(ConfigChange& change, const std::string& word) {
  const auto seconds = config::read_keepalive(word);
  if (!seconds) return wrong("persistent-keepalive", seconds.error(), seconds.error().cure);
  change.peers.back().persistent_keepalive_s = *seconds;
  return {};
}

// One of the prefixes between commas. With a sign it changes what the peer has.
Result<void> add_allowed_ip(PeerChange& peer, std::string_view text) {
  const bool has_sign = text.starts_with('+') || text.starts_with('-');
  const bool removes = text.starts_with('-');
  if (has_sign) {
    peer.replace_allowed_ips = false;
    text.remove_prefix(1);
  }
  const auto read = config::read_address_and_length(text);
  if (!read) return wrong("allowed-ips", read.error(), read.error().cure);
  const IpPrefix prefix(read->address, read->length);
  if (prefix.address != read->address) {
    std::cerr << "wring set: allowed-ips: " << text << " means " << to_string(prefix) << "\n";
  }
  peer.allowed_ips.push_back({prefix, removes});
  return {};
}

// They are all that the peer has from now on, unless there is a sign. An empty list empties it.
Result<void> set_allowed_ips(ConfigChange& change, const std::string& word) {
  PeerChange& peer = change.peers.back();
  peer.replace_allowed_ips = true;
  std::string list = word;
  std::erase_if(list, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
  for (std::size_t begin = 0; !list.empty() && begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    auto added = add_allowed_ip(peer, std::string_view(list).substr(begin, end - begin));
    if (!added) return added;
    begin = end + 1;
  }
  return {};
}

constexpr Setting kSettings[] = {
    {"listen-port", Of::kInterface, true, set_listen_port},
    {"fwmark", Of::kInterface, true, set_fwmark},
    {"private-key", Of::kInterface, true, set_private_key},
    {"peer", Of::kBoth, true, begin_peer},
    {"remove", Of::kPeer, false, remove_peer},
    {"preshared-key", Of::kPeer, true, set_preshared_key},
    {"endpoint", Of::kPeer, true, set_endpoint},
    {"persistent-keepalive", Of::kPeer, true, set_keepalive},
    {"allowed-ips", Of::kPeer, true, set_allowed_ips},
};

Result<const Setting*> find_setting(const std::string& word, bool has_peer) {
  const auto* const found = std::ranges::find(kSettings, word, &Setting::name);
  if (found == std::end(kSettings)) {
    std::string message = config::quote(word) + " is no setting; there are:";
    for (const std::string& name : setting_names())
      message += " " + name;
    return failure(message, EINVAL);
  }
  if (found->of == Of::kInterface && has_peer) {
    return failure(word + " belongs to the interface; write it before the first peer", EINVAL);
  }
  if (found->of == Of::kPeer && !has_peer) {
    return failure(word + " belongs to a peer; write peer and its public key before it", EINVAL);
  }
  return found;
}

}  // namespace

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const Setting& setting : kSettings)
    names.emplace_back(setting.name);
  return names;
}

Result<ConfigChange> read_set_words(std::span<const std::string> words) {
  ConfigChange change;
  while (!words.empty()) {
    const auto setting = find_setting(words.front(), !change.peers.empty());
    if (!setting) return tl::unexpected(setting.error());
    const std::size_t taken = (*setting)->takes_word ? 2 : 1;
    if (words.size() < taken) {
      return failure(words.front() + " needs a value behind it; see wring set --help", EINVAL);
    }
    if (auto set = (*setting)->set(change, words[taken - 1]); !set) {
      return tl::unexpected(set.error());
    }
    words = words.subspan(taken);
  }
  return change;
}

}  // namespace wring::command
