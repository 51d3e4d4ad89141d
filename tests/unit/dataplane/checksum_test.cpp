#include "dataplane/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace wring {
namespace {

// RFC 1071 word for word: 16 bits at a time, the carry folded in at once.
std::uint16_t naive(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const unsigned low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
    sum += bytes[i] * 256U + low;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes)
    byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Checksum, agrees_with_the_example_of_rfc_1071) {
  EXPECT_EQ(internet_checksum(Bytes<8>{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}),
            0xffff - 0xddf2);
}

TEST(Checksum, agrees_with_the_naive_sum_at_every_length) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    const auto bytes = random_bytes(random, size);
    ASSERT_EQ(internet_checksum(bytes), naive(bytes)) << size;
  }
  const std::vector<std::uint8_t> ones(65535, 0xff);
  EXPECT_EQ(internet_checksum(ones), naive(ones));
}

TEST(Checksum, comes_out_as_zero_over_data_that_holds_it) {
  std::mt19937 random(2);
  auto bytes = random_bytes(random, 40);
  bytes[10] = bytes[11] = 0;
  store(MutByteSpan(bytes), Be<std::uint16_t>(internet_checksum(bytes)), 10);
  EXPECT_EQ(internet_checksum(bytes), 0);
}

TEST(Checksum, changes_with_one_word_as_if_it_were_made_anew) {  // RFC 1624
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = random_bytes(random, 20);
    const std::uint16_t before = internet_checksum(bytes);
    const std::uint16_t old_word = load<Be<std::uint16_t>>(bytes, 6);
    const auto new_word = static_cast<std::uint16_t>(i % 3 != 0   ? random()
                                                     : i % 2 == 0 ? 0
                                                                  : 0xffff);
    store(MutByteSpan(bytes), Be<std::uint16_t>(new_word), 6);
    ASSERT_EQ(updated_checksum(before, old_word, new_word), internet_checksum(bytes));
  }
  // The example of RFC 1624, section 4.
  EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

}  // namespace
}  // namespace wring
