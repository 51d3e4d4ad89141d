#include "base/decimal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace wring {
namespace {

TEST(Decimal, reads_what_is_a_number_from_end_to_end) {
  EXPECT_EQ(parse_decimal<std::uint16_t>("0"), 0);
  EXPECT_EQ(parse_decimal<std::uint16_t>("51820"), 51820);
  EXPECT_EQ(parse_decimal<std::uint16_t>("007"), 7);
  EXPECT_EQ(parse_decimal<std::uint8_t>("128"), 128);
  EXPECT_EQ(parse_decimal<std::uint32_t>("4294967295"), 4294967295U);
}

TEST(Decimal, refuses_all_else) {
  for (const auto* text : {"", " ", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0", "x"}) {
    EXPECT_EQ(parse_decimal<std::uint32_t>(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_decimal<std::uint32_t>(std::string("1\0", 2)), std::nullopt);
}

TEST(Decimal, refuses_what_the_type_does_not_hold) {
  EXPECT_EQ(parse_decimal<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint32_t>("4294967296"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint32_t>("99999999999999999999999"), std::nullopt);
}

}  // namespace
}  // namespace wring
