#include "peer/staged_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "peer/staged_packets.h"

namespace wring {
namespace {

constexpr std::size_t kSlab = BlockMemory::kSlabSize;
constexpr std::size_t kFullPacket = 1420;  // two blocks

std::size_t flush(StagedPackets& staged) {
  return staged.flush([](ByteSpan) {});
}

struct Staging {
  explicit Staging(std::size_t slabs) : memory(slabs * kSlab) {}

  StagedPackets::Dropped push(StagedPackets& staged, std::size_t size = kFullPacket) {
    return staged.push(std::vector<std::uint8_t>(size, 7));
  }

  StagedMemory memory;
};

TEST(StagedMemory, counts_what_all_queues_hold) {
  Staging staging(4);
  StagedPackets one(staging.memory);
  StagedPackets two(staging.memory);
  staging.push(one);
  staging.push(two, 100);
  EXPECT_EQ(staging.memory.in_use(), 3 * BlockMemory::kBlockSize);
  EXPECT_EQ(flush(one), 1U);
  EXPECT_EQ(two.clear(), 1U);
  EXPECT_EQ(staging.memory.in_use(), 0U);
}

TEST(StagedMemory, the_peer_that_has_most_gives_way) {
  Staging staging(2);  // 64 packets of two blocks
  StagedPackets greedy(staging.memory);
  StagedPackets modest(staging.memory);
  for (int i = 0; i < 3; ++i)
    staging.push(modest);
  for (int i = 0; i < 61; ++i)
    EXPECT_EQ(staging.push(greedy).no_room, 0U);
  EXPECT_EQ(staging.push(modest).no_room, 1U);
  EXPECT_EQ(staging.push(greedy).no_room, 1U);
  EXPECT_EQ(flush(modest), 4U);
  EXPECT_EQ(flush(greedy), 60U);
}

TEST(StagedMemory, many_that_flood_leave_room_for_those_that_do_not) {
  Staging staging(16);
  std::vector<std::unique_ptr<StagedPackets>> greedy;
  for (int i = 0; i < 40; ++i)
    greedy.push_back(std::make_unique<StagedPackets>(staging.memory));
  StagedPackets modest(staging.memory);
  std::size_t dropped = 0;
  for (int round = 0; round < 128; ++round) {
    for (const auto& each : greedy)
      dropped += staging.push(*each).no_room;
    if (round % 32 == 0) dropped += staging.push(modest).no_room;
  }
  EXPECT_EQ(flush(modest), 4U);
  std::size_t least = 128;
  std::size_t most = 0;
  for (const auto& each : greedy) {
    const std::size_t kept = flush(*each);
    dropped += kept;
    least = std::min(least, kept);
    most = std::max(most, kept);
  }
  EXPECT_EQ(dropped, 40U * 128U);  // each packet was dropped or kept, and none was both
  EXPECT_GE(2 * least + 2, most);  // the classes are exact to a factor of two
}

TEST(StagedMemory, a_packet_that_finds_no_row_of_blocks_is_dropped_itself) {
  Staging staging(1);
  StagedPackets staged(staging.memory);
  EXPECT_EQ(staging.push(staged, 65'535).no_room, 1U);  // with its bookkeeping above a slab
  EXPECT_TRUE(staged.empty());
  EXPECT_EQ(staging.push(staged, 60'000).no_room, 0U);
  EXPECT_EQ(flush(staged), 1U);
}

// What is being sent cannot give way: the others do, or the newcomer.
TEST(StagedMemory, packets_that_are_leaving_stay_until_they_have_left) {
  Staging staging(1);
  StagedPackets leaving(staging.memory);
  StagedPackets other(staging.memory);
  for (int i = 0; i < 32; ++i)
    staging.push(leaving);
  std::size_t left = 0;
  EXPECT_EQ(leaving.flush([&](ByteSpan packet) {
    EXPECT_EQ(packet.size(), kFullPacket);
    EXPECT_EQ(packet[kFullPacket - 1], 7);
    if (left++ == 0) {
      EXPECT_EQ(staging.push(other).no_room, 1U);
    }
  }),
            32U);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(staging.push(other).no_room, 0U);
}

TEST(StagedMemory, a_queue_that_ends_gives_back_what_it_holds) {
  Staging staging(1);
  {
    StagedPackets staged(staging.memory);
    staging.push(staged);
  }
  EXPECT_EQ(staging.memory.in_use(), 0U);
}

}  // namespace
}  // namespace wring
