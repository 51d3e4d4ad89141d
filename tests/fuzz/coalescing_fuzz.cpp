// Whatever comes out of the tunnel: each write, segmented again, is the packets that it points at.
#include <algorithm>
#include <cstdlib>

#include "dataplane/ip_header.h"
#include "split_write.h"

using namespace wring;

// The id of an IPv4 packet that must not be fragmented means nothing, and it alone may differ.
static void clear_id(std::vector<std::uint8_t>& packet) {
  if (packet.size() < sizeof(Ipv4Header) || ip_version(packet) != 4 || (packet[6] & 0x40) == 0) {
    return;
  }
  packet[4] = packet[5] = packet[10] = packet[11] = 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Packets packets;  // each with its length in front
  for (ByteSpan rest(data, size); rest.size() >= 2;) {
    const std::size_t length = load<Be<std::uint16_t>>(rest);
    rest = rest.subspan(2);
    const ByteSpan packet = rest.first(std::min(length, rest.size()));
    packets.emplace_back(packet.begin(), packet.end());
    rest = rest.subspan(packet.size());
  }
  const fuzz::Packets before = packets;
  const std::vector<MutByteSpan> spans(packets.begin(), packets.end());
  Coalescer coalescer(true);
  std::size_t written = 0;
  for (const TunWrite& write : coalescer.coalesce(spans)) {
    fuzz::Packets came;
    fuzz::split_write(write, came);
    for (std::size_t i = 0; i < came.size(); ++i, ++written) {
      const auto* const part = static_cast<const std::uint8_t*>(write.parts[i + 1].iov_base);
      const auto source = std::find_if(spans.begin(), spans.end(), [part](MutByteSpan span) {
        return part == span.data() || (part > span.data() && part < span.data() + span.size());
      });
      auto expected = before.at(static_cast<std::size_t>(source - spans.begin()));
      if (came.size() > 1) {
        clear_id(expected);
        clear_id(came[i]);
      }
      if (came[i] != expected) std::abort();
    }
  }
  if (written != packets.size()) std::abort();
  return 0;
}
