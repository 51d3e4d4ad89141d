// Packets through the coalescer and back, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "ip/coalescing.h"
#include "ip/segmentation.h"
#include "tests/support/parse_packet.h"
#include "tests/support/super_packets.h"

namespace wring {

struct Written {
  VnetHeader vnet;
  Packet bytes;
};

// What the kernel gets to see of a write.
inline Written gather(const TunWrite& write) {
  Packet all;
  for (const iovec& part : write.parts) {
    const auto* const data = static_cast<const std::uint8_t*>(part.iov_base);
    all.insert(all.end(), data, data + part.iov_len);
  }
  return {load<VnetHeader>(all), Packet(all.begin() + 10, all.end())};
}

inline std::vector<Written> coalesce(std::vector<Packet> packets, bool udp = true) {
  const std::vector<InnerPacket> inner = inner_packets(packets);
  Coalescer coalescer(udp);
  std::vector<Written> all;
  for (const TunWrite& write : coalescer.coalesce(inner)) {
    EXPECT_LE(write.packets, 64u);
    EXPECT_EQ(write.parts.size(), 1 + write.packets);
    all.push_back(gather(write));
  }
  return all;
}

inline std::vector<Packet> split(const Written& written) {
  Packet bytes = written.bytes;
  bytes.resize(bytes.size() + 16);
  auto parsed = parse_packet(written.vnet, MutByteSpan(bytes).first(written.bytes.size()));
  EXPECT_TRUE(parsed);
  std::vector<Packet> segments;
  for (std::size_t i = 0; parsed && i < parsed->count(); ++i) {
    segments.emplace_back(parsed->size(i));
    parsed->copy(i, segments.back());
  }
  return segments;
}

inline bool equal(const VnetHeader& a, const VnetHeader& b) {
  return std::bit_cast<Bytes<10>>(a) == std::bit_cast<Bytes<10>>(b);
}

// The sizes of the writes that these packets make, by number of packets.
inline std::vector<std::size_t> groups(std::vector<Packet> packets, bool udp = true) {
  const std::vector<InnerPacket> inner = inner_packets(packets);
  Coalescer coalescer(udp);
  std::vector<std::size_t> sizes;
  for (const TunWrite& write : coalescer.coalesce(inner))
    sizes.push_back(write.packets);
  return sizes;
}

using Sizes = std::vector<std::size_t>;

}  // namespace wring
