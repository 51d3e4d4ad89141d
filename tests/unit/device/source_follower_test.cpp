#include "device/source_follower.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "device/device_peer.h"
#include "ip/endpoint_parse.h"

namespace wring {
namespace {

// A routing table that leads to everything by one interface.
class FakeRoutes final : public RouteOracle {
 public:
  std::optional<bool> leaves_as_heard(const Endpoint& endpoint) override {
    ++questions;
    if (meanwhile) meanwhile();
    if (address_is_gone) return false;
    if (!there_is_a_route) return std::nullopt;
    return endpoint.source_ifindex == leads_by;
  }
  std::optional<Way> way_without_source(const Endpoint&) override {
    ++questions;
    if (!there_is_a_route || address_is_gone) return std::nullopt;
    return Way{leads_by, source};
  }
  bool take_notices() override {
    const bool any = notices;
    notices = false;
    return any;
  }

  std::uint32_t leads_by = 1;
  IpAddress source;
  bool there_is_a_route = true;
  bool address_is_gone = false;  // that the peer was heard on, and all routes with it
  bool notices = false;
  std::size_t questions = 0;
  std::function<void()> meanwhile;  // what a worker does while the kernel is asked
};

class SourceFollowerTest : public testing::Test {
 protected:
  using Outcome = SourceFollower::Outcome;
  DevicePeer& add_peer() {
    const std::uint64_t serial = owned_.size() + 1;
    owned_.push_back(std::make_unique<DevicePeer>(PublicKey{}, serial, memory_));
    peers_.emplace(serial, owned_.back().get());
    return *owned_.back();
  }
  static Endpoint heard_on(std::uint32_t interface, std::uint16_t port = 51820) {
    Endpoint from = parse_endpoint("192.0.2.1:" + std::to_string(port)).value();
    from.set_source_ifindex(interface);
    from.source.v4.s_addr = interface;
    return from;
  }
  static bool hear(DevicePeer& peer, const Endpoint& from) {
    if (!peer.hear_from(from).elsewhere) return false;
    return !peer.wants_source_check.exchange(true);
  }
  void work(Duration later = {}) {
    now_ += later;
    follower_.work(peers_, now_, [this](DevicePeer& peer, Outcome outcome) {
      (outcome == Outcome::kRefused   ? refused_
       : outcome == Outcome::kMovedOn ? moved_on_
                                      : taken_back_)
          .insert(peer.serial);
    });
  }
  void announce() {
    routes_.notices = true;
    if (follower_.listens()) follower_.on_routes_changed();
  }

  FakeRoutes routes_;
  SourceFollower follower_{routes_};
  SourceFollower::Peers peers_;
  StagedMemory memory_;
  std::vector<std::unique_ptr<DevicePeer>> owned_;
  std::set<std::uint64_t> refused_;
  std::set<std::uint64_t> moved_on_;
  std::set<std::uint64_t> taken_back_;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(SourceFollowerTest, a_source_that_the_route_contradicts_is_refused_and_taken_back) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  EXPECT_TRUE(peer.endpoint.load().pins_source());
  routes_.leads_by = 2;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
  EXPECT_FALSE(peer.endpoint.load().pins_source());
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);  // it is refused already
  routes_.leads_by = 1;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kTakenBack);
  EXPECT_EQ(peer.endpoint.load(), heard_on(1));
}

// Each time the peer has to be told, although nothing was heard from it on the way before.
TEST_F(SourceFollowerTest, a_route_that_moves_on_is_told_apart_from_one_that_stays) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  routes_.leads_by = 2;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  routes_.leads_by = 3;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kMovedOn);
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  routes_.source = *IpAddress::parse("192.0.2.7");
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kMovedOn);
  // One that comes back as it was is known to the peer.
  routes_.there_is_a_route = false;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  routes_.there_is_a_route = true;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  EXPECT_FALSE(peer.endpoint.load().pins_source());
  routes_.leads_by = 1;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kTakenBack);
  routes_.leads_by = 3;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
}

// The last keepalive told it of the first way.
TEST_F(SourceFollowerTest, a_second_way_is_news_again_once_the_first_was_taken_back) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  routes_.leads_by = 2;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
  routes_.leads_by = 1;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kTakenBack);
  // Its address goes, and there is no other way yet.
  routes_.address_is_gone = true;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
  routes_.address_is_gone = false;
  routes_.leads_by = 2;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kMovedOn);
}

TEST_F(SourceFollowerTest, a_message_on_the_refused_way_does_not_pin_it_again) {
  DevicePeer& peer = add_peer();
  routes_.leads_by = 2;
  EXPECT_TRUE(hear(peer, heard_on(1)));
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kRefused);
  EXPECT_FALSE(hear(peer, heard_on(1)));
  EXPECT_FALSE(peer.endpoint.load().pins_source());
  EXPECT_TRUE(hear(peer, heard_on(2)));
  EXPECT_TRUE(peer.endpoint.load().pins_source());
  EXPECT_TRUE(hear(peer, heard_on(2, 7)) || peer.wants_source_check);  // another port, another way
}

TEST_F(SourceFollowerTest, without_a_route_everything_stays_as_it_is) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  routes_.there_is_a_route = false;
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  EXPECT_TRUE(peer.endpoint.load().pins_source());
}

TEST_F(SourceFollowerTest, an_answer_for_a_way_that_has_changed_meanwhile_is_void) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  routes_.leads_by = 2;
  routes_.meanwhile = [&] { EXPECT_TRUE(hear(peer, heard_on(2))); };
  EXPECT_EQ(follower_.check(peer, now_), Outcome::kAsBefore);
  EXPECT_EQ(peer.endpoint.load(), heard_on(2));
  EXPECT_TRUE(peer.wants_source_check);  // the worker asks once more
}

TEST_F(SourceFollowerTest, a_notice_starts_a_round_at_once_and_one_more_when_it_has_settled) {
  DevicePeer& peer = add_peer();
  static_cast<void>(peer.hear_from(heard_on(1)));
  EXPECT_TRUE(follower_.listens());
  EXPECT_EQ(follower_.next_deadline(), kNever);

  announce();
  EXPECT_LE(follower_.next_deadline(), now_);
  EXPECT_FALSE(follower_.listens());
  work();
  EXPECT_TRUE(refused_.empty());
  EXPECT_EQ(routes_.questions, 1U);
  const TimePoint settled = now_ + SourceFollower::kSettling;

  routes_.leads_by = 2;  // the change comes a little later than its notice
  work();
  EXPECT_EQ(routes_.questions, 1U);
  EXPECT_EQ(follower_.next_deadline(), now_ + SourceFollower::kPause);
  work(SourceFollower::kPause);
  EXPECT_TRUE(refused_.empty());
  EXPECT_EQ(follower_.next_deadline(), settled);
  work(settled - now_);
  EXPECT_EQ(refused_, std::set<std::uint64_t>{1});

  work(SourceFollower::kPause);
  EXPECT_EQ(routes_.questions, 3U);
  EXPECT_TRUE(follower_.listens());
  EXPECT_EQ(follower_.next_deadline(), kNever);
}

TEST_F(SourceFollowerTest, a_change_soon_after_another_one_is_followed_soon) {
  static_cast<void>(add_peer().hear_from(heard_on(1)));
  announce();
  work();
  work(SourceFollower::kPause);
  EXPECT_TRUE(follower_.listens());
  routes_.leads_by = 2;
  announce();
  work();
  EXPECT_EQ(refused_, std::set<std::uint64_t>{1});
  // Its own second round, and none for the first change.
  EXPECT_EQ(routes_.questions, 3U);
  work(SourceFollower::kPause);
  EXPECT_EQ(follower_.next_deadline(), now_ - SourceFollower::kPause + SourceFollower::kSettling);
}

// A peer that heard from us on the other way goes on sending there.
TEST_F(SourceFollowerTest, a_round_tells_of_a_source_that_it_took_back) {
  static_cast<void>(add_peer().hear_from(heard_on(1)));
  for (const std::uint32_t interface : {2U, 1U}) {
    routes_.leads_by = interface;
    announce();
    work();
    work(SourceFollower::kPause);
  }
  EXPECT_EQ(refused_, std::set<std::uint64_t>{1});
  EXPECT_EQ(taken_back_, std::set<std::uint64_t>{1});
}

TEST_F(SourceFollowerTest, a_table_that_never_rests_costs_a_round_for_each_pause) {
  static_cast<void>(add_peer().hear_from(heard_on(1)));
  constexpr int kTurns = 100'000;
  constexpr Duration kTurn = std::chrono::microseconds(100);
  for (int i = 0; i < kTurns; ++i) {
    announce();
    work(kTurn);
  }
  constexpr std::size_t kRounds = kTurns * kTurn / SourceFollower::kPause;
  EXPECT_LE(routes_.questions, kRounds + 1);
  EXPECT_GE(routes_.questions, kRounds * 9 / 10);
}

TEST_F(SourceFollowerTest, a_round_of_many_peers_takes_many_turns_and_a_longer_pause) {
  constexpr std::size_t kPeers = 20'000;
  for (std::size_t i = 0; i < kPeers; ++i)
    static_cast<void>(add_peer().hear_from(heard_on(1)));
  routes_.leads_by = 2;
  announce();
  std::size_t turns = 0;
  for (; follower_.next_deadline() <= now_; ++turns) {
    const std::size_t before = routes_.questions;
    work();
    ASSERT_LE(routes_.questions - before, SourceFollower::kQuestionsPerTurn + 1);
  }
  EXPECT_EQ(routes_.questions, 2 * kPeers);  // one more for each that is refused
  EXPECT_EQ(refused_.size(), kPeers);
  EXPECT_GE(turns, 2 * kPeers / (SourceFollower::kQuestionsPerTurn + 1));
  constexpr Duration kEach = 2 * SourceFollower::kPausePerQuestion + SourceFollower::kPausePerMove +
                             SourceFollower::kPausePerPeer;
  EXPECT_EQ(follower_.next_deadline(), now_ + kEach * kPeers);
}

TEST_F(SourceFollowerTest, peers_without_a_source_are_passed_over_in_bounded_turns) {
  constexpr std::size_t kPeers = 2 * SourceFollower::kPeersPerTurn + 1;
  for (std::size_t i = 0; i < kPeers; ++i)
    add_peer();
  announce();
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_LE(follower_.next_deadline(), now_);
    work();
  }
  EXPECT_EQ(routes_.questions, 0U);
  EXPECT_EQ(follower_.next_deadline(), now_ + SourceFollower::kPausePerPeer * kPeers);
}

TEST_F(SourceFollowerTest, a_peer_that_moves_to_and_fro_is_asked_about_at_a_bounded_rate) {
  DevicePeer& peer = add_peer();
  routes_.leads_by = 2;
  for (int i = 0; i < 1000; ++i) {
    if (hear(peer, heard_on(1 + static_cast<std::uint32_t>(i % 2)))) {
      follower_.check_soon(peer, now_);
    }
    work(std::chrono::milliseconds(1));
  }
  EXPECT_LE(routes_.questions, 100U);
  // The last word is right all the same.
  static_cast<void>(peer.hear_from(heard_on(1)));
  if (!peer.wants_source_check.exchange(true)) follower_.check_soon(peer, now_);
  work(SourceFollower::kCheckInterval);
  EXPECT_FALSE(peer.endpoint.load().pins_source());
  EXPECT_EQ(follower_.next_deadline(), kNever);
}

TEST_F(SourceFollowerTest, a_check_that_waits_is_made_once_however_many_rounds_come_between) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  follower_.check_soon(peer, now_);
  for (std::uint16_t i = 1; i <= 5; ++i) {
    EXPECT_TRUE(hear(peer, heard_on(1, i)));
    follower_.check_soon(peer, now_);
    announce();
    work();  // the round takes the peer's wish away
    work(SourceFollower::kPause);
  }
  const std::size_t before = routes_.questions;
  work(SourceFollower::kCheckInterval);
  EXPECT_EQ(routes_.questions, before + 1);
}

TEST_F(SourceFollowerTest, a_check_that_waits_for_a_peer_that_was_removed_is_dropped) {
  DevicePeer& peer = add_peer();
  EXPECT_TRUE(hear(peer, heard_on(1)));
  follower_.check_soon(peer, now_);
  EXPECT_TRUE(hear(peer, heard_on(2)));
  follower_.check_soon(peer, now_);
  EXPECT_NE(follower_.next_deadline(), kNever);
  peers_.clear();
  owned_.clear();
  work(SourceFollower::kCheckInterval);
  EXPECT_EQ(routes_.questions, 1U);
  EXPECT_EQ(follower_.next_deadline(), kNever);
}

}  // namespace
}  // namespace wring
