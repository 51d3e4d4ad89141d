// Names in ClientHellos, whole, cut, and wrong.
#include "protocols/client_hello.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace wring::proxy {
namespace {

using Kind = ServerName::Kind;

std::string number(std::size_t value, int size) {
  std::string text;
  for (int i = size - 1; i >= 0; --i)
    text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string with_length(int size, const std::string& text) {
  return number(text.size(), size) + text;
}

std::string hello(const std::string& extensions) {
  const std::string body = "\3\3" + std::string(32, 'r') + with_length(1, "") +
                           with_length(2, "ab") + with_length(1, std::string(1, '\0')) +
                           (extensions.empty() ? "" : with_length(2, extensions));
  return "\1" + with_length(3, body);
}

std::string extension(std::size_t kind, const std::string& data) {
  return number(kind, 2) + with_length(2, data);
}

std::string name_extension(const std::string& name) {
  return extension(0, with_length(2, std::string(1, '\0') + with_length(2, name)));
}

std::string record(const std::string& part) {
  return "\x16\3\1" + with_length(2, part);
}

TEST(ClientHello, HasAName) {
  const auto found = server_name(record(hello(extension(10, "x") + name_extension("a.example"))));
  EXPECT_EQ(found.kind, Kind::kFound);
  EXPECT_EQ(found.name, "a.example");
}

TEST(ClientHello, MayComeInSeveralRecords) {
  const std::string whole = hello(name_extension("a.example"));
  const auto found = server_name(record(whole.substr(0, 7)) + record(whole.substr(7)));
  EXPECT_EQ(found.kind, Kind::kFound);
}

TEST(ClientHello, MayHaveRecordsOfAnotherKindBehindIt) {
  const std::string early = "\x14\3\3" + with_length(2, "\1") + "\x17\3\3" + with_length(2, "data");
  const auto found = server_name(record(hello(name_extension("a.example"))) + early);
  EXPECT_EQ(found.kind, Kind::kFound);
}

TEST(ClientHello, IsWaitedForToItsEnd) {
  const std::string whole = record(hello(name_extension("a.example")));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(server_name(std::string_view(whole).substr(0, size)).kind, Kind::kCut) << size;
}

TEST(ClientHello, WithoutANameIsNone) {
  EXPECT_EQ(server_name(record(hello(""))).kind, Kind::kNone);
  EXPECT_EQ(server_name(record(hello(extension(10, "x")))).kind, Kind::kNone);
}

TEST(ClientHello, WhatIsNoneIsRefusedAtOnce) {
  for (const std::string& bad :
       {std::string("GET / HTTP/1.1\r\n"), record("\2" + number(0, 3)),
        record("\1" + number(1U << 20, 3)), record(hello(name_extension(""))),
        record(hello(name_extension(std::string("a\0b", 3)))),
        record(hello(name_extension(std::string(300, 'a')))), record("\1" + number(2, 3) + "\3\3"),
        std::string("\x16\3\1\0\0", 5)}) {
    EXPECT_EQ(server_name(bad).kind, Kind::kWrong);
  }
}

}  // namespace
}  // namespace wring::proxy
