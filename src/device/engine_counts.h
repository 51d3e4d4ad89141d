// What an engine counts besides bytes and drops: handshakes, batches, and the time of its threads.
// Counted on the control thread, once for each batch, or by the kernel: no packet pays for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace wring {

// How many values there were of each size.
struct Distribution {
  struct Class {
    std::uint64_t up_to = 0;  // and greater than that of the class before
    std::uint64_t count = 0;
  };

  Distribution() = default;
  Distribution(std::initializer_list<std::uint64_t> limits) {
    for (const std::uint64_t limit : limits)
      classes.push_back({limit, 0});
  }
  void add(std::uint64_t value) {
    sum += value;
    for (Class& each : classes) {
      if (value > each.up_to) continue;
      ++each.count;
      return;
    }
    ++above;
  }

  std::vector<Class> classes;  // the smallest first; empty: not known
  std::uint64_t above = 0;     // greater than all limits
  std::uint64_t sum = 0;       // of the values
};

struct EngineCounts {
  std::uint64_t handshakes_begun = 0;      // by us; an initiation that is sent again is no new one
  std::uint64_t handshakes_completed = 0;  // begun by either side
  std::uint64_t handshakes_given_up = 0;   // no answer for 90 s (P7)
  std::uint64_t initiations_sent = 0;
  std::uint64_t initiations_answered = 0;  // of others, authentic and new
  std::uint64_t cookies_sent = 0;          // under load (P32)
  std::uint64_t cookies_received = 0;      // that answer a message of ours
  std::uint64_t roamings = 0;              // a peer was heard from another address or port
  // Now, not since the start.
  std::uint64_t peers = 0;
  std::uint64_t sessions = 0;
  std::uint64_t staged_packets = 0;  // that wait for a key
  std::uint64_t staged_bytes = 0;    // of memory that they take

  // In microseconds: from our first initiation to the session, those that were sent again included.
  Distribution handshake_us{1000,      2500,      5000,       10'000,    25'000,
                            50'000,    100'000,   250'000,    500'000,   1'000'000,
                            2'500'000, 5'000'000, 10'000'000, 30'000'000};
  // Of what one wait of a worker brought: packets of the interface, and datagrams. Several that the
  // kernel has joined count as one.
  Distribution packet_batches;
  Distribution datagram_batches;
  // Processor time, in nanoseconds: of each worker, of the control thread, and of all threads that
  // compute handshakes.
  std::vector<std::uint64_t> worker_ns;
  std::uint64_t control_ns = 0;
  std::uint64_t handshake_threads_ns = 0;
};

// Names on the control socket, behind "wring_", and in JSON.
inline constexpr std::pair<std::string_view, std::uint64_t EngineCounts::*> kCountNames[] = {
    {"handshakes_begun", &EngineCounts::handshakes_begun},
    {"handshakes_completed", &EngineCounts::handshakes_completed},
    {"handshakes_given_up", &EngineCounts::handshakes_given_up},
    {"initiations_sent", &EngineCounts::initiations_sent},
    {"initiations_answered", &EngineCounts::initiations_answered},
    {"cookies_sent", &EngineCounts::cookies_sent},
    {"cookies_received", &EngineCounts::cookies_received},
    {"roamings", &EngineCounts::roamings},
    {"peers", &EngineCounts::peers},
    {"sessions", &EngineCounts::sessions},
    {"staged_packets", &EngineCounts::staged_packets},
    {"staged_bytes", &EngineCounts::staged_bytes},
    {"control_ns", &EngineCounts::control_ns},
    {"handshake_threads_ns", &EngineCounts::handshake_threads_ns},
};
inline constexpr std::pair<std::string_view, Distribution EngineCounts::*> kDistributionNames[] = {
    {"handshake_us", &EngineCounts::handshake_us},
    {"packet_batches", &EngineCounts::packet_batches},
    {"datagram_batches", &EngineCounts::datagram_batches},
};

}  // namespace wring
