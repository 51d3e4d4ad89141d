// What the relay counts, and what it is told, in memory that it shares with the process outside.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "protocols/refusal.h"

namespace wring::proxy {

inline constexpr std::size_t kMaxListeners = 256;
inline constexpr std::size_t kMaxPings = 64;
inline constexpr std::size_t kMaxPeers = 1024;

// Of one listener. The relay alone writes; relaxed.
struct ListenerCounters {
  std::atomic<std::uint64_t> opened;       // connections, or flows of datagrams
  std::atomic<std::uint64_t> open;         // now
  std::atomic<std::uint64_t> from_client;  // bytes that were passed on
  std::atomic<std::uint64_t> to_client;
  std::atomic<std::uint64_t> broken;   // connections that an end reset
  std::atomic<std::uint64_t> dropped;  // datagrams
  std::array<std::atomic<std::uint64_t>, kRefusals> refused;

  void count(Refusal refusal) {
    refused[static_cast<std::size_t>(refusal)].fetch_add(1, std::memory_order_relaxed);
  }
};

struct Shared {
  std::array<ListenerCounters, kMaxListeners> listeners;
  // When CheckAlive's addresses answered last, in seconds since 1970; 0: never.
  std::array<std::atomic<std::int64_t>, kMaxPings> pongs;
  // Peers of the file that do not answer. Written outside.
  std::array<std::atomic<bool>, kMaxPeers> silent;
  // Connections that wait for an answer from the tunnel: while there are some, the process outside
  // asks the engine often.
  std::atomic<std::uint64_t> waiting;
  // Of the copy of /etc/resolv.conf. Written outside.
  std::atomic<std::uint64_t> host_names_version;
};

// Zeroed memory that a child made by fork() has in common with this process. It is never freed.
[[nodiscard]] Result<Shared*> make_shared_counters();

}  // namespace wring::proxy
