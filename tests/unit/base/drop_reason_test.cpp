#include "base/drop_reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace wring {
namespace {

TEST(DropReason, every_reason_has_a_snake_case_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string_view text = name(static_cast<DropReason>(i));
    EXPECT_FALSE(text.empty()) << i;
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), text.npos) << text;
    EXPECT_TRUE(names.insert(text).second) << text;
  }
}

TEST(DropReason, names_stand_in_the_order_of_the_reasons) {
  EXPECT_EQ(name(DropReason::kMalformedDatagram), "malformed_datagram");
  EXPECT_EQ(name(DropReason::kEcnCeOverNotEct), "ecn_ce_over_not_ect");
  EXPECT_EQ(name(DropReason::kOversized), "oversized");
  EXPECT_EQ(name(DropReason::kHandshakeQueueFull), "handshake_queue_full");
  EXPECT_EQ(name(DropReason::kCookieUnsolicited), "cookie_unsolicited");
  EXPECT_EQ(name(DropReason::kInterfaceDown), "interface_down");
}

TEST(DropCounters, count_each_reason_apart) {
  DropCounters counters;
  counters.add(DropReason::kReplayed);
  counters.add(DropReason::kReplayed, 4);
  EXPECT_EQ(counters.get(DropReason::kReplayed), 5U);
  EXPECT_EQ(counters.get(DropReason::kNoPeer), 0U);
}

TEST(DropCounters, add_up_what_more_threads_than_there_are_rows_have_counted) {
  DropCounters counters;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&counters] {
      for (int n = 0; n < 1000; ++n)
        counters.add(DropReason::kUnknownIndex);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(counters.get(DropReason::kUnknownIndex), 20000U);
  EXPECT_EQ(counters.all()[static_cast<std::size_t>(DropReason::kUnknownIndex)], 20000U);
}

}  // namespace
}  // namespace wring
