// Pages for those who watch.
#include "proxy/figures.h"

#include <gtest/gtest.h>

#include <memory>

#include "proxy/tunnel_figures.h"

namespace wring::proxy {
namespace {

TEST(Figures, ALineForEachListener) {
  Listener socks;
  socks.bind.text = "127.0.0.1:1080";
  Listener server;
  server.kind = Listener::Kind::kTcpServer;
  server.listen_port = 80;
  server.place = 1;
  const auto shared = std::make_unique<Shared>();
  shared->listeners[0].opened = 3;
  shared->listeners[1].count(Refusal::kTimeOut);
  const std::string page = listener_figures({socks, server}, *shared);
  for (const char* const line :
       {"# TYPE wring_proxy_connections_total counter\n",
        "wring_proxy_connections_total{section=\"Socks5\",listener=\"127.0.0.1:1080\"} 3\n",
        "wring_proxy_refused_total{section=\"TCPServerTunnel\",listener=\"80\",reason=\"time_out\"}"
        " "
        "1\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

TEST(Readiness, EachAddressHasToAnswerInTime) {
  ProxyConfig config;
  const auto shared = std::make_unique<Shared>();
  EXPECT_TRUE(readiness(config, *shared, 1000, {}).ready);
  EXPECT_EQ(readiness(config, *shared, 1000, {}).text, "{}\n");
  config.check_alive = {*IpAddress::parse("1.1.1.1"), *IpAddress::parse("::1")};
  shared->pongs[0] = 993;
  EXPECT_FALSE(readiness(config, *shared, 1000, {}).ready);
  shared->pongs[1] = 1000;
  EXPECT_TRUE(readiness(config, *shared, 1000, {}).ready);
  EXPECT_EQ(readiness(config, *shared, 1000, {}).text, "{\"1.1.1.1\":993,\"::1\":1000}\n");
  EXPECT_FALSE(readiness(config, *shared, 1001, {}).ready);
}

TEST(Readiness, AnOldHandshakeIsAReasonAgainstIt) {
  ProxyConfig config;
  const auto shared = std::make_unique<Shared>();
  EXPECT_EQ(readiness(config, *shared, 1000, {false, {}}).text, "{\"handshake\":0}\n");
  config.check_alive = {*IpAddress::parse("1.1.1.1")};
  shared->pongs[0] = 1000;
  const auto old = readiness(config, *shared, 1000, {false, WallTime{std::chrono::seconds(700)}});
  EXPECT_FALSE(old.ready);
  EXPECT_EQ(old.text, "{\"1.1.1.1\":1000,\"handshake\":700}\n");
}

TEST(TunnelFigures, AreThoseOfTheExporter) {
  client::InterfaceState state;
  state.name = "wg0";
  state.peers.resize(1);
  state.peers[0].tx_bytes = 5;
  const WallTime now{std::chrono::seconds(1000)};
  const std::string page = tunnel_figures(std::move(state), std::chrono::milliseconds(2), now);
  for (const char* const line :
       {"wring_up{interface=\"wg0\"} 1\n", "wring_ask_duration_seconds{interface=\"wg0\"} 0.002",
        "# TYPE wireguard_sent_bytes_total counter\n", "allowed_ips=\"(none)\"} 5\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
  EXPECT_NE(tunnel_figures_without_answer("wg0", now).find("wring_up{interface=\"wg0\"} 0\n"),
            std::string::npos);
}

TEST(Uapi, SecretsAreTakenOut) {
  EXPECT_EQ(without_secret("private_key=ab"), "private_key=REDACTED");
  EXPECT_EQ(without_secret("preshared_key=cd"), "preshared_key=REDACTED");
  EXPECT_EQ(without_secret("listen_port=1"), "listen_port=1");
}

}  // namespace
}  // namespace wring::proxy
