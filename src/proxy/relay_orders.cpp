// A document of nlohmann's library, with names as short as the fields'.
#include "proxy/relay_orders.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace wring::proxy {
namespace {

using nlohmann::json;

// Text may be any bytes, which JSON's strings are not.
json bytes_of(const std::string& text) {
  return json::binary({text.begin(), text.end()});
}

std::string text_of(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

template <typename T>
json texts_of(const std::vector<T>& values) {
  json list = json::array();
  for (const T& each : values)
    list.push_back(to_string(each));
  return list;
}

template <typename T>
std::vector<T> values_of(const json& list) {
  std::vector<T> values;
  for (const json& each : list)
    values.push_back(T::parse(each.get<std::string>()).value());
  return values;
}

json listener_of(const RelayOrders& orders, std::size_t i) {
  const Listener& from = orders.config.listeners[i];
  json credentials = json::array();
  for (const Credentials& pair : from.credentials)
    credentials.push_back({bytes_of(pair.username), bytes_of(pair.password)});
  json reachable = json::array();
  for (const Reachable& each : from.reachable) {
    reachable.push_back({to_string(each.to), each.first_port, each.last_port, each.all_ports});
  }
  return {{"kind", from.kind},
          {"bind", bytes_of(from.bind.text)},
          {"port", from.listen_port},
          {"target", {bytes_of(from.target.host), from.target.port}},
          {"credentials", std::move(credentials)},
          {"allowed", texts_of(from.allowed)},
          {"inactivity", from.inactivity.count()},
          {"reachable", std::move(reachable)},
          {"place", from.place},
          {"socket", orders.sockets[i] ? json(*orders.sockets[i]) : json()},
          {"certificate", bytes_of(orders.tls[i].certificate)},
          {"key", bytes_of(orders.tls[i].key)}};
}

void add_listener(RelayOrders& orders, const json& from) {
  Listener& to = orders.config.listeners.emplace_back();
  to.kind = from.at("kind");
  to.bind.text = text_of(from.at("bind"));
  to.listen_port = from.at("port");
  to.target = {text_of(from.at("target").at(0)), from.at("target").at(1).get<std::uint16_t>()};
  for (const json& pair : from.at("credentials"))
    to.credentials.push_back({text_of(pair.at(0)), text_of(pair.at(1))});
  to.allowed = values_of<IpPrefix>(from.at("allowed"));
  for (const json& each : from.at("reachable")) {
    to.reachable.push_back({IpPrefix::parse(each.at(0).get<std::string>()).value(), each.at(1),
                            each.at(2), each.at(3)});
  }
  to.inactivity = std::chrono::seconds(from.at("inactivity").get<std::int64_t>());
  to.place = from.at("place");
  auto& socket = orders.sockets.emplace_back();
  if (!from.at("socket").is_null()) socket = from.at("socket").get<std::size_t>();
  TlsFiles& tls = orders.tls.emplace_back();
  tls.certificate = text_of(from.at("certificate"));
  tls.key = text_of(from.at("key"));
}

json tunnel_of(const config::TunnelConfig& from) {
  std::vector<IpAddress> addresses;
  std::vector<IpAddress> servers;
  for (const auto& each : from.interface.addresses)
    addresses.push_back(each.value.address);
  for (const auto& each : from.interface.dns_servers)
    servers.push_back(each.value);
  json peers = json::array();
  for (const config::Peer& peer : from.peers) {
    std::vector<IpPrefix> prefixes;
    for (const config::AllowedIp& each : peer.allowed_ips)
      prefixes.push_back(each.prefix);
    peers.push_back(texts_of(prefixes));
  }
  return {{"addresses", texts_of(addresses)},
          {"servers", texts_of(servers)},
          {"peers", std::move(peers)}};
}

void take_tunnel(config::TunnelConfig& to, const json& from) {
  for (const IpAddress& each : values_of<IpAddress>(from.at("addresses")))
    to.interface.addresses.push_back({{each, each.full_length()}, {}});
  for (const IpAddress& each : values_of<IpAddress>(from.at("servers")))
    to.interface.dns_servers.push_back({each, {}});
  for (const json& peer : from.at("peers")) {
    auto& allowed = to.peers.emplace_back().allowed_ips;
    for (const IpPrefix& each : values_of<IpPrefix>(peer))
      allowed.push_back({each, config::AllowedIp::Sign::kNone, {}});
  }
}

RelayOrders orders_in(const json& all) {
  RelayOrders orders;
  ProxyConfig& config = orders.config;
  take_tunnel(config.tunnel, all.at("tunnel"));
  config.check_alive = values_of<IpAddress>(all.at("check_alive"));
  config.check_alive_interval = std::chrono::seconds(all.at("interval").get<std::int64_t>());
  config.resolving = {all.at("strategy"), all.at("by")};
  for (const json& each : all.at("listeners"))
    add_listener(orders, each);
  return orders;
}

}  // namespace

RelayOrders orders_without_tls(const ProxyConfig& config) {
  RelayOrders orders;
  ProxyConfig& to = orders.config;
  to.tunnel.interface.addresses = config.tunnel.interface.addresses;
  to.tunnel.interface.dns_servers = config.tunnel.interface.dns_servers;
  for (const config::Peer& peer : config.tunnel.peers)
    to.tunnel.peers.emplace_back().allowed_ips = peer.allowed_ips;
  to.check_alive = config.check_alive;
  to.check_alive_interval = config.check_alive_interval;
  to.resolving = config.resolving;
  to.listeners = config.listeners;
  orders.sockets.resize(config.listeners.size());
  orders.tls.resize(config.listeners.size());
  return orders;
}

std::string write_orders(const RelayOrders& orders) {
  json listeners = json::array();
  for (std::size_t i = 0; i < orders.config.listeners.size(); ++i)
    listeners.push_back(listener_of(orders, i));
  const json all{{"tunnel", tunnel_of(orders.config.tunnel)},
                 {"check_alive", texts_of(orders.config.check_alive)},
                 {"interval", orders.config.check_alive_interval.count()},
                 {"strategy", orders.config.resolving.strategy},
                 {"by", orders.config.resolving.by},
                 {"listeners", std::move(listeners)}};
  std::string text;
  json::to_cbor(all, text);
  return text;
}

Result<RelayOrders> read_orders(std::string_view text) {
  try {
    return orders_in(json::from_cbor(text));
  } catch (const std::exception& wrong) {
    return failure(std::string("the relay does not understand what it is told: ") + wrong.what());
  }
}

}  // namespace wring::proxy
