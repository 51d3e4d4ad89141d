// lwIP at one end of a long path, with the far end and the path of simulated_transfer.h. Time is
// simulated, so that half a minute takes a moment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "ip/transport_header.h"
#include "simulated_path.h"
#include "simulated_transfer.h"
#include "stack/interface.h"
#include "stack/links.h"

namespace wring::stack {

struct StandingClock final : Clock {
  [[nodiscard]] TimePoint now() const override { return time; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  TimePoint time{std::chrono::seconds(1)};
};

class SimulatedUpload {
 public:
  // The far end says that it knows SACK, or not, and has this window.
  SimulatedUpload(Weather weather, bool sack, unsigned seed);

  // Sends so many bytes, and waits until they have arrived; false: `most` was not enough. Then it
  // ends its direction, too.
  [[nodiscard]] bool send(std::uint64_t bytes, Duration most);
  // Lets time pass while the far end's window is so wide; 0: nothing may be sent.
  void run(Duration time, std::uint32_t window);
  // The far end says nothing but these options.
  void say(ByteSpan options);

  [[nodiscard]] TimePoint now() const { return clock_.time; }
  [[nodiscard]] const SimulatedReceiver& receiver() const { return receiver_; }
  // Data segments that have left, and which of them are lost besides, by their number from 0 on.
  std::uint64_t segments = 0;
  std::uint64_t again = 0;  // of them
  std::function<bool(std::uint64_t)> drops = [](std::uint64_t) { return false; };
  bool reset = false;  // the stack has given up

 private:
  void turn();
  [[nodiscard]] bool feed();
  [[nodiscard]] bool take_output();
  void take_packet(ByteSpan packet, std::size_t segment);
  void leave(std::uint32_t sequence, ByteSpan payload, bool fin);
  void arrive(std::uint32_t sequence, const std::vector<std::uint8_t>& payload, bool fin);
  void answer(std::uint16_t flags, std::uint32_t acknowledged, ByteSpan options);
  void acknowledge(const std::vector<SimulatedReceiver::Range>& blocks);
  void pass_time(TimePoint until);

  SimulatedPath path_;
  bool sack_;
  StandingClock clock_;
  EventLoop loop_;
  UniqueFd engine_;
  std::optional<Interface> interface_;
  std::optional<Links> links_;
  UniqueFd relay_;
  std::uint16_t port_ = 0;
  std::uint32_t first_ = 0;  // of the stack's data
  std::uint32_t own_ = 0;    // the far end's next number
  std::uint32_t window_ = 4U << 20;
  bool fin_ = false;
  SimulatedReceiver receiver_;
  std::uint32_t next_ = 0;  // offset of what has not left yet
  std::uint64_t fed_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace wring::stack
