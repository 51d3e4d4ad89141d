#include "device/control_turn.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/sim/simulated_network.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

class ControlTurnTest : public testing::Test, public DatagramSender {
 protected:
  ControlTurnTest() {
    device_.set_private_key(generate_private_key(rng_), kNow);
    device_.bring_up(kNow);
    turn_.add_queue(queue_);
  }
  int send(const OutgoingDatagram& /*datagram*/) override { return 0; }

  // Initiations whose mac1 is wrong: each is dropped when it is looked at.
  void queue_initiations(std::size_t count) {
    HandshakeDatagram message;
    message.from = address_of("192.0.2.2:51820");
    message.size = sizeof(InitiationMessage);
    message.bytes[0] = 1;
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_TRUE(queue_.try_push(message));
  }

  // A flood that is a load (P32); all of it was taken.
  void take_a_flood() {
    queue_initiations(512);
    while (queue_.size() != 0)
      turn_.run({}, kNow);
  }
  void turn_after(Duration elapsed) { turn_.run({}, {kNow.boot + elapsed, kNow.wall + elapsed}); }

  static constexpr Instant kNow{TimePoint(1000s), WallTime(1'700'000'000s)};
  SeededRng rng_{1};
  SharedState shared_;
  Device device_{shared_, rng_, *this};
  HandshakeQueue queue_;
  ControlTurn turn_{device_};
};

TEST_F(ControlTurnTest, is_not_due_while_there_is_nothing_to_do) {
  turn_.run({}, kNow);
  EXPECT_EQ(turn_.deadline(), kNever);
}

TEST_F(ControlTurnTest, takes_a_bounded_part_of_a_queue_and_is_due_at_once) {
  queue_initiations(ControlTurn::kHandshakesPerTurn + 3);
  EXPECT_EQ(turn_.deadline(), TimePoint{});
  turn_.run({}, kNow);
  EXPECT_EQ(queue_.size(), 3U);
  EXPECT_EQ(turn_.deadline(), TimePoint{});
  turn_.run({}, kNow);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(turn_.deadline(), kNever);
  EXPECT_EQ(shared_.drops.get(DropReason::kMac1Invalid), ControlTurn::kHandshakesPerTurn + 3);
}

TEST_F(ControlTurnTest, under_load_takes_initiations_every_4_ms_and_is_not_woken_for_them) {
  EXPECT_FALSE(queue_.is_polled());
  take_a_flood();
  EXPECT_TRUE(queue_.is_polled());
  queue_initiations(1);
  EXPECT_EQ(turn_.deadline(), kNow.boot + 4ms);
  turn_after(3ms);
  EXPECT_EQ(queue_.initiations(), 1U);
  EXPECT_EQ(turn_.deadline(), kNow.boot + 4ms);
  turn_after(4ms);
  EXPECT_EQ(queue_.initiations(), 0U);
  EXPECT_EQ(turn_.deadline(), kNow.boot + 8ms);
}

TEST_F(ControlTurnTest, under_load_takes_all_that_wait_before_it_rests) {
  take_a_flood();
  queue_initiations(ControlTurn::kHandshakesPerTurn + 1);
  turn_after(4ms);
  EXPECT_LE(turn_.deadline(), kNow.boot + 4ms);
  turn_after(4ms);
  EXPECT_EQ(queue_.initiations(), 0U);
  EXPECT_EQ(turn_.deadline(), kNow.boot + 8ms);
}

TEST_F(ControlTurnTest, under_load_takes_an_answer_at_once) {
  take_a_flood();
  HandshakeDatagram response;
  response.from = address_of("192.0.2.2:51820");
  response.size = sizeof(ResponseMessage);
  response.bytes[0] = 2;
  ASSERT_TRUE(queue_.try_push(response));
  EXPECT_EQ(turn_.deadline(), TimePoint{});
  turn_after(1ms);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(ControlTurnTest, is_woken_again_after_a_look_that_found_nothing_and_looks_once_more) {
  take_a_flood();
  turn_after(4ms);
  EXPECT_FALSE(queue_.is_polled());
  // A worker that saw this late did not wake anybody.
  queue_initiations(1);
  EXPECT_EQ(turn_.deadline(), kNow.boot + 8ms);
  turn_after(8ms);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(ControlTurnTest, is_woken_again_once_the_load_is_over) {
  take_a_flood();
  for (Duration at = 4ms; at <= 1004ms; at += 4ms) {
    queue_initiations(1);
    turn_after(at);
  }
  EXPECT_FALSE(queue_.is_polled());
  turn_after(1008ms);
  EXPECT_EQ(turn_.deadline(), kNever);
  queue_initiations(1);
  EXPECT_EQ(turn_.deadline(), TimePoint{});
}

TEST_F(ControlTurnTest, sees_to_a_peer_that_wants_attention) {
  DevicePeer& peer = device_.add_peer(PublicKey{{7}});
  Device::set_endpoint(peer, address_of("192.0.2.2:51820"));
  peer.wants_handshake = true;
  static_cast<void>(shared_.attention.push(peer, Attention::kNeedsHandshake));
  EXPECT_EQ(turn_.deadline(), TimePoint{});
  turn_.run({}, kNow);
  EXPECT_TRUE(peer.sent_initiation.has_value());
  EXPECT_EQ(turn_.deadline(), peer.timers().next_deadline());
  EXPECT_EQ(device_.check_invariants(), "");
}

// A turn makes one pass over the attention list. With a second pass for what came meanwhile, it
// would go on for as long as workers are fast enough.
TEST_F(ControlTurnTest, ends_however_fast_workers_ask) {
  DevicePeer& peer = device_.add_peer(PublicKey{{7}});
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    while (!stop)
      static_cast<void>(shared_.attention.push(peer, Attention::kWatchOwingReply));
  });
  for (int i = 0; i < 10'000; ++i)
    turn_.run({}, kNow);
  stop = true;
  worker.join();
  turn_.run({}, kNow);
  EXPECT_EQ(turn_.deadline(), kNever);
}

TEST_F(ControlTurnTest, frees_a_peer_that_a_worker_pointed_at_after_it_was_removed) {
  DevicePeer& gone = device_.add_peer(PublicKey{{7}});
  DevicePeer& stays = device_.add_peer(PublicKey{{8}});
  device_.remove_peer(gone);
  static_cast<void>(shared_.attention.push(gone, Attention::kWatchOwingReply));
  static_cast<void>(shared_.attention.push(stays, Attention::kWatchOwingReply));
  device_.reclaim();
  // What a living peer wanted is still to be done.
  EXPECT_EQ(turn_.deadline(), TimePoint{});
  turn_.run({}, kNow);
  EXPECT_EQ(turn_.deadline(), kNever);
}

}  // namespace
}  // namespace wring::test
