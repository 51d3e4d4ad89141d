// Splits at the last colon, and checks host and port.
#include "proxyconfig/addresses.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/decimal.h"
#include "config/words.h"

namespace wring::proxy {
namespace {

using config::quote;
using config::wrong;

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kSystemd = "systemd:";
constexpr const char* kHostCure = "write HOST:PORT, as in 127.0.0.1:1080 or [::1]:1080";

struct Split {
  std::string_view host;  // without brackets
  std::string_view port;
};

// As net.SplitHostPort.
config::Read<Split> split(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t closing = text.find(']');
  if (bracketed && closing == text.npos) {
    return wrong("bad-host", "the ']' is missing in " + quote(text), kHostCure);
  }
  const std::size_t colon = bracketed ? closing + 1 : text.rfind(':');
  if (colon >= text.size() || text[colon] != ':') {
    return wrong("no-port", "the port is missing in " + quote(text), kHostCure);
  }
  const std::string_view host = bracketed ? text.substr(1, closing - 1) : text.substr(0, colon);
  if (!bracketed && host.find(':') != host.npos) {
    return wrong("bad-host", quote(text) + " has an IPv6 address without brackets", kHostCure);
  }
  if (host.find_first_of("[]") != host.npos || text.find(']', colon) != text.npos) {
    return wrong("bad-host", quote(text) + " has a bracket too many", kHostCure);
  }
  return Split{host, text.substr(colon + 1)};
}

bool is_address(std::string_view host) {
  const std::size_t percent = std::min(host.find('%'), host.size());
  const auto address = IpAddress::parse(host.substr(0, percent));
  if (!address || percent == host.size()) return address.has_value();
  return !address->is_v4() && config::is_host_name(host.substr(percent + 1));
}

bool is_host(std::string_view host) {
  if (is_address(host)) return true;
  // Nobody means a name by digits and dots alone.
  return config::is_host_name(host) &&
         !std::ranges::all_of(host, [](char c) { return config::is_digit(c) || c == '.'; });
}

config::Read<BindAddress> read_unix(std::string_view text) {
  const std::string_view path = text.substr(kUnix.size());
  constexpr std::size_t kMaxPath = 107;  // unix(7): 108 with the zero at the end
  if (!path.starts_with('/')) {
    return wrong("bad-path", quote(text) + " is not the path of a socket from '/' on",
                 "write unix:/PATH, as in unix:/run/wring/socks.sock");
  }
  if (path.size() > kMaxPath) {
    return wrong("bad-path",
                 "the path of this socket has " + std::to_string(path.size()) + " bytes",
                 "write one of at most " + std::to_string(kMaxPath) + " bytes");
  }
  BindAddress bind;
  bind.kind = BindAddress::Kind::kUnix;
  bind.path = path;
  bind.text = text;
  return bind;
}

std::optional<std::uint16_t> port_of(std::string_view text, const FindService& service) {
  if (const auto port = parse_decimal<std::uint16_t>(text)) return port;
  constexpr std::size_t kMaxService = 24;
  const bool is_name = text.size() <= kMaxService && config::is_host_name(text) &&
                       std::ranges::any_of(text, config::is_letter);
  return is_name && service ? service(text) : std::nullopt;
}

}  // namespace

config::Read<BindAddress> read_bind_address(std::string_view text, const FindService& service) {
  if (text.starts_with(kUnix)) return read_unix(text);
  BindAddress bind;
  bind.text = text;
  const std::string_view name = text.starts_with(kSystemd) ? text.substr(kSystemd.size()) : "";
  // "systemd:80" is a port of the host of that name.
  if (std::ranges::any_of(name, config::is_letter)) {
    bind.kind = BindAddress::Kind::kHandedIn;
    bind.name = name;
    return bind;
  }
  const auto parts = split(text);
  if (!parts) return tl::unexpected(parts.error());
  if (!parts->host.empty() && !is_host(parts->host)) {
    return wrong("bad-host", quote(parts->host) + " is neither an address nor a name", kHostCure);
  }
  const auto port = port_of(parts->port, service);
  if (!port) {
    return wrong("bad-port", quote(parts->port) + " is not a port",
                 "write a number from 1 to 65535, or 0 for any free port");
  }
  bind.host = parts->host;
  bind.port = *port;
  return bind;
}

config::Read<config::HostPort> read_target(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return tl::unexpected(parts.error());
  if (!is_host(parts->host)) {
    const std::string what = parts->host.empty()
                                 ? "the host is missing in " + quote(text)
                                 : quote(parts->host) + " is neither an address nor a name";
    return wrong("bad-host", what, "write HOST:PORT, as in db.example.com:5432");
  }
  const auto port = parse_decimal<std::uint16_t>(parts->port);
  if (!port || *port == 0) {
    return wrong("bad-port", quote(parts->port) + " is not a port",
                 "write a number from 1 to 65535");
  }
  return config::HostPort{std::string(parts->host), *port};
}

config::Read<Reachable> read_reachable(std::string_view text) {
  constexpr const char* kCure =
      "write PREFIX, PREFIX:PORT or PREFIX:FIRST-LAST, as in [fd00::/8]:53";
  std::string_view prefix = text;
  std::string_view ports;
  const std::size_t colon = text.rfind(':');
  const bool brackets = text.starts_with('[');
  if (brackets || std::ranges::count(text, ':') == 1) {
    if (colon == text.npos || (brackets && text.substr(0, colon).back() != ']')) {
      return wrong("bad-prefix", quote(text) + " has no port behind the bracket", kCure);
    }
    ports = text.substr(colon + 1);
    prefix = brackets ? text.substr(1, colon - 2) : text.substr(0, colon);
    if (ports.empty()) return wrong("bad-port", quote(text) + " has no port", kCure);
  }
  const auto read = config::read_address_and_length(prefix);
  if (!read) return tl::unexpected(read.error());
  Reachable found;
  found.to = IpPrefix(read->address, read->length);
  if (ports.empty()) return found;
  const std::size_t dash = ports.find('-');
  const auto first = parse_decimal<std::uint16_t>(ports.substr(0, dash));
  const auto last =
      dash == ports.npos ? first : parse_decimal<std::uint16_t>(ports.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) {
    return wrong("bad-port", quote(ports) + " is neither a port nor a range of ports", kCure);
  }
  found.first_port = *first;
  found.last_port = *last;
  found.all_ports = false;
  return found;
}

config::Read<std::uint32_t> read_mode(std::string_view text) {
  constexpr std::uint32_t kAll = 0777;
  std::uint32_t mode = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, mode, 8);
  if (error == std::errc{} && stop == end && mode <= kAll) return mode;
  return wrong("bad-mode", quote(text) + " is not the mode of a file",
               "write octal digits up to 0777, as in 0660");
}

}  // namespace wring::proxy
