#include "config/friendly_name.h"

#include <gtest/gtest.h>

namespace wring::config {
namespace {

TEST(FriendlyName, within_a_peer_as_the_exporter_has_it) {
  EXPECT_EQ(name_within("friendly_name = phone of Ada"), "phone of Ada");
  EXPECT_EQ(name_within("friendly_name=x"), "x");
  EXPECT_EQ(name_within("friendly_name ="), std::nullopt);
  EXPECT_EQ(name_within("friendly_names = x"), std::nullopt);
  EXPECT_EQ(name_within("my phone"), std::nullopt);
}

TEST(FriendlyName, above_a_peer_as_pivpn_and_wg_easy_have_it) {
  EXPECT_EQ(name_above("## begin laptop ###"), "laptop");
  EXPECT_EQ(name_above("begin laptop"), "laptop");
  EXPECT_EQ(name_above("Client: tablet (7c1e)"), "tablet");
  EXPECT_EQ(name_above("Client: tablet"), "tablet");
  EXPECT_EQ(name_above("Client: (7c1e)"), std::nullopt);
  EXPECT_EQ(name_above("## end laptop ###"), std::nullopt);
}

TEST(FriendlyName, cannot_move_the_cursor_and_is_128_bytes_at_most) {
  EXPECT_EQ(name_within("friendly_name = a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(name_within("friendly_name = " + std::string(300, 'a')), std::string(128, 'a'));
  // Not in the middle of a character.
  EXPECT_EQ(name_within("friendly_name = " + std::string(127, 'a') + "\xc3\xbc"),
            std::string(127, 'a'));
}

}  // namespace
}  // namespace wring::config
