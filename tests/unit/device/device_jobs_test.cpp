// What may happen to a device while a handshake is worked on elsewhere.
#include <gtest/gtest.h>

#include <deque>

#include "device/device.h"
#include "tests/sim/simulated_network.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

// Holds the jobs until the test wants them run.
class HeldJobs final : public HandshakeExecutor {
 public:
  void submit(std::unique_ptr<HandshakeJob> job) override { held_.push_back(std::move(job)); }
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  std::unique_ptr<HandshakeJob> take() {
    auto job = std::move(held_.front());
    held_.pop_front();
    run(std::array{job.get()}, rng_);
    return job;
  }

 private:
  SeededRng rng_{1};
  std::deque<std::unique_ptr<HandshakeJob>> held_;
};

// A device that is up, with what it sends.
class Host final : public DatagramSender {
 public:
  explicit Host(std::uint64_t seed) : rng_(seed) {
    device.set_private_key(generate_private_key(rng_), now);
    device.bring_up(now);
  }

  int send(const OutgoingDatagram& datagram) override {
    sent.emplace_back(datagram.payload.begin(), datagram.payload.end());
    return 0;
  }
  DevicePeer& know(const Host& other) {
    DevicePeer& peer = device.add_peer(other.device.identity()->public_key());
    Device::set_endpoint(peer, address_of("192.0.2.1:51820"));
    return peer;
  }
  void receive(ByteSpan message) {
    device.handle_handshake(message, address_of("192.0.2.2:51820"), now);
  }
  // Runs what is held, and what that makes, as long as there is anything.
  void run_jobs() {
    while (jobs.size() != 0)
      run_job();
  }
  void run_job() { device.complete(jobs.take(), now); }
  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return shared.drops.get(reason); }

 private:
  SeededRng rng_;

 public:
  Instant now{TimePoint(1000s), WallTime(1'700'000'000s)};
  SharedState shared;
  HeldJobs jobs;
  std::vector<std::vector<std::uint8_t>> sent;
  Device device{shared, rng_, *this, &jobs};
};

class DeviceJobs : public testing::Test {
 protected:
  // An initiation of a for b, as it leaves.
  std::vector<std::uint8_t> initiation() {
    a.sent.clear();
    a.now.boot += 5s;
    a.now.wall += 5s;
    a.device.set_persistent_keepalive(b_at_a, 0, a.now);
    a.device.set_persistent_keepalive(b_at_a, 3600, a.now);
    a.run_jobs();
    EXPECT_EQ(a.sent.size(), 1U);
    return a.sent.at(0);
  }

  Host a{2};
  Host b{3};
  DevicePeer& b_at_a = a.know(b);
  DevicePeer& a_at_b = b.know(a);
};

TEST_F(DeviceJobs, no_state_changes_and_nothing_leaves_before_the_answer_is_there) {  // P12
  b.receive(initiation());
  EXPECT_EQ(b.jobs.size(), 1U);
  b.run_job();
  EXPECT_EQ(b.jobs.size(), 1U);
  EXPECT_TRUE(b.sent.empty());
  EXPECT_EQ(a_at_b.rx_bytes.load(), 0U);
  EXPECT_EQ(a_at_b.keypairs.next(), nullptr);
  EXPECT_FALSE(a_at_b.last_initiation_consumed);
  b.run_job();
  EXPECT_EQ(b.jobs.size(), 0U);
  ASSERT_EQ(b.sent.size(), 1U);
  EXPECT_EQ(a_at_b.rx_bytes.load(), 148U);
  ASSERT_NE(a_at_b.keypairs.next(), nullptr);
  a.receive(b.sent.at(0));
  a.run_jobs();
  EXPECT_NE(b_at_a.keypairs.current(), nullptr);
}

TEST_F(DeviceJobs, of_two_copies_of_an_initiation_under_way_one_is_answered) {  // P5
  const auto message = initiation();
  b.receive(message);
  b.receive(message);
  b.run_jobs();
  EXPECT_EQ(b.sent.size(), 1U);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 1U);
}

TEST_F(DeviceJobs, a_known_stamp_is_refused_before_an_answer_is_computed) {  // P5
  const auto message = initiation();
  b.receive(message);
  b.run_jobs();
  b.receive(message);
  b.run_job();
  const auto job = b.jobs.take();
  EXPECT_FALSE(std::get<AnswerWork>(job->work).response);
  EXPECT_EQ(std::get<AnswerWork>(job->work).refused, DropReason::kHandshakeReplayed);
}

TEST_F(DeviceJobs, of_two_initiations_less_than_20_ms_apart_one_is_answered) {  // P5
  const auto first = initiation();
  const auto second = initiation();
  b.receive(first);
  b.receive(second);
  b.run_jobs();
  EXPECT_EQ(b.sent.size(), 1U);
  EXPECT_EQ(b.drops(DropReason::kHandshakeFlood), 1U);
}

TEST_F(DeviceJobs, the_second_copy_of_a_response_is_unsolicited) {
  b.receive(initiation());
  b.run_jobs();
  a.receive(b.sent.at(0));
  a.receive(b.sent.at(0));
  a.run_jobs();
  EXPECT_EQ(a.drops(DropReason::kResponseUnsolicited), 1U);
}

TEST_F(DeviceJobs, a_forged_response_leaves_the_initiation_answerable) {  // P12
  b.receive(initiation());
  b.run_jobs();
  auto forged = load<ResponseMessage>(b.sent.at(0));
  forged.empty[0] ^= 1;
  MacStamper(a.device.identity()->public_key()).stamp(MutByteSpan(b.sent.at(0)), b.now.boot);
  auto bytes = std::bit_cast<Bytes<sizeof forged>>(forged);
  MacStamper(a.device.identity()->public_key()).stamp(bytes, b.now.boot);
  a.receive(bytes);
  a.receive(b.sent.at(0));
  a.run_jobs();
  EXPECT_EQ(a.drops(DropReason::kResponseForged), 1U);
  EXPECT_NE(b_at_a.keypairs.current(), nullptr);
}

TEST_F(DeviceJobs, what_comes_back_for_another_private_key_is_dropped) {  // P16
  b.receive(initiation());
  b.device.set_private_key(PrivateKey(Bytes<32>{1}), b.now);
  b.run_jobs();
  EXPECT_TRUE(b.sent.empty());
  EXPECT_EQ(a_at_b.keypairs.next(), nullptr);
}

TEST_F(DeviceJobs, what_comes_back_for_a_removed_peer_is_dropped_though_one_with_its_key_is_there) {
  b.receive(initiation());
  b.run_job();
  b.device.remove_peer(a_at_b);
  b.know(a);
  b.run_jobs();
  EXPECT_TRUE(b.sent.empty());
  EXPECT_EQ(b.drops(DropReason::kUnknownPeer), 1U);
}

TEST_F(DeviceJobs, what_comes_back_when_the_interface_is_down_is_dropped) {
  b.receive(initiation());
  b.device.bring_down();
  b.run_jobs();
  EXPECT_TRUE(b.sent.empty());
}

TEST_F(DeviceJobs, an_initiation_under_way_is_not_begun_again_for_5_s) {  // P6
  a.device.set_persistent_keepalive(b_at_a, 1, a.now);
  EXPECT_EQ(a.jobs.size(), 1U);
  for (int i = 0; i < 4; ++i) {
    a.now.boot += 1s;
    a.device.handle_timeout(a.now);
  }
  EXPECT_EQ(a.jobs.size(), 1U);
  // Lost with its thread, it is begun again.
  a.now.boot += 1400ms;
  a.device.handle_timeout(a.now);
  EXPECT_EQ(a.jobs.size(), 2U);
  // Only the latest is sent.
  a.run_jobs();
  EXPECT_EQ(a.sent.size(), 1U);
}

TEST_F(DeviceJobs, a_peer_whose_key_is_of_low_order_is_found_out_and_left_alone) {  // P17
  DevicePeer& low = a.device.add_peer(PublicKey{});
  Device::set_endpoint(low, address_of("192.0.2.9:1"));
  a.device.set_persistent_keepalive(low, 1, a.now);
  a.run_jobs();
  EXPECT_TRUE(a.sent.empty());
  EXPECT_TRUE(low.unusable);
  a.now.boot += 10s;
  a.device.handle_timeout(a.now);
  EXPECT_EQ(a.jobs.size(), 0U);
}

TEST_F(DeviceJobs, no_more_than_256_are_under_way_and_the_others_wait_for_room) {
  constexpr std::uint32_t kPeers = 600;
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    PublicKey key;
    store(MutByteSpan(key.bytes), Le<std::uint32_t>(1000 + i), 0);
    DevicePeer& peer = a.device.add_peer(key);
    Device::set_endpoint(peer, address_of("192.0.2.9:1"));
    a.device.set_persistent_keepalive(peer, 25, a.now);
  }
  EXPECT_EQ(a.jobs.size(), 256U);
  EXPECT_FALSE(a.device.takes_answers());
  EXPECT_FALSE(a.device.takes_initiations());
  for (int turn = 0; turn < 10'000 && a.sent.size() < kPeers; ++turn) {
    EXPECT_LE(a.jobs.size(), 256U);
    if (a.jobs.size() != 0) a.run_job();
    a.device.handle_timeout(a.now);
  }
  EXPECT_EQ(a.sent.size(), kPeers);
}

}  // namespace
}  // namespace wring::test
