// Whatever comes out of the tunnel: each write, segmented again, is the packets that it points at;
// each packet leaves once, and none overtakes another of its flow.
#include <algorithm>
#include <cstdlib>

#include "ip/ip_header.h"
#include "right_checksums.h"
#include "split_write.h"

using namespace wring;

// The id of an IPv4 packet that must not be fragmented means nothing, and it alone may differ.
static void clear_id(std::vector<std::uint8_t>& packet) {
  if (packet.size() < sizeof(Ipv4Header) || ip_version(packet) != 4 || (packet[6] & 0x40) == 0) {
    return;
  }
  packet[4] = packet[5] = packet[10] = packet[11] = 0;
}

static bool may_change_places(std::vector<std::uint8_t>& a, std::vector<std::uint8_t>& b) {
  const auto view_a = view_transport(a);
  const auto view_b = view_transport(b);
  for (const auto* view : {&view_a, &view_b}) {
    if (!*view && view->error() == NoTransport::kUnseen) return false;  // perhaps of any flow
  }
  if (!view_a || !view_b) return view_a.has_value() != view_b.has_value();
  if (view_a->total != a.size() || view_b->total != b.size()) return false;
  return !same_flow({a, *view_a}, {b, *view_b});
}

// Each packet has its length in front, with a bit that says that its checksums are to stay wrong.
static fuzz::Packets take_packets(ByteSpan rest) {
  fuzz::Packets packets;
  while (rest.size() >= 2) {
    const std::uint16_t word = load<Be<std::uint16_t>>(rest);
    rest = rest.subspan(2);
    const ByteSpan packet = rest.first(std::min<std::size_t>(word & 0x7fff, rest.size()));
    if (packet.empty()) continue;
    packets.emplace_back(packet.begin(), packet.end());
    if (word < 0x8000) fuzz::make_checksums_right(packets.back());
    rest = rest.subspan(packet.size());
  }
  return packets;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Packets packets = take_packets({data, size});
  fuzz::Packets before = packets;
  const std::vector<MutByteSpan> spans(packets.begin(), packets.end());
  Coalescer coalescer(true);
  std::vector<std::size_t> order;  // in which they leave
  for (const TunWrite& write : coalescer.coalesce(spans)) {
    fuzz::Packets came;
    fuzz::split_write(write, came);
    for (std::size_t i = 0; i < came.size(); ++i) {
      const auto* const part = static_cast<const std::uint8_t*>(write.parts[i + 1].iov_base);
      const auto source = std::find_if(spans.begin(), spans.end(), [part](MutByteSpan span) {
        return part == span.data() || (part > span.data() && part < span.data() + span.size());
      });
      order.push_back(static_cast<std::size_t>(source - spans.begin()));
      auto expected = before.at(order.back());
      if (came.size() > 1) {
        clear_id(expected);
        clear_id(came[i]);
      }
      if (came[i] != expected) std::abort();
    }
  }
  if (order.size() != packets.size()) std::abort();
  for (std::size_t later = 0; later < order.size(); ++later) {
    for (std::size_t i = 0; i < later; ++i) {
      if (order[i] > order[later] && !may_change_places(before[order[i]], before[order[later]]))
        std::abort();
      if (order[i] == order[later]) std::abort();
    }
  }
  return 0;
}
