#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace wring::test {
namespace {

using namespace std::chrono_literals;

// More events than this at one moment mean that a timer fires without end.
constexpr int kMaxTurnsAtOneMoment = 100'000;
constexpr std::size_t kHostsPerNetwork = 250;

}  // namespace

Simulation::Simulation(std::uint64_t seed, Duration handshake_delay)
    : seed_(seed),
      handshake_delay_(handshake_delay),
      rng_(seed),
      clock_{TimePoint(1000s), WallTime(1'700'000'000s)},
      network_(seed) {}

Simulation::~Simulation() {
  for (const auto& host : hosts_) {
    for (const std::string& violation : host->violations())
      ADD_FAILURE() << violation;
  }
  if (testing::Test::HasFailure()) ADD_FAILURE() << "the seed was " << seed_;
}

SimulatedPeerHost& Simulation::add_host() {
  const std::size_t index = hosts_.size();
  const std::string last = std::to_string(index % kHostsPerNetwork + 1);
  const std::size_t network = index / kHostsPerNetwork;
  hosts_.push_back(std::make_unique<SimulatedPeerHost>(
      "host " + std::to_string(index + 1), seed_ * 1000 + index, clock_, network_, ledger_,
      address_of("192.0." + std::to_string(2 + network) + "." + last + ":51820"),
      IpAddress::parse("10.0." + std::to_string(network) + "." + last).value(), handshake_delay_));
  return *hosts_.back();
}

void Simulation::introduce(SimulatedPeerHost& a, SimulatedPeerHost& b) {
  a.know(b);
  b.know(a);
}

void Simulation::at(TimePoint when, std::function<void()> action) {
  actions_.emplace(when, std::move(action));
}

void Simulation::talk(SimulatedPeerHost& from, const SimulatedPeerHost& to, Duration interval,
                      TimePoint end) {
  const auto bound = static_cast<std::uint32_t>(2 * (interval / 1ms) + 1);
  const TimePoint next = now() + std::chrono::milliseconds(rng_.below(bound));
  if (next >= end) return;
  at(next, [this, &from, &to, interval, end] {
    from.send_data(to);
    talk(from, to, interval, end);
  });
}

void Simulation::run_for(Duration duration) {
  static_cast<void>(run([] { return false; }, now() + duration));
}

bool Simulation::run_until(const std::function<bool()>& done, Duration limit) {
  return run(done, now() + limit);
}

TimePoint Simulation::next_event() const {
  TimePoint next = network_.next_arrival();
  if (!actions_.empty()) next = std::min(next, actions_.begin()->first);
  for (const auto& host : hosts_)
    next = std::min(next, host->next_deadline());
  return next;
}

void Simulation::run_due() {
  while (std::optional<Datagram> datagram = network_.arrived(clock_.boot)) {
    const Bytes<18> to = key_of(datagram->to);
    for (const auto& host : hosts_) {
      if (key_of(host->address()) == to) host->receive(*datagram);
    }
  }
  while (!actions_.empty() && actions_.begin()->first <= clock_.boot) {
    const auto action = std::move(actions_.extract(actions_.begin()).mapped());
    action();
  }
  for (const auto& host : hosts_) {
    if (host->next_deadline() <= clock_.boot) host->control_turn();
  }
}

bool Simulation::run(const std::function<bool()>& done, TimePoint end) {
  int turns_at_this_moment = 0;
  while (!done()) {
    const TimePoint next = std::max(next_event(), clock_.boot);
    if (next > end) {
      clock_.wall += end - clock_.boot;
      clock_.boot = end;
      return false;
    }
    turns_at_this_moment = next == clock_.boot ? turns_at_this_moment + 1 : 0;
    if (turns_at_this_moment > kMaxTurnsAtOneMoment) {
      throw std::runtime_error("time stands still with seed " + std::to_string(seed_));
    }
    clock_.wall += next - clock_.boot;
    clock_.boot = next;
    run_due();
  }
  return true;
}

}  // namespace wring::test
