// Any bytes as an inner packet: what is taken for one lies within what was sent, a congestion mark
// changes nothing else, an answer is itself a packet, and the way out takes it or drops it.
#include <cstdlib>

#include "dataplane/outbound.h"
#include "ip/ecn.h"
#include "ip/icmp.h"
#include "ip/ip_packet.h"
#include "tests/support/packets.h"

using namespace wring;

static void require(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  std::array<std::uint8_t, kMaxIcmpError> answer;
  const std::size_t answer_size = make_unreachable(bytes, answer);
  const auto inner = inspect(bytes);
  if (answer_size > 0) {
    const auto view = inspect(ByteSpan(answer).first(answer_size));
    require(view && view->total_length == answer_size &&
            destination_of(answer) == source_of(bytes));
  }
  if (inner) {
    require(inner->header_length <= inner->total_length && inner->total_length <= size);
    std::vector<std::uint8_t> marked = bytes;
    const bool kept =
        ecn_decapsulate(MutByteSpan(marked).first(inner->total_length), *inner, kEcnCe);
    require(kept == (inner->ecn != kEcnNotEct));
    if (kept) require(inspect(marked)->ecn == kEcnCe && source_of(marked) == source_of(bytes));
  }
  static SharedState shared;
  static Outbound outbound(shared);
  TunPacket packet;
  bytes.resize(size + kPacketTailRoom);
  packet.bytes = MutByteSpan(bytes).first(size);
  const auto batch = outbound.process({&packet, 1}, TimePoint(std::chrono::seconds(1)));
  require(batch.datagrams.empty() && batch.replies.size() <= 1);
  return 0;
}
