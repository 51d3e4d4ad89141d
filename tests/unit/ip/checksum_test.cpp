#include "ip/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  for (const std::uint8_t byte : Bytes<4>{0x00, 0x7f, 0x80, 0xff}) {
    const std::vector<std::uint8_t> bytes(65535, byte);
    EXPECT_EQ(internet_checksum(bytes), naive(bytes));
  }
}

TEST(Checksum, agrees_with_the_naive_sum_at_every_alignment) {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    const auto bytes = random_bytes(random, random() % 3000);
    const std::size_t skipped = std::min<std::size_t>(bytes.size(), random() % 64);
    const std::vector<std::uint8_t> rest(bytes.begin() + static_cast<std::ptrdiff_t>(skipped),
                                         bytes.end());
    ASSERT_EQ(internet_checksum(ByteSpan(bytes).subspan(skipped)), naive(rest));
  }
}

TEST(Checksum, is_the_same_over_parts_of_even_size) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    const auto bytes = random_bytes(random, random() % 3000);
    InternetChecksum sum;
    for (ByteSpan rest(bytes); !rest.empty();) {
      const std::size_t part = std::min<std::size_t>(rest.size(), random() % 300 * 2);
      sum.add(rest.first(part));
      rest = rest.subspan(part);
    }
    ASSERT_EQ(sum.value(), naive(bytes));
    ASSERT_EQ(sum.partial(), 0xffff ^ naive(bytes));
  }
}

TEST(Checksum, of_which_a_word_is_removed_is_that_of_the_rest) {
  std::mt19937 random(6);
  auto bytes = random_bytes(random, 20);
  InternetChecksum sum;
  sum.add(bytes);
  sum.remove(load<Be<std::uint16_t>>(bytes, 4));
  bytes[4] = bytes[5] = 0;
  EXPECT_EQ(sum.value(), naive(bytes));
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
