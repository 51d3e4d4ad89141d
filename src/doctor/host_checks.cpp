// Tries what the engine does at its start.
#include "doctor/host_checks.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "crypto/aead_engine.h"
#include "io/udp_sockets.h"
#include "io/uring.h"
#include "tun/tun_device.h"

namespace wring::doctor {
namespace {

using std::chrono::milliseconds;

constexpr const char* kInterfacePattern = "wrdoctor%d";
constexpr unsigned kMtu = 1420;

Finding good(std::string_view code, std::string found) {
  return {Grade::kGood, code, {}, std::move(found), {}, {}};
}

// Offloads of UDP sockets: both, or none.
bool has_udp_offloads() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int size = 1200;
  return socket && setsockopt(socket.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0 &&
         setsockopt(socket.get(), IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) == 0;
}

Finding check_offloads(const TunOffloads& tun) {
  const bool udp = has_udp_offloads();
  if (tun.vnet_header && tun.udp_segmentation && udp) {
    return good("offloads", "the kernel joins and splits TCP, UDP and the tunnel's own datagrams");
  }
  std::string missing;
  const auto miss = [&missing](const char* what) {
    missing.append(missing.empty() ? "" : " and ").append(what);
  };
  if (!tun.vnet_header) miss("TCP and UDP packets of an interface");
  if (tun.vnet_header && !tun.udp_segmentation) miss("UDP packets of an interface (Linux 6.2)");
  if (!udp) miss("the tunnel's own datagrams (UDP_SEGMENT and UDP_GRO, Linux 5.0)");
  // TCP and the datagrams make nearly all of the difference.
  const Grade grade = tun.vnet_header && udp ? Grade::kNote : Grade::kWarning;
  return {grade,
          "offloads",
          {},
          "the kernel does not join and split " + missing,
          "each of these packets costs system calls of its own",
          "run a newer kernel, 6.7 or later"};
}

void check_tun(std::vector<Finding>& findings) {
  const auto device = TunDevice::create(kInterfacePattern, 1, kMtu, true);
  if (!device) {
    Finding finding = finding_of(device.error(), Grade::kProblem, "tun");
    finding.means =
        "no engine can make an interface here as this user; "
        "`wring exec` makes one in a namespace of its own";
    findings.push_back(std::move(finding));
    return;
  }
  findings.push_back(good("tun", "an interface can be made here"));
  findings.push_back(check_offloads(device->offloads()));
}

Finding check_uring() {
  constexpr unsigned kEntries = 8;
  const auto ring = Uring::open(kEntries);
  if (!ring) {
    Finding finding = finding_of(ring.error(), Grade::kWarning, "io-uring");
    finding.means = "packets go by epoll, which takes more system calls";
    return finding;
  }
  if ((*ring)->supports(kOpReadMultishot)) return good("io-uring", "io_uring works here");
  return {Grade::kNote,
          "io-uring",
          {},
          "io_uring works here, without multishot reads",
          "each packet of the interface is asked for by a request of its own",
          "run Linux 6.7 or newer"};
}

Finding check_buffers() {
  const auto sockets = UdpSockets::open(0, 0, 1, true);
  if (!sockets) {
    Finding finding = finding_of(sockets.error(), Grade::kProblem, "buffers");
    finding.means = "no engine can open its UDP sockets here";
    return finding;
  }
  std::string found;
  std::string settings;
  const auto add = [&](const SocketRoom& room, const char* way, const char* setting) {
    if (room.got >= room.wanted) return;
    found += fmt::format("{}{} bytes instead of {} for what {}", found.empty() ? "" : " and ",
                         room.got, room.wanted, way);
    settings += fmt::format(" {}={}", setting, room.wanted);
  };
  add((*sockets)->receive_room(), "comes in", "net.core.rmem_max");
  add((*sockets)->send_room(), "goes out", "net.core.wmem_max");
  if (found.empty()) return good("buffers", "the UDP sockets get the room that they want");
  return {Grade::kWarning,
          "buffers",
          {},
          "UDP sockets of this user have " + found,
          "more is lost when traffic comes in bursts; an engine with CAP_NET_ADMIN of the host "
          "gets all the same",
          "on the host, run `sysctl -w" + settings + "`"};
}

// Seals full packets for some milliseconds. Bytes a second.
double measure(AeadEngine& engine) {
  constexpr std::size_t kPackets = 64;
  constexpr milliseconds kLength{20};
  SystemRng rng;
  const SymmetricKey key(rng.bytes<32>());
  std::vector<std::uint8_t> memory(kPackets * (kMtu + kTagSize));
  std::array<SealJob, kPackets> jobs;
  for (std::size_t i = 0; i < kPackets; ++i) {
    const MutByteSpan place = MutByteSpan(memory).subspan(i * (kMtu + kTagSize), kMtu + kTagSize);
    jobs[i] = {&key, i, place.first(kMtu), place};
  }
  const SystemClock clock;
  const TimePoint begin = clock.now();
  std::size_t sealed = 0;
  while (clock.now() - begin < kLength) {
    engine.seal(jobs);
    sealed += kPackets * kMtu;
  }
  return static_cast<double>(sealed) / std::chrono::duration<double>(clock.now() - begin).count();
}

Finding check_cipher() {
  const auto engine = make_aead_engine();
  const std::string found = fmt::format("ChaCha20-Poly1305 by {} seals {:.1f} Gbit/s on one core",
                                        engine->name(), measure(*engine) * 8 / 1e9);
  if (engine->name() != "libsodium") return good("cipher", found);
  return {Grade::kNote,
          "cipher",
          {},
          found,
          "this processor or this build has none of the faster implementations",
          "use a build for this processor: x86-64 with AVX2 and arm64 have faster ones"};
}

}  // namespace

std::vector<Finding> check_host() {
  std::vector<Finding> findings;
  check_tun(findings);
  findings.push_back(check_uring());
  findings.push_back(check_buffers());
  findings.push_back(check_cipher());
  return findings;
}

}  // namespace wring::doctor
