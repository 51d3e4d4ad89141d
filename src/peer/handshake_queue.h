// The way of handshake messages from a worker to the control thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/spsc_ring.h"
#include "ip/endpoint.h"
#include "noise/messages.h"
#include "peer/protocol_constants.h"

namespace wring {

struct HandshakeDatagram {
  Endpoint from;
  std::uint16_t size = 0;
  Bytes<sizeof(InitiationMessage)> bytes{};  // the largest of the three
};

// Two bounded queues: initiations, which anyone may send in any number, and what answers a message
// of ours (responses and cookie replies), so that a flood of the former never delays or displaces
// the latter. One thread pushes, one pops.
class HandshakeQueue {
 public:
  // The type of `message` was checked. False, and nothing happens, when its queue is full.
  [[nodiscard]] bool try_push(const HandshakeDatagram& message) {
    const bool is_initiation = message.size == sizeof(InitiationMessage);
    return is_initiation ? initiations_.try_push(message) : answers_.try_push(message);
  }
  // False, and `message` stays as it is, when empty.
  [[nodiscard]] bool try_pop_initiation(HandshakeDatagram& message) {
    return initiations_.try_pop(message);
  }
  [[nodiscard]] bool try_pop_answer(HandshakeDatagram& message) {
    return answers_.try_pop(message);
  }

  // True while the control thread looks for initiations by itself, so that none has to wake it. It
  // sets this, and the worker asks after it has pushed. Relaxed: the control thread looks once more
  // for what was pushed by a worker that saw the change late.
  void set_polled(bool polled) { polled_.store(polled, std::memory_order_relaxed); }
  [[nodiscard]] bool is_polled() const { return polled_.load(std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] std::size_t initiations() const { return initiations_.size(); }
  [[nodiscard]] std::size_t answers() const { return answers_.size(); }
  [[nodiscard]] std::size_t size() const { return initiations() + answers(); }

 private:
  SpscRing<HandshakeDatagram, kHandshakeQueueLength> initiations_;
  SpscRing<HandshakeDatagram, kAnswerQueueLength> answers_;
  std::atomic<bool> polled_{false};
};

}  // namespace wring
