// The pure path, step by step, for bench/micro/instructions.py to count the instructions of: each
// step runs once to fill caches and vectors, then once within measured(). Prints the compiler, the
// vector unit that the checksum found, and for each step its name and how many packets it handled.
//
// The cipher is libsodium's, which is not counted: what is left does not depend on the processor.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "dataplane/inbound.h"
#include "dataplane/outbound.h"
#include "ip/checksum.h"
#include "ip/coalescing.h"
#include "ip/endpoint_parse.h"
#include "ip/padding.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/sessions.h"
#include "tests/support/super_packets.h"
#include "tests/support/whole_handshake.h"

// Its name, and when it is entered and left, is what valgrind goes by.
extern "C" [[gnu::noinline, gnu::used]] void measured(const std::function<void()>& step) {
  step();
}

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};
constexpr TimePoint kNow = kMade + 1s;
constexpr std::size_t kFullPayload = 1380;  // behind 40 bytes of headers, 1420 in all
constexpr std::size_t kSegments = 44;       // of a packet of 64 KB
constexpr std::size_t kRows = 4;            // such packets in a batch
constexpr std::size_t kSmallPayload = 64;

// `step` is made anew for each run, for it consumes what it was made with.
void count(const char* name, std::size_t packets,
           const std::function<std::function<void()>()>& make_step) {
  make_step()();
  const std::function<void()> step = make_step();
  measured(step);
  std::printf("%zu %s\n", packets, name);
}

// Two ends of a session; the peer's packets come from 10.2.0.2 and go to 10.1.0.1, and back.
class Path {
 public:
  Path() {
    for (const char* prefix : {"10.1.0.1/32", "10.2.0.2/32"})
      shared_.allowed_ips.insert(IpPrefix::parse(prefix).value(), &peer_);
    if (!shared_.sessions.insert(SessionIndex{7}, &here_)) std::abort();
    peer_.endpoint.store(parse_endpoint("192.0.2.2:5000").value());
    peer_.sending = &here_;
  }

  void count_sealing() {
    count("seal, segments of 1420 bytes", kRows * kSegments, [this] {
      return seal_step(std::vector(kRows, super(true, kSegments * kFullPayload, kFullPayload)));
    });
    count("seal, datagrams of 64 bytes", kMaxBatch, [this] {
      SuperPacket small = super(false, kSmallPayload, kSmallPayload);
      small.vnet = VnetHeader{};
      return seal_step(std::vector(kMaxBatch, small));
    });
  }

  void count_opening() {
    const SuperPacket whole = super(true, kSegments * kFullPayload, kFullPayload);
    count("open, rows of 1420 bytes", kRows * kSegments, [this, &whole] {
      std::vector<Packet> rows;
      for (std::size_t i = 0; i < kRows; ++i)
        rows.push_back(sealed_row(naive_split(whole)));
      return open_step(std::move(rows), 1420 + kDataOverhead);
    });
    const SuperPacket small = super(false, kSmallPayload, kSmallPayload);
    count("open, datagrams of 64 bytes", kMaxBatch, [this, &small] {
      std::vector<Packet> datagrams;
      for (std::size_t i = 0; i < kMaxBatch; ++i)
        datagrams.push_back(sealed_row(naive_split(small)));
      return open_step(std::move(datagrams), 0);
    });
  }

  void count_coalescing() {
    count_coalescing("coalesce, TCP of 1420 bytes",
                     super(true, 64 * kFullPayload / 2, kFullPayload));
    count_coalescing("coalesce, UDP of 64 bytes", super(false, 64 * kSmallPayload, kSmallPayload));
  }

 private:
  SuperPacket super(bool tcp, std::size_t payload, std::size_t gso_size) {
    return make_super({.tcp = tcp, .gso_size = gso_size, .payload = payload}, random_);
  }

  std::function<void()> seal_step(std::vector<SuperPacket> packets) {
    std::vector<TunPacket> batch;
    for (SuperPacket& each : packets) {
      const std::size_t size = each.bytes.size();
      each.bytes.resize(size + kPacketTailRoom);
      batch.push_back({each.vnet, MutByteSpan(each.bytes).first(size)});
    }
    return [this, batch, packets = std::move(packets)] {
      if (outbound_.process(batch, kNow).datagrams.empty()) std::abort();
    };
  }

  Packet sealed_row(const std::vector<Packet>& packets) {
    Packet row;
    for (Packet packet : packets) {
      packet.resize(padded_size(packet.size(), kDefaultMtu));
      const auto sealed = data_message(there_, counter_++, packet);
      row.insert(row.end(), sealed.begin(), sealed.end());
    }
    return row;
  }

  std::function<void()> open_step(std::vector<Packet> rows, std::size_t segment_size) {
    std::vector<ReceivedDatagram> batch;
    for (Packet& row : rows)
      batch.push_back({row, from_, 0, static_cast<std::uint16_t>(segment_size)});
    return [this, batch, rows = std::move(rows)] {
      if (inbound_.process(batch, kNow).packets.empty()) std::abort();
    };
  }

  void count_coalescing(const char* name, const SuperPacket& whole) {
    const std::vector<Packet> packets = naive_split(whole);
    count(name, packets.size(), [this, &packets] {
      const auto copies = std::make_shared<std::vector<Packet>>(packets);
      return [this, copies, inner = inner_packets(*copies)] {
        if (coalescer_.coalesce(inner).size() * 8 > inner.size()) std::abort();
      };
    });
  }

  std::mt19937 random_{1};
  SharedState shared_;
  Peer peer_{PublicKey{}, 1, shared_.staged_memory};
  Session here_{peer_, keys_of_test(true, 7, 8), kMade};
  Session there_{peer_, keys_of_test(false, 8, 7), kMade};
  std::uint64_t counter_ = 0;
  const Endpoint from_ = parse_endpoint("192.0.2.2:5000").value();
  HandshakeQueue handshakes_;
  Outbound outbound_{shared_, make_aead_engine(AeadBackend::kLibsodium), true};
  Inbound inbound_{shared_, handshakes_, make_aead_engine(AeadBackend::kLibsodium)};
  Coalescer coalescer_{true};
};

void count_lookups(const char* name, bool v6) {
  std::mt19937 random(1);
  SharedState shared;
  Peer peer(PublicKey{}, 1, shared.staged_memory);
  std::vector<IpAddress> addresses;
  for (int i = 0; i < 1000; ++i) {
    IpAddress address = IpAddress::parse(v6 ? "fd00::" : "0.0.0.0").value();
    for (std::size_t byte = v6 ? 1 : 0; byte < (v6 ? 16 : 4); ++byte)
      address.bytes[byte] = static_cast<std::uint8_t>(random());
    const std::size_t length = v6 ? pick(random, 16, 128) : pick(random, 8, 32);
    shared.allowed_ips.insert(IpPrefix(address, static_cast<std::uint8_t>(length)), &peer);
    addresses.push_back(address);
  }
  count(name, addresses.size(), [&shared, &addresses] {
    return [&shared, &addresses] {
      for (const IpAddress& address : addresses)
        if (shared.allowed_ips.lookup(address) == nullptr) std::abort();
    };
  });
}

void count_windows() {
  for (const bool reordered : {false, true}) {
    count(reordered ? "replay window, 32 and 32 reversed" : "replay window, in order", 4096,
          [reordered] {
            return [reordered, window = std::make_shared<ReplayWindow>()] {
              for (std::uint64_t i = 0; i < 4096; ++i)
                if (!window->accept(reordered ? i ^ 31 : i)) std::abort();
            };
          });
  }
}

void count_checksums() {
  for (const std::size_t size : {std::size_t{64}, std::size_t{1420}}) {
    count(size == 64 ? "checksum of 64 bytes" : "checksum of 1420 bytes", 100, [size] {
      return [bytes = Packet(size, 0x5a)] {
        for (int i = 0; i < 100; ++i)
          if (internet_checksum(bytes) == 0) std::abort();
      };
    });
  }
}

const char* vector_unit() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "none";
}

void count_handshakes() {
  test::SeededRng rng(1);
  const LocalIdentity initiator{generate_private_key(rng)};
  const LocalIdentity responder{generate_private_key(rng)};
  const SharedSecret static_static = std::move(*agree_with(initiator, responder.public_key()));
  const PresharedKey psk;
  const Tai64n stamp = tai64n_from(WallTime(1700000000s));
  const auto sent =
      initiate(initiator, responder.public_key(), static_static, SessionIndex{1}, stamp, rng);
  count("initiation received and answered", 1, [&] {
    return [&] {
      auto identified = identify_initiator(responder, sent->message);
      auto received = authenticate_initiation(std::move(*identified), sent->message, static_static);
      if (!respond(std::move(*received), psk, SessionIndex{2}, rng)) std::abort();
    };
  });
}

}  // namespace
}  // namespace wring

int main() {
  if (!wring::prepare_crypto()) return 1;
  std::printf("compiler %s\nvectors %s\n", __VERSION__, wring::vector_unit());
  wring::Path path;
  path.count_sealing();
  path.count_opening();
  path.count_coalescing();
  wring::count_lookups("AllowedIPs, IPv4, 1,000 prefixes", false);
  wring::count_lookups("AllowedIPs, IPv6, 1,000 prefixes", true);
  wring::count_windows();
  wring::count_checksums();
  wring::count_handshakes();
  return 0;
}
