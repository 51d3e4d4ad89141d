// ICMP messages that end a connection that is being made.
#include "stack/unreachables.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <initializer_list>
#include <vector>

namespace wring::stack {
namespace {

using Message = std::vector<std::uint8_t>;

// Type and code, and behind the header what is quoted.
Message message(std::uint8_t type, std::uint8_t code, const Message& quoted) {
  Message made{type, code, 0, 0, 0, 0, 0, 0};
  made.insert(made.end(), quoted.begin(), quoted.end());
  return made;
}

// From 10.9.0.2, port 49152, to 10.9.0.1, port 80; sequence number 0x01020304.
const Message kFour{0x45, 0, 0,  44, 0, 0, 0,   0, 64, 6,  0, 0, 10, 9,
                    0,    2, 10, 9,  0, 1, 192, 0, 0,  80, 1, 2, 3,  4};

Message six() {
  Message made{0x60, 0, 0, 0, 0, 24, 6, 64};
  made.resize(40);
  made[8] = made[24] = 0xfd;
  made[39] = 1;
  made.insert(made.end(), {192, 0, 0, 80, 1, 2, 3, 4});
  return made;
}

TEST(Unreachables, names_the_connection_and_the_error) {
  const Place target{*IpAddress::parse("10.9.0.1"), 80};
  const auto host = read_unreachable(message(3, 1, kFour), IpVersion::kV4);
  EXPECT_EQ(host, (Unreachable{target, 49152, 0x01020304, EHOSTUNREACH}));
  const auto port = read_unreachable(message(3, 3, kFour), IpVersion::kV4);
  EXPECT_EQ(port, (Unreachable{target, 49152, 0x01020304, ECONNREFUSED}));
  const auto of_six = read_unreachable(message(1, 3, six()), IpVersion::kV6);
  EXPECT_EQ(of_six,
            (Unreachable{{*IpAddress::parse("fd00::1"), 80}, 49152, 0x01020304, EHOSTUNREACH}));
}

TEST(Unreachables, passes_over_what_is_no_reason) {
  EXPECT_FALSE(read_unreachable(message(3, 4, kFour), IpVersion::kV4));   // too large
  EXPECT_FALSE(read_unreachable(message(11, 0, kFour), IpVersion::kV4));  // time exceeded
  EXPECT_FALSE(read_unreachable(message(2, 0, six()), IpVersion::kV6));   // too large
  Message datagram = kFour;
  datagram[9] = 17;
  EXPECT_FALSE(read_unreachable(message(3, 1, datagram), IpVersion::kV4));
}

TEST(Unreachables, reads_nothing_behind_the_end) {
  const Message whole = message(3, 1, kFour);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_unreachable(ByteSpan(whole).first(size), IpVersion::kV4));
  Message long_header = whole;
  long_header[8] = 0x4f;
  EXPECT_FALSE(read_unreachable(long_header, IpVersion::kV4));
}

}  // namespace
}  // namespace wring::stack
