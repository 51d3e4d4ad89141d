#include "base/bytes.h"

#include <gtest/gtest.h>

namespace wring {
namespace {

struct Wire {
  std::uint8_t tag;
  Le<std::uint32_t> little;
  Be<std::uint16_t> big;
  Le<std::uint64_t> wide;
};
static_assert(sizeof(Wire) == 15 && alignof(Wire) == 1, "fields of a message have no padding");

TEST(Bytes, integers_stand_in_the_order_of_their_type) {
  const Wire wire{0xaa, 0x01020304U, 0x0506U, 0x1112131415161718U};
  const ByteSpan bytes = as_bytes(wire);
  const Bytes<15> expected{0xaa, 0x04, 0x03, 0x02, 0x01, 0x05, 0x06, 0x18,
                           0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
}

TEST(Bytes, a_wire_struct_is_read_and_written_at_any_offset) {
  Bytes<32> buffer{};
  store(MutByteSpan(buffer), Wire{1, 2U, 3U, 4U}, 5);
  const auto wire = load<Wire>(buffer, 5);
  EXPECT_EQ(wire.tag, 1);
  EXPECT_EQ(wire.little, 2U);
  EXPECT_EQ(wire.big, 3U);
  EXPECT_EQ(wire.wide, 4U);
  EXPECT_EQ(buffer[4], 0);
  EXPECT_EQ(buffer[20], 0);
}

TEST(Bytes, swapping_twice_gives_the_same_number) {
  EXPECT_EQ(byte_swap(std::uint8_t{0x12}), 0x12);
  EXPECT_EQ(byte_swap(std::uint16_t{0x1234}), 0x3412);
  EXPECT_EQ(byte_swap(std::uint32_t{0x12345678}), 0x78563412U);
  EXPECT_EQ(byte_swap(byte_swap(std::uint64_t{0x123456789abcdef0})), 0x123456789abcdef0U);
}

}  // namespace
}  // namespace wring
