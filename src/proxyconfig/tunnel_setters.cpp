// The keys of [Interface] and [Peer]: as wireproxy reads them, and what wg-quick's files have
// beside.
#include <algorithm>
#include <string>
#include <utility>

#include "base/decimal.h"
#include "config/values.h"
#include "config/words.h"
#include "proxyconfig/go_text.h"
#include "proxyconfig/setters.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {
namespace {

using config::Item;
using config::Located;
using config::quote;

// Puts what `read` makes of the text into its place.
template <typename T>
void put(const Target& target, std::optional<Located<T>>& place, config::Read<T> read) {
  if (read) {
    place.emplace(std::move(*read), target.at);
  } else {
    target.complain(read.error());
  }
}

// Go's base64 passes over line ends, and takes a last character with bits that no byte has. The
// caller wipes the result.
std::string canonical_key(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string key;
  key.reserve(text.size());
  std::ranges::copy_if(text, std::back_inserter(key),
                       [](char c) { return c != '\r' && c != '\n'; });
  if (key.size() == 44 && key.back() == '=') {
    const std::size_t last = kDigits.find(key[42]);
    if (last != kDigits.npos) key[42] = kDigits[last & ~std::size_t{3}];
  }
  return key;
}

template <typename Key>
void put_key(const Target& target, std::optional<Located<Key>>& place,
             config::Read<Key> (*read)(std::string_view), std::string_view text) {
  std::string key = canonical_key(text);
  put(target, place, read(key));
  wipe(key);
}

// Calls `use` with each item of a list. Empty ones do not count.
void for_each_item(const Target& target, std::string_view text, const auto& use) {
  for (const Item& item : config::split_at_commas(text)) {
    if (item.text.empty()) continue;
    Target part = target;
    part.at.column += static_cast<std::uint32_t>(item.offset);
    part.size = item.text.size();
    use(part, item.text);
  }
}

void complain_of_number(const Target& target, std::string_view text, const char* what,
                        const char* cure) {
  target.complain({"bad-number", quote(text) + " is not " + what, cure});
}

}  // namespace

void set_private_key(const Target& target, std::string_view text) {
  put_key(target, target.config.tunnel.interface.private_key, config::read_private_key, text);
}

void set_private_key_file(const Target& target, std::string_view text) {
  put(target, target.config.tunnel.interface.private_key_file, config::read_path(text));
}

// Lengths do not matter: nothing but the addresses themselves is inside.
void add_addresses(const Target& target, std::string_view text) {
  auto& addresses = target.config.tunnel.interface.addresses;
  for (const Item& item : config::split_to_words(text)) {
    Target part = target;
    part.at.column += static_cast<std::uint32_t>(item.offset);
    part.size = item.text.size();
    auto read = config::read_address_and_length(item.text);
    if (!read) {
      part.complain(read.error());
      continue;
    }
    read->length = read->address.full_length();
    addresses.push_back({*read, part.at});
  }
}

void add_dns(const Target& target, std::string_view text) {
  auto& interface = target.config.tunnel.interface;
  for_each_item(target, text, [&](const Target& part, std::string_view item) {
    const auto server = config::read_address(item);
    const bool domain = config::is_host_name(item) &&
                        std::ranges::any_of(item, config::is_letter) && item.find(':') == item.npos;
    if (server) {
      interface.dns_servers.push_back({*server, part.at});
    } else if (domain) {
      interface.dns_search.push_back({std::string(item), part.at});
      part.diagnostics.add(config::Severity::kNote, part.at, part.size,
                           {"search-domain", "names are looked up as they are, without this domain",
                            "write whole names where the proxy is used"});
    } else {
      part.complain(server.error());
    }
  });
}

void set_mtu(const Target& target, std::string_view text) {
  put(target, target.config.tunnel.interface.mtu, config::read_mtu(text));
}

void set_tunnel_port(const Target& target, std::string_view text) {
  put(target, target.config.tunnel.interface.listen_port, config::read_listen_port(text));
}

void add_check_alive(const Target& target, std::string_view text) {
  for_each_item(target, text, [](const Target& part, std::string_view item) {
    if (const auto address = config::read_address(item)) {
      part.config.check_alive.push_back(*address);
    } else {
      part.complain(address.error());
    }
  });
}

void set_check_alive_interval(const Target& target, std::string_view text) {
  const auto seconds = parse_decimal<std::uint16_t>(text);
  if (seconds && *seconds != 0) {
    target.config.check_alive_interval = std::chrono::seconds(*seconds);
  } else {
    complain_of_number(target, text, "an interval", "write seconds without a unit, 1 to 65535");
  }
}

void set_public_key(const Target& target, std::string_view text) {
  put_key(target, target.peer->public_key, config::read_public_key, text);
}

void set_preshared_key(const Target& target, std::string_view text) {
  put_key(target, target.peer->preshared_key, config::read_preshared_key, text);
}

void set_preshared_key_file(const Target& target, std::string_view text) {
  put(target, target.peer->preshared_key_file, config::read_path(text));
}

void add_allowed_ips(const Target& target, std::string_view text) {
  for_each_item(target, text, [](const Target& part, std::string_view item) {
    if (const auto read = config::read_address_and_length(item)) {
      part.peer->allowed_ips.push_back({IpPrefix(read->address, read->length), {}, part.at});
    } else {
      part.complain(read.error());
    }
  });
}

void set_endpoint(const Target& target, std::string_view text) {
  put(target, target.peer->endpoint, config::read_endpoint(text));
}

void set_keepalive(const Target& target, std::string_view text) {
  put(target, target.peer->keepalive_s, config::read_keepalive(text));
}

}  // namespace wring::proxy
