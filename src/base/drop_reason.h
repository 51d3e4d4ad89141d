// Why a packet or datagram was dropped: one reason, and one counter, for each.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wring {

enum class DropReason : std::uint8_t {
  // Any datagram.
  kMalformedDatagram,  // no message type with its size fits (P2)
  kFromInside,         // came through the tunnel itself, from where its peer is not expected
  kUnknownIndex,       // no session or handshake has the receiver index
  // Data received.
  kCounterExhausted,  // at or past REJECT_AFTER_MESSAGES (P19)
  kSessionExpired,    // the key is older than REJECT_AFTER_TIME (P8)
  kForgedData,        // does not authenticate
  kReplayed,          // the counter was seen, or is too old (P19)
  kNotAllowedSource,  // the inner source is not the peer's (P20)
  kMalformedInner,    // the plaintext is no IP packet
  kInnerLength,       // the inner header claims more than was sent, or less than itself (P21)
  kEcnCeOverNotEct,   // congestion marked on a packet that cannot carry it (P24)
  // Packets from the TUN.
  kInnerQueueFull,     // came to a packet socket that was full
  kMalformedOutgoing,  // no IP packet
  kNoPeer,             // no peer's AllowedIPs hold the destination (P23)
  kNoEndpoint,         // the peer's address is not known (P23)
  kStagedOverflow,     // more than 128 waited for a key (P22)
  kStagedNoRoom,       // what waits for keys, of all peers together, is too much
  kStagedGivenUp,      // the handshake did not come about in time (P7)
  kOversized,          // too large for a message
  kRoutingLoop,        // a message of ours, or too many tunnels in each other
  kUplinkFull,         // the peer holds its share of a socket that is filling up
  // Handshake messages.
  kHandshakeQueueFull,   // P34
  kMac1Invalid,          // P31
  kCookieRequired,       // under load, answered with a cookie (P32)
  kRateLimited,          // under load, one source too often (P32)
  kHandshakeForged,      // an initiation that does not authenticate
  kUnknownPeer,          // an initiation of a key that is not configured
  kHandshakeReplayed,    // a timestamp not greater than the last (P5)
  kHandshakeFlood,       // initiations of one peer less than 20 ms apart (P5)
  kResponseUnsolicited,  // a response to no initiation under way
  kResponseForged,       // a response that does not authenticate
  kCookieUnsolicited,    // a cookie reply that answers no mac1 of ours (P33)
  // The system's side.
  kSendError,
  kTunWriteError,
  kInterfaceDown,
  kCount,  // not a reason: how many there are
};

inline constexpr std::size_t kDropReasonCount = static_cast<std::size_t>(DropReason::kCount);

// The reason's name in metrics and logs: "unknown_index".
constexpr std::string_view name(DropReason reason) {
  constexpr std::array<std::string_view, kDropReasonCount> kNames = {
      "malformed_datagram",
      "from_inside",
      "unknown_index",
      "counter_exhausted",
      "session_expired",
      "forged_data",
      "replayed",
      "not_allowed_source",
      "malformed_inner",
      "inner_length",
      "ecn_ce_over_not_ect",
      "inner_queue_full",
      "malformed_outgoing",
      "no_peer",
      "no_endpoint",
      "staged_overflow",
      "staged_no_room",
      "staged_given_up",
      "oversized",
      "routing_loop",
      "uplink_full",
      "handshake_queue_full",
      "mac1_invalid",
      "cookie_required",
      "rate_limited",
      "handshake_forged",
      "unknown_peer",
      "handshake_replayed",
      "handshake_flood",
      "response_unsolicited",
      "response_forged",
      "cookie_unsolicited",
      "send_error",
      "tun_write_error",
      "interface_down",
  };
  assert(reason < DropReason::kCount);
  return kNames[static_cast<std::size_t>(reason)];
}

// One count for each reason, at the position of its enumerator.
using DropCounts = std::array<std::uint64_t, kDropReasonCount>;

// One counter for each reason. Any thread may add and read. Each thread has counters of its own, so
// that threads that drop a flood do not wait for each other's cache line. get() adds them up.
class DropCounters {
 public:
  void add(DropReason reason, std::uint64_t n = 1) {
    // Relaxed: a count says nothing about other memory.
    assert(reason < DropReason::kCount);
    rows_[row_of_this_thread()][static_cast<std::size_t>(reason)].fetch_add(
        n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get(DropReason reason) const {
    std::uint64_t sum = 0;
    for (const Row& row : rows_)
      sum += row[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
    return sum;
  }
  [[nodiscard]] DropCounts all() const {
    DropCounts counts{};
    for (std::size_t i = 0; i < kDropReasonCount; ++i)
      counts[i] = get(static_cast<DropReason>(i));
    return counts;
  }

 private:
  // More threads than rows share them.
  static constexpr std::size_t kRows = 16;
  struct alignas(64) Row : std::array<std::atomic<std::uint64_t>, kDropReasonCount> {};

  static std::size_t row_of_this_thread() {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t row = threads.fetch_add(1, std::memory_order_relaxed) % kRows;
    return row;
  }

  std::array<Row, kRows> rows_{};
};

}  // namespace wring
