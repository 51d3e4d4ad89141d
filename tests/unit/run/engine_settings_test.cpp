// What a changed file asks of an engine that runs.
#include "run/engine_settings.h"

#include <gtest/gtest.h>

#include <utility>

#include "client/tunnel_change.h"
#include "config/parser.h"
#include "ip/endpoint_parse.h"

namespace wring::run {
namespace {

const std::string kKey = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const std::string kPsk = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
const std::string kInterface = "[Interface]\nPrivateKey = " + kKey + "\n";
const std::string kPeer =
    "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
    "AllowedIPs = 10.0.0.0/8\nEndpoint = a.example:7\n";

config::TunnelConfig config_of(const std::string& text) {
  auto [config, diagnostics] = config::parse(text, "wg0.conf");
  EXPECT_FALSE(diagnostics.has_errors()) << text;
  return std::move(config);
}

std::optional<Endpoint> find(const config::HostPort& name) {
  if (name.host == "a.example") return *parse_endpoint("192.0.2.1:7");
  return std::nullopt;
}

// The engine after it was told all that the file says.
client::InterfaceState engine_with(const config::TunnelConfig& config) {
  client::InterfaceState state;
  auto change = all_settings(config, 0, find).value();
  state.device.private_key = std::move(*change.private_key);
  if (!state.device.private_key.is_zero()) clamp(state.device.private_key);
  for (PeerChange& peer : change.peers) {
    PeerDescription& one = state.peers.emplace_back();
    one.public_key = peer.public_key;
    if (peer.preshared_key) one.preshared_key = std::move(*peer.preshared_key);
    one.endpoint = peer.endpoint.value_or(Endpoint{});
    for (const AllowedIpChange& allowed : peer.allowed_ips)
      one.allowed_ips.push_back(allowed.prefix);
  }
  return state;
}

ConfigChange changed(const std::string& before, const std::string& after,
                     const client::InterfaceState& state) {
  return std::move(changed_settings(config_of(before), config_of(after), 0, find, state).value());
}

TEST(EngineSettings, the_same_file_changes_nothing) {
  const auto state = engine_with(config_of(kInterface + kPeer));
  EXPECT_TRUE(client::is_empty(changed(kInterface + kPeer, kInterface + kPeer, state)));
}

TEST(EngineSettings, a_peer_that_has_moved_stays_where_it_is) {
  auto state = engine_with(config_of(kInterface + kPeer));
  state.peers[0].endpoint = *parse_endpoint("198.51.100.9:99");
  const auto change =
      changed(kInterface + kPeer, kInterface + kPeer + "PersistentKeepalive = 5\n", state);
  ASSERT_EQ(change.peers.size(), 1U);
  EXPECT_FALSE(change.peers[0].endpoint);
  EXPECT_EQ(change.peers[0].persistent_keepalive_s, 5);
  EXPECT_EQ(what_changes(change), "1 peer");
}

TEST(EngineSettings, keys_of_a_hook_stay_unless_the_file_says_others) {
  const std::string bare = "[Interface]\n" + kPeer;
  auto state = engine_with(config_of(kInterface + kPeer + "PresharedKey = " + kPsk + "\n"));
  EXPECT_TRUE(client::is_empty(changed(bare, bare, state)));
  const auto said =
      changed(kInterface + kPeer + "PresharedKey = " + kPsk + "\n", kInterface + kPeer, state);
  ASSERT_EQ(said.peers.size(), 1U);
  ASSERT_TRUE(said.peers[0].preshared_key);
  EXPECT_TRUE(said.peers[0].preshared_key->is_zero());
}

TEST(EngineSettings, a_name_that_is_not_found_asks_for_no_endpoint) {
  const std::string unknown = kPeer.substr(0, kPeer.find("a.example")) + "b.example:7\n";
  const auto state = engine_with(config_of(kInterface + kPeer));
  EXPECT_TRUE(client::is_empty(changed(kInterface + kPeer, kInterface + unknown, state)));
}

TEST(EngineSettings, all_that_changes_is_named) {
  const auto state = engine_with(config_of(kInterface + kPeer));
  const auto change =
      changed_settings(config_of(kInterface + kPeer),
                       config_of("[Interface]\nListenPort = 7\nPrivateKey = " + kPsk + "\n"), 51820,
                       find, state)
          .value();
  EXPECT_EQ(what_changes(change), "private key, port, mark, 1 peer");
  EXPECT_EQ(what_changes({}), "");
}

}  // namespace
}  // namespace wring::run
