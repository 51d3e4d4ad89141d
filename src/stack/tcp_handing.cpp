// The client's socket in place of the relay's: its bytes take one process less.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "stack/tcp_link.h"

namespace wring::stack {

// Whether it is decided who passes on the bytes. Until then none pass.
bool TcpLink::hear_handing() {
  if (!readable_) return false;
  Bytes<1 + kMostHandedBytes> bytes;
  Received heard = receive_with(socket_.get(), bytes);
  if (heard.size < 0 && errno == EAGAIN) {
    readable_ = false;
    return false;
  }
  const bool to_stack = heard.size > 0 && Handing{bytes[0]} == Handing::kStack;
  const bool to_relay = heard.size > 0 && Handing{bytes[0]} == Handing::kRelay;
  if (!heard.descriptor || to_stack == to_relay) {
    abort();
    return false;
  }
  const auto first = MutByteSpan(bytes).subspan(1, static_cast<std::size_t>(heard.size) - 1);
  held_.assign(first.begin(), first.end());
  manner_ = Request::Manner::kTold;
  if (to_relay) mark_ = std::move(heard.descriptor);
  if (to_relay || take_client(std::move(heard.descriptor))) return true;
  abort();
  return false;
}

// What was reported of the relay's end does not hold for the client.
bool TcpLink::take_client(UniqueFd client) {
  if (more_behind_) return false;  // it has closed its end already
  links_.loop().hand_over(socket_.get(), [this](std::uint32_t events) { on_relay_line(events); });
  line_.open(std::move(socket_));
  note({held_.size()});
  readable_ = more_behind_ = hung_up_ = false;
  writable_ = true;
  return watch(client);
}

void TcpLink::note(const Report& news) {
  if (!line_.is_open()) return;
  line_.note(news, links_.now());
  links_.alarms().touch(*this);
}

void TcpLink::on_relay_line(std::uint32_t events) {
  if (!over_ && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) abort();
}

// The relay has the client's socket, too, so the kernel would not end our watch. It closes it, or
// resets it, when it hears of the end.
void TcpLink::end_relay_line() {
  if (socket_) links_.loop().remove(socket_.get());
  socket_.reset();
  links_.loop().close(line_.close());
}

}  // namespace wring::stack
