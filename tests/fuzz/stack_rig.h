// A stack without a process: its packets are read and written here, and so are the relay's ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "stack/interface.h"
#include "stack/links.h"
#include "stack/unreachables.h"

namespace wring::fuzz {

// Byte `at` of every stream of TCP, so that whatever arrives can be told to be right.
constexpr std::uint8_t stream_byte(std::size_t at) {
  return static_cast<std::uint8_t>(at * 31 + (at >> 8));
}

// One connection, as its far end sees it.
struct Connection {
  UniqueFd relay;                 // the relay's end, or the client once it was handed over
  UniqueFd line;                  // the relay's end then
  UniqueFd client;                // the stack's end of the client, until it is handed over
  std::uint16_t port = 0;         // ours
  std::uint32_t their_first = 0;  // the far end's first sequence number, of its SYN
  std::uint32_t our_next = 0;     // what the stack has sent up to
  std::size_t read = 0;           // bytes that the relay has read
  bool answered = false;          // the relay has read the Answer
};

class StackRig {
 public:
  StackRig();

  // A packet from the peer. Its checksums count as checked, but that of IPv4's header.
  void input(ByteSpan packet);
  // Every second one is handed over once it is answered.
  void connect();
  [[nodiscard]] Connection* connection(std::size_t index);
  // A segment of the connection. `offset` counts from the stream's first byte, and `acknowledged`
  // from what the stack has sent; payload is the stream's.
  void segment(const Connection& connection, std::int32_t offset, std::int32_t acknowledged,
               std::uint16_t flags, std::uint16_t window, std::size_t payload, ByteSpan options);
  // The relay's side of it. Reading checks each byte.
  void read(Connection& connection);
  static void write(const Connection& connection, std::size_t size);
  // Lets the stack do what is due, after so many ticks of its clock.
  void turn(unsigned ticks);

 private:
  void hand_over(Connection& connection);
  void take_output();

  struct StandingClock final : Clock {
    [[nodiscard]] TimePoint now() const override { return time; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    TimePoint time{};
  };

  EventLoop loop_;
  StandingClock clock_;
  UniqueFd engine_;
  std::optional<stack::Interface> interface_;
  std::optional<stack::Unreachables> unreachables_;
  std::optional<stack::Links> links_;
  std::vector<Connection> connections_;
  UniqueFd listener_;
  UniqueFd datagrams_;
  UniqueFd echo_;
};

}  // namespace wring::fuzz
