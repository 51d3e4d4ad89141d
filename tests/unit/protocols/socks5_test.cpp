// SOCKS 5, byte by byte as RFC 1928 and RFC 1929 have it.
#include "protocols/socks5.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace wring::proxy {
namespace {

using Wish = Protocol::Wish;
using std::string_literals::operator""s;

constexpr std::string_view kRequest{"\5\1\0\1\xc0\0\2\1\0\x50", 10};

CheckCredentials only_me() {
  return [](std::string_view username, std::string_view password) {
    return username == "me" && password == "word";
  };
}

TEST(Socks5, ARequestInOneGo) {
  Socks5 protocol({});
  std::string input = "\5\2\0\1"s + std::string(kRequest) + "data";
  const auto step = protocol.take(input);
  EXPECT_EQ(step.wish, Wish::kConnect);
  EXPECT_EQ(step.target, (config::HostPort{"192.0.2.1", 80}));
  EXPECT_EQ(step.reply, "\5\0"s);
  EXPECT_EQ(input, "data");
}

TEST(Socks5, ARequestByteByByte) {
  Socks5 protocol(only_me());
  const std::string all = "\5\1\2"s + "\1\2me\4word" + "\5\1\0\3\4host\1\xbb"s;
  std::string input;
  std::string replies;
  for (std::size_t i = 0; i < all.size(); ++i) {
    input += all[i];
    const auto step = protocol.take(input);
    replies += step.reply;
    ASSERT_EQ(step.wish, i + 1 < all.size() ? Wish::kMore : Wish::kConnect) << i;
    if (i + 1 == all.size()) {
      EXPECT_EQ(step.target, (config::HostPort{"host", 443}));
    }
  }
  EXPECT_EQ(replies, "\5\2\1\0"s);
}

TEST(Socks5, AnAddressOfIpv6) {
  Socks5 protocol({});
  std::string input = "\5\1\0\5\3\0\4"s + std::string(15, '\0') + "\1\0\x50"s;
  const auto step = protocol.take(input);
  EXPECT_EQ(step.wish, Wish::kAssociate);
  EXPECT_EQ(step.target, (config::HostPort{"::1", 80}));
}

TEST(Socks5, AWrongPasswordClosesWithAnAnswer) {
  Socks5 protocol(only_me());
  std::string input = "\5\1\2\1\2me\4wort";
  const auto step = protocol.take(input);
  EXPECT_EQ(step.wish, Wish::kClose);
  EXPECT_EQ(step.reply, "\5\2\1\1"s);
  EXPECT_EQ(step.refusal, Refusal::kCredentials);
}

TEST(Socks5, ANameOfNoBytesOrWithAZeroIsNone) {
  for (const std::string& name : {"\0"s, "\3a\0b"s}) {
    Socks5 protocol({});
    std::string input = "\5\1\0\5\1\0\3"s + name + "\0\x50"s;
    EXPECT_EQ(protocol.take(input).wish, Wish::kClose);
  }
}

TEST(Socks5, RepliesNameTheReason) {
  Socks5 protocol({});
  std::string input = "\5\1\0"s + std::string(kRequest);
  ASSERT_EQ(protocol.take(input).wish, Wish::kConnect);
  EXPECT_EQ(protocol.refused(Refusal::kUnreachable)[1], 3);
  EXPECT_EQ(protocol.refused(Refusal::kName)[1], 4);
  EXPECT_EQ(protocol.refused(Refusal::kRefused)[1], 5);
  EXPECT_EQ(protocol.refused(Refusal::kFull)[1], 1);
  const Endpoint at = endpoint_at(*IpAddress::parse("10.9.0.2"), 258);
  EXPECT_EQ(protocol.granted(at), "\5\0\0\1\x0a\x09\0\2\1\2"s);
}

TEST(SocksDatagram, IsReadAndWritten) {
  const std::string all = "\0\0\0\1\x0a\x09\0\1\0\x35payload"s;
  const auto read = read_socks_datagram(all);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->to, (config::HostPort{"10.9.0.1", 53}));
  EXPECT_EQ(read->payload, "payload");
  EXPECT_EQ(socks_datagram_head(endpoint_at(*IpAddress::parse("10.9.0.1"), 53)),
            "\0\0\0\1\x0a\x09\0\1\0\x35"s);
}

TEST(SocksDatagram, AFragmentOrOneThatIsCutIsNone) {
  const std::string whole = "\0\0\0\1\x0a\x09\0\1\0\x35"s;
  EXPECT_FALSE(read_socks_datagram("\0\0\1\1\x0a\x09\0\1\0\x35payload"s));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_socks_datagram(std::string_view(whole).substr(0, size))) << size;
}

}  // namespace
}  // namespace wring::proxy
