// Listens by lwIP, and hands on each connection over a pair of sockets.
#include "stack/listener_link.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "stack/address.h"
#include "stack/answers.h"
#include "stack/end_mark.h"
#include "stack/tcp_link.h"

namespace wring::stack {
namespace {

constexpr u8_t kBacklog = 255;  // connections that are being made

}  // namespace

std::unique_ptr<ListenerLink> ListenerLink::open(Links& links, const Place& at, UniqueFd end) {
  std::unique_ptr<ListenerLink> made(new ListenerLink(links, std::move(end)));
  ListenerLink& self = *made;
  const int error = self.listen(at);
  if (error != 0) {
    tell_failure(self.socket_, error);
    return nullptr;
  }
  // Nothing is expected of the relay but that it closes its end.
  const auto added = links.loop().add(self.socket_.get(), EPOLLIN | EPOLLRDHUP,
                                      [&self](std::uint32_t) { self.links_.end(self); });
  if (!added || !tell_place(self.socket_, {{}, self.listener_->local_port})) return nullptr;
  return made;
}

int ListenerLink::listen(const Place& at) {
  tcp_pcb* const bound = tcp_new_ip_type(IPADDR_TYPE_ANY);
  if (bound == nullptr) return ENOBUFS;
  const err_t error = tcp_bind(bound, IP_ANY_TYPE, at.port);
  if (error == ERR_OK) listener_ = tcp_listen_with_backlog(bound, kBacklog);
  if (listener_ == nullptr) {
    tcp_abort(bound);
    return error == ERR_USE ? EADDRINUSE : ENOBUFS;
  }
  tcp_arg(listener_, this);
  tcp_accept(listener_, [](void* self, tcp_pcb* connection, err_t failed) -> err_t {
    if (failed != ERR_OK || connection == nullptr) return ERR_VAL;
    return static_cast<ListenerLink*>(self)->take(connection);
  });
  return 0;
}

// What it returns besides ERR_OK has lwIP reset the connection.
err_t ListenerLink::take(tcp_pcb* connection) {
  if (!links_.has_room()) return ERR_MEM;
  // Not by structured binding: clang's analyzer takes the first end for garbage then.
  std::pair<UniqueFd, UniqueFd> ends = make_pair(SOCK_STREAM);
  auto marks = make_end_marks();
  if (!ends.first || !marks.first) return ERR_MEM;
  const Place from{from_lwip(connection->remote_ip), connection->remote_port};
  const auto head = encode(DatagramHead{from, false});
  if (!send_with(socket_.get(), head, ends.second.get(), marks.second.get())) return ERR_MEM;
  auto link = TcpLink::take_over(links_, connection, std::move(ends.first), std::move(marks.first));
  if (link == nullptr) return ERR_MEM;
  return links_.keep(std::move(link), true) ? ERR_OK : ERR_ABRT;
}

ListenerLink::~ListenerLink() {
  if (socket_) links_.loop().remove(socket_.get());
  if (listener_ != nullptr) tcp_close(listener_);
}

}  // namespace wring::stack
