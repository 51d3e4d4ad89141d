#include "noise/messages.h"

#include <gtest/gtest.h>

#include <unordered_set>
#include <vector>

namespace wring {
namespace {

std::vector<std::uint8_t> datagram(std::uint8_t type, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  if (size > 0) out[0] = type;
  return out;
}

// P2
TEST(Classify, takes_each_type_in_its_exact_size_only) {
  for (std::size_t size = 0; size <= 2000; ++size) {
    const auto as = [size](std::uint8_t type) { return classify(datagram(type, size)); };
    EXPECT_EQ(as(1) == MessageType::kInitiation, size == 148) << size;
    EXPECT_EQ(as(2) == MessageType::kResponse, size == 92) << size;
    EXPECT_EQ(as(3) == MessageType::kCookieReply, size == 64) << size;
    EXPECT_EQ(as(4) == MessageType::kData, size >= 32) << size;
    EXPECT_EQ(as(1).has_value(), size == 148) << size;
    EXPECT_EQ(as(2).has_value(), size == 92) << size;
    EXPECT_EQ(as(3).has_value(), size == 64) << size;
    EXPECT_EQ(as(4).has_value(), size >= 32) << size;
  }
}

// P2
TEST(Classify, takes_no_other_type) {
  for (const std::size_t size : {32U, 64U, 92U, 148U}) {
    for (unsigned type = 0; type < 256; ++type) {
      if (type >= 1 && type <= 4) continue;
      EXPECT_FALSE(classify(datagram(static_cast<std::uint8_t>(type), size))) << type;
    }
  }
}

// P2
TEST(Classify, wants_the_three_reserved_bytes_to_be_zero) {
  const std::vector<std::size_t> sizes{148, 92, 64, 32};
  for (std::uint8_t type = 1; type <= 4; ++type) {
    for (std::size_t byte = 1; byte <= 3; ++byte) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        auto bytes = datagram(type, sizes[type - 1U]);
        EXPECT_TRUE(classify(bytes));
        bytes[byte] = static_cast<std::uint8_t>(1U << bit);
        EXPECT_FALSE(classify(bytes));
      }
    }
  }
}

TEST(Messages, bear_their_type_from_the_start) {
  EXPECT_EQ(classify(as_bytes(InitiationMessage{})), MessageType::kInitiation);
  EXPECT_EQ(classify(as_bytes(ResponseMessage{})), MessageType::kResponse);
  EXPECT_EQ(classify(as_bytes(CookieReplyMessage{})), MessageType::kCookieReply);
  EXPECT_EQ(std::uint32_t{DataHeader{}.type}, 4U);
}

TEST(Messages, keep_integers_in_little_endian_order) {
  DataHeader header;
  header.receiver = 0x01020304;
  header.counter = 0x1112131415161718;
  const std::vector<std::uint8_t> expected{4,    0,    0,    0,    4,    3,    2,    1,
                                           0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
  const ByteSpan bytes = as_bytes(header);
  EXPECT_EQ(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), expected);
}

TEST(SessionIndex, serves_as_a_key) {
  std::unordered_set<SessionIndex> set{SessionIndex{1}, SessionIndex{2}, SessionIndex{1}};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace wring
