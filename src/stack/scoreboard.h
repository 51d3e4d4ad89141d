// What a connection has sent and has not been acknowledged as a whole: which segments have arrived,
// which are lost, and when each was sent last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "stack/sequence.h"

namespace wring::stack {

// Finds losses by time, as RACK does (RFC 8985): a segment is lost if one that was sent later has
// arrived, and long enough ago. Pure.
class Scoreboard {
 public:
  struct Segment {
    SequenceRange range;
    TimePoint sent;  // last
    bool arrived = false;
    bool lost = false;    // and not sent again since
    bool resent = false;  // once or more
  };
  // What acknowledgements have shown.
  struct Delivery {
    std::uint32_t bytes = 0;  // that were not known to have arrived
    // Of the newest of them that was sent only once.
    std::optional<Duration> round_trip;
    bool reordered = false;  // one came after others that had been sent later
  };
  struct Losses {
    std::uint32_t bytes = 0;
    Duration wait{};  // after which there may be more; 0: there is nothing to wait for
  };

  // A segment was sent: what comes next, or again what is here.
  void on_sent(SequenceRange range, TimePoint now);
  // All before `number` has arrived. `least` is the least time of a round trip, so that what comes
  // sooner is not taken for the answer to a segment that was sent again.
  void on_acknowledged(std::uint32_t number, TimePoint now, Duration least, Delivery& delivery);
  void on_selected(SequenceRange block, TimePoint now, Duration least, Delivery& delivery);
  // For a far end without SACK: so many segments behind the first have arrived, whichever they are
  // (as RFC 5681 counts duplicates).
  void suppose_arrived(std::size_t count, TimePoint now, Duration least, Delivery& delivery);
  // Forgets what has arrived, because the far end has dropped it.
  void forget_arrived();

  // Segments that were sent before one that has arrived, and `reordering` longer ago than its round
  // trip took, are lost.
  Losses find_losses(TimePoint now, Duration reordering);
  // After a time-out, all that has not arrived is.
  void lose_all();
  // The last one that has not arrived counts as lost, so that it is sent again.
  void lose_last();

  [[nodiscard]] std::span<const Segment> segments() const {
    return std::span(segments_).subspan(first_);
  }
  [[nodiscard]] bool empty() const { return first_ == segments_.size(); }
  // Bytes: of all, of those that have arrived, of the lost ones, and of what is on its way.
  [[nodiscard]] std::uint32_t total() const { return total_; }
  [[nodiscard]] std::uint32_t arrived() const { return arrived_; }
  [[nodiscard]] std::uint32_t lost() const { return lost_; }
  [[nodiscard]] std::uint32_t in_flight() const { return total_ - arrived_ - lost_; }
  [[nodiscard]] std::size_t arrived_segments() const { return arrived_segments_; }

 private:
  [[nodiscard]] std::size_t find(std::uint32_t number) const;
  void split(std::size_t index, std::uint32_t at);
  void mark_sent(Segment& segment, TimePoint now);
  void mark_arrived(Segment& segment, TimePoint now, Duration least, Delivery& delivery);
  void lose(Segment& segment);
  void remove(const Segment& segment);
  [[nodiscard]] bool newest_is_later_than(const Segment& segment) const;

  std::vector<Segment> segments_;  // in the stream's order, without gaps
  std::size_t first_ = 0;
  std::uint32_t total_ = 0;
  std::uint32_t arrived_ = 0;
  std::uint32_t lost_ = 0;
  std::size_t arrived_segments_ = 0;
  // The one that was sent last of those that have arrived, and its round trip.
  TimePoint newest_sent_{};
  std::uint32_t newest_end_ = 0;
  Duration newest_trip_{};
  bool any_newest_ = false;
  // The end of the highest that has arrived.
  std::uint32_t highest_ = 0;
  bool any_highest_ = false;
  bool waited_ = false;  // find_losses() found some that may be lost later
};

}  // namespace wring::stack
