#include "stack/local_ports.h"

#include <gtest/gtest.h>

#include <set>

namespace wring::stack {
namespace {

LocalPorts::Look nothing_in_use() {
  return [](LocalPorts::Used&) {};
}

TEST(LocalPorts, gives_each_once_before_it_gives_one_again) {
  LocalPorts ports(nothing_in_use(), 40'000);
  std::set<std::uint16_t> given;
  for (unsigned i = 0; i < 32'768; ++i)
    given.insert(ports.take());
  EXPECT_EQ(given.size(), 32'768U);
  EXPECT_EQ(*given.begin(), 32'768);
  EXPECT_EQ(ports.take(), 40'000);
}

TEST(LocalPorts, begins_where_it_is_told_to) {
  EXPECT_EQ(LocalPorts(nothing_in_use(), 65'535).take(), 65'535);
  EXPECT_EQ(LocalPorts(nothing_in_use(), 80).take(), 32'768);
}

TEST(LocalPorts, passes_over_those_in_use) {
  LocalPorts ports([](LocalPorts::Used& used) { used.set(50'001).set(50'002); }, 50'000);
  EXPECT_EQ(ports.take(), 50'000);
  EXPECT_EQ(ports.take(), 50'003);
}

TEST(LocalPorts, looks_once_around) {
  int looks = 0;
  LocalPorts ports([&](LocalPorts::Used&) { ++looks; }, 32'768);
  for (unsigned i = 0; i < 3 * 32'768; ++i)
    EXPECT_NE(ports.take(), 0);
  EXPECT_EQ(looks, 3);
}

TEST(LocalPorts, has_none_while_all_are_in_use) {
  bool full = true;
  LocalPorts ports(
      [&](LocalPorts::Used& used) {
        if (full) used.set();
      },
      32'768);
  EXPECT_EQ(ports.take(), 0);
  full = false;
  EXPECT_EQ(ports.take(), 32'768);
}

}  // namespace
}  // namespace wring::stack
