// One worker and the control thread, each on a thread of its own, while traffic goes on and the
// keys of its peers are made: the packets that waited leave, and then the worker sends by itself
// again. A datagram takes 3 us to send, as a system call does.
#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <deque>
#include <iostream>
#include <thread>

#include "base/rcu.h"
#include "dataplane/outbound.h"
#include "device/control_turn.h"
#include "tests/sim/simulated_network.h"
#include "tests/support/packets.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 64;          // what one read of the TUN may bring
constexpr std::size_t kStagedAtMost = 128;  // P22
constexpr int kRounds = 20;

std::chrono::nanoseconds time_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// So long does the kernel take to send so many datagrams.
void take_time_of_sends(std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + 3us * count;
  while (std::chrono::steady_clock::now() < until) {
  }
}

// One that answers handshakes, on the control thread of the other side.
class Responder : public DatagramSender {
 public:
  Responder(std::uint64_t seed, Instant now) : rng_(seed) {
    device.set_private_key(generate_private_key(rng_), now);
    device.bring_up(now);
  }
  int send(const OutgoingDatagram& datagram) override {
    sent.emplace_back(datagram.payload.begin(), datagram.payload.end());
    return 0;
  }
  [[nodiscard]] const PublicKey& key() const { return device.identity()->public_key(); }

 private:
  SeededRng rng_;
  SharedState shared_;

 public:
  std::vector<std::vector<std::uint8_t>> sent;
  Device device{shared_, rng_, *this};
};

// Of the worst round.
struct Seen {
  // Turns in which the control thread still sent data for one peer, once it had a key.
  std::size_t turns_with_data = 0;
  std::size_t data_in_a_turn = 0;           // datagrams
  std::size_t batches_staged = 0;           // at least in part, although all peers had their keys
  std::chrono::nanoseconds held_open{};     // from the last key to the last of these batches
  std::chrono::nanoseconds longest_turn{};  // of the control thread's own time
};

class StagedPath : public testing::TestWithParam<std::size_t>, public DatagramSender {
 protected:
  StagedPath() {
    device_.set_private_key(generate_private_key(rng_), now_);
    turn_.add_queue(queue_);
    for (std::size_t i = 0; i < GetParam(); ++i) {
      Responder& other = others_.emplace_back(i + 2, now_);
      other.device.set_endpoint(other.device.add_peer(device_.identity()->public_key()),
                                address_of("192.0.2.1:51820"));
      DevicePeer& peer = device_.add_peer(other.key());
      Device::set_endpoint(peer, endpoint_of(i));
      const std::string inner = "10.0.0." + std::to_string(i + 2);
      shared_.allowed_ips.insert(IpPrefix::parse(inner + "/32").value(), &peer);
      packets_.push_back(make_packet({.source = "10.0.0.1", .destination = inner}));
      packets_.back().resize(packets_.back().size() + kPacketTailRoom);
      peers_.push_back(&peer);
    }
    turns_with_data_.resize(GetParam());
    data_of_turn_.resize(GetParam());
  }
  static Endpoint endpoint_of(std::size_t peer) {
    return address_of("192.0.2." + std::to_string(peer + 2) + ":51820");
  }

  int send(const OutgoingDatagram& datagram) override {
    take_time_of_sends(1);
    std::size_t peer = 0;
    while (!(*datagram.to == endpoint_of(peer)))
      ++peer;
    if (classify(datagram.payload) == MessageType::kData) {
      ++data_of_turn_[peer];
    } else {
      others_[peer].device.handle_handshake(datagram.payload, address_of("192.0.2.1:51820"), now_);
    }
    return 0;
  }

  [[nodiscard]] bool all_have_keys() const {
    return std::all_of(peers_.begin(), peers_.end(),
                       [](const DevicePeer* peer) { return peer->sending.load() != nullptr; });
  }

  // Each batch has packets to all peers. Ends when the worker has sent by itself for a while.
  void work() {
    RcuReader reader;
    Outbound outbound(shared_);
    std::vector<Packet> storage(kBatch);
    std::vector<TunPacket> batch(kBatch);
    std::size_t with_keys = 0;
    std::optional<std::chrono::nanoseconds> last_key;
    for (int direct = 0; direct < 50 && with_keys < 5'000;) {
      const bool keys = all_have_keys();
      if (keys && !last_key) last_key = time_of(CLOCK_MONOTONIC);
      for (std::size_t i = 0; i < kBatch; ++i) {
        storage[i] = packets_[i * packets_.size() / kBatch];
        batch[i].bytes = MutByteSpan(storage[i]).first(storage[i].size() - kPacketTailRoom);
      }
      const std::size_t sent = outbound.process(batch, now_.boot).datagrams.size();
      take_time_of_sends(sent);
      reader.quiescent();
      if (!keys) continue;
      ++with_keys;
      direct = sent == kBatch ? direct + 1 : 0;
      if (sent == kBatch) continue;
      ++round_.batches_staged;
      round_.held_open = time_of(CLOCK_MONOTONIC) - *last_key;
    }
    worker_is_done_ = true;
  }

  void take_turn() {
    std::fill(data_of_turn_.begin(), data_of_turn_.end(), 0);
    const auto before = time_of(CLOCK_THREAD_CPUTIME_ID);
    turn_.run({}, now_);
    round_.longest_turn = std::max(round_.longest_turn, time_of(CLOCK_THREAD_CPUTIME_ID) - before);
    std::size_t data = 0;
    for (std::size_t i = 0; i < data_of_turn_.size(); ++i) {
      data += data_of_turn_[i];
      if (data_of_turn_[i] != 0) ++turns_with_data_[i];
      round_.turns_with_data = std::max(round_.turns_with_data, turns_with_data_[i]);
    }
    round_.data_in_a_turn = std::max(round_.data_in_a_turn, data);
    for (std::size_t i = 0; i < others_.size(); ++i) {
      for (const auto& response : std::exchange(others_[i].sent, {}))
        push(response, endpoint_of(i));
    }
  }
  void push(ByteSpan bytes, const Endpoint& from) {
    HandshakeDatagram message;
    message.from = from;
    message.size = static_cast<std::uint16_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), message.bytes.begin());
    ASSERT_TRUE(queue_.try_push(message));
  }

  void play_round() {
    round_ = {};
    std::fill(turns_with_data_.begin(), turns_with_data_.end(), 0);
    device_.bring_up(now_);
    worker_is_done_ = false;
    std::thread worker([this] { work(); });
    while (!worker_is_done_)
      take_turn();
    worker.join();
    device_.bring_down();
    turn_.run({}, now_);
    now_.boot += 6s;  // the next initiation may be sent
    now_.wall += 6s;
  }

  SharedState shared_;
  SeededRng rng_{1};
  Instant now_{TimePoint(1000s), WallTime(1'700'000'000s)};
  Device device_{shared_, rng_, *this};
  HandshakeQueue queue_;
  ControlTurn turn_{device_};
  std::deque<Responder> others_;
  std::vector<DevicePeer*> peers_;
  std::vector<Packet> packets_;  // one to each peer
  std::atomic<bool> worker_is_done_{false};
  std::vector<std::size_t> turns_with_data_;
  std::vector<std::size_t> data_of_turn_;
  Seen round_;
};

TEST_P(StagedPath, ends_with_the_keys_and_no_turn_is_long) {
  const std::size_t peers = GetParam();
  Seen worst;
  for (int round = 0; round < kRounds; ++round) {
    play_round();
    // The first turn sends what waited. The second sends what a worker staged just then, because it
    // had looked for the key before. That one leaves the queue empty, and the worker has the key.
    EXPECT_LE(round_.turns_with_data, 2U) << "round " << round;
    // In a turn the queue of a peer leaves when the key is made, and again because the worker asks
    // for it. It leaves in three passes and a last one, each of a queue at most.
    EXPECT_LE(round_.data_in_a_turn, peers * 2 * 4 * kStagedAtMost) << "round " << round;
    worst.turns_with_data = std::max(worst.turns_with_data, round_.turns_with_data);
    worst.data_in_a_turn = std::max(worst.data_in_a_turn, round_.data_in_a_turn);
    worst.batches_staged = std::max(worst.batches_staged, round_.batches_staged);
    worst.held_open = std::max(worst.held_open, round_.held_open);
    worst.longest_turn = std::max(worst.longest_turn, round_.longest_turn);
  }
  std::cout << peers << " peers, the worst of " << kRounds << " rounds: " << worst.batches_staged
            << " batches staged in " << worst.held_open / 1us << " us after the last key, "
            << worst.turns_with_data << " turns with data, the longest turn "
            << worst.longest_turn / 1us << " us and " << worst.data_in_a_turn << " datagrams\n";
}

INSTANTIATE_TEST_SUITE_P(Peers, StagedPath, testing::Values(1, 2, 4));

}  // namespace
}  // namespace wring::test
