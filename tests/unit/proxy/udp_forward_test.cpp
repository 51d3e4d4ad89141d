// Flows of datagrams, and how many there may be.
#include "proxy/udp_forward.h"

#include <sys/resource.h>

#include <string>

#include "services_for_tests.h"

namespace wring::proxy {
namespace {

class UdpForwards : public ServicesTest {
 protected:
  void SetUp() override {
    ServicesTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(target_.bind_to(test::v4_endpoint("127.0.0.1", 0)));
    listener_.kind = Listener::Kind::kUdpClient;
    listener_.target.port = target_.port();
  }

  void start(const std::string& target) {
    listener_.target.host = target;
    UniqueFd socket = side_.socket(IpVersion::kV4, SOCK_DGRAM);
    ASSERT_EQ(bind(socket.get(), &at_.remote.any, at_.remote_size()), 0);
    forward_ =
        std::make_unique<UdpForward>(services_, counters_, listener_, reach_, std::move(socket));
    ASSERT_TRUE(forward_->start());
  }

  // From an address of its own.
  void send_from(unsigned client, std::size_t size) {
    const test::PlainSocket socket(AF_INET);
    const std::string own =
        "127.1." + std::to_string(client >> 8) + "." + std::to_string(client & 255);
    ASSERT_TRUE(socket.bind_to(test::v4_endpoint(own.c_str(), 1000)));
    ASSERT_TRUE(socket.send(std::vector<std::uint8_t>(size), at_));
  }

  const Endpoint at_ = test::v4_endpoint("127.0.0.1", 5000);
  test::PlainSocket target_{AF_INET};
  Listener listener_;
  std::unique_ptr<UdpForward> forward_;
};

TEST_F(UdpForwards, WhatWaitsForANameIsBoundedOverAllFlows) {
  constexpr std::size_t kSize = 60'000;
  answers_ = false;
  start("target.example");
  for (unsigned client = 1; client <= 40; ++client) {
    send_from(client, kSize);
    turn_until([&] { return counters_.opened == client; });
  }
  constexpr std::size_t kKept = (1U << 20) / (kSize + 64);
  EXPECT_EQ(counters_.dropped, 40 - kKept);
  answers_ = true;
  answer_all();
  turn_until([&] { return counters_.from_client == kKept * kSize; });
  EXPECT_EQ(counters_.dropped, 40 - kKept);
  send_from(50, kSize);
  turn_until([&] { return counters_.from_client == (kKept + 1) * kSize; });
}

TEST_F(UdpForwards, WhatWaitsOfOneFlowIsBounded) {
  answers_ = false;
  start("target.example");
  for (unsigned i = 0; i < 20; ++i)
    send_from(1, 100);
  turn_until([&] { return counters_.dropped == 4; });
  answers_ = true;
  answer_all();
  turn_until([&] { return counters_.from_client == 1600; });
}

TEST_F(UdpForwards, ANewcomerIsRefusedWhileAllFlowsAreInUse) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 5000) GTEST_SKIP() << "needs 5000 descriptors";
  start("127.0.0.1");
  for (unsigned client = 0; client < 4096; ++client) {
    send_from(client, 1);
    if (client % 64 == 63) turn_until([&] { return counters_.opened == client + 1; });
  }
  send_from(5000, 1);
  const auto refused = [&] {
    return counters_.refused[static_cast<std::size_t>(Refusal::kFull)] == 1;
  };
  turn_until(refused);
  EXPECT_EQ(counters_.open, 4096U);
  send_from(7, 1);
  turn_until([&] { return counters_.from_client == 4097; });
}

}  // namespace
}  // namespace wring::proxy
