// Which worker a packet comes to (docs/decisions/0012-many-cores.md, 0033-sessions-stay.md). There
// are two halves, and each keeps the packets of a flow in order:
//
// - From the network (reuseport_steering.h): by the receiver's index in a message. All messages of
//   a session come to one worker, whatever the sender's address is. The device chooses the index,
//   so that all sessions of a peer come to the same worker.
// - From the TUN (flow_steering.h): with three workers and more, by a hash of the packet's
// addresses
//   and ports. With two, and where eBPF is refused, the kernel's own rule holds: a flow comes out
//   of the queue on which its other direction was last written. That is the peer's worker, so the
//   flow does not move as long as the peer's worker does not change.
#pragma once

#include <cstdint>

namespace wring {

// How the UDP sockets of the workers share the datagrams.
struct SocketSpread {
  // NOLINTNEXTLINE(google-explicit-constructor)
  SocketSpread(unsigned worker_count, unsigned word = 0) : workers(worker_count), word_at(word) {}

  unsigned workers;  // at least 1
  unsigned word_at;  // a datagram's worker is its 32-bit word from this byte on, modulo `workers`
};

// The kernel reads the word in network byte order, and messages carry the index in the other one.
constexpr std::uint32_t as_steered(std::uint32_t index) {
  return __builtin_bswap32(index);
}

constexpr unsigned worker_of(std::uint32_t index, unsigned workers) {
  return as_steered(index) % workers;
}

// An index that leads to `worker`, which is less than `workers`: the random one with its remainder
// exchanged.
constexpr std::uint32_t index_for(unsigned worker, unsigned workers, std::uint32_t random) {
  std::uint32_t word = as_steered(random);
  word -= word % workers;
  // The highest multiple has no room for every worker.
  if (word > UINT32_MAX - (workers - 1)) word -= workers;
  return as_steered(word + worker);
}

}  // namespace wring
