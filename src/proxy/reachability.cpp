// Compares prefixes.
#include "proxy/reachability.h"

#include <algorithm>

namespace wring::proxy {
namespace {

bool is_in_one_of(const std::vector<IpPrefix>& all, const IpAddress& address) {
  return std::ranges::any_of(all, [&](const IpPrefix& each) { return each.contains(address); });
}

std::vector<IpPrefix> prefixes(std::initializer_list<const char*> texts) {
  std::vector<IpPrefix> all;
  for (const char* const text : texts)
    all.push_back(*IpPrefix::parse(text));
  return all;
}

bool is_never(const IpAddress& address) {
  // RFC 1122, 3.2.1.3; RFC 4291.
  static const auto kNever = prefixes(
      {"0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8", "::ffff:0:0/96"});
  return is_in_one_of(kNever, address);
}

// The range that a prefix has to lie within to name this address. Nothing: any prefix does.
const IpPrefix* special_range_of(const IpAddress& address) {
  static const auto kSpecial = prefixes({"127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"});
  const auto found =
      std::ranges::find_if(kSpecial, [&](const IpPrefix& each) { return each.contains(address); });
  return found == kSpecial.end() ? nullptr : &*found;
}

}  // namespace

bool is_reachable(const std::vector<Reachable>& list, const IpAddress& to,
                  std::optional<std::uint16_t> port, const IsOwn& is_own) {
  if (is_never(to)) return false;
  const IpPrefix* const special = special_range_of(to);
  bool by_prefix = false;
  for (const Reachable& each : list) {
    if (!each.to.contains(to)) continue;
    const bool fits = port ? *port >= each.first_port && *port <= each.last_port : each.all_ports;
    if (!fits) continue;
    if (each.to.length == to.full_length()) return true;
    const bool named = special == nullptr ||
                       (special->contains(each.to.address) && each.to.length >= special->length);
    // All of 127.0.0.0/8 is this host's, too.
    if (named && special != nullptr) return true;
    by_prefix = by_prefix || named;
  }
  return by_prefix && !is_own(to);
}

}  // namespace wring::proxy
