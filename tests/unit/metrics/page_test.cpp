#include "metrics/page.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace wring::metrics {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Snapshot> snapshot_of(std::size_t peers) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->at = WallTime{2'000'000s};
  for (const char* name : {"wg0", "wg1"}) {
    client::InterfaceState state;
    state.name = name;
    state.device.engine.version = "1";
    state.device.counts.emplace().worker_ns = {1};
    for (std::size_t i = 0; i < peers; ++i) {
      PeerDescription& peer = state.peers.emplace_back();
      peer.public_key.bytes.fill(static_cast<std::uint8_t>(i));
      peer.allowed_ips = {IpPrefix::parse("10.0.0.0/8").value()};
      if (i % 2 == 0) peer.last_handshake = WallTime{1'999'990s};
    }
    Options options;
    options.style = "both";
    snapshot->interfaces.push_back(
        row_of(std::move(state), options, snapshot->at, [](const PublicKey&) { return ""; }));
  }
  InterfaceRow& silent = snapshot->interfaces.emplace_back();
  silent.name = "wg2";
  silent.problem = "it does not answer";
  return snapshot;
}

std::string page_of(const std::shared_ptr<const Snapshot>& snapshot, Style style,
                    std::size_t piece) {
  Page page(snapshot, style);
  std::string whole;
  std::string out;
  for (bool more = true; more;) {
    out.clear();
    more = page.write_to(out, piece);
    EXPECT_TRUE(!more || out.size() >= piece);
    whole += out;
  }
  return whole;
}

TEST(MetricsPage, is_the_same_in_any_pieces) {
  const auto snapshot = snapshot_of(20);
  for (const Style style : {Style::kMindFlavor, Style::kMdlayher, Style::kBoth}) {
    const std::string whole = page_of(snapshot, style, 1 << 20);
    EXPECT_EQ(page_of(snapshot, style, 1), whole);
    EXPECT_EQ(page_of(snapshot, style, 1000), whole);
  }
}

// Prometheus refuses a page in which a family comes twice, or a series does.
TEST(MetricsPage, all_samples_of_a_family_are_together_and_none_comes_twice) {
  std::istringstream page(page_of(snapshot_of(20), Style::kBoth, 1 << 20));
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(family)) << line;
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
  EXPECT_GT(families.size(), 25U);
}

TEST(MetricsPage, a_style_has_its_own_families_and_the_info_of_both) {
  const auto snapshot = snapshot_of(1);
  const std::string ours = page_of(snapshot, Style::kMindFlavor, 1 << 20);
  const std::string theirs = page_of(snapshot, Style::kMdlayher, 1 << 20);
  for (const std::string& page : {ours, theirs}) {
    EXPECT_NE(page.find("\nwireguard_peer_info{device=\"wg0\",public_key="), page.npos);
    EXPECT_NE(page.find("\nwring_up{interface=\"wg2\"} 0\n"), page.npos);
  }
  EXPECT_NE(ours.find("\nwireguard_sent_bytes_total{interface="), ours.npos);
  EXPECT_EQ(ours.find("wireguard_peer_receive_bytes_total"), ours.npos);
  EXPECT_NE(theirs.find("\nwireguard_peer_receive_bytes_total{device="), theirs.npos);
  EXPECT_EQ(theirs.find("wireguard_sent_bytes_total"), theirs.npos);
}

TEST(MetricsPage, only_a_peer_that_shook_hands_has_an_age) {
  const std::string page = page_of(snapshot_of(2), Style::kMindFlavor, 1 << 20);
  const std::string name = "\nwireguard_latest_handshake_delay_seconds{";
  std::size_t count = 0;
  for (std::size_t at = 0; (at = page.find(name, at)) != page.npos; ++at)
    ++count;
  EXPECT_EQ(count, 2U);  // one of each interface
  EXPECT_NE(page.find("\"} 10\n", page.find(name)), page.npos);
}

}  // namespace
}  // namespace wring::metrics
