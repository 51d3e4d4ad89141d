// Gathers the parts of a joined write and segments them, as the kernel would have.
#include "ip/joined_write.h"

#include <cstring>

#include "ip/packets.h"
#include "ip/segmentation.h"
#include "ip/vnet_header.h"

namespace wring {
namespace {

VnetHeader header_of(std::span<const iovec> parts) {
  VnetHeader header;
  if (!parts.empty() && parts[0].iov_len == sizeof header) {
    std::memcpy(&header, parts[0].iov_base, sizeof header);
  }
  return header;
}

MutByteSpan gather(std::span<const iovec> parts, SegmentArena& arena) {
  std::size_t size = 0;
  for (const iovec& part : parts)
    size += part.iov_len;
  const MutByteSpan whole = arena.allocate(size + kPacketTailRoom).first(size);
  std::uint8_t* at = whole.data();
  for (const iovec& part : parts) {
    std::memcpy(at, part.iov_base, part.iov_len);
    at += part.iov_len;
  }
  return whole;
}

}  // namespace

WriteKind kind_of(std::span<const iovec> parts) {
  const VnetHeader header = header_of(parts);
  if (header.gso_type == kVnetGsoNone) return WriteKind::kSingle;
  return header.gso_type == kVnetGsoUdpL4 ? WriteKind::kUdp : WriteKind::kTcp;
}

std::size_t packets_in(std::span<const iovec> parts, bool has_header) {
  return parts.empty() ? 1 : parts.size() - (has_header ? 1 : 0);
}

void take_apart(std::span<const iovec> parts, SegmentArena& arena, std::vector<MutByteSpan>& out) {
  if (kind_of(parts) == WriteKind::kSingle) return;
  const MutByteSpan whole = gather(parts.subspan(1), arena);
  const auto ip = inspect(whole);
  if (!ip) return;
  const auto split = SegmentedPacket::parse(header_of(parts), whole, *ip);
  if (!split) return;
  for (std::size_t i = 0; i < split->count(); ++i) {
    const MutByteSpan packet = arena.allocate(split->size(i));
    split->copy(i, packet);
    out.push_back(packet);
  }
}

}  // namespace wring
