// The order in which a turn of the control thread works: jobs, handshakes, timers, attention.
#include "device/control_turn.h"

#include <algorithm>
#include <utility>

namespace wring {

void ControlTurn::run(Jobs done, Instant now) {
  for (auto& job : done)
    device_.complete(std::move(job), now);
  // Answers first: they end handshakes of our own, and nobody gets far who sends others.
  for (HandshakeQueue* queue : queues_)
    take_answers(*queue, now);
  take_initiations(now);
  device_.handle_timeout(now);
  device_.handle_attention(now);
  device_.reclaim();
}

TimePoint ControlTurn::deadline() const {
  if (answers_wait()) return TimePoint{};
  if (next_poll_) return std::min(*next_poll_, device_.next_deadline());
  return initiations_wait() ? TimePoint{} : device_.next_deadline();
}

void ControlTurn::take_answers(HandshakeQueue& queue, Instant now) {
  HandshakeDatagram message;
  for (std::size_t n = 0; n < kHandshakesPerTurn && device_.takes_answers(); ++n) {
    if (!queue.try_pop_answer(message)) break;
    handle(message, now);
  }
}

void ControlTurn::take_initiations(Instant now) {
  if (next_poll_ && now.boot < *next_poll_) return;
  bool found = false;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    HandshakeQueue& queue = *queues_[(first_ + i) % queues_.size()];
    found = found || queue.initiations() != 0;
    take_initiations(queue, now);
  }
  ++first_;
  // The next turn takes the rest, at once.
  if (!initiations_wait()) plan_poll(found, now.boot);
}

void ControlTurn::take_initiations(HandshakeQueue& queue, Instant now) {
  device_.note_queue_depth(queue.size(), now.boot);
  HandshakeDatagram message;
  for (std::size_t n = 0; n < kHandshakesPerTurn && device_.takes_initiations(); ++n) {
    if (!queue.try_pop_initiation(message)) break;
    handle(message, now);
  }
}

void ControlTurn::handle(const HandshakeDatagram& message, Instant now) {
  device_.handle_handshake(ByteSpan(message.bytes).first(message.size), message.from, now);
}

void ControlTurn::plan_poll(bool found, TimePoint now) {
  const bool polls = found && device_.is_under_load(now);
  // Once more after the last one, because a worker may have queued a message before it saw that it
  // has to wake us again.
  next_poll_ = polls || polled_ ? std::optional(now + kPollInterval) : std::nullopt;
  if (polls == polled_) return;
  polled_ = polls;
  for (HandshakeQueue* queue : queues_)
    queue->set_polled(polls);
}

bool ControlTurn::answers_wait() const {
  return device_.takes_answers() &&
         std::any_of(queues_.begin(), queues_.end(),
                     [](const HandshakeQueue* queue) { return queue->answers() != 0; });
}

bool ControlTurn::initiations_wait() const {
  return device_.takes_initiations() &&
         std::any_of(queues_.begin(), queues_.end(),
                     [](const HandshakeQueue* queue) { return queue->initiations() != 0; });
}

}  // namespace wring
