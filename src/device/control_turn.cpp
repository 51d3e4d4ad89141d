// The order in which a turn of the control thread works: jobs, handshakes, timers, attention.
#include "device/control_turn.h"

#include <algorithm>
#include <utility>

namespace wring {

void ControlTurn::run(Jobs done, Instant now) {
  for (auto& job : done)
    device_.complete(std::move(job), now);
  for (HandshakeQueue* queue : queues_)
    take_handshakes(*queue, now);
  device_.handle_timeout(now);
  device_.handle_attention(now);
  device_.reclaim();
}

TimePoint ControlTurn::deadline() const {
  return handshakes_wait() ? TimePoint{} : device_.next_deadline();
}

void ControlTurn::take_handshakes(HandshakeQueue& queue, Instant now) {
  device_.note_queue_depth(queue.size(), now.boot);
  HandshakeDatagram message;
  const auto handle = [&] {
    device_.handle_handshake(ByteSpan(message.bytes).first(message.size), message.from, now);
  };
  // Answers first: they end handshakes of our own, and nobody gets far who sends others.
  for (std::size_t n = 0; n < kHandshakesPerTurn && device_.takes_answers(); ++n) {
    if (!queue.try_pop_answer(message)) break;
    handle();
  }
  for (std::size_t n = 0; n < kHandshakesPerTurn && device_.takes_initiations(); ++n) {
    if (!queue.try_pop_initiation(message)) break;
    handle();
  }
}

bool ControlTurn::handshakes_wait() const {
  return std::any_of(queues_.begin(), queues_.end(), [this](const HandshakeQueue* queue) {
    return (queue->answers() != 0 && device_.takes_answers()) ||
           (queue->initiations() != 0 && device_.takes_initiations());
  });
}

}  // namespace wring
