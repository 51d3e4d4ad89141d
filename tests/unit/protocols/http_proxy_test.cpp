// What a proxy of HTTP passes on, and what it answers itself.
#include "protocols/http_proxy.h"

#include <gtest/gtest.h>

#include <string>

namespace wring::proxy {
namespace {

using Wish = Protocol::Wish;

struct Outcome {
  Protocol::Step step;
  std::string forwarded;
};

Outcome take(std::string input, CheckCredentials check = {}) {
  HttpProxy protocol(std::move(check));
  Outcome outcome;
  outcome.step = protocol.take(input);
  outcome.forwarded = input;
  return outcome;
}

TEST(HttpProxy, ConnectTakesTheHeadAndNothingElse) {
  const auto all = take("CONNECT a.example:8443 HTTP/1.1\r\nHost: a.example\r\n\r\nhello");
  EXPECT_EQ(all.step.wish, Wish::kConnect);
  EXPECT_EQ(all.step.target, (config::HostPort{"a.example", 8443}));
  EXPECT_EQ(all.step.limit, std::nullopt);
  EXPECT_EQ(all.forwarded, "hello");
  EXPECT_EQ(take("CONNECT a HTTP/1.1\r\n\r\n").step.target.port, 443);
}

TEST(HttpProxy, ARequestGoesOnAsItsServerWantsIt) {
  const auto all = take(
      "GET http://a.example/x?y=1 HTTP/1.1\r\nHost: other\r\nProxy-Authorization: Basic eDp5\r\n"
      "Proxy-Connection: keep-alive\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nAccept: */*\r\n"
      "\r\n");
  EXPECT_EQ(all.step.target, (config::HostPort{"a.example", 80}));
  EXPECT_EQ(all.forwarded,
            "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(all.step.limit, 0U);
}

TEST(HttpProxy, WhatIsBehindTheBodyIsNotForThisServer) {
  const std::string head = "POST http://a/ HTTP/1.1\r\nContent-Length: 4\r\n\r\n";
  const auto more = take(head + "bodyGET http://b/ HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(more.forwarded.ends_with("\r\n\r\nbody"));
  EXPECT_EQ(more.step.limit, 0U);
  EXPECT_EQ(take(head + "bo").step.limit, 2U);
}

TEST(HttpProxy, WhatIsBehindTheLastChunkIsNotForThisServer) {
  const std::string head = "POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto whole = take(head + "1\r\na\r\n0\r\n\r\nGET http://b/ HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(whole.forwarded.ends_with("\r\n\r\n1\r\na\r\n0\r\n\r\n"));
  EXPECT_EQ(whole.step.limit, 0U);
  const auto part = take(head + "5\r\nabc");
  EXPECT_TRUE(part.forwarded.ends_with("\r\n\r\n5\r\nabc"));
  ASSERT_TRUE(part.step.body);
  EXPECT_EQ(part.step.body->data_left(), 2U);
  EXPECT_TRUE(take(head + "-1\r\n").step.reply.starts_with("HTTP/1.1 400 "));
}

TEST(HttpProxy, AnUpgradeGoesThrough) {
  const auto all =
      take("GET http://a/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(all.forwarded.ends_with("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_EQ(all.step.limit, std::nullopt);
}

// A server that declines it would keep the connection, and get the next request as well.
TEST(HttpProxy, NoOtherProtocolIsAskedFor) {
  const auto all = take(
      "GET http://a/ HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AA\r\n\r\n");
  EXPECT_TRUE(all.forwarded.ends_with("Connection: close\r\n\r\n"));
  EXPECT_EQ(all.forwarded.find("h2c"), std::string::npos);
  EXPECT_EQ(all.step.limit, 0U);
}

TEST(HttpProxy, TheHostFieldServesWithoutAnAbsoluteTarget) {
  const auto all = take("GET /p HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  EXPECT_EQ(all.step.target, (config::HostPort{"a.example", 8080}));
}

TEST(HttpProxy, FramingCannotBeDeclaredHopByHop) {
  const auto all =
      take("POST http://a/ HTTP/1.1\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_NE(all.forwarded.find("Content-Length: 2\r\n"), std::string::npos);
}

TEST(HttpProxy, WhatIsNoTargetIsRefused) {
  for (const char* const bad : {"GET https://a/ HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                                "GET http:/// HTTP/1.1\r\n\r\n", "CONNECT / HTTP/1.1\r\n\r\n"}) {
    const auto all = take(bad);
    EXPECT_EQ(all.step.wish, Wish::kClose) << bad;
    EXPECT_TRUE(all.step.reply.starts_with("HTTP/1.1 400 ")) << bad;
  }
}

TEST(HttpProxy, AsksForCredentials) {
  const CheckCredentials check = [](std::string_view username, std::string_view password) {
    return username == "me" && password == "a:b";
  };
  const std::string head = "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: ";
  EXPECT_EQ(take(head + "basic bWU6YTpi\r\n\r\n", check).step.wish, Wish::kConnect);
  for (const char* const bad : {"Basic bWU6YTpj", "Basic ?", "Basic bWU=", "Bearer bWU6YTpi", ""}) {
    const auto refused = take(head + bad + "\r\n\r\n", check);
    EXPECT_EQ(refused.step.refusal, Refusal::kCredentials) << bad;
    EXPECT_TRUE(refused.step.reply.starts_with("HTTP/1.1 407 ")) << bad;
    EXPECT_NE(refused.step.reply.find("Proxy-Authenticate: Basic realm=\"Proxy\"\r\n"),
              std::string::npos);
  }
}

TEST(HttpProxy, AHeadWithoutEndIsTooLarge) {
  const auto all = take("GET http://a/ HTTP/1.1\r\nA: " + std::string(Protocol::kMaxInput, 'b'));
  EXPECT_TRUE(all.step.reply.starts_with("HTTP/1.1 431 "));
}

}  // namespace
}  // namespace wring::proxy
