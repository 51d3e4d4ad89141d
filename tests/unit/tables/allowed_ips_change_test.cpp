// Changes of many prefixes that count as one (AllowedIps::Change).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "linear_scan.h"
#include "tables/allowed_ips.h"
#include "tests/support/fake_peers.h"

namespace wring {
namespace {

using test::Draw;
using test::LinearScan;

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}
IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
// Of a list of thousands, as a peer behind which a whole site lies may have them.
IpPrefix numbered(std::uint32_t i) {
  return {IpAddress::v4(V4Key{(10U << 24) + (i << 8)}.bytes()), 24};
}

class AllowedIpsChange : public testing::Test {
 protected:
  std::vector<std::string> prefixes_of(const Peer* peer) const {
    std::vector<std::string> found;
    table.for_each(peer, [&found](const IpPrefix& p) { found.push_back(to_string(p)); });
    return found;
  }

  RcuReclaimer reclaimer;
  AllowedIps table{reclaimer};
  Peer* const a = fake_peer(0);
  Peer* const b = fake_peer(1);
};

TEST_F(AllowedIpsChange, a_prefix_that_is_removed_has_its_owner_until_the_end) {
  table.insert(prefix("10.0.0.0/8"), a);
  {
    const AllowedIps::Change change(table);
    EXPECT_TRUE(table.remove(prefix("10.0.0.0/8"), a));
    EXPECT_FALSE(table.remove(prefix("10.0.0.0/8"), a));
    EXPECT_TRUE(prefixes_of(a).empty());
    EXPECT_EQ(table.lookup(address("10.0.0.1")), a);
  }
  EXPECT_EQ(table.lookup(address("10.0.0.1")), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(AllowedIpsChange, a_list_that_is_replaced_keeps_what_is_in_both) {
  for (const auto* text : {"10.0.0.0/8", "10.1.0.0/16", "fd00::/8", "fd01::/16"}) {
    table.insert(prefix(text), a);
  }
  {
    const AllowedIps::Change change(table);
    table.clear(a);
    for (const auto* text : {"192.0.2.0/24", "10.0.0.0/8", "fd01::/16", "192.0.2.0/24"}) {
      table.insert(prefix(text), a);
      EXPECT_EQ(table.lookup(address("10.2.0.1")), a);
      EXPECT_EQ(table.lookup(address("fd01::1")), a);
    }
  }
  EXPECT_THAT(prefixes_of(a), testing::ElementsAre("10.0.0.0/8", "192.0.2.0/24", "fd01::/16"));
  EXPECT_EQ(table.lookup(address("10.1.0.1")), a);
  EXPECT_EQ(table.lookup(address("fd00::1")), nullptr);
  EXPECT_EQ(table.size(), 3U);
}

TEST_F(AllowedIpsChange, a_prefix_that_moves_has_the_old_owner_or_the_new_one) {
  table.insert(prefix("10.0.0.0/8"), a);
  {
    const AllowedIps::Change change(table);
    table.clear(a);
    EXPECT_EQ(table.lookup(address("10.0.0.1")), a);
    EXPECT_EQ(table.insert(prefix("10.0.0.0/8"), b), nullptr);  // It belonged to nobody's list.
    EXPECT_EQ(table.lookup(address("10.0.0.1")), b);
  }
  EXPECT_EQ(table.lookup(address("10.0.0.1")), b);
  EXPECT_THAT(prefixes_of(b), testing::ElementsAre("10.0.0.0/8"));
}

TEST_F(AllowedIpsChange, of_several_claims_and_removals_the_last_counts) {
  table.insert(prefix("10.0.0.0/8"), a);
  {
    const AllowedIps::Change change(table);
    table.insert(prefix("10.0.0.0/8"), b);
    table.insert(prefix("10.0.0.0/8"), a);
    table.insert(prefix("10.0.0.0/8"), b);
    EXPECT_FALSE(table.remove(prefix("10.0.0.0/8"), a));
    table.insert(prefix("192.0.2.0/24"), a);
    EXPECT_TRUE(table.remove(prefix("192.0.2.0/24"), a));
  }
  EXPECT_EQ(table.lookup(address("10.0.0.1")), b);
  EXPECT_EQ(table.lookup(address("192.0.2.1")), nullptr);
  EXPECT_TRUE(prefixes_of(a).empty());
}

TEST_F(AllowedIpsChange, nothing_finds_a_peer_that_is_about_to_be_freed) {
  for (const auto* text : {"10.0.0.0/8", "10.1.0.0/16", "fd00::/8"})
    table.insert(prefix(text), a);
  const AllowedIps::Change change(table);
  table.remove(prefix("10.1.0.0/16"), a);
  table.remove_all(a);
  EXPECT_EQ(table.lookup(address("10.0.0.1")), nullptr);
  EXPECT_EQ(table.lookup(address("10.1.0.1")), nullptr);
  EXPECT_EQ(table.lookup(address("fd00::1")), nullptr);
}

// Neither a node nor a root table is made anew.
TEST_F(AllowedIpsChange, the_same_list_again_leaves_nothing_to_free) {
  const auto replace = [&] {
    const AllowedIps::Change change(table);
    table.clear(a);
    for (std::uint32_t i = 0; i < 4001; ++i)
      table.insert(numbered(i), a);
  };
  replace();
  reclaimer.collect();
  replace();
  EXPECT_TRUE(reclaimer.empty());
  EXPECT_EQ(table.size(), 4001U);
}

// What a look-up may find while a change goes on: who owned the prefix before it, or since.
TEST_F(AllowedIpsChange, agrees_with_a_linear_scan_through_random_changes) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    Draw draw(seed);
    LinearScan oracle;
    AllowedIps fresh{reclaimer};
    for (int round = 0; round < 60; ++round) {
      const LinearScan before = oracle;
      {
        const AllowedIps::Change change(fresh);
        for (std::size_t i = 0; i < 60; ++i) {
          Peer* const peer = fake_peer(draw.below(6));
          const IpPrefix p = draw.prefix();
          const std::size_t kind = draw.below(12);
          if (kind == 0) {
            fresh.clear(peer);
            oracle.remove_all(peer);
          } else if (kind < 4) {
            ASSERT_EQ(fresh.remove(p, peer), oracle.remove(p, peer));
          } else {
            ASSERT_EQ(fresh.insert(p, peer), oracle.insert(p, peer));
          }
        }
        for (const auto& [p, owner] : before.all()) {
          const auto now = oracle.all().find(p);
          if (now != oracle.all().end() && now->second == owner && p.length == 32) {
            ASSERT_EQ(fresh.lookup(p.address), owner);
          }
        }
      }
      test::expect_same_lookups(fresh, oracle, draw, 60);
      if (HasFatalFailure()) return;
      reclaimer.collect();
    }
    ASSERT_EQ(fresh.size(), oracle.all().size());
    for (std::size_t i = 0; i < 6; ++i) {
      std::vector<IpPrefix> found;
      fresh.for_each(fake_peer(i), [&found](const IpPrefix& p) { found.push_back(p); });
      EXPECT_THAT(found, testing::UnorderedElementsAreArray(oracle.prefixes_of(fake_peer(i))));
    }
  }
}

// Looks one address up without end, and notes all that it finds.
class Reader {
 public:
  Reader(const AllowedIps& table, std::string_view at)
      : thread_([this, &table, where = address(at)] {
          RcuReader reader;
          while (!stop_.load(std::memory_order_relaxed)) {
            for (int i = 0; i < 64; ++i)
              found_.insert(table.lookup(where));
            different_.store(found_.size(), std::memory_order_relaxed);
            reader.quiescent();
          }
        }) {
    while (different() == 0)
      std::this_thread::yield();
  }
  // So many different owners were found up to now.
  std::size_t different() const { return different_.load(std::memory_order_relaxed); }
  std::set<const Peer*> finish() {
    stop_.store(true, std::memory_order_relaxed);
    thread_.join();
    return found_;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> different_{0};
  std::set<const Peer*> found_;
  std::thread thread_;
};

// A list of hundreds passes between two peers, in front of which there is a root table. One address
// lies in the last prefix of that list, another in a prefix that its peer is given anew each time.
TEST_F(AllowedIpsChange, readers_find_an_owner_at_every_moment_of_a_thousand_replacements) {
  table.insert(prefix("0.0.0.0/0"), fake_peer(2));
  for (std::uint32_t i = 0; i < 300; ++i)
    table.insert({IpAddress::v4(V4Key{(10U << 24) + i}.bytes()), 32}, a);
  table.insert(prefix("192.0.2.1/32"), b);
  Reader stays(table, "192.0.2.1");
  Reader moves(table, "10.0.1.43");
  // More, if the machine has not let the reader look at each list.
  for (int round = 0; round < 1000 || (moves.different() < 2 && round < 1'000'000); ++round) {
    const AllowedIps::Change change(table);
    table.clear(a);
    table.clear(b);
    for (std::uint32_t i = 0; i < 300; ++i)
      table.insert({IpAddress::v4(V4Key{(10U << 24) + i}.bytes()), 32}, round % 2 == 0 ? b : a);
    table.insert(prefix("192.0.2.1/32"), b);
  }
  EXPECT_THAT(stays.finish(), testing::UnorderedElementsAre(b));
  EXPECT_THAT(moves.finish(), testing::UnorderedElementsAre(a, b));
}

}  // namespace
}  // namespace wring
