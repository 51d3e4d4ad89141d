#include "client/tunnel_change.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "client/set_writer.h"
#include "config/parser.h"
#include "ip/endpoint_parse.h"
#include "tests/support/fake_device.h"

namespace wring::client {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kA = "ERERERERERERERERERERERERERERERERERERERERERE=";  // 0x11
const std::string kB = "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=";  // 0x22
const std::string kPrivate = "QEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

Result<Endpoint> resolve(const config::HostPort& endpoint) {
  if (endpoint.host == "unknown.example") return failure("unknown.example is unknown");
  return parse_endpoint(to_string(endpoint));
}

Result<ConfigChange> change(const std::string& text, ApplyMode mode = ApplyMode::kReplace) {
  const auto parsed = config::parse(text, "file", config::Dialect::kWg);
  EXPECT_FALSE(parsed.diagnostics.has_errors());
  return change_of(parsed.config, mode, resolve);
}

std::string text_of(const ConfigChange& change) {
  TextBuffer out(1U << 20);
  EXPECT_TRUE(write_set(change, out, []() -> Result<void> { return {}; }));
  return std::string(out.pending());
}

// What the device is once the file has been applied by setconf.
void configure(test::FakeDevice& device, const std::string& text) {
  ASSERT_EQ(device.configure(std::move(*change(text))), 0);
}

InterfaceState state_of(const test::FakeDevice& device) {
  InterfaceState state;
  state.device = device.describe_device();
  PeerCursor cursor;
  while (device.describe_peers(cursor, 100, state.peers)) {
  }
  return state;
}

ConfigChange left_of(const test::FakeDevice& device, const std::string& text) {
  return difference(std::move(*change(text)), state_of(device));
}

std::string peer(const std::string& key, const std::string& lines = "") {
  return "[Peer]\nPublicKey = " + key + "\n" + lines;
}

TEST(TunnelChangeTest, setconf_resets_what_the_file_does_not_have) {
  const std::string text = text_of(*change("[Interface]\n"));
  for (const char* line : {"\nlisten_port=0\n", "\nfwmark=0\n", "\nreplace_peers=true\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, HasSubstr("private_key=" + test::hex_key("00")));
}

TEST(TunnelChangeTest, addconf_leaves_what_the_file_does_not_have) {
  EXPECT_EQ(text_of(*change("[Interface]\n", ApplyMode::kAdd)), "set=1\n\n");
}

TEST(TunnelChangeTest, all_that_the_file_has_is_asked_for) {
  const auto made =
      change("[Interface]\nListenPort = 7\nFwMark = 0x10\nPrivateKey = " + kPrivate + "\n" +
                 peer(kA, "PresharedKey = " + kPrivate +
                              "\nAllowedIPs = 10.0.0.0/8, ::/0\n"
                              "Endpoint = 192.0.2.1:9\n"
                              "PersistentKeepalive = 25\n"),
             ApplyMode::kAdd);
  ASSERT_TRUE(made);
  EXPECT_EQ(text_of(*made), "set=1\nprivate_key=40" + test::hex_key("42").substr(2) +
                                "\nlisten_port=7\nfwmark=16\npublic_key=" + test::hex_key("11") +
                                "\npreshared_key=40" + test::hex_key("42").substr(2) +
                                "\nendpoint=192.0.2.1:9\npersistent_keepalive_interval=25\n"
                                "replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\n"
                                "allowed_ip=::/0\n\n");
}

TEST(TunnelChangeTest, a_name_that_is_unknown_fails_all_of_it) {
  const auto made = change(peer(kA) + peer(kB, "Endpoint = unknown.example:9\n"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "unknown.example is unknown");
}

const std::string kFull = "[Interface]\nListenPort = 7\nFwMark = 1\nPrivateKey = " + kPrivate +
                          "\n" +
                          peer(kA, "PresharedKey = " + kPrivate +
                                       "\nAllowedIPs = 10.0.0.0/8, ::/0\n"
                                       "Endpoint = 192.0.2.1:9\nPersistentKeepalive = 5\n") +
                          peer(kB, "AllowedIPs = 172.16.0.0/12\n");

TEST(TunnelChangeTest, a_file_that_says_what_is_there_leaves_nothing_to_do) {
  test::FakeDevice device;
  configure(device, kFull);
  EXPECT_TRUE(is_empty(left_of(device, kFull)));
  // The order of peers and prefixes, and a prefix that is named twice, make no difference.
  EXPECT_TRUE(
      is_empty(left_of(device, "[Interface]\nPrivateKey = " + kPrivate + "\nFwMark = 1\n" +
                                   peer(kB, "AllowedIPs = 172.16.0.0/12, 172.16.0.0/12\n") +
                                   peer(kA,
                                        "AllowedIPs = ::/0, 10.0.0.0/8\nPersistentKeepalive = 5\n"
                                        "PresharedKey = " +
                                            kPrivate + "\n"))));
}

TEST(TunnelChangeTest, each_difference_is_asked_for_alone) {
  test::FakeDevice device;
  configure(device, kFull);
  const auto differs = [&](const std::string& from, const std::string& to) {
    std::string text = kFull;
    text.replace(text.find(from), from.size(), to);
    return text_of(left_of(device, text));
  };
  const std::string a = "set=1\npublic_key=" + test::hex_key("11") + "\n";
  EXPECT_EQ(differs("ListenPort = 7", "ListenPort = 8"), "set=1\nlisten_port=8\n\n");
  EXPECT_EQ(differs("FwMark = 1\n", ""), "set=1\nfwmark=0\n\n");
  EXPECT_EQ(differs("Endpoint = 192.0.2.1:9", "Endpoint = 192.0.2.1:10"),
            a + "endpoint=192.0.2.1:10\n\n");
  EXPECT_EQ(differs("PersistentKeepalive = 5\n", ""), a + "persistent_keepalive_interval=0\n\n");
  EXPECT_EQ(differs("PresharedKey = " + kPrivate, ""),
            a + "preshared_key=" + test::hex_key("00") + "\n\n");
  EXPECT_EQ(differs("10.0.0.0/8, ::/0", "10.0.0.0/8"),
            a + "replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\n\n");
  EXPECT_EQ(differs(peer(kB, "AllowedIPs = 172.16.0.0/12\n"), ""),
            "set=1\npublic_key=" + test::hex_key("22") + "\nremove=true\n\n");
}

TEST(TunnelChangeTest, a_source_that_the_engine_learned_is_no_difference) {
  test::FakeDevice device;
  configure(device, kFull);
  PeerDescription* const described = device.find(test::public_key(0x11));
  described->endpoint.set_source_ifindex(3);
  described->endpoint.source.v4.s_addr = 77;
  EXPECT_TRUE(is_empty(left_of(device, kFull)));
}

TEST(TunnelChangeTest, a_prefix_of_two_peers_belongs_to_the_last_and_stays_there) {
  const std::string text =
      peer(kA, "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16\n") + peer(kB, "AllowedIPs = 10.0.0.0/8\n");
  test::FakeDevice device;
  configure(device, text);
  ASSERT_EQ(device.find(test::public_key(0x22))->allowed_ips.size(), 1U);
  EXPECT_TRUE(is_empty(left_of(device, text)));
  // It moves to the other peer and back.
  const std::string other =
      peer(kB, "AllowedIPs = 10.0.0.0/8\n") + peer(kA, "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16\n");
  ASSERT_EQ(device.configure(left_of(device, other)), 0);
  EXPECT_EQ(device.find(test::public_key(0x11))->allowed_ips.size(), 2U);
  EXPECT_TRUE(device.find(test::public_key(0x22))->allowed_ips.empty());
  ASSERT_EQ(device.configure(left_of(device, text)), 0);
  EXPECT_EQ(device.find(test::public_key(0x11))->allowed_ips.size(), 1U);
  EXPECT_EQ(device.find(test::public_key(0x22))->allowed_ips.size(), 1U);
}

TEST(TunnelChangeTest, a_changed_peer_takes_no_prefix_from_one_that_stays_as_it_is) {
  test::FakeDevice device;
  configure(device, peer(kA, "AllowedIPs = 10.0.0.0/8\n") + peer(kB, "AllowedIPs = 10.0.0.0/8\n"));
  const std::string more =
      peer(kA, "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16\n") + peer(kB, "AllowedIPs = 10.0.0.0/8\n");
  ASSERT_EQ(device.configure(left_of(device, more)), 0);
  EXPECT_EQ(device.find(test::public_key(0x11))->allowed_ips.size(), 1U);
  EXPECT_EQ(device.find(test::public_key(0x22))->allowed_ips.size(), 1U);
}

TEST(TunnelChangeTest, a_peer_that_the_file_names_twice_is_asked_for_as_it_is_written) {
  const std::string text =
      peer(kA, "AllowedIPs = 10.0.0.0/8\n") + peer(kA, "AllowedIPs = 10.1.0.0/16\n");
  test::FakeDevice device;
  configure(device, text);
  const std::string left = text_of(left_of(device, text));
  EXPECT_THAT(left, HasSubstr("allowed_ip=10.0.0.0/8\n"));
  EXPECT_THAT(left, HasSubstr("allowed_ip=10.1.0.0/16\n"));
  EXPECT_THAT(left, Not(HasSubstr("remove=true")));
}

// Few keys and prefixes, so that peers come and go, and want what others have.
std::string random_file(std::mt19937& random) {
  const auto pick = [&](std::size_t n) { return std::to_string(random() % n); };
  std::string text = "[Interface]\nListenPort = " + pick(3) + "\nFwMark = " + pick(3) + "\n";
  if (random() % 2 == 0) text += "PrivateKey = " + (random() % 2 == 0 ? kPrivate : kA) + "\n";
  std::vector<std::string> keys = {kA, kB, kPrivate};
  std::ranges::shuffle(keys, random);
  keys.resize(random() % 4);
  for (const std::string& key : keys) {
    // All have an endpoint, because syncconf leaves that of a peer without one.
    std::string lines = "Endpoint = 192.0.2.1:" + std::to_string(1 + random() % 3) + "\n";
    if (random() % 2 == 0) lines += "PersistentKeepalive = " + pick(3) + "\n";
    if (random() % 2 == 0) lines += "PresharedKey = " + (random() % 2 == 0 ? kA : kB) + "\n";
    for (std::size_t n = random() % 4; n > 0; --n)
      lines += "AllowedIPs = 10." + pick(3) + ".0.0/16\n";
    text += peer(key, lines);
  }
  return text;
}

// All but the order of peers and prefixes. A port that the file leaves to the kernel is left out.
std::string settled(const test::FakeDevice& device, const std::string& file) {
  ConfigChange whole;
  InterfaceState state = state_of(device);
  whole.private_key = std::move(state.device.private_key);
  if (file.find("ListenPort = 0") == file.npos) whole.listen_port = state.device.listen_port;
  whole.fwmark = state.device.fwmark;
  std::ranges::sort(state.peers, {}, &PeerDescription::public_key);
  for (PeerDescription& peer : state.peers) {
    PeerChange& change = whole.peers.emplace_back();
    change.public_key = peer.public_key;
    change.preshared_key = std::move(peer.preshared_key);
    change.endpoint = peer.endpoint;
    change.persistent_keepalive_s = peer.persistent_keepalive_s;
    std::ranges::sort(peer.allowed_ips);
    for (const IpPrefix& prefix : peer.allowed_ips)
      change.allowed_ips.push_back({prefix, false});
  }
  return text_of(whole);
}

TEST(TunnelChangeTest, any_file_after_any_other_leads_to_what_setconf_makes) {
  std::mt19937 random(20261129);
  for (int round = 0; round < 1000; ++round) {
    const std::string before = random_file(random);
    const std::string after = random_file(random);
    test::FakeDevice changed;
    configure(changed, before);
    ASSERT_EQ(changed.configure(left_of(changed, after)), 0);
    test::FakeDevice made;
    configure(made, after);
    ASSERT_EQ(settled(changed, after), settled(made, after)) << before << "---\n" << after;
    EXPECT_TRUE(is_empty(left_of(changed, after))) << before << "---\n" << after;
  }
}

}  // namespace
}  // namespace wring::client
