// The Internet checksum (RFC 1071): the one's complement sum of 16-bit words in network order.
// Values here are in host order; Be<std::uint16_t> puts them into a packet.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace wring {

// A sum under way. Every part but the last has an even size.
class InternetChecksum {
 public:
  void add(ByteSpan bytes);
  void add(std::uint16_t word) { sum_ += word; }
  // Takes a word out that was added before, alone or among bytes.
  void remove(std::uint16_t word) { sum_ += static_cast<std::uint16_t>(~word); }
  // What goes into the checksum field. Over data whose checksum field is filled in rightly: 0.
  [[nodiscard]] std::uint16_t value() const;
  // The sum itself, as the field holds it while the checksum is left to hardware.
  [[nodiscard]] std::uint16_t partial() const { return static_cast<std::uint16_t>(~value()); }

 private:
  std::uint64_t sum_ = 0;
};

[[nodiscard]] std::uint16_t internet_checksum(ByteSpan bytes);

// The checksum after one 16-bit word under it changed (RFC 1624, equation 3).
[[nodiscard]] constexpr std::uint16_t updated_checksum(std::uint16_t checksum,
                                                       std::uint16_t old_word,
                                                       std::uint16_t new_word) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~old_word);
  sum += new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace wring
