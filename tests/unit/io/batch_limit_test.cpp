#include "io/batch_limit.h"

#include <gtest/gtest.h>

#include <vector>

namespace wring {
namespace {

// The limit after a batch of so many packets of this size.
unsigned limit_after(std::size_t count, std::size_t size) {
  static Bytes<65535> bytes;
  std::vector<TunPacket> batch(count, TunPacket{{}, MutByteSpan(bytes).first(size)});
  BatchLimit limit;
  limit.on_batch(std::span<const TunPacket>(batch));
  return limit.packets();
}

TEST(BatchLimit, many_small_packets_come_64_at_a_time) {
  EXPECT_EQ(limit_after(32, 20), 64u);
  EXPECT_EQ(limit_after(64, 1420), 64u);
  EXPECT_EQ(limit_after(64, 0), 64u);
}

TEST(BatchLimit, a_lone_packet_makes_room_for_few) {
  EXPECT_EQ(limit_after(1, 20), 4u);
  EXPECT_EQ(limit_after(7, 20), 14u);
}

TEST(BatchLimit, a_batch_that_is_small_for_once_halves_the_limit) {
  std::vector<ReceivedDatagram> batch(64);
  BatchLimit limit;
  limit.on_batch(std::span<const ReceivedDatagram>(batch));
  ASSERT_EQ(limit.packets(), 64u);
  batch.resize(1);
  limit.on_batch(std::span<const ReceivedDatagram>(batch));
  EXPECT_EQ(limit.packets(), 32u);
}

TEST(BatchLimit, packets_of_64_kb_come_four_at_a_time) {
  EXPECT_EQ(limit_after(1, 65535), 4u);
  EXPECT_EQ(limit_after(64, 65535), 4u);
}

TEST(BatchLimit, in_between_as_many_come_as_a_quarter_of_a_megabyte_holds) {
  EXPECT_EQ(limit_after(10, 16384), 16u);
}

TEST(BatchLimit, an_empty_batch_says_nothing) {
  BatchLimit limit;
  const std::vector<ReceivedDatagram> batch(20);
  limit.on_batch(std::span<const ReceivedDatagram>(batch));
  ASSERT_EQ(limit.packets(), 40u);
  limit.on_batch(std::span<const ReceivedDatagram>());
  EXPECT_EQ(limit.packets(), 40u);
}

}  // namespace
}  // namespace wring
