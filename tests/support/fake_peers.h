// Distinct Peer pointers for tables that only carry them.
#pragma once

#include <array>
#include <cstddef>

namespace wring {

struct Peer;

inline Peer* fake_peer(std::size_t i) {
  static std::array<std::max_align_t, 4096> places{};
  return reinterpret_cast<Peer*>(&places.at(i));
}

}  // namespace wring
