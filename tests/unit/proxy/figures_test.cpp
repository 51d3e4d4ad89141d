// Pages for those who watch.
#include "proxy/figures.h"

#include <gtest/gtest.h>

#include <memory>

namespace wring::proxy {
namespace {

TEST(Figures, ALineForEachListener) {
  Listener socks;
  socks.bind.text = "127.0.0.1:1080";
  Listener server;
  server.kind = Listener::Kind::kTcpServer;
  server.listen_port = 80;
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
  EXPECT_TRUE(readiness(config, *shared, 1000).ready);
  EXPECT_EQ(readiness(config, *shared, 1000).text, "{}\n");
  config.check_alive = {*IpAddress::parse("1.1.1.1"), *IpAddress::parse("::1")};
  shared->pongs[0] = 993;
  EXPECT_FALSE(readiness(config, *shared, 1000).ready);
  shared->pongs[1] = 1000;
  EXPECT_TRUE(readiness(config, *shared, 1000).ready);
  EXPECT_EQ(readiness(config, *shared, 1000).text, "{\"1.1.1.1\":993,\"::1\":1000}\n");
  EXPECT_FALSE(readiness(config, *shared, 1001).ready);
}

TEST(Uapi, SecretsAreTakenOut) {
  EXPECT_EQ(without_secrets("private_key=ab\nlisten_port=1\npreshared_key=cd\n"),
            "private_key=REDACTED\nlisten_port=1\npreshared_key=REDACTED\n");
}

}  // namespace
}  // namespace wring::proxy
