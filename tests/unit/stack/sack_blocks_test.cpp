// Options as they come, and what the first block says.
#include "stack/sack_blocks.h"

#include <gtest/gtest.h>

#include <vector>

namespace wring::stack {
namespace {

using Options = std::vector<std::uint8_t>;

std::vector<SequenceRange> blocks_of(const Options& options) {
  const SackBlocks found = SackBlocks::parse(options);
  return {found.begin(), found.end()};
}

TEST(SackBlocks, are_found_behind_other_options) {
  const Options options{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2,  // no operation; timestamps
                        1, 1, 5, 18, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 5, 0};
  const std::vector<SequenceRange> expected{{0x100, 0x200}, {0x400, 0x500}};
  EXPECT_EQ(blocks_of(options), expected);
}

TEST(SackBlocks, may_wrap_around) {
  const Options options{5, 10, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0};
  const std::vector<SequenceRange> expected{{0xffffff00, 0x100}};
  EXPECT_EQ(blocks_of(options), expected);
}

TEST(SackBlocks, that_are_turned_round_or_empty_are_left_out) {
  EXPECT_TRUE(SackBlocks::parse(Options{5, 10, 0, 0, 2, 0, 0, 0, 1, 0}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{5, 10, 0, 0, 2, 0, 0, 0, 2, 0}).empty());
}

TEST(SackBlocks, of_options_that_are_cut_off_are_none) {
  EXPECT_TRUE(SackBlocks::parse(Options{}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{5}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{5, 0, 0, 0}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{5, 10, 0, 0, 2}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{5, 6, 0, 0, 2, 0}).empty());
  EXPECT_TRUE(SackBlocks::parse(Options{0, 5, 10, 0, 0, 1, 0, 0, 0, 2, 0}).empty());
}

SackBlocks of(std::initializer_list<SequenceRange> blocks) {
  SackBlocks made;
  for (const SequenceRange& each : blocks)
    made.add(each);
  return made;
}

// RFC 2883, 4.1 and 4.2.
TEST(SackBlocks, tell_of_what_came_twice_below_the_number_or_within_the_second_block) {
  const SequenceRange old{3000, 3500};
  EXPECT_EQ(of({old}).duplicate(4000), old);
  EXPECT_EQ(of({old, {4500, 5000}}).duplicate(4000), old);
  const SequenceRange within{5000, 5500};
  EXPECT_EQ(of({within, {4500, 6000}}).duplicate(4000), within);
  EXPECT_EQ(of({within}).duplicate(4000), std::nullopt);
  EXPECT_EQ(of({within, {6000, 6500}}).duplicate(4000), std::nullopt);
  EXPECT_EQ(of({}).duplicate(4000), std::nullopt);
}

}  // namespace
}  // namespace wring::stack
