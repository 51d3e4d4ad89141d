// The kernel as the oracle: a packet is written to a TUN with offloads and routed to one without,
// so that the kernel has to split it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "ip/coalescing.h"
#include "ip/segmentation.h"
#include "tests/support/parse_packet.h"
#include "tests/support/private_namespace.h"
#include "tests/support/super_packets.h"

namespace wring {
namespace {

constexpr int kPatienceMs = 2000;

UniqueFd open_tun(const char* name, int flags) {
  UniqueFd fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  std::string(name).copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | flags);
  if (ioctl(fd.get(), TUNSETIFF, &request) != 0) return UniqueFd();
  return fd;
}

class KernelSegmentation : public test::NamespaceTest {
 protected:
  void SetUp() override {
    test::NamespaceTest::SetUp();
    if (IsSkipped()) return;
    in_ = open_tun("seg0", IFF_VNET_HDR);
    out_ = open_tun("seg1", 0);
    ASSERT_TRUE(in_ && out_);
    for (const char* setting : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"})
      std::ofstream(std::string("/proc/sys/net/") + setting) << 1;
    for (const char* interface : {"all", "seg0", "seg1"})
      std::ofstream(std::string("/proc/sys/net/ipv4/conf/") + interface + "/rp_filter") << 0;
    ASSERT_TRUE(test::run("ip link set seg0 mtu 65000 up && ip link set seg1 mtu 65000 up"));
    ASSERT_TRUE(
        test::run("ip addr add 10.1.0.254/24 dev seg0 && ip route add 10.2.0.0/24 dev seg1"));
    has_v6_ =
        test::run("ip addr add fd01::fe/64 dev seg0 nodad && ip route add fd02::/64 dev seg1");
  }

  // The packet as it is before the kernel, routing it, takes one off its TTL.
  static SuperSpec one_hop_before(SuperSpec spec) {
    ++spec.ttl;
    return spec;
  }

  bool write(const VnetHeader& vnet, ByteSpan packet) {
    VnetHeader header = vnet;
    const iovec parts[] = {{&header, sizeof header},
                           {const_cast<std::uint8_t*>(packet.data()), packet.size()}};
    return write(parts);
  }
  bool write(std::span<const iovec> parts) {
    return writev(in_.get(), parts.data(), static_cast<int>(parts.size())) > 0;
  }

  // The next `count` packets that leave for the test's destination; fewer if they do not come.
  std::vector<Packet> read(std::size_t count) {
    std::vector<Packet> packets;
    Packet buffer(65536);
    for (int strangers = 0; packets.size() < count && strangers < 100;) {
      pollfd readable{.fd = out_.get(), .events = POLLIN, .revents = 0};
      if (poll(&readable, 1, kPatienceMs) != 1) break;
      const ssize_t size = ::read(out_.get(), buffer.data(), buffer.size());
      if (size < 20) break;
      const Packet packet(buffer.begin(), buffer.begin() + size);
      if (is_ours(packet)) {
        packets.push_back(packet);
      } else {
        ++strangers;  // the kernel's own, such as router solicitations
      }
    }
    return packets;
  }

  static bool is_ours(const Packet& packet) {
    if (ip_version(packet) == 4) return packet[16] == 10 && packet[17] == 2;
    return packet.size() >= 40 && packet[24] == 0xfd && packet[25] == 0x02;
  }

  // A random packet that this host can route.
  SuperSpec routable_spec(std::mt19937& random) const {
    SuperSpec spec = random_spec(random);
    while (spec.v6 && !has_v6_)
      spec = random_spec(random);
    return spec;
  }

  bool has_v6_ = false;

 private:
  UniqueFd in_;
  UniqueFd out_;
};

std::vector<Packet> split(const SuperPacket& super) {
  Packet buffer = super.bytes;
  buffer.resize(buffer.size() + 16);
  auto parsed = parse_packet(super.vnet, MutByteSpan(buffer).first(super.bytes.size()));
  EXPECT_TRUE(parsed);
  if (!parsed) return {};
  SegmentArena arena;
  std::vector<Packet> segments(parsed->count());
  for (const auto phase : {SegmentPhase::kEven, SegmentPhase::kOdd}) {
    std::vector<MutByteSpan> made;
    parsed->prepare(phase, 1420, arena, made);
    for (std::size_t i = 0; i < made.size(); ++i) {
      const std::size_t number = 2 * i + static_cast<std::size_t>(phase);
      const MutByteSpan segment = made[i].first(parsed->size(number));
      segments[number].assign(segment.begin(), segment.end());
    }
  }
  return segments;
}

TEST_F(KernelSegmentation, gives_the_segments_that_ours_gives) {
  std::mt19937 random(1);
  std::size_t compared = 0;
  for (int round = 0; round < 600; ++round) {
    const SuperSpec spec = routable_spec(random);
    std::mt19937 payload(static_cast<unsigned>(round));
    SuperPacket before = make_super(one_hop_before(spec), payload);
    payload.seed(static_cast<unsigned>(round));
    SuperPacket super = make_super(spec, payload);
    if (spec.payload <= spec.gso_size) {  // the kernel takes it for malformed
      before.vnet.gso_type = super.vnet.gso_type = 0;
      before.vnet.gso_size = super.vnet.gso_size = 0;
    }
    if (!write(before.vnet, before.bytes)) {
      if (errno == EINVAL && before.vnet.gso_type == 5) continue;  // before Linux 6.2
      FAIL() << strerror(errno) << " in round " << round;
    }
    const auto ours = split(super);
    const auto kernels = read(ours.size());
    ASSERT_EQ(kernels.size(), ours.size()) << "round " << round;
    for (std::size_t i = 0; i < ours.size(); ++i)
      ASSERT_EQ(ours[i], kernels[i]) << "round " << round << " segment " << i;
    compared += ours.size();
  }
  EXPECT_GT(compared, 3000u);
}

TEST_F(KernelSegmentation, gives_back_the_packets_that_were_joined) {
  std::mt19937 random(2);
  Coalescer coalescer(true);
  std::size_t joined = 0;
  for (int round = 0; round < 300; ++round) {
    SuperSpec spec = routable_spec(random);
    spec.flags &= static_cast<std::uint16_t>(~kTcpUrg);
    spec.urgent_pointer = 0;
    std::mt19937 payload(static_cast<unsigned>(round));
    auto packets = naive_split(make_super(one_hop_before(spec), payload));
    payload.seed(static_cast<unsigned>(round));
    const auto expected = naive_split(make_super(spec, payload));
    const std::vector<InnerPacket> inner = inner_packets(packets);
    const auto writes = coalescer.coalesce(inner);
    ASSERT_EQ(writes.size(), 1u);
    if (!write(writes[0].parts)) {
      if (errno == EINVAL && !spec.tcp) continue;  // before Linux 6.2
      FAIL() << strerror(errno) << " in round " << round;
    }
    const auto came = read(expected.size());
    ASSERT_EQ(came.size(), expected.size()) << "round " << round;
    for (std::size_t i = 0; i < expected.size(); ++i)
      ASSERT_EQ(came[i], expected[i]) << "round " << round << " segment " << i;
    joined += came.size();
  }
  EXPECT_GT(joined, 1500u);
}

}  // namespace
}  // namespace wring
