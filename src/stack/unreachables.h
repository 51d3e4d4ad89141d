// ICMP messages that say that the target of a connection cannot be reached, so that it fails at
// once. lwIP itself passes over them.
#pragma once

#include <lwip/raw.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "stack/control.h"

namespace wring::stack {

// The connection of ours that a message is about.
struct Unreachable {
  Place target;
  std::uint16_t own_port = 0;
  std::uint32_t sequence = 0;
  int error = 0;  // an errno

  friend bool operator==(const Unreachable&, const Unreachable&) = default;
};
// Reads a message of ICMP or ICMPv6. None: it says nothing of the kind, or not of TCP. Pure.
[[nodiscard]] std::optional<Unreachable> read_unreachable(ByteSpan message, IpVersion version);

// Has connections that are being made fail. Those that are established go on (RFC 1122, 4.2.3.9).
class Unreachables {
 public:
  Unreachables();
  Unreachables(const Unreachables&) = delete;
  Unreachables& operator=(const Unreachables&) = delete;
  ~Unreachables();

 private:
  std::array<raw_pcb*, 2> ports_;
};

}  // namespace wring::stack
