// The measurements of `wring bench`, one after the other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ip/endpoint.h"

namespace wring::measure {

// One way to carry packets. What was not measured is absent.
struct Row {
  std::string name;
  std::optional<double> tcp1_bit_s;       // one stream
  std::optional<double> tcp4_bit_s;       // four streams together
  std::optional<double> small_packets_s;  // datagrams of 64 bytes that arrived
  std::optional<Duration> rest;           // median of a round trip
  std::optional<Duration> load;           // the same beside four streams
  std::optional<double> cpu_s_per_gb;     // of both ends, with one stream; 10^9 bytes
  std::optional<double> handshakes_s;     // that one engine answers
};

// Is told of each measurement before it begins: how much is done, from 0 to 1, and what comes.
using Progress = std::function<void(double done, const std::string& what)>;

// Each measurement takes that long.
struct MeasureOptions {
  Duration length{};
  Progress progress;
};

// "wring", "copied, no cipher" and "no tunnel", in namespaces of this process, which does not come
// back from there. Main thread, and no other one is there.
[[nodiscard]] Result<std::vector<Row>> measure_here(const MeasureOptions& options);

// To a Server elsewhere.
[[nodiscard]] Result<Row> measure_peer(const Endpoint& server, const MeasureOptions& options);

}  // namespace wring::measure
