// Answers a packet that no peer takes with "destination unreachable" (P23), at a bounded rate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "ip/icmp.h"

namespace wring {

// One per worker; pure.
class UnreachableReplies {
 public:
  UnreachableReplies() { replies_.reserve(kMaxReplies); }

  // Begins a batch. The replies of the one before are gone.
  void clear() { replies_.clear(); }
  // Makes a reply to `packet` unless there are too many in this batch or second, or its sender has
  // had its share of them, or none may be sent (RFC 1122 3.2.2).
  void answer(ByteSpan packet, TimePoint now);
  // For the TUN. Valid until clear().
  [[nodiscard]] std::span<const ByteSpan> replies() const { return replies_; }

 private:
  static constexpr std::size_t kMaxReplies = 8;        // in a batch
  static constexpr unsigned kPerSecond = 100;          // for all senders together
  static constexpr unsigned kPerSenderAndSecond = 20;  // for those that share a slot
  static constexpr std::size_t kSenderSlots = 64;

  [[nodiscard]] bool may_answer(ByteSpan packet, TimePoint now);

  std::array<std::array<std::uint8_t, kMaxIcmpError>, kMaxReplies> storage_;
  std::vector<ByteSpan> replies_;
  TimePoint second_began_{};
  unsigned in_second_ = 0;
  std::array<std::uint8_t, kSenderSlots> of_sender_{};  // in this second, by a hash of the source
};

}  // namespace wring
