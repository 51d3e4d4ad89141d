#include "peer/attention_list.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <thread>

#include "peer/peer.h"

namespace wring {
namespace {

class AttentionListTest : public testing::Test {
 protected:
  AttentionListTest() {
    for (std::uint64_t i = 0; i < 8; ++i)
      peers_.emplace_back(PublicKey{}, i, memory_);
  }
  std::map<Peer*, AttentionReasons> drain() {
    std::map<Peer*, AttentionReasons> seen;
    list_.drain([&seen](Peer& peer, AttentionReasons why) { seen[&peer] |= why; });
    return seen;
  }

  StagedMemory memory_;
  std::deque<Peer> peers_;
  AttentionList list_;
};

TEST_F(AttentionListTest, only_the_push_onto_an_empty_list_wakes) {
  EXPECT_TRUE(list_.empty());
  EXPECT_TRUE(list_.push(peers_[0], Attention::kNeedsHandshake));
  EXPECT_FALSE(list_.empty());
  EXPECT_FALSE(list_.push(peers_[1], Attention::kNeedsHandshake));
  EXPECT_FALSE(list_.push(peers_[0], Attention::kConfirmed));
}

TEST_F(AttentionListTest, a_peer_stands_on_it_once_with_all_its_reasons) {
  static_cast<void>(list_.push(peers_[0], Attention::kNeedsHandshake));
  static_cast<void>(list_.push(peers_[1], Attention::kConfirmed));
  static_cast<void>(list_.push(peers_[0], Attention::kWatchOwingReply));
  int visits = 0;
  list_.drain([&](Peer& peer, AttentionReasons why) {
    ++visits;
    const AttentionReasons both =
        AttentionReasons(Attention::kNeedsHandshake) | Attention::kWatchOwingReply;
    EXPECT_EQ(why, &peer == &peers_[0] ? both : Attention::kConfirmed);
  });
  EXPECT_EQ(visits, 2);
  EXPECT_TRUE(list_.empty());
}

TEST_F(AttentionListTest, a_peer_may_be_pushed_while_it_is_visited) {
  static_cast<void>(list_.push(peers_[0], Attention::kConfirmed));
  static_cast<void>(list_.push(peers_[1], Attention::kConfirmed));
  list_.drain([&](Peer& peer, AttentionReasons) {
    static_cast<void>(list_.push(peer, Attention::kNeedsHandshake));
  });
  EXPECT_EQ(drain().size(), 2U);
}

// Each thread gives every peer a number that only grows; the last one has to be seen in the end.
TEST_F(AttentionListTest, loses_nothing_that_several_threads_push) {
  constexpr std::uint64_t kRounds = 5'000;
  std::array<std::array<std::atomic<std::uint64_t>, 8>, 3> written{};
  std::array<std::array<std::uint64_t, 8>, 3> seen{};
  std::atomic<int> running{3};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 1; i <= kRounds; ++i) {
        // Relaxed: it is the list that has to carry it over.
        written[t][i % 8].store(i, std::memory_order_relaxed);
        static_cast<void>(list_.push(peers_[i % 8], AttentionReasons::from_bits(1U << t)));
      }
      --running;
    });
  }
  const auto look = [&] {
    list_.drain([&](Peer& peer, AttentionReasons why) {
      for (std::size_t t = 0; t < 3; ++t) {
        if ((why.bits() & 1U << t) == 0) continue;
        seen[t][peer.serial] = written[t][peer.serial].load(std::memory_order_relaxed);
      }
    });
  };
  while (running > 0)
    look();
  for (std::thread& thread : threads)
    thread.join();
  look();
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t p = 0; p < 8; ++p)
      EXPECT_EQ(seen[t][p], written[t][p].load());
  }
}

}  // namespace
}  // namespace wring
