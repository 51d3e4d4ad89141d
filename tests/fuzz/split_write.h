// What becomes of a packet for the TUN once it is segmented.
#pragma once

#include <vector>

#include "ip/coalescing.h"
#include "ip/packets.h"
#include "ip/segmentation.h"
#include "tests/support/parse_packet.h"

namespace wring::fuzz {

using Packets = std::vector<std::vector<std::uint8_t>>;

inline Packets copies(const SegmentedPacket& split) {
  Packets segments;
  for (std::size_t i = 0; i < split.count(); ++i) {
    segments.emplace_back(split.size(i));
    split.copy(i, segments.back());
  }
  return segments;
}

// Appends the packets of a write to `packets`. Aborts if it cannot be segmented.
inline void split_write(const TunWrite& write, Packets& packets) {
  std::vector<std::uint8_t> bytes;
  for (const iovec& part : write.parts) {
    const auto* const data = static_cast<const std::uint8_t*>(part.iov_base);
    bytes.insert(bytes.end(), data, data + part.iov_len);
  }
  const auto vnet = load<VnetHeader>(bytes);
  bytes.erase(bytes.begin(), bytes.begin() + sizeof vnet);
  const std::size_t size = bytes.size();
  bytes.resize(size + kPacketTailRoom);
  const auto split = parse_packet(vnet, MutByteSpan(bytes).first(size));
  if (!split || split->count() != write.packets) std::abort();
  for (auto& packet : copies(*split))
    packets.push_back(std::move(packet));
}

}  // namespace wring::fuzz
