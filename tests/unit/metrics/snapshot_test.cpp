#include "metrics/snapshot.h"

#include <gtest/gtest.h>

#include <utility>

namespace wring::metrics {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{2'000'000s};

client::InterfaceState state_with(std::initializer_list<std::optional<Duration>> ages) {
  client::InterfaceState state;
  state.name = "wg0";
  for (const auto& age : ages) {
    PeerDescription& peer = state.peers.emplace_back();
    peer.public_key.bytes.fill(static_cast<std::uint8_t>(state.peers.size()));
    if (age) peer.last_handshake = kNow - *age;
    peer.allowed_ips = {IpPrefix::parse("10.0.0.0/8").value(), IpPrefix::parse("::/0").value()};
  }
  return state;
}

InterfaceRow row_with(const Options& options) {
  return row_of(state_with({std::nullopt, 179s, 180s, 3599s, 3600s}), options, kNow,
                [](const PublicKey& key) { return key.bytes[0] == 2 ? "Ann" : ""; });
}

TEST(MetricsSnapshot, peers_are_counted_by_the_age_of_their_handshake) {
  const InterfaceRow row = row_with({});
  EXPECT_EQ(row.peers, 5U);
  EXPECT_EQ(row.never, 1U);
  EXPECT_EQ(row.connected, 1U);
  EXPECT_EQ(row.active, 3U);
}

TEST(MetricsSnapshot, only_the_peers_that_were_asked_for_have_rows) {
  Options options;
  EXPECT_EQ(row_with(options).rows.size(), 5U);
  options.peers = "active";
  EXPECT_EQ(row_with(options).rows.size(), 3U);
  options.peers = "none";
  EXPECT_EQ(row_with(options).rows.size(), 0U);
  EXPECT_EQ(row_with(options).peers, 5U);
}

TEST(MetricsSnapshot, labels_are_in_mindflavors_order_and_without_a_name_that_is_not_there) {
  const InterfaceRow row = row_with({});
  const std::string key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
  EXPECT_EQ(row.rows[0].labels,
            "interface=\"wg0\",public_key=\"" + key + "\",allowed_ips=\"10.0.0.0/8,::/0\"");
  EXPECT_TRUE(row.rows[1].labels.ends_with("::/0\",friendly_name=\"Ann\"")) << row.rows[1].labels;
}

}  // namespace
}  // namespace wring::metrics
