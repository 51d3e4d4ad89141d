// Which routes are to be there.
#include "run/route_difference.h"

#include <gmock/gmock.h>

namespace wring::run {
namespace {

using testing::ElementsAre;

IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}

config::InterfaceAddress address(const char* text, std::uint8_t length) {
  return {*IpAddress::parse(text), length, true};
}

TEST(NetworksOf, are_those_that_the_kernel_makes_in_the_main_table) {
  EXPECT_THAT(networks_of({address("10.0.0.1", 24), address("10.0.1.1", 32), address("fd00::1", 64),
                           address("fd00:1::1", 128)}),
              ElementsAre(prefix("10.0.0.0/24"), prefix("fd00::/64"), prefix("fd00:1::1/128")));
}

TEST(WithoutCovered, leaves_out_what_others_cover_if_it_may) {
  const AddRoute inside{prefix("10.0.0.2/32"), kMainTable, true};
  const AddRoute outside{prefix("10.0.0.0/8"), kMainTable, true};
  const AddRoute elsewhere{prefix("10.0.0.2/32"), 77, false};
  EXPECT_THAT(without_covered({inside, outside, elsewhere}, {prefix("10.0.0.0/24")}),
              ElementsAre(outside, elsewhere));
  EXPECT_THAT(without_covered({inside}, {}), ElementsAre(inside));
}

TEST(Except, keeps_the_order) {
  EXPECT_THAT(except<int>({3, 1, 2, 1}, {1, 7}), ElementsAre(3, 2));
}

}  // namespace
}  // namespace wring::run
