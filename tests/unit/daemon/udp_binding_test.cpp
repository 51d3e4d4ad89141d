#include "daemon/udp_binding.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace wring {
namespace {

class UdpBindingTest : public testing::Test {
 protected:
  UdpBindingTest()
      : binding_(1, false, [this](const auto& sockets) { given_.push_back(sockets); }) {}
  // What a worker was given, in order, and has not let go of.
  std::vector<std::shared_ptr<const UdpSockets>> given_;
  UdpBinding binding_;
};

TEST_F(UdpBindingTest, a_port_can_be_taken_again_as_soon_as_the_worker_lets_go_of_it) {
  ASSERT_TRUE(binding_.open());
  const std::uint16_t first = binding_.port();
  ASSERT_TRUE(binding_.set_port(0));
  ASSERT_NE(binding_.port(), first);
  ASSERT_EQ(given_.size(), 2u);
  std::thread worker([former = std::move(given_[0])]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    former.reset();
  });
  const auto changed = binding_.set_port(first);
  EXPECT_TRUE(changed) << changed.error().message;
  worker.join();
  EXPECT_EQ(binding_.port(), first);
  EXPECT_EQ(binding_.sockets(), given_.back().get());
}

TEST_F(UdpBindingTest, nobody_waits_where_nobody_holds_the_former_sockets) {
  ASSERT_TRUE(binding_.open());
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    binding_.close();
    given_.clear();
    ASSERT_TRUE(binding_.open());
    given_.clear();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
  }
}

TEST_F(UdpBindingTest, the_sockets_are_gone_when_they_were_closed_and_let_go_of) {
  ASSERT_TRUE(binding_.open());
  const std::weak_ptr<const UdpSockets> sockets = given_[0];
  const std::uint16_t port = binding_.port();
  binding_.close();
  EXPECT_EQ(given_.back(), nullptr);
  EXPECT_FALSE(UdpSockets::open(port, 0, 1));
  given_.clear();
  EXPECT_TRUE(sockets.expired());
  EXPECT_TRUE(UdpSockets::open(port, 0, 1));
}

}  // namespace
}  // namespace wring
