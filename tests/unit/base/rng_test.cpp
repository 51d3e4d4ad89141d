#include "base/rng.h"

#include <gtest/gtest.h>

namespace wring {
namespace {

// Gives out 0, 1, 2 and so on.
class CountingRng final : public Rng {
 public:
  void fill(MutByteSpan out) override {
    for (std::uint8_t& byte : out)
      byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

TEST(SystemRng, fills_every_byte_and_never_alike) {
  SystemRng rng;
  const Bytes<64> first = rng.bytes<64>();
  EXPECT_NE(first, rng.bytes<64>());
  // A part that is never written would stay zero in all of them.
  Bytes<64> merged{};
  for (int i = 0; i < 16; ++i) {
    const Bytes<64> more = rng.bytes<64>();
    for (std::size_t at = 0; at < merged.size(); ++at)
      merged[at] |= more[at];
  }
  for (const std::uint8_t byte : merged)
    EXPECT_NE(byte, 0);
  rng.fill({});
}

TEST(Rng, draws_numbers_from_its_bytes) {
  CountingRng rng;
  EXPECT_EQ(rng.bytes<3>(), (Bytes<3>{0, 1, 2}));
  EXPECT_EQ(rng.u32(), load<std::uint32_t>(Bytes<4>{3, 4, 5, 6}));
  for (const std::uint32_t bound : {1U, 2U, 333U}) {
    for (int i = 0; i < 50; ++i)
      EXPECT_LT(rng.below(bound), bound);
  }
}

}  // namespace
}  // namespace wring
