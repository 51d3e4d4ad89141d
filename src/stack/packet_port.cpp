// sendmmsg() of a batch, and references to what is in it.
#include "stack/packet_port.h"

#include <lwip/pbuf.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace wring::stack {

PacketPort::~PacketPort() {
  for (pbuf* const each : kept_)
    pbuf_free(each);
}

bool PacketPort::queue(pbuf* packet) {
  if (!batch_.has_room() && !blocked_) flush();
  if (!batch_.has_room()) {
    refused_ = true;
    return false;
  }
  constexpr std::size_t kMostParts = 64;
  std::array<iovec, kMostParts> parts;
  std::size_t count = 0;
  for (pbuf* each = packet; each != nullptr && count < parts.size(); each = each->next)
    parts[count++] = {each->payload, each->len};
  if (batch_.add(std::span(parts).first(count))) {
    pbuf_ref(packet);
    kept_.push_back(packet);
  }
  return true;
}

void PacketPort::flush() {
  std::array<mmsghdr, OutputBatch::kMaxPackets> messages{};
  while (!blocked_ && batch_.first() != batch_.count()) {
    const std::size_t first = batch_.first();
    const std::size_t count = batch_.count() - first;
    for (std::size_t i = 0; i < count; ++i) {
      const auto parts = batch_.packet(first + i);
      messages[i].msg_hdr.msg_iov = const_cast<iovec*>(parts.data());
      messages[i].msg_hdr.msg_iovlen = parts.size();
    }
    const int sent = sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(count),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    blocked_ = sent < 0 && errno == EAGAIN;
    if (blocked_) return;
    // What is refused for another reason is lost, as on any network.
    if (!batch_.sent(first + (sent < 0 ? 1 : static_cast<std::size_t>(sent)))) continue;
    for (pbuf* const each : kept_)
      pbuf_free(each);
    kept_.clear();
  }
}

bool PacketPort::on_writable() {
  blocked_ = false;
  flush();
  return std::exchange(refused_, false);
}

}  // namespace wring::stack
