// The tags of a group's packets, one after the other.
#include "crypto/tag_queue.h"

namespace wring {

// What is too little for a step counts as well.
void TagQueue::finish() {
  const std::size_t place = next_ - 1;
  const auto done = static_cast<std::size_t>(run_.at - texts_[place].data());
  run_.sum.finish(keys_[place], texts_[place], done, tags_[place]);
  run_.blocks = 0;
  running_ = false;
}

// To a packet that is worth a step, if there is one.
void TagQueue::advance() {
  if (running_) finish();
  while (!running_ && next_ < complete_) {
    const ByteSpan text = texts_[next_];
    run_ = {PolySum(keys_[next_]), text.data(), text.size() / kPolyBlock};
    ++next_;
    running_ = true;
    if (run_.blocks < PolyRun::kStep) finish();
  }
}

void TagQueue::make(std::size_t count) {
  if (running_ && next_ <= count) finish();
  for (; next_ < count; ++next_)
    poly1305_narrow(keys_[next_], texts_[next_], tags_[next_]);
}

}  // namespace wring
