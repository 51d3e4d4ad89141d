// One turn of the control thread. The daemon, the simulation and the fuzzers all take this one, so
// that the simulation proves the loop that ships.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
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
  // How often initiations are looked for under load, as long as there are any. No worker wakes the
  // control thread for them then: to wake it costs more than what one message takes, and a batch of
  // them fills the lanes of the threads that compute. The kernel polls for packets alike (NAPI).
  // docs/decisions/0072-a-flood-in-batches.md
  static constexpr Duration kPollInterval = std::chrono::milliseconds(4);
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
  void take_answers(HandshakeQueue& queue, Instant now);
  // When the time for it has come.
  void take_initiations(Instant now);
  void take_initiations(HandshakeQueue& queue, Instant now);
  void handle(const HandshakeDatagram& message, Instant now);
  void plan_poll(bool found, TimePoint now);
  // There is a message to be taken, and the device takes it.
  [[nodiscard]] bool answers_wait() const;
  [[nodiscard]] bool initiations_wait() const;

  Device& device_;
  std::vector<HandshakeQueue*> queues_;
  // The queue that has its turn first, modulo their number: what the limiter lets through in one
  // look goes to those that are first, and a sender chooses its queue.
  std::size_t first_ = 0;
  // When initiations are looked for; none are taken before. Nothing: whenever a worker wakes us.
  std::optional<TimePoint> next_poll_;
  bool polled_ = false;  // as the queues were told
};

}  // namespace wring
