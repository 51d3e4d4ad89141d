// Writes sections, in the order of the table of keys.
#include "config/printer.h"

#include <algorithm>

#include "crypto/key_text.h"

namespace wring::config {
namespace {

class Printer {
 public:
  // Begins anew in memory that does not move, so that no copy of a key is left behind.
  explicit Printer(std::size_t size) { text_.reserve(size); }

  void section(std::string_view name) {
    if (!text_.empty()) text_ += '\n';
    text_ += name;
    text_ += '\n';
  }
  void entry(std::string_view key, std::string_view value) {
    text_ += key;
    text_ += " = ";
    text_ += value;
    text_ += '\n';
  }
  void entry(std::string_view key, const std::optional<Located<std::string>>& value) {
    if (value) entry(key, value->value);
  }
  template <std::unsigned_integral T>
  void entry(std::string_view key, const std::optional<Located<T>>& value) {
    if (value) entry(key, std::to_string(value->value));
  }
  void key(std::string_view name, const Bytes<32>& bytes) { entry(name, KeyText(bytes).view()); }
  void unresolved(const TunnelConfig& config, std::optional<std::size_t> peer) {
    for (const Unresolved& value : config.unresolved) {
      if (value.peer == peer) entry(value.key, value.text);
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view name_of(Hook::Point point) {
  constexpr std::string_view kNames[] = {"PreUp", "PostUp", "PreDown", "PostDown"};
  return kNames[static_cast<std::size_t>(point)];
}

std::string written(const AllowedIp& allowed) {
  using Sign = AllowedIp::Sign;
  std::string text;
  if (allowed.sign == Sign::kPlus) text = "+";
  if (allowed.sign == Sign::kMinus) text = "-";
  text += to_string(allowed.prefix);
  return text;
}

std::string written(const InterfaceAddress& address) {
  const std::string text = to_string(address.address);
  return address.length_given ? text + '/' + std::to_string(address.length) : text;
}

void print_allowed_ips(Printer& printer, const Peer& peer) {
  // Whether they replace what the peer had depends on the signs in the last line.
  const bool a_line_each =
      peer.replaces_allowed_ips &&
      std::any_of(peer.allowed_ips.begin(), peer.allowed_ips.end(),
                  [](const AllowedIp& allowed) { return allowed.sign != AllowedIp::Sign::kNone; });
  std::string list;
  for (const AllowedIp& allowed : peer.allowed_ips) {
    if (a_line_each) {
      printer.entry("AllowedIPs", written(allowed));
    } else {
      if (!list.empty()) list += ", ";
      list += written(allowed);
    }
  }
  if (!list.empty()) printer.entry("AllowedIPs", list);
}

void print_interface(Printer& printer, const Interface& interface) {
  if (interface.private_key && !interface.private_key_file) {
    printer.key("PrivateKey", interface.private_key->value.reveal());
  }
  printer.entry("PrivateKeyFile", interface.private_key_file);
  printer.entry("ListenPort", interface.listen_port);
  printer.entry("FwMark", interface.fwmark);
  for (const auto& address : interface.addresses) {
    printer.entry("Address", written(address.value));
  }
  for (const auto& server : interface.dns_servers) {
    printer.entry("DNS", to_string(server.value));
  }
  for (const auto& domain : interface.dns_search) {
    printer.entry("DNS", domain.value);
  }
  printer.entry("MTU", interface.mtu);
  if (interface.table) printer.entry("Table", to_string(interface.table->value));
  for (const Hook& hook : interface.hooks) {
    printer.entry(name_of(hook.point), hook.command);
  }
  if (interface.save_config) {
    printer.entry("SaveConfig", interface.save_config->value ? "true" : "false");
  }
}

void print_peer(Printer& printer, const Peer& peer) {
  if (!peer.name.empty()) printer.entry("# friendly_name", peer.name);
  if (peer.public_key) printer.key("PublicKey", peer.public_key->value.bytes);
  if (peer.preshared_key && !peer.preshared_key_file) {
    printer.key("PresharedKey", peer.preshared_key->value.reveal());
  }
  printer.entry("PresharedKeyFile", peer.preshared_key_file);
  print_allowed_ips(printer, peer);
  if (peer.endpoint) printer.entry("Endpoint", to_string(peer.endpoint->value));
  printer.entry("PersistentKeepalive", peer.keepalive_s);
}

// More bytes than the text of the configuration takes.
std::size_t size_bound(const TunnelConfig& config) {
  constexpr std::size_t kLine = 80;  // with a key, a prefix or a number
  std::size_t lines = 16 + config.interface.addresses.size() + config.interface.dns_servers.size();
  std::size_t bytes = 0;
  const auto add = [&](std::string_view text) { bytes += kLine + text.size(); };
  for (const auto& domain : config.interface.dns_search) {
    add(domain.value);
  }
  for (const Hook& hook : config.interface.hooks) {
    add(hook.command);
  }
  for (const Unresolved& value : config.unresolved) {
    add(value.text);
  }
  if (const auto& file = config.interface.private_key_file) add(file->value);
  for (const Peer& peer : config.peers) {
    lines += 6 + peer.allowed_ips.size();
    add(peer.name);
    if (peer.endpoint) add(peer.endpoint->value.host);
    if (peer.preshared_key_file) add(peer.preshared_key_file->value);
  }
  return bytes + kLine * lines;
}

}  // namespace

std::string to_string(const HostPort& endpoint) {
  const bool v6 = endpoint.host.find(':') != endpoint.host.npos;
  return (v6 ? '[' + endpoint.host + ']' : endpoint.host) + ':' + std::to_string(endpoint.port);
}

std::string to_string(const RoutingTable& table) {
  switch (table.kind) {
    case RoutingTable::Kind::kAuto:
      return "auto";
    case RoutingTable::Kind::kOff:
      return "off";
    case RoutingTable::Kind::kNumber:
      return std::to_string(table.number);
    case RoutingTable::Kind::kName:
      break;
  }
  return table.name;
}

std::string print(const TunnelConfig& config) {
  Printer printer(size_bound(config));
  printer.section("[Interface]");
  print_interface(printer, config.interface);
  printer.unresolved(config, std::nullopt);
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    printer.section("[Peer]");
    print_peer(printer, config.peers[i]);
    printer.unresolved(config, i);
  }
  return printer.take();
}

}  // namespace wring::config
