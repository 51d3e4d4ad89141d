// Sums, sent now and then.
#include "stack/relay_line.h"

#include <sys/socket.h>

namespace wring::stack {

void RelayLine::note(const Report& news, TimePoint now) {
  report_.from_client += news.from_client;
  report_.to_client += news.to_client;
  report_.client_ended = report_.client_ended || news.client_ended;
  report_.target_ended = report_.target_ended || news.target_ended;
  if (due_ == kNever) due_ = now + kPeriod;
}

void RelayLine::look_after(TimePoint now) {
  if (due_ > now) return;
  due_ = kNever;
  tell();
}

// If the relay's end is full, the sums are kept for the next one.
void RelayLine::tell() {
  const auto bytes = encode(report_);
  const ssize_t sent = send(end_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) report_ = {0, 0, report_.client_ended, report_.target_ended};
}

UniqueFd RelayLine::close() {
  tell();
  return std::move(end_);
}

}  // namespace wring::stack
