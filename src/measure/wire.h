// What the two ends of a measurement send each other.
//
// TCP: the client sends whatever it likes and then ends its direction. The server answers how many
// bytes came, as a Count, and closes.
// UDP: an echo comes back as a reply, a counted one is counted, a question is answered by a Count.
// No answer is larger than what it answers, and none is answered: two servers never answer each
// other.
#pragma once

#include "base/bytes.h"

namespace wring::measure {

inline constexpr std::uint16_t kUsualPort = 51822;

enum class DatagramKind : std::uint8_t {
  kEcho = 'e',
  kReply = 'r',
  kCounted = 'c',
  kQuestion = 'q',
};

struct DatagramHeader {
  Bytes<4> magic{'w', 'r', 'b', '1'};
  std::uint8_t kind = 0;
  Bytes<3> zero{};
  Be<std::uint64_t> run;     // chosen by the client at random: what is counted together
  Be<std::uint64_t> number;  // of an echo, the client's own affair
};
static_assert(sizeof(DatagramHeader) == 24 && alignof(DatagramHeader) == 1);

// Besides its headers: of a small packet, as those of calls and games are.
inline constexpr std::size_t kDatagramSize = 64;

struct Count {
  Be<std::uint64_t> run;    // 0 for TCP
  Be<std::uint64_t> count;  // bytes, or datagrams
};
static_assert(sizeof(Count) == 16 && alignof(Count) == 1);

}  // namespace wring::measure
