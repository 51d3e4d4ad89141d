// Where a body in chunks ends.
#include "httptext/chunked_body.h"

#include <gtest/gtest.h>

#include <string>

namespace wring::proxy {
namespace {

const std::string kBody = "4\r\nWiki\r\n6;a=\"b\"\r\npedia \r\n00\r\nX-Sum: 1\r\n\r\n";

TEST(ChunkedBody, WhatFollowsItIsNotTaken) {
  ChunkedBody body;
  EXPECT_EQ(body.take(kBody + "GET / HTTP/1.1\r\n\r\n"), kBody.size());
  EXPECT_TRUE(body.has_ended());
  EXPECT_EQ(body.take("more"), 0U);
}

TEST(ChunkedBody, ByteByByteItEndsAtTheSamePlace) {
  ChunkedBody body;
  for (std::size_t i = 0; i < kBody.size(); ++i) {
    EXPECT_FALSE(body.has_ended()) << i;
    ASSERT_EQ(body.take(kBody.substr(i, 1)), 1U) << i;
  }
  EXPECT_TRUE(body.has_ended());
}

TEST(ChunkedBody, DataMayGoByUnseen) {
  ChunkedBody body;
  EXPECT_EQ(body.take("fFf\r\nab"), 7U);
  EXPECT_EQ(body.data_left(), 4093U);
  body.skip(4093);
  EXPECT_EQ(body.take("\r\n0\r\n\r\nG"), 7U);
  EXPECT_TRUE(body.has_ended());
}

TEST(ChunkedBody, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  const std::string long_line = "1;" + std::string(5000, 'a') + "\r\n";
  const std::string trailers = "0\r\n" + std::string(17000, 'a');
  for (const std::string& bad :
       {std::string("\r\n"), std::string("x\r\n"), std::string("-1\r\n"), std::string("0x1\r\n"),
        std::string("1\n"), std::string(" 1\r\n"), std::string("1\r\nab\r\n"),
        std::string("1\r\na\n0\r\n"), std::string("1\r\r\n"), std::string("1;\x01\r\n"),
        std::string("1234567890123456\r\n"), std::string("0\r\nA: b\n\r\n"),
        std::string("0\r\n\r\r"), long_line, trailers}) {
    ChunkedBody body;
    EXPECT_EQ(body.take(bad), std::nullopt) << bad.substr(0, 20);
  }
}

}  // namespace
}  // namespace wring::proxy
