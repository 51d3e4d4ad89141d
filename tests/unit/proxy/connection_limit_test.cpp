// How many connections go with a limit of descriptors.
#include "proxy/connection_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace wring::proxy {
namespace {

TEST(ConnectionLimit, AConnectionTakesEightDescriptors) {
  EXPECT_EQ(limit_by(20'000, false).connections, 2404U);
  EXPECT_EQ(limit_by(400'767, false).connections, 49'999U);
  EXPECT_EQ(limit_by(400'768, false).connections, 50'000U);
  EXPECT_EQ(limit_by(1 << 20, false).connections, 50'000U);
}

TEST(ConnectionLimit, OfAFewDescriptorsHalfAreForConnections) {
  EXPECT_EQ(limit_by(1024, false).connections, 64U);
  EXPECT_EQ(limit_by(0, false).connections, 0U);
}

TEST(ConnectionLimit, TheLogSaysWhatMoreWouldTake) {
  EXPECT_EQ(describe(limit_by(1 << 20, false)), "at most 50000 connections at once");
  EXPECT_EQ(describe(limit_by(20'000, false)),
            "at most 2404 connections at once, because no more than 20000 files may be open; 50000 "
            "take 400768 (ulimit -Hn, LimitNOFILE=)");
}

TEST(ConnectionLimit, OfLwipTheLogKnowsItsLimit) {
  EXPECT_EQ(describe(limit_by(20'000, true)), "at most 2048 connections at once");
  EXPECT_EQ(describe(limit_by(1024, true)),
            "at most 56 connections at once, because no more than 1024 files may be open; 2048 "
            "take 19200 (ulimit -Hn, LimitNOFILE=)");
}

TEST(ConnectionLimit, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{100, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(limit_connections(false).descriptors, before.rlim_max);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace wring::proxy
