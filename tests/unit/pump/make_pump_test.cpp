#include "pump/make_pump.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "tests/support/child_process.h"
#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"

namespace wring {
namespace {

using test::deny;
using test::in_child;

// Whether the one-line error of a pump that cannot be made says this.
bool error_says(const char* advice) {
  test::RecordedErrors errors;
  const auto pump = make_pump(PumpKind::kUring, TunQueue{0}, 0, errors);
  return !pump && pump.error().message.find(advice) != std::string::npos &&
         pump.error().message.find('\n') == std::string::npos;
}

TEST(MakePump, without_io_uring_the_error_says_what_to_do) {
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_setup, EPERM);
              return error_says("kernel.io_uring_disabled=0") && error_says("seccomp") ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_setup, ENOSYS);
              return error_says("run on Linux 6.1 or newer") && error_says("seccomp") ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_setup, EINVAL);
              return error_says("the kernel is too old: run on Linux 6.1 or newer") ? 0 : 1;
            }),
            0);
}

// A pump for one end of a socket pair, and whether a packet comes in and goes out by it.
bool carries_packets(PacketPump& pump, int far) {
  if (::send(far, "in", 2, 0) != 2) return false;
  const auto input = pump.wait();
  if (input.packets.size() != 1 || input.packets[0].bytes.size() != 2) return false;
  const iovec part{input.packets[0].bytes.data(), 2};
  pump.write_packet({&part, 1});
  pump.wake();
  pump.wait();
  Bytes<4> room{};
  return ::recv(far, room.data(), room.size(), MSG_DONTWAIT) == 2;
}

// Whether it works, and on io_uring or not, as asked.
bool makes(PumpKind kind, bool on_uring) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return false;
  const UniqueFd near(pair[0]);
  const UniqueFd far(pair[1]);
  test::RecordedErrors errors;
  const auto made = make_pump(kind, TunQueue{near.get()}, 0, errors);
  return made && carries_packets(*made->pump, far.get()) &&
         (dynamic_cast<UringPump*>(made->pump.get()) != nullptr) == on_uring &&
         made->uring_refused.has_value() == (kind == PumpKind::kAuto && !on_uring);
}

TEST(MakePump, each_kind_is_what_it_says) {
  EXPECT_TRUE(makes(PumpKind::kAuto, true));
  EXPECT_TRUE(makes(PumpKind::kUring, true));
  EXPECT_TRUE(makes(PumpKind::kEpoll, false));
}

// For an inner side that is no TUN.
TEST(MakePump, without_a_tun_it_carries_datagrams) {
  for (const PumpKind kind : {PumpKind::kUring, PumpKind::kEpoll}) {
    test::RecordedErrors errors;
    const auto made = make_pump(kind, std::nullopt, 0, errors);
    ASSERT_TRUE(made) << made.error().message;
    PacketPump& pump = *made->pump;
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets);
    const Endpoint self = test::v4_endpoint("127.0.0.1", (*sockets)->port());
    pump.set_sockets(std::move(*sockets));
    pump.wait();
    const Bytes<3> payload{};
    pump.send({payload, &self, 0});
    const auto input = pump.wait();
    EXPECT_EQ(input.datagrams.size(), 1u);
    EXPECT_FALSE(input.tun_gone);
    EXPECT_TRUE(errors.seen.empty());
    const iovec part{const_cast<std::uint8_t*>(payload.data()), payload.size()};
    pump.write_packet({&part, 1});
    pump.wake();
    pump.wait();
    EXPECT_EQ(errors.refused_writes, (std::vector<std::pair<std::size_t, int>>{{1, EBADF}}));
  }
}

TEST(MakePump, where_io_uring_is_forbidden_or_too_old_auto_takes_epoll) {
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_setup, EPERM);
              return makes(PumpKind::kAuto, false) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_setup, EINVAL);
              return makes(PumpKind::kAuto, false) ? 0 : 1;
            }),
            0);
}

// A container may let a ring be made and forbid what else it takes.
TEST(MakePump, where_the_ring_cannot_be_set_up_auto_takes_epoll) {
  EXPECT_EQ(in_child([] {
              deny(SYS_io_uring_register, EPERM);
              return makes(PumpKind::kAuto, false) ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace wring
