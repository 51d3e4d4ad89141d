// Heads of requests, as RFC 9112 has them.
#include "httptext/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace wring::proxy {
namespace {

TEST(HttpHead, IsReadWithItsFields) {
  const auto head = read_http_head("GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nx:  y \r\n\r\nbody");
  ASSERT_TRUE(head && *head);
  EXPECT_EQ((*head)->method, "GET");
  EXPECT_EQ((*head)->target, "/");
  EXPECT_EQ((*head)->field("host"), "a");
  EXPECT_EQ((*head)->field("x-empty"), "");
  EXPECT_EQ((*head)->field("X"), "y");
  EXPECT_EQ((*head)->field("other"), std::nullopt);
  EXPECT_EQ((*head)->size,
            std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nx:  y \r\n\r\n").size());
}

TEST(HttpHead, IsWaitedForToItsEnd) {
  const std::string_view all = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < all.size(); ++size) {
    const auto head = read_http_head(all.substr(0, size));
    EXPECT_TRUE(head && !*head) << size;
  }
}

TEST(HttpHead, WhatTwoReadersMightReadDifferentlyIsRefused) {
  for (const char* const bad :
       {"GET  / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n", "\x16\x03\x01"}) {
    const auto head = read_http_head(bad);
    ASSERT_FALSE(head) << bad;
    EXPECT_EQ(head.error(), HttpStatus::kBadRequest) << bad;
  }
  EXPECT_EQ(read_http_head("GET / HTTP/2.0\r\n\r\n").error(), HttpStatus::kVersion);
}

TEST(HttpHead, HasNoMoreFieldsThanTheLimit) {
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 129; ++i)
    text += "a: b\r\n";
  EXPECT_EQ(read_http_head(text + "\r\n").error(), HttpStatus::kHeadTooLarge);
}

tl::expected<HttpBody, HttpStatus> body(const std::string& fields) {
  const std::string text = "POST / HTTP/1.1\r\n" + fields + "\r\n";
  const auto head = read_http_head(text);
  return body_of(**head);
}

TEST(HttpBody, HasOneLength) {
  EXPECT_EQ(body("")->size, 0U);
  EXPECT_EQ(body("Content-Length: 17\r\n")->size, 17U);
  EXPECT_TRUE(body("Transfer-Encoding: chunked\r\n")->chunked);
  EXPECT_FALSE(body("Content-Length: 1\r\nContent-Length: 1\r\n"));
  EXPECT_FALSE(body("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(body("Content-Length: +1\r\n"));
  EXPECT_FALSE(body("Content-Length: 1, 1\r\n"));
  EXPECT_FALSE(body("Transfer-Encoding: gzip, chunked\r\n"));
}

TEST(HttpAuthority, IsHostAndPort) {
  EXPECT_EQ(read_authority("a.example", 80), (config::HostPort{"a.example", 80}));
  EXPECT_EQ(read_authority("a.example:8080", 80), (config::HostPort{"a.example", 8080}));
  EXPECT_EQ(read_authority("[::1]", 443), (config::HostPort{"::1", 443}));
  EXPECT_EQ(read_authority("[::1]:1", 443), (config::HostPort{"::1", 1}));
  for (const char* const bad :
       {"", ":80", "a:", "a:0", "a:65536", "a:1:2", "[::1", "[1.2.3.4]", "[::1]x", "u@a"}) {
    EXPECT_FALSE(read_authority(bad, 80)) << bad;
  }
}

TEST(HttpList, HasAWord) {
  EXPECT_TRUE(list_has("close, Upgrade", "upgrade"));
  EXPECT_FALSE(list_has("closed", "close"));
}

}  // namespace
}  // namespace wring::proxy
