// A device under a flood of initiations whose senders all have a valid cookie, more of them than
// the handshake threads can compute: what the device itself has to do goes on.
#include <gtest/gtest.h>

#include <deque>

#include "device/control_turn.h"
#include "device/device.h"
#include "tests/sim/simulated_network.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

// Threads that finish `per_ms` jobs each millisecond, in the order in which they came. The first
// product of an attacker's job is not computed, because its result is refused anyway.
class SlowPool final : public HandshakeExecutor {
 public:
  void submit(std::unique_ptr<HandshakeJob> job) override { waiting_.push_back(std::move(job)); }
  std::unique_ptr<HandshakeJob> take() {
    if (waiting_.empty()) return nullptr;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    if (!std::holds_alternative<IdentifyWork>(job->work)) run(std::array{job.get()}, rng_);
    return job;
  }

 private:
  SeededRng rng_{1};
  std::deque<std::unique_ptr<HandshakeJob>> waiting_;
};

class Host : public DatagramSender {
 public:
  Host(std::uint64_t seed, const Instant& clock, HandshakeExecutor* pool)
      : rng_(seed), device(shared, rng_, *this, pool) {
    device.set_private_key(generate_private_key(rng_), clock);
    device.bring_up(clock);
  }
  int send(const OutgoingDatagram& datagram) override {
    sent.push_back({{datagram.payload.begin(), datagram.payload.end()}, *datagram.to});
    return 0;
  }
  [[nodiscard]] const PublicKey& key() const { return device.identity()->public_key(); }

 private:
  SeededRng rng_;

 public:
  struct Sent {
    std::vector<std::uint8_t> bytes;
    Endpoint to;
  };
  SharedState shared;
  std::vector<Sent> sent;
  Device device;
};

// One of the attacker's addresses, with the cookie that it was given.
struct Source {
  Source(const PublicKey& victim, const Endpoint& at) : macs(victim), address(at) {}
  MacStamper macs;
  Endpoint address;
};

constexpr std::size_t kSources = 400;
constexpr int kPerMs = 8;  // 20 each second from each source, which the limiter allows
constexpr int kComputedPerMs = 4;

class DeviceFlood : public testing::Test {
 protected:
  DeviceFlood() {
    turn_.add_queue(queue_);
    for (std::size_t i = 0; i < kSources; ++i) {
      const std::string last = std::to_string(i % 200 + 1);
      sources_.emplace_back(victim_.key(),
                            address_of("198.51." + std::to_string(i / 200) + "." + last + ":1"));
    }
    peer_ = &victim_.device.add_peer(friend_.key());
    Device::set_endpoint(*peer_, kFriend);
    Device::set_endpoint(friend_.device.add_peer(victim_.key()), kVictim);
  }

  std::vector<std::uint8_t> initiation(Source& source) {
    InitiationMessage message;
    message.sender = next_index_++;
    std::vector<std::uint8_t> bytes(sizeof message);
    store(MutByteSpan(bytes), message, 0);
    rng_.fill(MutByteSpan(bytes).subspan(8, 32));
    source.macs.stamp(bytes, clock_.boot);
    return bytes;
  }

  void push(ByteSpan bytes, const Endpoint& from) { push(queue_, bytes, from); }
  static void push(HandshakeQueue& queue, ByteSpan bytes, const Endpoint& from) {
    HandshakeDatagram message;
    message.from = from;
    message.size = static_cast<std::uint16_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), message.bytes.begin());
    static_cast<void>(queue.try_push(message));  // a full queue drops
  }

  void turn() {
    ControlTurn::Jobs done;
    for (int i = 0; i < kComputedPerMs; ++i) {
      if (auto job = pool_.take()) done.push_back(std::move(job));
    }
    turn_.run(std::move(done), clock_);
    deliver();
    clock_.boot += 1ms;
    clock_.wall += 1ms;
  }

  // What the victim sent arrives: cookie replies at the sources, the rest at the friend, whose
  // answers come back at once.
  void deliver() {
    for (Host::Sent& each : std::exchange(victim_.sent, {})) {
      if (classify(each.bytes) == MessageType::kCookieReply && !(each.to == kFriend)) {
        const auto reply = load<CookieReplyMessage>(each.bytes);
        Source& source = sources_[reply.receiver % used_sources_];
        static_cast<void>(source.macs.consume_reply(reply, clock_.boot));
      } else if (classify(each.bytes) == MessageType::kData) {
        keepalives_.push_back(clock_.boot);
      } else {
        friend_.device.handle_handshake(each.bytes, kVictim, clock_);
      }
    }
    for (Host::Sent& each : std::exchange(friend_.sent, {})) {
      if (classify(each.bytes) != MessageType::kData) push(each.bytes, kFriend);
    }
  }

  // The flood goes on for so long. A source waits for its cookie before it sends again.
  void flood(Duration duration) {
    const TimePoint end = clock_.boot + duration;
    while (clock_.boot < end) {
      for (int i = 0; i < kPerMs; ++i) {
        Source& source = sources_[next_index_ % used_sources_];
        push(initiation(source), source.address);
      }
      turn();
    }
  }
  void quiet(Duration duration) {
    const TimePoint end = clock_.boot + duration;
    while (clock_.boot < end)
      turn();
  }

  const Endpoint kFriend = address_of("192.0.2.1:51820");
  const Endpoint kVictim = address_of("192.0.2.2:51820");
  Instant clock_{TimePoint(1000s), WallTime(1'700'000'000s)};
  SeededRng rng_{3};
  SlowPool pool_;
  Host victim_{1, clock_, &pool_};
  Host friend_{2, clock_, nullptr};
  HandshakeQueue queue_;
  ControlTurn turn_{victim_.device};
  std::vector<Source> sources_;
  std::size_t used_sources_ = kSources;
  std::uint32_t next_index_ = 0;
  DevicePeer* peer_ = nullptr;
  std::vector<TimePoint> keepalives_;
};

TEST_F(DeviceFlood, with_cookies_leaves_every_keepalive_and_every_rekey_in_time) {  // P8, P27
  victim_.device.set_persistent_keepalive(*peer_, 1, clock_);
  quiet(110s);
  ASSERT_GE(keepalives_.size(), 100U);
  const Session* before = peer_->keypairs.current();
  ASSERT_NE(before, nullptr);
  keepalives_.clear();
  const TimePoint begin = clock_.boot;
  flood(20s);
  // It was a flood: twice what can be computed came in, and the queue was full.
  EXPECT_GT(victim_.shared.drops.get(DropReason::kHandshakeForged), 30'000U);
  EXPECT_LT(victim_.shared.drops.get(DropReason::kRateLimited), 60'000U);
  TimePoint last = begin;
  for (const TimePoint at : keepalives_) {
    EXPECT_LE(at - last, 1100ms);
    last = at;
  }
  EXPECT_GE(keepalives_.size(), 19U);
  // At 120 s the key was renewed. The first response got a cookie (P32), the second one passed.
  EXPECT_NE(peer_->keypairs.current(), before);
  EXPECT_LE(peer_->keypairs.current()->created_at() - (TimePoint(1000s) + 120s), 7s);
}

TEST_F(DeviceFlood, that_the_limiter_refuses_is_a_load_for_as_long_as_it_goes_on) {  // P32
  used_sources_ = 40;                                                                // 800 a second
  flood(1s);  // until the load begins, and each has its cookie
  const std::uint64_t before = victim_.shared.drops.get(DropReason::kHandshakeForged);
  EXPECT_LE(before, 4096U + 800U);
  flood(10s);
  EXPECT_LE(victim_.shared.drops.get(DropReason::kHandshakeForged) - before, 8000U + 40 * 5);
  EXPECT_GE(victim_.shared.drops.get(DropReason::kRateLimited), 70'000U);
}

TEST_F(DeviceFlood, with_cookies_does_not_keep_keys_from_being_wiped) {  // P14
  victim_.device.set_persistent_keepalive(*peer_, 1, clock_);
  quiet(1s);
  victim_.device.set_persistent_keepalive(*peer_, 0, clock_);
  clock_.boot += 537s;
  flood(3s);
  EXPECT_EQ(peer_->keypairs.current(), nullptr);
}

// Twice what can be computed, half of it by each worker. Too few for a load.
TEST_F(DeviceFlood, that_comes_by_two_queues_is_taken_from_both) {
  HandshakeQueue other;
  turn_.add_queue(other);
  Source& source = sources_.front();
  for (int ms = 0; ms < 120; ++ms) {
    for (int i = 0; i < kComputedPerMs; ++i) {
      push(initiation(source), source.address);
      push(other, initiation(source), source.address);
    }
    turn();
  }
  EXPECT_GT(queue_.size(), 100U);
  EXPECT_GT(other.size(), 100U);
  EXPECT_LT(queue_.size(), 200U);
  EXPECT_LT(other.size(), 200U);
}

}  // namespace
}  // namespace wring::test
