// Adds and removes Ethernet headers. The offset in a VnetHeader counts from the frame's first byte.
#include "io/packet_frames.h"

#include <net/ethernet.h>

#include <algorithm>

#include "base/bytes.h"

namespace wring {
namespace {

constexpr std::size_t kTypeAt = 2 * sizeof(MacAddress);

bool is_ip(std::uint16_t type) {
  return type == ETHERTYPE_IP || type == ETHERTYPE_IPV6;
}

}  // namespace

void take_out_of_frame(TunPacket& packet) {
  const MutByteSpan frame = packet.bytes;
  if (frame.size() < kFrameHeaderSize || !is_ip(load<Be<std::uint16_t>>(frame.subspan(kTypeAt)))) {
    packet = {};
    return;
  }
  packet.bytes = frame.subspan(kFrameHeaderSize);
  // Without kVnetNeedsCsum it is zero and means nothing.
  packet.header.csum_start =
      static_cast<std::uint16_t>(packet.header.csum_start - kFrameHeaderSize);
}

std::span<const iovec> FrameWriter::frame(std::span<const iovec> packet) {
  Head& head = heads_[frame_count_++];
  head.vnet = *static_cast<const VnetHeader*>(packet[0].iov_base);
  if ((head.vnet.flags & kVnetNeedsCsum) != 0) {
    head.vnet.csum_start = static_cast<std::uint16_t>(head.vnet.csum_start + kFrameHeaderSize);
    // So many bytes are put into one piece of the kernel's memory, and the payload into pages.
    head.vnet.hdr_len = static_cast<std::uint16_t>(head.vnet.hdr_len + kFrameHeaderSize);
  }
  head.to = addresses_.to;
  head.from = addresses_.from;
  const unsigned version = *static_cast<const std::uint8_t*>(packet[1].iov_base) >> 4;
  head.type = version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
  const std::span<iovec> framed = std::span(parts_).subspan(part_count_, packet.size());
  part_count_ += packet.size();
  framed[0] = {&head, sizeof head};
  std::copy(packet.begin() + 1, packet.end(), framed.begin() + 1);
  return framed;
}

}  // namespace wring
