#include "steering/steering.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace wring {
namespace {

constexpr std::array<std::uint32_t, 6> kRandom{0,          1,          0x12345678,
                                               0xfeffffff, 0xfffffffe, 0xffffffff};

TEST(Steering, an_index_leads_to_the_worker_that_it_was_made_for) {
  for (unsigned workers = 1; workers <= 64; ++workers) {
    for (unsigned worker = 0; worker < workers; ++worker) {
      for (const std::uint32_t random : kRandom)
        ASSERT_EQ(worker_of(index_for(worker, workers, random), workers), worker) << workers;
    }
  }
}

TEST(Steering, with_one_worker_the_index_is_the_random_number) {
  for (const std::uint32_t random : kRandom)
    EXPECT_EQ(index_for(0, 1, random), random);
}

TEST(Steering, indices_differ_where_the_random_numbers_do) {
  std::set<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < 1000; ++i)
    indices.insert(index_for(2, 3, as_steered(3 * i)));
  EXPECT_EQ(indices.size(), 1000U);
}

}  // namespace
}  // namespace wring
