// The protocol's numbers, [WG] 6.1 and 5; P1.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ip/packets.h"

namespace wring {

inline constexpr std::uint64_t kRekeyAfterMessages = std::uint64_t{1} << 60;     // [WG] 6.1
inline constexpr std::uint64_t kRejectAfterMessages = UINT64_MAX - (1U << 13U);  // 2^64 - 2^13 - 1
inline constexpr std::chrono::seconds kRekeyAfterTime{120};                      // [WG] 6.1
inline constexpr std::chrono::seconds kRejectAfterTime{180};                     // [WG] 6.1
inline constexpr std::chrono::seconds kRekeyAttemptTime{90};                     // [WG] 6.1
inline constexpr std::chrono::seconds kRekeyTimeout{5};                          // [WG] 6.1
inline constexpr std::chrono::milliseconds kRekeyTimeoutJitterMax{333};          // [WG] 6.1
inline constexpr std::chrono::seconds kKeepaliveTimeout{10};                     // [WG] 6.1
// Attempts after the first one: one each kRekeyTimeout fills kRekeyAttemptTime.
inline constexpr unsigned kMaxHandshakeRetries = kRekeyAttemptTime / kRekeyTimeout;
// An initiator that only receives rekeys here, early enough to finish before the key expires.
// [WG] 6.2
inline constexpr auto kRekeyAfterTimeReceiving =
    kRejectAfterTime - kKeepaliveTimeout - kRekeyTimeout;
// A peer that answers nothing for this long is asked for a new handshake. [WG] 6.5
inline constexpr auto kNewHandshakeTime = kKeepaliveTimeout + kRekeyTimeout;
// Of two sessions whose handshakes crossed, the end that is to win stays on its own for this long.
// An end that heard nothing on it has begun anew by then; one that heard it and still sends on the
// other one does not give way, and is followed. docs/decisions/0024-crossing-handshakes.md
inline constexpr auto kTwinGrace = kNewHandshakeTime;
// Every key of a peer is gone this long after its last session was made. [WG] 6.3
inline constexpr auto kZeroKeysTime = 3 * kRejectAfterTime;
// Two initiations of one peer are at least this far apart; the kernel's INITIATIONS_PER_SECOND
// of 50.
inline constexpr std::chrono::milliseconds kInitiationInterval{20};
// A device with too many handshakes to serve counts as under load for this long afterwards (P32).
inline constexpr std::chrono::seconds kUnderLoadHold{1};
inline constexpr std::size_t kHandshakeQueueLength =
    4096;  // the kernel's MAX_QUEUED_INCOMING_HANDSHAKES

// Responses and cookie replies that wait apart from the initiations.
inline constexpr std::size_t kAnswerQueueLength = 1024;

// Handshakes that may be worked on at once; the rest waits in the queue, or for its turn. Some
// 25 ms of work for two threads. Initiations of others take at most three quarters, so that the
// handshakes that we begin always get on (docs/decisions/0025-handshakes-under-attack.md).
inline constexpr std::size_t kMaxHandshakeJobs = 256;
inline constexpr std::size_t kMaxAnsweringJobs = 192;

inline constexpr std::size_t kDataHeaderSize = 16;  // [WG] 5.4.6
inline constexpr std::size_t kAuthTagSize = 16;
inline constexpr std::size_t kDataOverhead = kDataHeaderSize + kAuthTagSize;
// The largest packet that a data message over IPv4 holds.
inline constexpr unsigned kMaxPacketOverIpv4 = kMaxUdpPayload - kDataOverhead;

inline constexpr std::uint8_t kHandshakeTos =
    0x88;  // DSCP AF41, ECN 0; the kernel's HANDSHAKE_DSCP

inline constexpr unsigned kDefaultMtu = 1420;  // fits a path of 1500 with an outer IPv6 header

}  // namespace wring
