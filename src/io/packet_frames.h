// Ethernet frames around the packets of a packet socket. A packet socket passes a VnetHeader only
// together with a link-layer header, which a TUN does not have.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "ip/packets.h"

namespace wring {

using MacAddress = std::array<std::uint8_t, 6>;

// Where frames go, and where they say that they come from. The interface takes only frames to its
// own address.
struct FrameAddresses {
  MacAddress to{};
  MacAddress from{};
};

// Between the VnetHeader and the packet.
inline constexpr std::size_t kFrameHeaderSize = 14;

// Makes of a packet with the frame's header, as it was read, the packet alone. What is no IPv4 or
// IPv6 becomes an empty packet, which is no IP packet to anyone.
void take_out_of_frame(TunPacket& packet);

// Puts packets into frames, and holds what the kernel is to read of them. One thread.
class FrameWriter {
 public:
  explicit FrameWriter(const FrameAddresses& addresses) : addresses_(addresses) {}

  // Whether frame() may be called for a packet of so many parts.
  [[nodiscard]] bool has_room(std::size_t parts) const {
    return frame_count_ < kMaxFrames && part_count_ + parts <= kMaxParts;
  }
  // The parts of the frame for a packet whose first part is a VnetHeader and whose second one
  // begins with the IP header. They are valid until clear().
  [[nodiscard]] std::span<const iovec> frame(std::span<const iovec> packet);
  void clear() {
    frame_count_ = 0;
    part_count_ = 0;
  }

 private:
  // The parts of a packet are at most IOV_MAX.
  static constexpr std::size_t kMaxParts = 4096;
  static constexpr std::size_t kMaxFrames = 512;
  struct Head {
    VnetHeader vnet;
    MacAddress to;
    MacAddress from;
    Be<std::uint16_t> type;
  };
  static_assert(sizeof(Head) == sizeof(VnetHeader) + kFrameHeaderSize);

  const FrameAddresses addresses_;
  std::array<Head, kMaxFrames> heads_;
  std::size_t frame_count_ = 0;
  std::array<iovec, kMaxParts> parts_;
  std::size_t part_count_ = 0;
};

}  // namespace wring
