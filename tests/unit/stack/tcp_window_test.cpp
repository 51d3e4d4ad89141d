// A window grows while its reader keeps up, up to its limit.
#include "stack/tcp_window.h"

#include <gtest/gtest.h>

namespace wring::stack {
namespace {

constexpr std::uint32_t kMost = 4U << 20;

TEST(TcpWindow, doubles_after_each_window_that_was_read_in_time) {
  TcpWindow window(kMost);
  EXPECT_EQ(window.size(), 131072U);
  EXPECT_EQ(window.on_passed(131071, false), 0U);
  EXPECT_EQ(window.on_passed(1, false), 131072U);
  EXPECT_EQ(window.size(), 262144U);
  EXPECT_EQ(window.on_passed(262144, false), 262144U);
}

TEST(TcpWindow, does_not_grow_for_a_reader_who_is_late) {
  TcpWindow window(kMost);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(window.on_passed(131072, true), 0U);
  EXPECT_EQ(window.size(), TcpWindow::kFirst);
}

TEST(TcpWindow, stops_at_four_megabytes) {
  TcpWindow window(kMost);
  std::uint32_t grown = 0;
  for (int i = 0; i < 20; ++i)
    grown += window.on_passed(kMost, false);
  EXPECT_EQ(window.size(), kMost);
  EXPECT_EQ(grown, kMost - TcpWindow::kFirst);
}

}  // namespace
}  // namespace wring::stack
