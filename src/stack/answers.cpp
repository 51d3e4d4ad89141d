// A head without a datagram.
#include "stack/answers.h"

#include <sys/socket.h>

namespace wring::stack {
namespace {

bool send_head(const UniqueFd& end, const DatagramHead& head) {
  const auto bytes = encode(head);
  return send(end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

}  // namespace

bool tell_place(const UniqueFd& end, const Place& place, const UniqueFd& mark) {
  if (mark) return send_with(end.get(), encode(DatagramHead{place, false}), mark.get());
  return send_head(end, {place, false});
}

void tell_failure(const UniqueFd& end, int error) {
  static_cast<void>(send_head(end, {Place{{}, static_cast<std::uint16_t>(error)}, true}));
}

}  // namespace wring::stack
