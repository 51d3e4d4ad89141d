// Whatever the kernel hands over: what is split in place is what is copied out, and it comes back
// when it is joined and split again.
#include <cstdlib>

#include "ip/coalescing.h"
#include "ip/packets.h"
#include "ip/segmentation.h"
#include "split_write.h"
#include "tests/support/parse_packet.h"

using namespace wring;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < sizeof(VnetHeader)) return 0;
  const ByteSpan input(data, size);
  std::vector<std::uint8_t> buffer(input.begin() + sizeof(VnetHeader), input.end());
  const std::size_t packet_size = buffer.size();
  buffer.resize(packet_size + kPacketTailRoom);
  auto split = parse_packet(load<VnetHeader>(input), MutByteSpan(buffer).first(packet_size));
  if (!split) return 0;
  std::vector<std::vector<std::uint8_t>> segments = fuzz::copies(*split);
  SegmentArena arena;
  for (const auto phase : {SegmentPhase::kEven, SegmentPhase::kOdd}) {
    std::vector<MutByteSpan> made;
    split->prepare(phase, 1420, arena, made);
    for (std::size_t i = 0; i < made.size(); ++i) {
      const auto& expected = segments.at(2 * i + static_cast<std::size_t>(phase));
      if (!std::equal(expected.begin(), expected.end(), made[i].begin())) std::abort();
    }
  }
  std::vector<std::vector<std::uint8_t>> sent = segments;
  std::vector<InnerPacket> inner;
  for (auto& packet : sent) {
    // A packet that is not split may have bytes behind the length that its header gives.
    const auto ip = inspect(packet);
    if (!ip) std::abort();
    inner.push_back({MutByteSpan(packet).first(ip->total_length), *ip});
  }
  std::vector<std::vector<std::uint8_t>> came;
  Coalescer coalescer(true);
  for (const TunWrite& write : coalescer.coalesce(inner))
    fuzz::split_write(write, came);
  for (std::size_t i = 0; i < segments.size(); ++i)
    segments[i].resize(inner[i].ip.total_length);
  if (came != segments) std::abort();
  return 0;
}
