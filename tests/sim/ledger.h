// What went into the tunnels and what came out: each packet comes out at most once, unaltered, and
// only where it was meant to.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "ip/ip_address.h"

namespace wring::test {

class Ledger {
 public:
  // A packet from one host to another, different from every other one; its payload has between 16
  // and 16 + `filler` bytes.
  std::vector<std::uint8_t> make(const IpAddress& from, const IpAddress& to, std::size_t filler);
  // A packet came out at the host that bears `at`. Returns what is wrong with that; empty if
  // nothing is.
  std::string deliver(ByteSpan packet, const IpAddress& at);

  [[nodiscard]] std::uint64_t sent() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

 private:
  struct Entry {
    std::vector<std::uint8_t> packet;
    IpAddress to;
    bool delivered = false;
  };
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::uint64_t delivered_ = 0;
};

}  // namespace wring::test
