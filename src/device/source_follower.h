// Keeps the sources of peers in step with the routing table (P29). A source that the table
// contradicts is refused: the kernel then chooses address and interface.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "device/route_oracle.h"

namespace wring {

struct DevicePeer;

// A source is checked when the peer was heard on a new way, and all of them are checked, in a
// round, when the routing table has changed. A round does a bounded part of its work in each turn,
// and a pause follows it, so that a table that changes all the time costs a bounded share of the
// time. One more round follows the last notice: the kernel announces some changes (a link that goes
// down, an address that is removed) before they are done.
//
// Control thread only.
class SourceFollower {
 public:
  // One question costs some 5 microseconds. A source that is refused takes two.
  static constexpr std::size_t kQuestionsPerTurn = 256;
  static constexpr std::size_t kPeersPerTurn = 4096;  // with those that have no source
  // A change that falls into the pause is followed after it.
  static constexpr Duration kPause = std::chrono::milliseconds(2);
  // For what a round did, so that rounds take at most a quarter of the time: each question, each
  // keepalive to a peer that goes another way now, and each peer that it passed.
  static constexpr Duration kPausePerQuestion = std::chrono::microseconds(20);
  static constexpr Duration kPausePerMove = std::chrono::microseconds(20);
  static constexpr Duration kPausePerPeer = std::chrono::microseconds(1);
  // From the beginning of a round with notices until the one that finds what they told too early.
  static constexpr Duration kSettling = std::chrono::milliseconds(100);
  // Between two checks of one peer that workers ask for: a peer may move to and fro at will.
  static constexpr Duration kCheckInterval = std::chrono::milliseconds(20);

  using Peers = std::map<std::uint64_t, DevicePeer*>;
  enum class Outcome {
    kAsBefore,
    kRefused,
    kMovedOn,  // it was refused before, and the kernel chooses another way now
    kTakenBack,
  };
  using OnMoved = std::function<void(DevicePeer&, Outcome)>;

  explicit SourceFollower(RouteOracle& routes) : routes_(routes) {}

  // Asks at once, and refuses the source or takes it back into use.
  Outcome check(DevicePeer& peer, TimePoint now);
  // The same for a worker's wish, which waits if the last check was a moment ago.
  void check_soon(DevicePeer& peer, TimePoint now);

  // The routing table may have changed: there are notices. A round begins with the next work().
  void on_routes_changed();
  // True: notices should be waited for. False: they may be left where they are.
  [[nodiscard]] bool listens() const { return state_ == State::kListening; }

  // Does what is due. `on_moved` is called for each peer that a round found to be as it was not
  // before.
  void work(const Peers& peers, TimePoint now, const OnMoved& on_moved);
  [[nodiscard]] TimePoint next_deadline() const;

 private:
  enum class State { kListening, kDue, kRound, kPause };

  Outcome look_where_it_leads(DevicePeer& peer, const Endpoint& endpoint);
  void check_deferred(const Peers& peers, TimePoint now);
  void begin_round(TimePoint now);
  void continue_round(const Peers& peers, TimePoint now, const OnMoved& on_moved);

  RouteOracle& routes_;
  State state_ = State::kListening;
  std::uint64_t next_serial_ = 0;  // of the peer to go on with
  Duration cost_{};                // the pause that this round has earned
  std::size_t questions_ = 0;      // since it was last counted
  TimePoint pause_end_ = kNever;
  TimePoint settled_ = kNever;           // when one more round is due
  std::vector<std::uint64_t> deferred_;  // serials of peers whose check waits; each at most once
  TimePoint deferred_due_ = kNever;
};

}  // namespace wring
