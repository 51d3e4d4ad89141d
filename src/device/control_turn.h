// One turn of the control thread. The daemon, the simulation and the fuzzers all take this one, so
// that the simulation proves the loop that ships.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "device/device.h"
#include "peer/handshake_queue.h"

namespace wring {

// How to drive a device:
//
//   while (it runs) {
//     wait until turn.deadline(), or until a worker, the executor, the control socket or the
//       routing table has something;
//     turn.run(what the executor has run, the time);
//   }
//
// A turn is bounded however fast messages, timers and wishes come, because the control socket and
// the signals must get their turn, too. What is left makes deadline() a time that has passed.
//
// Control thread only.
class ControlTurn {
 public:
  // Handshake messages of each queue that one turn takes, of either kind.
  static constexpr std::size_t kHandshakesPerTurn = 32;
  using Jobs = std::vector<std::unique_ptr<HandshakeJob>>;

  // `device` outlives it.
  explicit ControlTurn(Device& device) : device_(device) {}
  // The queue of one worker; outlives it. Before the first turn.
  void add_queue(HandshakeQueue& queue) { queues_.push_back(&queue); }

  // `done`: jobs that the executor has run since the last turn.
  void run(Jobs done, Instant now);
  // When the next turn is due, if nothing happens before. TimePoint{}: at once.
  [[nodiscard]] TimePoint deadline() const;

 private:
  void take_handshakes(HandshakeQueue& queue, Instant now);
  // There is a message to be taken, and the device takes it.
  [[nodiscard]] bool handshakes_wait() const;

  Device& device_;
  std::vector<HandshakeQueue*> queues_;
};

}  // namespace wring
