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
  const auto view_a = view_transport(a, inspect(a).value());
  const auto view_b = view_transport(b, inspect(b).value());
  for (const auto* view : {&view_a, &view_b}) {
    if (!*view && view->error() == NoTransport::kUnseen) return false;  // perhaps of any flow
  }
  if (!view_a || !view_b) return view_a.has_value() != view_b.has_value();
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
    // As Inbound hands them out.
    const auto ip = inspect(packets.back());
    if (!ip) {
      packets.pop_back();
    } else {
      packets.back().resize(ip->total_length);
    }
  }
  return packets;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Packets packets = take_packets({data, size});
  fuzz::Packets before = packets;
  std::vector<InnerPacket> inner;
  for (auto& packet : packets)
    inner.push_back({packet, inspect(packet).value()});
  Coalescer coalescer(true);
  std::vector<std::size_t> order;  // in which they leave
  for (const TunWrite& write : coalescer.coalesce(inner)) {
    fuzz::Packets came;
    fuzz::split_write(write, came);
    for (std::size_t i = 0; i < came.size(); ++i) {
      const auto* const part = static_cast<const std::uint8_t*>(write.parts[i + 1].iov_base);
      const auto source = std::find_if(inner.begin(), inner.end(), [part](const InnerPacket& each) {
        return part >= each.bytes.data() && part < each.bytes.data() + each.bytes.size();
      });
      order.push_back(static_cast<std::size_t>(source - inner.begin()));
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
