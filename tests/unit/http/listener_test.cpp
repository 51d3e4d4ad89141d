#include "http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wring::http {
namespace {

TEST(HttpListener, a_place_that_is_none_is_refused_with_an_example) {
  for (const char* place : {"", "9586", ":9586", "127.0.0.1", "localhost:80", "127.0.0.1:0"}) {
    const auto made = listen_at(place);
    ASSERT_FALSE(made) << place;
    EXPECT_THAT(made.error().message, testing::HasSubstr("write 127.0.0.1:9586"));
  }
}

TEST(HttpListener, a_port_that_is_taken_says_so) {
  auto first = listen_at("127.0.0.1:41586");
  if (!first) GTEST_SKIP() << first.error().message;
  const auto second = listen_at("127.0.0.1:41586");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another program has that port"));
}

}  // namespace
}  // namespace wring::http
