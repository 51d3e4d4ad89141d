// A peer that seals anything under the live session's key, in one batch: of each datagram comes out
// what the inner header calls its length, or nothing and one reason; only what is authentic and
// fresh moves the endpoint and the byte counter. The fuzzer works out the expected result itself.
#include <cstdlib>
#include <set>

#include "crypto/aead.h"
#include "fuzz_input.h"
#include "tests/sim/rig.h"

using namespace wring;
using namespace wring::test;

namespace {

using Bytestring = std::vector<std::uint8_t>;

// The sender may have these inside: all of version 6, and its one address of version 4.
constexpr Bytes<4> kInner = {10, 0, 0, 1};

TwoHosts& with_session() {
  static TwoHosts& made = *new TwoHosts(1);
  if (made.delivered() == 0) {
    made.make_session();
    made.b.shared().allowed_ips.insert(IpPrefix::parse("::/0").value(), &made.a_at_b());
  }
  return made;
}

struct SealedPacket {
  SealedPacket(fuzz::Input& input, const Session& session, std::uint64_t base)
      : how(input.byte()), tos(input.byte()), counter(input.byte()) {
    const ByteSpan taken = input.bytes(input.byte());
    plaintext.assign(taken.begin(), taken.end());
    if ((how & 2) != 0 && plaintext.size() >= 20) store(plaintext, kInner, 12);
    datagram.resize(plaintext.size() + 32);
    DataHeader header;
    header.receiver = session.keys().remote_index.value;
    header.counter = base + counter;
    store(datagram, header);
    aead_seal(session.keys().send, base + counter, plaintext, {},
              MutByteSpan(datagram).subspan(16));
    if (forged()) datagram[16 + how % (datagram.size() - 16)] ^= how;
  }
  [[nodiscard]] bool forged() const { return (how & 1) != 0; }
  [[nodiscard]] ReceivedDatagram received() {
    return {datagram, address_of((how & 4) != 0 ? "[2001:db8::7]:7" : "203.0.113.6:6"), tos};
  }
  std::uint8_t how, tos, counter;
  Bytestring plaintext;
  Bytestring datagram;
};

// The packet as it is to come out; empty for none.
Bytestring expected(const Bytestring& in, std::uint8_t tos) {
  const bool v4 = !in.empty() && in[0] >> 4 == 4;
  if (in.size() < (v4 ? 20U : 40U) || (!v4 && in[0] >> 4 != 6)) return {};
  const std::size_t header = v4 ? 4U * (in[0] & 15U) : 40;
  const std::size_t total = v4 ? 256U * in[2] + in[3] : 40 + 256U * in[4] + in[5];
  if (header < 20 || total < header || total > in.size()) return {};
  if (v4 && load<Bytes<4>>(in, 12) != kInner) return {};
  const unsigned shift = v4 ? 0 : 4;
  const unsigned inner = unsigned{in[1]} >> shift & 3U;
  const unsigned outer = tos & 3U;
  if (inner == 0 && outer == 3) return {};
  Bytestring out(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(total));
  // RFC 6040, figure 4.
  if ((inner == 1 || inner == 2) && (outer == 3 || outer == 1)) {
    out[1] = static_cast<std::uint8_t>((in[1] & ~(3U << shift)) | outer << shift);
  }
  return out;
}

// The checksum follows a congestion mark; that it does so rightly is for another test.
bool same_packet(Bytestring expected, const InnerPacket& packet) {
  const ByteSpan came = packet.bytes;
  if (expected.size() == came.size() && expected[0] >> 4 == 4) {
    std::copy_n(came.begin() + 10, 2, expected.begin() + 10);
  }
  return std::equal(expected.begin(), expected.end(), came.begin(), came.end());
}

std::uint64_t dropped() {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : with_session().b.shared().drops.all())
    sum += count;
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::uint64_t base = 0x10000;
  base += 256;
  static HandshakeQueue handshakes;
  static Inbound inbound(with_session().b.shared(), handshakes);
  const Session& session = *with_session().b_at_a().keypairs.current();
  DevicePeer& peer = with_session().a_at_b();
  fuzz::Input input(data, size);
  std::vector<SealedPacket> sealed;
  while (!input.empty() && sealed.size() < kMaxBatch)
    sealed.emplace_back(input, session, base);

  std::vector<ReceivedDatagram> datagrams;
  std::vector<Bytestring> out;
  std::set<std::uint8_t> seen;
  Endpoint endpoint = peer.endpoint.load();
  std::uint64_t bytes = peer.rx_bytes;
  std::uint64_t lost = dropped();
  for (SealedPacket& each : sealed) {
    datagrams.push_back(each.received());
    const bool fresh = !each.forged() && seen.insert(each.counter).second;
    if (fresh) endpoint = datagrams.back().from;
    if (fresh) bytes += each.datagram.size();
    const bool keepalive = fresh && each.plaintext.empty();
    Bytestring packet = fresh ? expected(each.plaintext, each.tos) : Bytestring();
    if (packet.empty() && !keepalive) ++lost;
    if (!packet.empty()) out.push_back(std::move(packet));
  }
  const auto batch = inbound.process(datagrams, with_session().simulation.now());
  if (!std::equal(out.begin(), out.end(), batch.packets.begin(), batch.packets.end(), same_packet))
    std::abort();
  if (!(peer.endpoint.load() == endpoint) || peer.rx_bytes != bytes) std::abort();
  if (dropped() != lost) std::abort();
  with_session().b.control_turn();
  with_session().forget();
  return 0;
}
