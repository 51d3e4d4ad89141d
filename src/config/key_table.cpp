// The table of keys, and their setters.
#include "config/key_table.h"

#include <algorithm>
#include <iterator>

#include "config/values.h"
#include "config/words.h"

namespace wring::config {
namespace {

using Origin = Key::Origin;
using Holds = Key::Holds;

Position within(const Value& value, const Item& item) {
  return {value.at.line, value.at.column + static_cast<std::uint32_t>(item.offset)};
}

// A key with one value, which `read` reads into the member of the interface.
template <auto member, auto read>
void set_interface(const Target& target, const Value& value) {
  auto parsed = read(value.text);
  if (!parsed) {
    target.diagnostics.add(Severity::kError, value.at, value.text.size(), parsed.error());
    return;
  }
  (target.interface.*member).emplace(std::move(*parsed), value.at);
}

template <auto member>
void clear_interface(const Target& target) {
  (target.interface.*member).reset();
}

template <auto member, auto read>
void set_peer(const Target& target, const Value& value) {
  auto parsed = read(value.text);
  if (!parsed) {
    target.diagnostics.add(Severity::kError, value.at, value.text.size(), parsed.error());
    return;
  }
  (target.peer->*member).emplace(std::move(*parsed), value.at);
}

template <auto member>
void clear_peer(const Target& target) {
  (target.peer->*member).reset();
}

void add_addresses(const Target& target, const Value& value) {
  for (const Item& item : split_to_words(value.text)) {
    const Position at = within(value, item);
    if (auto address = read_address_and_length(item.text)) {
      target.interface.addresses.push_back({*address, at});
    } else {
      target.diagnostics.add(Severity::kError, at, item.text.size(), address.error());
    }
  }
}

// As wg-quick has it: all with a colon or with nothing but digits and dots is a server.
void add_dns(const Target& target, const Value& value) {
  for (const Item& item : split_to_words(value.text)) {
    const Position at = within(value, item);
    const bool numeric = std::all_of(item.text.begin(), item.text.end(),
                                     [](char c) { return is_digit(c) || c == '.'; });
    if (!numeric && item.text.find(':') == item.text.npos) {
      if (is_host_name(item.text)) {
        target.interface.dns_search.push_back({std::string(item.text), at});
      } else {
        target.diagnostics.add(Severity::kError, at, item.text.size(),
                               {"bad-dns", quote(item.text) + " is no address and no domain",
                                "write the address of a DNS server, or a search domain"});
      }
    } else if (const auto server = read_address(item.text)) {
      target.interface.dns_servers.push_back({*server, at});
    } else {
      target.diagnostics.add(Severity::kError, at, item.text.size(), server.error());
    }
  }
}

// The prefix without its host bits. Like `wg`, says so if there were any.
AllowedIp allowed_ip(const Target& target, std::string_view text, Position at,
                     const InterfaceAddress& written) {
  const IpPrefix prefix(written.address, written.length);
  if (prefix.address != written.address) {
    const IpPrefix single(written.address, written.address.full_length());
    target.diagnostics.add(
        Severity::kWarning, at, text.size(),
        {"host-bits", quote(text) + " has bits past its length, and means " + to_string(prefix),
         "write that, or " + to_string(single) + " for the one address"});
  }
  return {prefix, AllowedIp::Sign::kNone, at};
}

void add_allowed_ips(const Target& target, const Value& value) {
  target.peer->replaces_allowed_ips = true;
  for (const Item& item : split_at_commas(value.text)) {
    const Position at = within(value, item);
    if (item.text.empty()) {
      target.diagnostics.add(Severity::kError, at, 1,
                             {"empty-item", "two commas in a row, or one at the end",
                              "remove the comma, or write the prefix"});
      continue;
    }
    const char sign = item.text.front();
    const bool is_signed = sign == '+' || sign == '-';
    const std::string_view text = trimmed(item.text.substr(is_signed ? 1 : 0));
    const auto written = read_address_and_length(text);
    if (!written) {
      target.diagnostics.add(Severity::kError, at, item.text.size(), written.error());
      continue;
    }
    AllowedIp allowed = allowed_ip(target, text, at, *written);
    if (is_signed) {
      allowed.sign = sign == '+' ? AllowedIp::Sign::kPlus : AllowedIp::Sign::kMinus;
      target.peer->replaces_allowed_ips = false;
    }
    target.peer->allowed_ips.push_back(allowed);
  }
}

void set_endpoint(const Target& target, const Value& value) {
  set_peer<&Peer::endpoint, read_endpoint>(target, value);
  const auto& endpoint = target.peer->endpoint;
  if (!endpoint || value.text.front() == '[' ||
      endpoint->value.host.find(':') == endpoint->value.host.npos) {
    return;
  }
  target.diagnostics.add(Severity::kWarning, value.at, value.text.size(),
                         {"no-brackets",
                          "an IPv6 address without brackets: what follows the last colon is taken "
                          "for the port",
                          "write " + to_string(endpoint->value)});
}

template <Hook::Point point>
void add_hook(const Target& target, const Value& value) {
  target.interface.hooks.push_back({point, std::string(value.text), value.at});
}

void keep(const Target&) {}

constexpr Section kI = Section::kInterface;
constexpr Section kP = Section::kPeer;

template <auto member, auto read>
constexpr Key one(Section section, std::string_view name, Origin origin,
                  Holds holds = Holds::kPlain) {
  if constexpr (requires(Interface interface) { interface.*member; }) {
    return {
        name, section, origin, holds, false, set_interface<member, read>, clear_interface<member>};
  } else {
    return {name, section, origin, holds, false, set_peer<member, read>, clear_peer<member>};
  }
}

constexpr Key many(Section section, std::string_view name, Origin origin, auto set,
                   Holds holds = Holds::kPlain) {
  return {name, section, origin, holds, true, set, keep};
}

using I = Interface;
using P = Peer;

constexpr Key kKeys[] = {
    one<&I::private_key, read_private_key>(kI, "PrivateKey", Origin::kWg, Holds::kSecret),
    one<&I::private_key_file, read_path>(kI, "PrivateKeyFile", Origin::kWring),
    one<&I::listen_port, read_listen_port>(kI, "ListenPort", Origin::kWg),
    one<&I::fwmark, read_fwmark>(kI, "FwMark", Origin::kWg),
    many(kI, "Address", Origin::kWgQuick, add_addresses),
    many(kI, "DNS", Origin::kWgQuick, add_dns),
    one<&I::mtu, read_mtu>(kI, "MTU", Origin::kWgQuick),
    one<&I::table, read_table>(kI, "Table", Origin::kWgQuick),
    many(kI, "PreUp", Origin::kWgQuick, add_hook<Hook::Point::kPreUp>, Holds::kCommand),
    many(kI, "PostUp", Origin::kWgQuick, add_hook<Hook::Point::kPostUp>, Holds::kCommand),
    many(kI, "PreDown", Origin::kWgQuick, add_hook<Hook::Point::kPreDown>, Holds::kCommand),
    many(kI, "PostDown", Origin::kWgQuick, add_hook<Hook::Point::kPostDown>, Holds::kCommand),
    one<&I::save_config, read_bool>(kI, "SaveConfig", Origin::kWgQuick),
    one<&P::public_key, read_public_key>(kP, "PublicKey", Origin::kWg, Holds::kSecret),
    one<&P::preshared_key, read_preshared_key>(kP, "PresharedKey", Origin::kWg, Holds::kSecret),
    one<&P::preshared_key_file, read_path>(kP, "PresharedKeyFile", Origin::kWring),
    many(kP, "AllowedIPs", Origin::kWg, add_allowed_ips),
    {"Endpoint", kP, Origin::kWg, Holds::kPlain, false, set_endpoint, clear_peer<&P::endpoint>},
    one<&P::keepalive_s, read_keepalive>(kP, "PersistentKeepalive", Origin::kWg),
};

}  // namespace

std::string_view to_string(Section section) {
  return section == Section::kInterface ? "[Interface]" : "[Peer]";
}

const Key* find_key(Section section, std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) {
    return key.section == section && equal_but_for_case(key.name, name);
  });
  return found == std::end(kKeys) ? nullptr : found;
}

const Key* similar_key(Section section, std::string_view name) {
  constexpr std::size_t kMaxName = 32;
  if (name.size() > kMaxName) return nullptr;
  const Key* best = nullptr;
  std::size_t least = 4;  // that many changes make another word
  for (const Key& key : kKeys) {
    const std::size_t distance = edit_distance(key.name, name);
    const bool near = distance < least && distance * 2 < key.name.size();
    if (key.section == section && near) {
      least = distance;
      best = &key;
    }
  }
  return best;
}

}  // namespace wring::config
