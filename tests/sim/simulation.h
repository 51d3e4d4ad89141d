// Hosts on one network and one virtual clock, which jumps from event to event: hours of protocol
// time pass in seconds. All that happens follows from the seed, and so happens again with it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/simulated_host.h"

namespace wring::test {

class Simulation {
 public:
  // `handshake_delay` is that of every host; see SimulatedPeerHost.
  explicit Simulation(std::uint64_t seed, Duration handshake_delay = {});
  // Fails the running test, naming the seed, if a rule that holds at all times was broken.
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // 192.0.2.N:51820 outside and 10.0.0.N inside, N counting from 1; after 250 of them 192.0.3.1 and
  // 10.0.1.1, and so on.
  SimulatedPeerHost& add_host();
  // Each knows the other, with its address.
  static void introduce(SimulatedPeerHost& a, SimulatedPeerHost& b);

  [[nodiscard]] SimulatedNetwork& network() { return network_; }
  [[nodiscard]] const SimulatedNetwork& network() const { return network_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] TimePoint now() const { return clock_.boot; }
  [[nodiscard]] SeededRng& rng() { return rng_; }

  void at(TimePoint when, std::function<void()> action);
  void after(Duration delay, std::function<void()> action) { at(now() + delay, std::move(action)); }
  // Packets from `from` to `to` at random distances of 0 to 2 * `interval`, until `end`.
  void talk(SimulatedPeerHost& from, const SimulatedPeerHost& to, Duration interval, TimePoint end);
  void run_for(Duration duration);
  // Runs until `done` holds after some event; false if it does not within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit);

 private:
  [[nodiscard]] TimePoint next_event() const;
  void run_due();
  bool run(const std::function<bool()>& done, TimePoint end);

  std::uint64_t seed_;
  Duration handshake_delay_;
  SeededRng rng_;
  Instant clock_;
  SimulatedNetwork network_;
  Ledger ledger_;
  std::vector<std::unique_ptr<SimulatedPeerHost>> hosts_;
  std::multimap<TimePoint, std::function<void()>> actions_;
};

}  // namespace wring::test
