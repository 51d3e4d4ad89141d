// What TCP's sender does about losses: which segments it sends again, how much it may send, and
// when it has waited long enough.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "stack/congestion.h"
#include "stack/round_trip.h"
#include "stack/sack_blocks.h"
#include "stack/scoreboard.h"
#include "stack/sequence.h"

namespace wring::stack {

// RACK and tail loss probes (RFC 8985), proportional rate reduction (RFC 6937), and a reduction
// that is taken back when all that was sent again turns out to have come twice (RFC 2883). Of one
// connection. Pure: it sends nothing, and time is an argument.
class LossRecovery {
 public:
  struct Acknowledgement {
    std::uint32_t number = 0;
    SackBlocks blocks;
    bool duplicate = false;  // as RFC 5681, 2 has it; looked at without SACK only
  };
  enum class Due { kNothing, kLosses, kProbe, kTimeout };

  // Once, before anything is sent. `segment` is a full one's size, `first` the first number, and
  // `sack` whether the far end sends blocks.
  void begin(std::uint32_t segment, std::uint32_t first, bool sack);
  // A round trip that was measured otherwise.
  void on_round_trip(Duration trip, TimePoint now) { trip_.on_measured(trip, now); }

  // A segment leaves now, for the first time or again.
  void on_sent(SequenceRange range, TimePoint now);
  void on_acknowledgement(const Acknowledgement& what, TimePoint now);
  // What is due at deadline(). `new_data`: there is some that was never sent, so that a probe does
  // not have to be something old.
  Due on_timer(TimePoint now, bool new_data);
  [[nodiscard]] TimePoint deadline() const;

  // Bytes that may be sent now: first what is marked as lost in segments(), then new data.
  [[nodiscard]] std::uint32_t allowance() const;
  [[nodiscard]] std::span<const Scoreboard::Segment> segments() const { return board_.segments(); }
  [[nodiscard]] bool has_lost() const { return board_.lost() != 0; }
  // Nothing is on its way.
  [[nodiscard]] bool idle() const { return board_.empty(); }
  // What may be on its way at once, in bytes. In a recovery: what it ends with.
  [[nodiscard]] std::uint32_t window() const;

 private:
  enum class State { kOpen, kRecovery, kTimedOut };
  // Bytes that arrived in the last two round trips, of which the faster counts.
  struct Rate {
    std::optional<TimePoint> begun;
    std::uint64_t arrived = 0;
    std::array<double, 2> per_second{};

    void on_arrived(std::uint32_t bytes, TimePoint now, Duration round_trip);
    [[nodiscard]] std::uint32_t within(Duration time) const;
  };
  // What a reduction changed, and how much of what it sent again is not known to have been needed.
  struct Reduction {
    Congestion before;
    std::uint32_t begun_at;
    std::uint32_t doubtful = 0;
  };

  void take_in(const Acknowledgement& what, TimePoint now, Scoreboard::Delivery& delivery);
  void count_duplicates(const Acknowledgement& what, TimePoint now, Scoreboard::Delivery& delivery);
  void look_at_duplicate(SequenceRange twice);
  void look_at_probe(const Acknowledgement& what, bool twice);
  [[nodiscard]] std::uint32_t find_losses(TimePoint now);
  [[nodiscard]] Duration reordering() const;
  void begin_reduction();
  void enter_recovery(std::uint32_t delivered);
  void reduce_in_proportion(std::uint32_t delivered, bool safe);
  void end_recovery();
  [[nodiscard]] bool began_without_queue() const;
  [[nodiscard]] Duration sooner_is_older() const;
  void time_out();
  [[nodiscard]] Duration time_out_after() const;
  [[nodiscard]] bool may_probe() const;
  [[nodiscard]] Duration probe_after() const;

  Scoreboard board_;
  Congestion congestion_;
  RoundTrip trip_;
  Rate rate_;
  State state_ = State::kOpen;
  bool sack_ = false;
  std::uint32_t acknowledged_ = 0;  // all before it
  std::uint32_t next_ = 0;          // the first that was never sent
  std::uint32_t recovery_end_ = 0;  // a recovery is over once this is acknowledged
  std::size_t duplicates_ = 0;      // without SACK
  std::optional<Reduction> reduction_;
  // RFC 6937.
  std::uint64_t reduced_from_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t sent_ = 0;
  std::uint32_t lost_ = 0;  // bytes, in this recovery
  // RFC 8985, 6.2.
  bool reordering_seen_ = false;
  unsigned reordering_steps_ = 1;
  std::uint32_t step_end_ = 0;  // one step more for each round trip
  unsigned recoveries_left_ = 0;
  // RFC 8985, 7.
  bool probed_ = false;
  bool probe_is_old_ = false;
  std::uint32_t probe_end_ = 0;
  std::uint32_t probe_room_ = 0;
  unsigned timeouts_ = 0;  // in a row
  TimePoint progress_{};   // when the last time-out began to run
  TimePoint last_new_{};   // and that of a probe
  TimePoint look_again_ = kNever;
};

}  // namespace wring::stack
