// Keeps the control thread's datagrams that find their socket full, and sends them later.
#include "daemon/control_outbox.h"

#include <cerrno>

#include "peer/send_errors.h"

namespace wring {
namespace {

constexpr std::size_t kMaxKeptBytes = 512 << 10;
// Packets that waited for a key may be many and large. They leave half of the room to the messages
// of the protocol, none of which is larger than an initiation.
constexpr std::size_t kMaxKeptPacketBytes = kMaxKeptBytes / 2;
constexpr std::size_t kLargestMessage = 148;

}  // namespace

int ControlOutbox::send(const UdpSockets* sockets, const OutgoingDatagram& datagram) {
  if (sockets == nullptr) return ENETDOWN;
  if (!is_empty()) retry(sockets);
  // Behind what was kept, so that the order stays.
  const bool must_wait = !kept_[datagram.to->is_v4() ? 0 : 1].empty();
  const int error = must_wait ? EAGAIN : sockets->send(0, datagram);
  if (error != EAGAIN) return error;
  return keep(datagram) ? 0 : EAGAIN;
}

bool ControlOutbox::keep(const OutgoingDatagram& datagram) {
  const std::size_t size = datagram.payload.size();
  if (bytes_ + size > (size > kLargestMessage ? kMaxKeptPacketBytes : kMaxKeptBytes)) return false;
  bytes_ += size;
  kept_[datagram.to->is_v4() ? 0 : 1].push_back({{datagram.payload.begin(), datagram.payload.end()},
                                                 *datagram.to,
                                                 datagram.tos,
                                                 datagram.hop_limit});
  return true;
}

void ControlOutbox::retry(const UdpSockets* sockets) {
  for (std::deque<Kept>& family : kept_) {
    while (!family.empty()) {
      if (sockets == nullptr) {
        drops_.add(DropReason::kInterfaceDown);
      } else if (send_again(*sockets, family.front()) == EAGAIN) {
        break;
      }
      bytes_ -= family.front().bytes.size();
      family.pop_front();
    }
  }
}

int ControlOutbox::send_again(const UdpSockets& sockets, Kept& kept) {
  const OutgoingDatagram datagram{kept.bytes, &kept.to, kept.tos, 0, kept.hop_limit};
  int error = sockets.send(0, datagram);
  if (blames_source(error, kept.to)) {
    // The address may have gone since. The routing table chooses another (P29).
    kept.to.clear_source();
    error = sockets.send(0, datagram);
  }
  if (error == 0 || error == EAGAIN) return error;
  drops_.add(DropReason::kSendError);
  return 0;
}

}  // namespace wring
