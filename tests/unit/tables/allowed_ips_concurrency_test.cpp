#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/rcu.h"
#include "tables/allowed_ips.h"

namespace wring {
// Stands for the real one: the table only carries pointers.
struct Peer;
namespace {

// What a Peer pointer of this test points at. Reading it after it was freed is what the sanitizers
// see.
struct Target {
  std::uint32_t value;
};
Peer* as_peer(Target* target) {
  return reinterpret_cast<Peer*>(target);
}
const Target* as_target(const Peer* peer) {
  return reinterpret_cast<const Target*>(peer);
}

IpPrefix v4_prefix(std::uint32_t bits, std::uint8_t length) {
  return {IpAddress::v4(V4Key{bits}.bytes()), length};
}

TEST(AllowedIpsConcurrency, readers_always_find_a_prefix_that_stays_and_only_live_peers) {
  RcuReclaimer reclaimer;
  AllowedIps table{reclaimer};
  Target everything{1};
  Target inside{2};
  table.insert(IpPrefix::parse("0.0.0.0/0").value(), as_peer(&everything));
  table.insert(IpPrefix::parse("::/0").value(), as_peer(&everything));
  table.insert(IpPrefix::parse("10.77.0.0/16").value(), as_peer(&inside));

  std::atomic<bool> stop{false};
  std::atomic<unsigned> wrong{0};
  const auto read = [&](std::uint32_t seed) {
    RcuReader reader;
    const Bytes<16> v6 = IpAddress::parse("2001:db8::1").value().bytes;
    for (std::uint32_t x = seed; !stop.load(std::memory_order_relaxed);) {
      for (int i = 0; i < 64; ++i) {
        x = x * 1664525 + 1013904223;
        const Target* hit = as_target(table.lookup_v4(V4Key{x}.bytes()));
        if (hit == nullptr || hit->value == 0) ++wrong;
        if (as_target(table.lookup_v4(Bytes<4>{10, 77, 1, 2}))->value != 2) ++wrong;
        if (as_target(table.lookup_v6(v6))->value == 0) ++wrong;
      }
      reader.quiescent();
    }
  };
  std::vector<std::thread> readers;
  for (std::uint32_t i = 0; i < 2; ++i)
    readers.emplace_back(read, i + 1);

  // Peers come, claim prefixes of every length around those that stay, and go; the root table with
  // them.
  for (std::uint32_t round = 0; round < 6; ++round) {
    auto passing = std::make_unique<Target>(Target{3});
    for (std::uint32_t i = 0; i < 1500; ++i) {
      const std::uint32_t bits = (i + round) * 2654435761U;
      const auto length = static_cast<std::uint8_t>(4 + i % 29);
      if (bits >> 16 == (10 << 8 | 77)) continue;
      table.insert(v4_prefix(bits, length), as_peer(passing.get()));
    }
    table.insert(v4_prefix(10U << 24, 8), as_peer(passing.get()));
    table.insert(IpPrefix::parse("2001:db8::/32").value(), as_peer(passing.get()));
    for (std::uint32_t i = 0; i < 1500; i += 2) {
      const std::uint32_t bits = (i + round) * 2654435761U;
      table.remove(v4_prefix(bits, static_cast<std::uint8_t>(4 + i % 29)), as_peer(passing.get()));
    }
    table.remove_all(as_peer(passing.get()));
    reclaimer.retire(std::move(passing));
    reclaimer.collect();
  }
  stop = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(table.size(), 3U);
}

}  // namespace
}  // namespace wring
