#include "proxyconfig/reader.h"

#include <gmock/gmock.h>

#include "reading.h"

namespace wring::proxy {
namespace {

using test::found;
using test::kPrivate;
using test::kTunnel;
using test::read;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kSocks5 = "[Socks5]\nBindAddress = 127.0.0.1:1080\n";  // lines 7 and 8

Listener only(const std::string& text, const test::Outside& outside = {}) {
  Reading reading = read(kTunnel + text, outside);
  EXPECT_FALSE(reading.has_errors()) << messages_of(reading, true);
  EXPECT_EQ(reading.config.listeners.size(), 1U);
  return reading.config.listeners.at(0);
}

TEST(Reader, has_wireproxys_defaults) {
  const Reading reading = read(kTunnel);
  ASSERT_FALSE(reading.has_errors());
  const ProxyConfig& config = reading.config;
  EXPECT_EQ(config.tunnel.interface.mtu->value, 1420U);
  EXPECT_FALSE(config.tunnel.interface.listen_port);
  EXPECT_EQ(config.check_alive_interval.count(), 5);
  EXPECT_EQ(config.resolving.strategy, Resolving::Strategy::kAuto);
  EXPECT_FALSE(config.tunnel.peers[0].keepalive_s);
  ASSERT_EQ(config.tunnel.peers[0].allowed_ips.size(), 2U);
  EXPECT_EQ(to_string(config.tunnel.peers[0].allowed_ips[0].prefix), "0.0.0.0/0");
  EXPECT_EQ(to_string(config.tunnel.peers[0].allowed_ips[1].prefix), "::/0");
}

TEST(Reader, asks_the_tunnels_resolver_if_there_is_dns) {
  EXPECT_EQ(read(kTunnel).config.resolving.by, Resolving::By::kSystem);
  const std::string with_dns = "[Interface]\nDNS = 10.0.0.1\nPrivateKey = " + kPrivate +
                               "\n[Peer]\nPublicKey = " + test::kPeer + "\n";
  EXPECT_EQ(read(with_dns).config.resolving.by, Resolving::By::kTunnel);
  EXPECT_EQ(read(with_dns + "[Resolve]\nResolveBy = system\n").config.resolving.by,
            Resolving::By::kSystem);
}

TEST(Reader, keeps_listeners_in_the_order_of_the_file) {
  const Reading reading = read(kTunnel + "[http]\nBindAddress = :8080\n" + kSocks5 +
                               "[TCPServerTunnel]\nListenPort = 80\nTarget = localhost:8080\n");
  ASSERT_EQ(reading.config.listeners.size(), 3U);
  EXPECT_EQ(reading.config.listeners[0].kind, Listener::Kind::kHttp);
  EXPECT_EQ(reading.config.listeners[0].bind.host, "");
  EXPECT_EQ(reading.config.listeners[0].bind.port, 8080);
  EXPECT_EQ(reading.config.listeners[1].at, (config::Position{9, 1}));
  EXPECT_EQ(reading.config.listeners[2].listen_port, 80);
}

TEST(Reader, takes_a_unix_socket_with_its_mode) {
  const Listener one = only("[Socks5]\nSocketMode = 0660\nBindAddress = unix:/run/a.sock\n");
  EXPECT_EQ(one.bind.kind, BindAddress::Kind::kUnix);
  EXPECT_EQ(one.bind.path, "/run/a.sock");
  EXPECT_EQ(one.bind.mode, 0660U);
  EXPECT_EQ(only("[Socks5]\nBindAddress = unix:/run/a.sock\n").bind.mode, 0600U);
}

TEST(Reader, takes_a_socket_that_systemd_handed_in) {
  const Listener one = only("[http]\nBindAddress = systemd:proxy\n");
  EXPECT_EQ(one.bind.kind, BindAddress::Kind::kHandedIn);
  EXPECT_EQ(one.bind.name, "proxy");
  // A port of a host is what wireproxy takes that for.
  EXPECT_EQ(only("[http]\nBindAddress = systemd:8080\n").bind.port, 8080);
}

TEST(Reader, adds_up_an_allow_list) {
  const Listener one = only(kSocks5 + "AllowFrom = 10.1.2.3/8, 127.0.0.1\nAllowFrom = ::1\n");
  ASSERT_EQ(one.allowed.size(), 3U);
  EXPECT_EQ(to_string(one.allowed[0]), "10.0.0.0/8");
  EXPECT_EQ(to_string(one.allowed[2]), "::1/128");
}

TEST(Reader, an_allow_list_that_a_variable_left_empty_is_an_error) {
  const test::Outside outside{{{"WHO", ""}}, {}};
  EXPECT_THAT(found(kTunnel + kSocks5 + "AllowFrom = $WHO\n", outside),
              ElementsAre("9:13 no-value"));
}

TEST(Reader, takes_users_from_a_file_beside_the_configuration) {
  const test::Outside outside{{}, {{"/etc/wring/users", "# two\npeter:a:b\n\nann:c\r\n"}}};
  const Reading reading =
      read(kTunnel + kSocks5 + "Username = own\nPassword = d\nCredentialsFile = users\n", outside,
           "/etc/wring/proxy.conf");
  ASSERT_FALSE(reading.has_errors()) << messages_of(reading, true);
  const auto& users = reading.config.listeners[0].credentials;
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(users[0].username, "peter");
  EXPECT_EQ(users[0].password, "a:b");
  EXPECT_EQ(users[1].password, "c");
  EXPECT_EQ(users[2].username, "own");
}

TEST(Reader, takes_users_from_a_credential_of_systemd) {
  test::Outside outside{{{"CREDENTIALS_DIRECTORY", "/run/cred"}}, {{"/run/cred/users", "a:b\n"}}};
  EXPECT_EQ(only(kSocks5 + "CredentialsFile = %d/users\n", outside).credentials.size(), 1U);
  outside.variables.clear();
  EXPECT_THAT(found(kTunnel + kSocks5 + "CredentialsFile = %d/users\n", outside),
              ElementsAre("9:19 no-credentials"));
}

TEST(Reader, a_file_without_users_never_means_that_nobody_is_asked) {
  const test::Outside outside{{}, {{"users", "# nobody\n"}}};
  EXPECT_THAT(found(kTunnel + kSocks5 + "CredentialsFile = users\n", outside),
              ElementsAre("9:19 bad-credentials"));
}

TEST(Reader, takes_a_key_from_a_file_beside_the_one_that_names_it) {
  const std::string tunnel =
      "[Interface]\nPrivateKeyFile = wg.key\n[Peer]\nPublicKey = " + test::kPeer + "\n";
  const test::Outside outside{{}, {{"sub/wg.conf", tunnel}, {"sub/wg.key", kPrivate + "\n"}}};
  const Reading reading = read("WGConfig = sub/wg.conf\n" + kSocks5, outside, "/etc/proxy.conf");
  ASSERT_FALSE(reading.has_errors()) << messages_of(reading, true);
  EXPECT_EQ(reading.config.tunnel.interface.private_key->value.reveal()[0], 0xc8);
}

TEST(Reader, a_bare_wgconfig_lies_beside_the_configuration_and_a_path_counts_from_here) {
  test::Outside outside{{}, {{"/etc/wring/wg.conf", kTunnel}, {"./wg.conf", kTunnel}}};
  EXPECT_FALSE(read("WGConfig = wg.conf\n", outside, "/etc/wring/p.conf").has_errors());
  EXPECT_FALSE(read("WGConfig = ./wg.conf\n", outside, "/etc/wring/p.conf").has_errors());
  EXPECT_TRUE(read("WGConfig = wg.conf\n", outside, "/etc/p.conf").has_errors());
}

TEST(Reader, a_mistake_in_the_other_file_names_that_file) {
  const test::Outside outside{{}, {{"wg.conf", "[Interface]\nMTU = 1\n[Peer]\n"}}};
  const std::string messages = messages_of(read("WGConfig = wg.conf\n", outside), true);
  EXPECT_THAT(messages, HasSubstr("wg.conf:2:7: error: '1' is not an MTU"));
  EXPECT_THAT(messages, HasSubstr("wg.conf:3:1: error: this peer has no PublicKey"));
}

TEST(Reader, expands_a_reference_within_a_value_of_the_tunnel_only) {
  const test::Outside outside{{{"HOST", "vpn.example.com"}}, {}};
  const Reading reading =
      read("[Interface]\nPrivateKey = " + kPrivate + "\n[Peer]\nPublicKey = " + test::kPeer +
               "\nEndpoint = ${HOST}:51820\n" + kSocks5 + "Username = a${HOST}\nPassword = b\n",
           outside);
  ASSERT_FALSE(reading.has_errors()) << messages_of(reading, true);
  EXPECT_EQ(reading.config.tunnel.peers[0].endpoint->value.host, "vpn.example.com");
  EXPECT_EQ(reading.config.listeners[0].credentials[0].username, "a${HOST}");
}

TEST(Reader, one_port_of_tcp_and_udp_is_no_conflict) {
  EXPECT_THAT(found(kTunnel + "[TCPClientTunnel]\nBindAddress = :53\nTarget = 10.0.0.1:53\n"
                              "[UDPProxyTunnel]\nBindAddress = :53\nTarget = 10.0.0.1:53\n"
                              "[TCPServerTunnel]\nListenPort = 53\nTarget = a:53\n"
                              "[UDPServerTunnel]\nListenPort = 53\nTarget = a:53\n"),
              IsEmpty());
}

TEST(Reader, references_that_grow_without_end_are_an_error) {
  std::string text = kTunnel + kSocks5 + "Username = %(a0)s\n";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "%(a" + std::to_string(i + 1) + ")s";
    text += "a" + std::to_string(i) + " = " + next + next + "\n";
  }
  text += "a40 = xxxxxxxxxxxxxxxx\n";
  EXPECT_THAT(found(text), testing::Contains("9:12 too-long"));
}

TEST(Reader, knows_whether_a_secret_is_written_in_the_file_itself) {
  const test::Outside outside{{{"KEY", kPrivate}}, {{"wg.conf", kTunnel}}};
  const std::string without = "[Interface]\nPrivateKey = $KEY\n[Peer]\nPublicKey = " + test::kPeer +
                              "\nPresharedKey = ${KEY}\n";
  EXPECT_FALSE(read(without, outside).files[0].holds_secret);
  EXPECT_TRUE(read(without + kSocks5 + "Password = $$a\n", outside).files[0].holds_secret);
  const Reading both = read("WGConfig = wg.conf\n", outside);
  EXPECT_FALSE(both.files[0].holds_secret);
  EXPECT_TRUE(both.files[1].holds_secret);
}

TEST(Reader, shows_no_secret_in_any_message) {
  const std::string text =
      "[Interface]\nPrivateKey = " + kPrivate + "x\nMTU = 1\n[Peer]\nPublicKey = " + test::kPeer +
      "\nPresharedKey = short" + test::kPsk +
      "\n[Socks5]\nBindAddress = :1\nPassword = $hunter2\nPasswrd = hunter2\n"
      "[http]\nBindAddress = :2\nUsername = \"hunter2;x\"\nPassword = `hunter2\n";
  const std::string messages = messages_of(read(text), true);
  EXPECT_THAT(messages, HasSubstr("9 | Password = ...\n"));
  EXPECT_THAT(messages, HasSubstr("10 | Passwrd\n"));
  EXPECT_THAT(messages, Not(HasSubstr("hunter2")));
  EXPECT_THAT(messages, Not(HasSubstr(kPrivate.substr(0, 10))));
  EXPECT_THAT(messages, Not(HasSubstr(test::kPsk.substr(0, 10))));
}

}  // namespace
}  // namespace wring::proxy
