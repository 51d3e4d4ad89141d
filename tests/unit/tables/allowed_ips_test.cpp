#include "tables/allowed_ips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "linear_scan.h"
#include "tests/support/fake_peers.h"

namespace wring {
namespace {

using test::Draw;
using test::expect_same_lookups;
using test::LinearScan;

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}
IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

std::vector<std::string> prefixes_of(const AllowedIps& table, const Peer* peer) {
  std::vector<std::string> found;
  table.for_each(peer, [&found](const IpPrefix& p) { found.push_back(to_string(p)); });
  return found;
}

class AllowedIpsTest : public testing::Test {
 protected:
  RcuReclaimer reclaimer;
  AllowedIps table{reclaimer};
  Peer* const a = fake_peer(0);
  Peer* const b = fake_peer(1);
};

TEST_F(AllowedIpsTest, an_empty_table_knows_nobody) {
  EXPECT_EQ(table.lookup(address("10.0.0.1")), nullptr);
  EXPECT_EQ(table.lookup(address("::1")), nullptr);
  EXPECT_FALSE(table.remove(prefix("10.0.0.0/8"), a));
  table.remove_all(a);
}

TEST_F(AllowedIpsTest, the_longest_prefix_wins) {  // P20
  table.insert(prefix("0.0.0.0/0"), a);
  table.insert(prefix("10.0.0.0/8"), b);
  table.insert(prefix("10.1.2.3/32"), a);
  EXPECT_EQ(table.lookup(address("192.0.2.1")), a);
  EXPECT_EQ(table.lookup(address("10.1.2.4")), b);
  EXPECT_EQ(table.lookup(address("10.1.2.3")), a);
  EXPECT_EQ(table.lookup(address("::")), nullptr);
  table.insert(prefix("2001:db8::/32"), a);
  table.insert(prefix("2001:db8::1/128"), b);
  EXPECT_EQ(table.lookup(address("2001:db8::2")), a);
  EXPECT_EQ(table.lookup(address("2001:db8::1")), b);
  EXPECT_EQ(table.lookup(address("2001:db9::1")), nullptr);
}

TEST_F(AllowedIpsTest, a_prefix_moves_to_the_peer_that_claims_it_last) {  // P20
  EXPECT_EQ(table.insert(prefix("10.0.0.0/8"), a), nullptr);
  EXPECT_EQ(table.insert(prefix("10.0.0.0/8"), b), a);
  EXPECT_EQ(table.insert(prefix("10.0.0.0/8"), b), b);
  EXPECT_EQ(table.lookup(address("10.0.0.1")), b);
  EXPECT_TRUE(prefixes_of(table, a).empty());
  EXPECT_THAT(prefixes_of(table, b), testing::ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(AllowedIpsTest, a_prefix_that_is_claimed_again_comes_last_in_the_list) {  // as the kernel's
  for (const auto* text : {"10.0.0.0/8", "10.0.0.0/16", "1.2.3.4/32", "10.0.0.0/8"}) {
    table.insert(prefix(text), a);
  }
  EXPECT_THAT(prefixes_of(table, a),
              testing::ElementsAre("10.0.0.0/16", "1.2.3.4/32", "10.0.0.0/8"));
}

TEST_F(AllowedIpsTest, only_the_owner_can_take_a_prefix_away) {
  table.insert(prefix("10.0.0.0/8"), a);
  EXPECT_FALSE(table.remove(prefix("10.0.0.0/8"), b));
  EXPECT_FALSE(table.remove(prefix("10.0.0.0/9"), a));
  EXPECT_EQ(table.lookup(address("10.0.0.1")), a);
  EXPECT_TRUE(table.remove(prefix("10.0.0.0/8"), a));
  EXPECT_EQ(table.lookup(address("10.0.0.1")), nullptr);
  EXPECT_FALSE(table.remove(prefix("10.0.0.0/8"), a));
}

TEST_F(AllowedIpsTest, lists_the_prefixes_of_a_peer_in_order) {
  for (const auto* text : {"::/0", "10.0.0.0/8", "10.0.0.0/16", "2001:db8::/32", "1.2.3.4/32"}) {
    table.insert(prefix(text), a);
  }
  EXPECT_THAT(prefixes_of(table, a), testing::ElementsAre("10.0.0.0/8", "10.0.0.0/16", "1.2.3.4/32",
                                                          "::/0", "2001:db8::/32"));
  table.remove(prefix("10.0.0.0/16"), a);
  EXPECT_EQ(prefixes_of(table, a).size(), 4U);
  table.remove_all(a);
  EXPECT_TRUE(prefixes_of(table, a).empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(AllowedIpsTest, looks_addresses_up_where_they_lie) {
  table.insert(prefix("10.0.0.0/8"), a);
  table.insert(prefix("2001:db8::/32"), b);
  EXPECT_EQ(table.lookup_v4(Bytes<4>{10, 1, 2, 3}), a);
  EXPECT_EQ(table.lookup_v6(address("2001:db8::7").bytes), b);
}

void change_both(AllowedIps& table, LinearScan& oracle, Draw& draw, std::size_t peers) {
  Peer* const peer = fake_peer(draw.below(peers));
  const std::size_t kind = draw.below(100);
  if (kind < 60) {
    const IpPrefix p = draw.prefix();
    ASSERT_EQ(table.insert(p, peer), oracle.insert(p, peer));
  } else if (kind < 98 && !oracle.all().empty()) {
    const auto& some = std::next(oracle.all().begin(),
                                 static_cast<std::ptrdiff_t>(draw.below(oracle.all().size())));
    const IpPrefix p = some->first;
    const Peer* owner = draw.below(4) == 0 ? peer : some->second;
    ASSERT_EQ(table.remove(p, owner), oracle.remove(p, owner));
  } else if (kind == 99) {
    table.remove_all(peer);
    oracle.remove_all(peer);
  }
}

TEST_F(AllowedIpsTest, agrees_with_a_linear_scan_through_random_changes) {  // P20
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Draw draw(seed);
    LinearScan oracle;
    AllowedIps fresh{reclaimer};
    for (int i = 0; i < 3000; ++i) {
      change_both(fresh, oracle, draw, 12);
      expect_same_lookups(fresh, oracle, draw, 4);
      if (HasFatalFailure()) return;
      reclaimer.collect();
    }
    ASSERT_EQ(fresh.size(), oracle.all().size());
    for (std::size_t i = 0; i < 12; ++i) {
      std::vector<IpPrefix> found;
      fresh.for_each(fake_peer(i), [&found](const IpPrefix& p) { found.push_back(p); });
      EXPECT_THAT(found, testing::UnorderedElementsAreArray(oracle.prefixes_of(fake_peer(i))));
    }
  }
}

// Networks that peers get their addresses from: sequential or random in it, or networks in turn.
TEST_F(AllowedIpsTest, agrees_with_a_linear_scan_where_the_prefixes_lie_close_together) {
  struct Pattern {
    const char* base;
    std::uint8_t length;  // of each prefix
    unsigned stride;      // between two; 0: random
  };
  const std::vector<Pattern> patterns = {
      {"10.0.0.0", 32, 1},    {"10.255.255.0", 32, 1},    {"10.0.0.0", 24, 256},
      {"0.0.0.0", 32, 0},     {"fd00::", 128, 1},         {"fd00::ffff:ffff:ffff:0", 128, 1},
      {"2001:db8::", 128, 0}, {"2001:db8::", 112, 65536}, {"fd00:0:0:8000::", 120, 4096},
  };
  Draw draw(5);
  LinearScan oracle;
  std::size_t peers = 0;
  for (const Pattern& pattern : patterns) {
    const IpAddress base = IpAddress::parse(pattern.base).value();
    const std::size_t end = base.size();
    for (unsigned i = 0; i < 500; ++i) {
      IpAddress at = base;
      const std::uint32_t offset = pattern.stride == 0
                                       ? static_cast<std::uint32_t>(draw.below(1U << 31))
                                       : i * pattern.stride;
      const std::uint32_t last = load<Be<std::uint32_t>>(at.bytes, end - 4);
      store(MutByteSpan(at.bytes), Be<std::uint32_t>(last + offset), end - 4);
      const IpPrefix p(at, pattern.length);
      ASSERT_EQ(table.insert(p, fake_peer(peers)), oracle.insert(p, fake_peer(peers)));
      peers = (peers + 1) % 100;
      if (i % 25 == 0) expect_same_lookups(table, oracle, draw, 2);
    }
    // One that covers all the others, one that covers some, and what is outside.
    for (const std::uint8_t length : std::to_array<std::uint8_t>({0, 12, 21})) {
      const IpPrefix p(base, length);
      table.insert(p, fake_peer(200));
      oracle.insert(p, fake_peer(200));
    }
    expect_same_lookups(table, oracle, draw, 100);
    table.remove_all(fake_peer(200));
    oracle.remove_all(fake_peer(200));
    expect_same_lookups(table, oracle, draw, 100);
    reclaimer.collect();
    if (HasFatalFailure()) return;
  }
  for (std::size_t i = 0; i < 100; ++i) {
    table.remove_all(fake_peer(i));
    oracle.remove_all(fake_peer(i));
    expect_same_lookups(table, oracle, draw, 5);
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(AllowedIpsTest, agrees_with_a_linear_scan_while_the_root_table_comes_and_goes) {
  Draw draw(99);
  LinearScan oracle;
  const auto insert_many = [&](int count, std::size_t first_peer) {
    for (int i = 0; i < count; ++i) {
      const IpPrefix p = draw.prefix();
      Peer* const peer = fake_peer(first_peer + draw.below(40));
      ASSERT_EQ(table.insert(p, peer), oracle.insert(p, peer));
    }
  };
  for (int round = 0; round < 2; ++round) {
    insert_many(1000, 0);
    expect_same_lookups(table, oracle, draw, 300);
    for (int i = 0; i < 500; ++i) {
      change_both(table, oracle, draw, 40);
      expect_same_lookups(table, oracle, draw, 2);
    }
    for (std::size_t i = 0; i < 40; ++i) {
      table.remove_all(fake_peer(i));
      oracle.remove_all(fake_peer(i));
      expect_same_lookups(table, oracle, draw, 20);
      reclaimer.collect();
    }
    ASSERT_EQ(table.size(), 0U);
  }
}

}  // namespace
}  // namespace wring
