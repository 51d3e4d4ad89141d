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

TEST(BatchLimit, small_packets_come_64_at_a_time) {
  EXPECT_EQ(limit_after(1, 20), 64u);
  EXPECT_EQ(limit_after(64, 1420), 64u);
  EXPECT_EQ(limit_after(64, 0), 64u);
}

TEST(BatchLimit, packets_of_64_kb_come_four_at_a_time) {
  EXPECT_EQ(limit_after(1, 65535), 4u);
  EXPECT_EQ(limit_after(64, 65535), 4u);
}

TEST(BatchLimit, in_between_as_many_come_as_a_quarter_of_a_megabyte_holds) {
  EXPECT_EQ(limit_after(10, 16384), 16u);
}

TEST(BatchLimit, an_empty_batch_says_nothing) {
  Bytes<10> bytes;
  BatchLimit limit;
  std::vector<ReceivedDatagram> batch(1);
  batch[0].payload = bytes;
  limit.on_batch(std::span<const ReceivedDatagram>(batch));
  ASSERT_EQ(limit.packets(), 64u);
  limit.on_batch(std::span<const ReceivedDatagram>());
  EXPECT_EQ(limit.packets(), 64u);
}

}  // namespace
}  // namespace wring
