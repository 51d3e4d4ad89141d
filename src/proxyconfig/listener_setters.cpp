// The keys of listeners and of [Resolve].
#include <algorithm>
#include <string>
#include <utility>

#include "base/decimal.h"
#include "config/values.h"
#include "config/words.h"
#include "proxyconfig/addresses.h"
#include "proxyconfig/credentials.h"
#include "proxyconfig/go_text.h"
#include "proxyconfig/setters.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {
namespace {

using config::quote;

Listener& listener(const Target& target) {
  return target.draft->listener;
}

// The file has to be there when the program starts, so it is an error if it is not.
void set_file(const Target& target, std::string& place, std::string_view text) {
  if (text.empty()) return;
  place = text;
  if (const auto readable = target.sources.readable(place); !readable) {
    target.complain(
        unreadable(place, readable.error(), "write the path of a file that this user may read"));
  }
}

}  // namespace

void set_bind_address(const Target& target, std::string_view text) {
  auto bind = read_bind_address(text, target.sources.service);
  if (!bind) {
    target.complain(bind.error());
    return;
  }
  const Listener::Kind kind = listener(target).kind;
  if (kind == Listener::Kind::kUdpClient && bind->kind == BindAddress::Kind::kUnix) {
    target.complain({"bad-bind-address", "datagrams do not come by a UNIX socket",
                     "write HOST:PORT, as in 127.0.0.1:5353"});
    return;
  }
  listener(target).bind = std::move(*bind);
}

void set_inner_port(const Target& target, std::string_view text) {
  const auto port = parse_decimal<std::uint16_t>(text);
  if (port && *port != 0) {
    listener(target).listen_port = *port;
  } else {
    target.complain({"bad-port", quote(text) + " is not a port", "write a number from 1 to 65535"});
  }
}

void set_target(const Target& target, std::string_view text) {
  if (auto read = read_target(text)) {
    listener(target).target = std::move(*read);
  } else {
    target.complain(read.error());
  }
}

void set_username(const Target& target, std::string_view text) {
  target.draft->username = text;
}

void set_password(const Target& target, std::string_view text) {
  target.draft->password = text;
}

void set_credentials_file(const Target& target, std::string_view text) {
  const auto found = path_beside(std::string(text), target.file, target.sources.variable);
  if (!found) {
    target.complain({"no-credentials", "systemd gave no credentials, so %d is no folder",
                     "write LoadCredential= in the unit, or write the path of a file here"});
    return;
  }
  const std::string& path = *found;
  auto file = target.sources.file(path);
  if (!file) {
    target.complain(
        unreadable(path, file.error(), "write the path of a file with lines of USER:PASSWORD"));
    return;
  }
  auto users = read_credentials(*file);
  wipe(*file);
  if (!users) {
    target.complain(
        {"bad-credentials", shown_path(path) + ": " + users.error().what, users.error().cure});
    return;
  }
  std::ranges::move(*users, std::back_inserter(listener(target).credentials));
}

void set_certificate_file(const Target& target, std::string_view text) {
  set_file(target, listener(target).certificate_file, text);
}

void set_key_file(const Target& target, std::string_view text) {
  set_file(target, listener(target).key_file, text);
}

// What is not positive is never, as with wireproxy.
void set_inactivity(const Target& target, std::string_view text) {
  const auto seconds = parse_int(text);
  constexpr std::int64_t kMost = 31'536'000;
  if (!seconds || *seconds > kMost) {
    target.complain({"bad-number", quote(text) + " is not a time in seconds",
                     "write seconds without a unit, up to 31536000 (a year), or 0 for never"});
    return;
  }
  listener(target).inactivity = std::chrono::seconds(std::max<std::int64_t>(0, *seconds));
}

void add_allowed_from(const Target& target, std::string_view text) {
  if (text.find_first_not_of(", ") == text.npos) {
    // Else a list that a variable left empty would let everybody in.
    target.complain({"no-value", "AllowFrom names nobody",
                     "write addresses or prefixes, or remove the line to let everybody in"});
  }
  for (const config::Item& item : config::split_at_commas(text)) {
    if (item.text.empty()) continue;
    if (const auto read = config::read_address_and_length(item.text)) {
      listener(target).allowed.emplace_back(read->address, read->length);
    } else {
      Target part = target;
      part.at.column += static_cast<std::uint32_t>(item.offset);
      part.size = item.text.size();
      part.complain(read.error());
    }
  }
}

void add_reachable(const Target& target, std::string_view text) {
  for (const config::Item& item : config::split_at_commas(text)) {
    if (item.text.empty()) continue;
    if (const auto read = read_reachable(item.text)) {
      listener(target).reachable.push_back(*read);
    } else {
      Target part = target;
      part.at.column += static_cast<std::uint32_t>(item.offset);
      part.size = item.text.size();
      part.complain(read.error());
    }
  }
  if (text.find_first_not_of(", ") != text.npos) return;
  target.complain({"no-value", "Allow names nothing",
                   "write what peers may reach, as in 10.1.0.0/16:443, or remove the section"});
}

void set_socket_mode(const Target& target, std::string_view text) {
  if (const auto mode = read_mode(text)) {
    target.draft->socket_mode = *mode;
  } else {
    target.complain(mode.error());
  }
}

void set_strategy(const Target& target, std::string_view text) {
  using Strategy = Resolving::Strategy;
  constexpr std::pair<std::string_view, Strategy> kWords[] = {{"", Strategy::kAuto},
                                                              {"auto", Strategy::kAuto},
                                                              {"ipv4", Strategy::kIpv4},
                                                              {"ipv6", Strategy::kIpv6}};
  for (const auto& [word, strategy] : kWords) {
    if (!config::equal_but_for_case(word, text)) continue;
    target.config.resolving.strategy = strategy;
    return;
  }
  target.complain({"bad-strategy", quote(text) + " is not a strategy", "write auto, ipv4 or ipv6"});
}

void set_resolve_by(const Target& target, std::string_view text) {
  if (config::equal_but_for_case(text, "tunnel")) {
    target.config.resolving.by = Resolving::By::kTunnel;
  } else if (config::equal_but_for_case(text, "system")) {
    target.config.resolving.by = Resolving::By::kSystem;
  } else {
    target.complain({"bad-resolver", quote(text) + " is neither tunnel nor system",
                     "write tunnel, to ask the servers of DNS, or system, to ask this host"});
  }
}

}  // namespace wring::proxy
