// Reads an endpoint from text.
#include "ip/endpoint_parse.h"

#include <cerrno>

#include "base/decimal.h"
#include "ip/ip_address.h"

namespace wring {
namespace {

// 0 if the zone names no interface. A number is taken as it is, because the interface may come
// later.
std::uint32_t zone_index(std::string_view zone, IndexOfInterface index_of) {
  if (const auto number = parse_decimal<std::uint32_t>(zone)) return *number;
  return index_of == nullptr ? 0 : index_of(std::string(zone).c_str());
}

auto refused(std::string_view text, const char* why, int code = EINVAL) {
  return failure("endpoint '" + std::string(text) + "': " + why, code);
}

Result<Endpoint> parse_v4(std::string_view text, std::string_view host, std::uint16_t port) {
  const auto address = IpAddress::parse(host);
  if (!address || !address->is_v4()) {
    return refused(text, "the address is not valid; IPv6 goes in brackets");
  }
  return endpoint_at(*address, port);
}

Result<Endpoint> parse_v6(std::string_view text, std::string_view host, std::uint16_t port,
                          IndexOfInterface index_of) {
  const std::size_t percent = host.find('%');
  const auto address = IpAddress::parse(host.substr(0, percent));
  if (!address || address->is_v4()) return refused(text, "the IPv6 address is not valid");
  Endpoint endpoint = endpoint_at(*address, port);
  if (percent != host.npos) {
    endpoint.remote.v6.sin6_scope_id = zone_index(host.substr(percent + 1), index_of);
    if (endpoint.remote.v6.sin6_scope_id == 0) {
      return refused(text, "the zone names no interface", ENODEV);
    }
  }
  return endpoint;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text, IndexOfInterface index_of) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return refused(text, "the port is missing");
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) return refused(text, "the port is not a number from 1 to 65535");

  const std::string_view host = text.substr(0, colon);
  if (!host.starts_with('[')) return parse_v4(text, host, *port);
  if (!host.ends_with(']')) return refused(text, "the closing bracket is missing");
  return parse_v6(text, host.substr(1, host.size() - 2), *port, index_of);
}

}  // namespace wring
