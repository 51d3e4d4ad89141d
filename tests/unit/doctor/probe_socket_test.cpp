// What a socket hears of its datagrams, over the loopback interface.
#include "doctor/probe_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "ip/endpoint_parse.h"

namespace wring::doctor {
namespace {

using std::chrono::seconds;

constexpr Bytes<3> kText{1, 2, 3};

// A socket of the other side, and where it is.
struct Far {
  Far() {
    auto& address = endpoint.remote.v4;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd.get(), &endpoint.remote.any, size), 0);
    EXPECT_EQ(getsockname(fd.get(), &endpoint.remote.any, &size), 0);
  }
  UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  Endpoint endpoint;
};

TEST(ProbeSocket, hears_an_answer) {
  const Far far;
  const auto socket = ProbeSocket::open(far.endpoint, 0);
  ASSERT_TRUE(socket) << socket.error().message;
  ASSERT_EQ(socket->send(kText), 0);
  Bytes<16> heard{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const address = reinterpret_cast<sockaddr*>(&from);
  ASSERT_EQ(recvfrom(far.fd.get(), heard.data(), heard.size(), 0, address, &size), 3);
  ASSERT_EQ(sendto(far.fd.get(), heard.data(), 2, 0, address, size), 2);
  const auto answer = socket->receive(SystemClock().now() + seconds(5));
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<ProbeSocket::Datagram>(*answer), (ProbeSocket::Datagram{1, 2}));
}

TEST(ProbeSocket, hears_that_nothing_listens_and_who_says_so) {
  Far far;
  const auto socket = ProbeSocket::open(far.endpoint, 0);
  ASSERT_TRUE(socket) << socket.error().message;
  far.fd.reset();
  ASSERT_EQ(socket->send(kText), 0);
  const auto heard = socket->receive(SystemClock().now() + seconds(5));
  ASSERT_TRUE(heard);
  const auto& report = std::get<IcmpReport>(*heard);
  EXPECT_EQ(report.error, ECONNREFUSED);
  EXPECT_FALSE(report.from);  // this host itself
}

TEST(ProbeSocket, hears_nothing_by_the_deadline) {
  const Far far;
  const auto socket = ProbeSocket::open(far.endpoint, 0);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_FALSE(socket->receive(SystemClock().now()));
}

TEST(ProbeSocket, does_not_divide_what_is_to_stay_whole) {
  const Far far;
  const auto socket = ProbeSocket::open(far.endpoint, 0, true);
  ASSERT_TRUE(socket) << socket.error().message;
  const std::vector<std::uint8_t> large(65'507);
  EXPECT_EQ(socket->send(large), 0);  // the loopback interface takes up to 65,536 bytes
  const auto in_vain = socket->receive(SystemClock().now());
  EXPECT_FALSE(in_vain);
}

}  // namespace
}  // namespace wring::doctor
