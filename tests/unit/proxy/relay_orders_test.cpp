// Orders arrive as they were given.
#include "proxy/relay_orders.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

TEST(RelayOrders, ArriveAsTheyWereGiven) {
  ProxyConfig config;
  config.tunnel.interface.addresses.push_back({{*IpAddress::parse("10.0.0.2"), 32}, {}});
  config.tunnel.interface.dns_servers.push_back({*IpAddress::parse("fd00::1"), {}});
  config.tunnel.peers.emplace_back().allowed_ips.push_back({*IpPrefix::parse("::/0"), {}, {}});
  config.check_alive = {*IpAddress::parse("1.1.1.1")};
  config.check_alive_interval = std::chrono::seconds(9);
  config.resolving = {Resolving::Strategy::kIpv6, Resolving::By::kSystem};
  Listener& listener = config.listeners.emplace_back();
  listener.kind = Listener::Kind::kHttp;
  listener.bind.text = "unix:/a";
  listener.target = {"name", 80};
  listener.credentials = {{"me", std::string("\xff\0:\"", 4)}};
  listener.allowed = {*IpPrefix::parse("10.0.0.0/8")};
  listener.inactivity = std::chrono::seconds(5);
  listener.place = 4;
  RelayOrders orders = orders_without_tls(config);
  orders.sockets[0] = 2;
  orders.tls[0].certificate = "pem";
  const std::string text = write_orders(orders);

  const auto read = read_orders(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(write_orders(*read), text);
  const Listener& same = read->config.listeners.at(0);
  EXPECT_EQ(same.credentials.at(0).password, listener.credentials[0].password);
  EXPECT_EQ(same.kind, Listener::Kind::kHttp);
  EXPECT_EQ(same.target, listener.target);
  EXPECT_EQ(same.allowed, listener.allowed);
  EXPECT_EQ(same.inactivity, listener.inactivity);
  EXPECT_EQ(same.place, 4U);
  EXPECT_EQ(read->sockets.at(0), 2U);
  EXPECT_EQ(read->config.check_alive, config.check_alive);
}

TEST(RelayOrders, NoKeyOfTheTunnelIsAmongThem) {
  ProxyConfig config;
  Bytes<32> bytes;
  bytes.fill('Z');
  config.tunnel.interface.private_key.emplace(PrivateKey(bytes), config::Position{});
  EXPECT_EQ(write_orders(orders_without_tls(config)).find("ZZZZ"), std::string::npos);
}

TEST(RelayOrders, WhatIsNoneIsRefused) {
  EXPECT_FALSE(read_orders(""));
  EXPECT_FALSE(read_orders("\xa0"));
  const std::string text = write_orders(orders_without_tls({}));
  EXPECT_FALSE(read_orders(std::string_view(text).substr(0, text.size() - 1)));
}

}  // namespace
}  // namespace wring::proxy
