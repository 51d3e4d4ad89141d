// The Internet between simulated hosts: it loses, duplicates, delays (and so reorders) and corrupts
// datagrams as its seed says, and can be cut. Nothing here knows the protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "base/clock.h"
#include "ip/packets.h"
#include "tests/support/seeded_rng.h"

namespace wring::test {

// 192.0.2.1:51820, [2001:db8::1]:51820.
Endpoint address_of(std::string_view text);
// The remote part alone, as a key: neither a source nor an interface.
Bytes<18> key_of(const Endpoint& endpoint);

struct Datagram {
  TimePoint sent;
  TimePoint arrives;
  std::uint64_t order = 0;  // among those that arrive at the same time
  Endpoint from;
  Endpoint to;
  std::uint8_t tos = 0;
  std::vector<std::uint8_t> payload;
};

// How a path treats each datagram; probabilities in percent.
struct PathQuality {
  unsigned loss = 0;
  unsigned duplication = 0;
  unsigned corruption = 0;
  Duration min_delay = std::chrono::milliseconds(10);
  Duration max_delay = std::chrono::milliseconds(10);  // more than min_delay reorders
};

// Hides one address behind another and forgets the mapping after some silence; the next datagram
// then leaves from another port.
struct Nat {
  Endpoint inside;
  Endpoint outside;
  Duration forgets_after{};
  TimePoint last_used{};
  bool mapped = false;
};

class SimulatedNetwork {
 public:
  // Everything that is sent, before the network does anything to it. False drops it.
  using Filter = std::function<bool(const Datagram&)>;

  explicit SimulatedNetwork(std::uint64_t seed) : rng_(seed) {}

  void set_quality(const PathQuality& quality) { quality_ = quality; }
  void set_filter(Filter filter) { filter_ = std::move(filter); }
  // While it is cut everything sent is lost; what is under way still arrives.
  void cut(bool is_cut) { is_cut_ = is_cut; }
  void add_nat(Nat nat) { nats_.push_back(std::move(nat)); }

  void send(Datagram datagram, TimePoint now);
  [[nodiscard]] TimePoint next_arrival() const;
  // The next datagram that has arrived by `now`, addressed as its receiver sees it.
  std::optional<Datagram> arrived(TimePoint now);

  // Every datagram that was sent since the last clear_log().
  [[nodiscard]] const std::vector<Datagram>& log() const { return log_; }
  void clear_log() { log_.clear(); }
  // A hash over all that was ever sent, with its time: equal for two runs that were the same.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Later {
    bool operator()(const Datagram& a, const Datagram& b) const {
      return std::tie(a.arrives, a.order) > std::tie(b.arrives, b.order);
    }
  };
  bool happens(unsigned percent) { return percent != 0 && rng_.below(100) < percent; }
  Duration delay();
  void translate_source(Datagram& datagram, TimePoint now);
  bool translate_destination(Datagram& datagram, TimePoint now);
  void enqueue(Datagram datagram, TimePoint now);
  void take_fingerprint(const Datagram& datagram);

  SeededRng rng_;
  PathQuality quality_;
  Filter filter_;
  bool is_cut_ = false;
  std::vector<Nat> nats_;
  std::priority_queue<Datagram, std::vector<Datagram>, Later> under_way_;
  std::uint64_t next_order_ = 0;
  std::vector<Datagram> log_;
  std::uint64_t fingerprint_ = 14695981039346656037ULL;  // nearly FNV-1a
};

}  // namespace wring::test
