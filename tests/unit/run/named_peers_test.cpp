// When names are looked up, and which address is taken.
#include "run/named_peers.h"

#include <gmock/gmock.h>

#include <utility>

#include "config/parser.h"
#include "ip/endpoint_parse.h"

namespace wring::run {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::TunnelConfig parsed(const std::string& allowed) {
  const std::string text =
      "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
      "Endpoint = 192.0.2.1:1\nAllowedIPs = 10.0.0.0/8\n"
      "[Peer]\nPublicKey = TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n"
      "Endpoint = a.example:7\nAllowedIPs = " +
      allowed + "\n";
  auto [config, diagnostics] = config::parse(text, "wg0.conf");
  EXPECT_FALSE(diagnostics.has_errors());
  return std::move(config);
}

Endpoint at(const std::string& text) {
  return *parse_endpoint(text);
}

class NamedPeersTest : public testing::Test {
 protected:
  NamedPeersTest()
      : peers_([this](std::size_t,
                      const config::HostPort& name) { asked_.push_back(config::to_string(name)); },
               [this](const std::string& line) { said_.push_back(line); }) {
    peers_.follow(config_);
  }

  std::string take(std::vector<Endpoint> found) {
    const auto change = peers_.take({0, std::move(found)}, now_);
    EXPECT_EQ(change->public_key, config_.peers[1].public_key->value);
    return to_string(*change->endpoint);
  }
  void fail() {
    EXPECT_FALSE(peers_.take({0, tl::unexpected(client::LookupError{"no answer", true})}, now_));
  }
  void stay_silent() {
    std::vector<PeerDescription> described(1);
    described[0].public_key = config_.peers[1].public_key->value;
    described[0].tx_bytes = ++sent_;
    peers_.watch(described, now_);
    now_ += seconds(90);
    peers_.watch(described, now_);
    peers_.look_up(now_);
  }

  config::TunnelConfig config_ = parsed("0.0.0.0/0");
  std::vector<std::string> asked_;
  std::vector<std::string> said_;
  NamedPeers peers_;
  TimePoint now_{seconds(1000)};
  std::uint64_t sent_ = 0;
};

TEST_F(NamedPeersTest, looks_up_names_and_no_addresses) {
  peers_.look_up(now_);
  EXPECT_THAT(asked_, ElementsAre("a.example:7"));
  EXPECT_FALSE(peers_.default_is_found());
  EXPECT_EQ(take({at("192.0.2.7:7")}), "192.0.2.7:7");
  EXPECT_TRUE(peers_.default_is_found());
  EXPECT_EQ(peers_.next(), kNever);
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(NamedPeersTest, tries_again_with_pauses_that_grow_and_says_so_once) {
  peers_.look_up(now_);
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    fail();
    EXPECT_EQ(peers_.next(), now_ + seconds(pause));
    now_ += seconds(pause);
    peers_.look_up(now_);
  }
  EXPECT_EQ(asked_.size(), 9U);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("no answer; trying again")));
  take({at("192.0.2.7:7")});
  EXPECT_EQ(said_.back(), "a.example is now at 192.0.2.7:7");
}

TEST_F(NamedPeersTest, takes_the_addresses_in_turn_while_the_peer_is_silent) {
  const std::vector<Endpoint> both{at("[2001:db8::7]:7"), at("192.0.2.7:7")};
  peers_.look_up(now_);
  EXPECT_EQ(take(both), "[2001:db8::7]:7");
  stay_silent();
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(take(both), "192.0.2.7:7");
  stay_silent();
  EXPECT_EQ(take(both), "[2001:db8::7]:7");
  stay_silent();
  EXPECT_EQ(take({at("192.0.2.8:7")}), "192.0.2.8:7");
}

TEST_F(NamedPeersTest, another_configuration_keeps_what_was_found) {
  peers_.look_up(now_);
  EXPECT_FALSE(peers_.all_are_answered());
  take({at("192.0.2.7:7")});
  EXPECT_TRUE(peers_.all_are_answered());
  peers_.follow(parsed("10.1.0.0/16"));
  EXPECT_TRUE(peers_.default_is_found());
  EXPECT_EQ(peers_.found({"a.example", 7}), at("192.0.2.7:7"));
  EXPECT_EQ(peers_.next(), kNever);
  auto other = parsed("10.1.0.0/16");
  other.peers[1].endpoint->value.host = "b.example";
  peers_.follow(other);
  EXPECT_FALSE(peers_.found({"a.example", 7}));
  peers_.look_up(now_);
  EXPECT_THAT(asked_, ElementsAre("a.example:7", "b.example:7"));
}

TEST_F(NamedPeersTest, an_answer_about_a_peer_that_is_gone_changes_nothing) {
  peers_.look_up(now_);
  peers_.follow({});
  EXPECT_FALSE(peers_.take({0, std::vector<Endpoint>{at("192.0.2.7:7")}}, now_));
}

TEST(AddressIn, takes_no_name_and_no_zone) {
  EXPECT_TRUE(address_in({"192.0.2.1", 7}));
  EXPECT_TRUE(address_in({"2001:db8::1", 7}));
  EXPECT_FALSE(address_in({"a.example", 7}));
  EXPECT_FALSE(address_in({"fe80::1%eth0", 7}));
}

}  // namespace
}  // namespace wring::run
