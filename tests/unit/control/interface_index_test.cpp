#include "control/interface_index.h"

#include <gtest/gtest.h>
#include <net/if.h>

namespace wring {
namespace {

TEST(InterfaceIndex, is_that_of_the_c_library) {
  EXPECT_NE(interface_index("lo"), 0u);
  EXPECT_EQ(interface_index("lo"), if_nametoindex("lo"));
}

TEST(InterfaceIndex, is_0_for_a_name_that_no_interface_has) {
  EXPECT_EQ(interface_index(""), 0u);
  EXPECT_EQ(interface_index("none-such"), 0u);
  EXPECT_EQ(interface_index("sixteen-or-more-characters"), 0u);
}

}  // namespace
}  // namespace wring
