// Ports of this end, for connections that begin here.
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>

namespace wring::stack {

// lwIP's own search goes through all connections, and through those that ended within two seconds,
// for each new one. So ports are given one after the other here, and who has one is looked at only
// once around. One thread.
class LocalPorts {
 public:
  static constexpr std::uint16_t kFirst = 32768;
  static constexpr std::uint16_t kLast = 65535;
  using Used = std::bitset<std::size_t{kLast} + 1>;
  // Marks the ports that are in use.
  using Look = std::function<void(Used&)>;

  // Begins at `begin`, or somewhere else if that is none of them.
  LocalPorts(Look look, std::uint16_t begin);

  // One that was not in use when it was last looked, and was not given since. 0: all are in use.
  [[nodiscard]] std::uint16_t take();

 private:
  Look look_;
  Used used_;
  unsigned next_;
};

// Those of lwIP's connections and listeners.
void mark_ports_of_lwip(LocalPorts::Used& used);

}  // namespace wring::stack
