// What lwIP and the socket report, and how a connection begins and ends.
#include "stack/tcp_link.h"

#include <lwip/priv/tcp_priv.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "stack/address.h"
#include "stack/answers.h"
#include "stack/end_mark.h"

namespace wring::stack {
namespace {

int errno_of(err_t error) {
  switch (error) {
    case ERR_RTE:
      return ENETUNREACH;
    case ERR_RST:
      return ECONNREFUSED;
    case ERR_MEM:
    case ERR_BUF:
    case ERR_USE:
      return ENOBUFS;
    default:
      return ETIMEDOUT;
  }
}

void detach(tcp_pcb* connection) {
  tcp_arg(connection, nullptr);
  tcp_recv(connection, nullptr);
  tcp_sent(connection, nullptr);
  tcp_err(connection, nullptr);
}

TcpLink& link_of(void* argument) {
  return *static_cast<TcpLink*>(argument);
}

}  // namespace

void tell_error(const UniqueFd& end, Request::Manner manner, int error) {
  if (manner != Request::Manner::kQuiet && end) tell_failure(end, error);
}

std::unique_ptr<TcpLink> TcpLink::connect(Links& links, const Request& request, UniqueFd& end,
                                          int& error) {
  const Place& to = request.place;
  const u8_t type = to.address.is_v4() ? u8_t{IPADDR_TYPE_V4} : u8_t{IPADDR_TYPE_V6};
  error = ENOBUFS;
  const std::uint16_t port = links.ports().take();
  tcp_pcb* const made = port != 0 ? tcp_new_ip_type(type) : nullptr;
  if (made == nullptr) return nullptr;
  made->local_port = port;
  std::unique_ptr<TcpLink> link(new TcpLink(links, made, request.manner));
  if (!link->watch(end)) return nullptr;
  link->attach();
  const ip_addr_t address = to_lwip(to.address);
  const err_t begun =
      tcp_connect(made, &address, to.port, [](void* self, tcp_pcb*, err_t) -> err_t {
        if (self == nullptr) return ERR_OK;
        return link_of(self).on_connected();
      });
  if (begun == ERR_OK) return link;
  error = errno_of(begun);
  links.loop().remove(link->socket_.get());
  end = std::move(link->socket_);
  return nullptr;
}

std::unique_ptr<TcpLink> TcpLink::take_over(Links& links, tcp_pcb* connection, UniqueFd end,
                                            UniqueFd mark) {
  std::unique_ptr<TcpLink> link(new TcpLink(links, connection, Request::Manner::kQuiet));
  link->mark_ = std::move(mark);
  if (!link->watch(end)) {
    link->connection_ = nullptr;  // the listener has lwIP end it
    return nullptr;
  }
  link->attach();
  link->begin({});
  return link;
}

TcpLink::~TcpLink() {
  if (line_.is_open()) end_relay_line();
  if (socket_) links_.loop().close(std::move(socket_));
  links_.alarms().forget(*this);
  over_ = true;
  if (connection_ != nullptr) abort();
  for (pbuf* const each : pending_)
    pbuf_free(each);
}

bool TcpLink::watch(UniqueFd& end) {
  constexpr std::uint32_t kAll = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  const auto added =
      links_.loop().add(end.get(), kAll, [this](std::uint32_t events) { on_socket(events); });
  if (added) socket_ = std::move(end);
  return added.has_value();
}

err_t TcpLink::on_lwip_sent(void* self, tcp_pcb*, u16_t) {
  TcpLink& link = link_of(self);
  link.on_sent();
  return link.outcome();
}

TcpLink* TcpLink::of(const tcp_pcb* connection) {
  if (connection->state < ESTABLISHED || connection->sent != on_lwip_sent) return nullptr;
  return static_cast<TcpLink*>(connection->callback_arg);
}

void TcpLink::attach() {
  tcp_arg(connection_, this);
  tcp_nagle_disable(connection_);
  tcp_recv(connection_, [](void* self, tcp_pcb*, pbuf* data, err_t) -> err_t {
    return link_of(self).on_received(data);
  });
  tcp_sent(connection_, on_lwip_sent);
  tcp_err(connection_, [](void* self, err_t error) {
    if (self != nullptr) link_of(self).on_error(error);
  });
}

void TcpLink::begin(Duration trip) {
  established_ = true;
  sender_.begin(*connection_, trip, links_.now());
  connection_->rcv_wnd = connection_->rcv_ann_wnd =
      std::min<tcpwnd_size_t>(connection_->rcv_wnd, window_.size());
}

err_t TcpLink::on_connected() {
  // One that took longer may have been sent twice.
  const Duration trip = links_.now() - begun_;
  begin(trip < std::chrono::milliseconds(LWIP_TCP_RTO_TIME) ? trip : Duration{});
  const Place own{from_lwip(connection_->local_ip), connection_->local_port};
  UniqueFd relays_mark;
  if (manner_ == Request::Manner::kTold) {
    auto marks = make_end_marks();
    if (!marks.first) tell_error(socket_, manner_, ENOBUFS);
    mark_ = std::move(marks.first);
    relays_mark = std::move(marks.second);
  }
  const bool lacks_mark = manner_ == Request::Manner::kTold && !mark_;
  const bool told =
      manner_ == Request::Manner::kQuiet || (!lacks_mark && tell_place(socket_, own, relays_mark));
  if (!told) abort();
  take();
  return outcome();
}

void TcpLink::on_error(err_t error) {
  connection_ = nullptr;  // freed
  // The last acknowledgement came, or a reset behind the end. The socket gets what is pending.
  if (error == ERR_CLSD || (tunnel_ended_ && !pending_.empty())) return;
  if (!established_) tell_error(socket_, manner_, errno_of(error));
  over_ = true;
  links_.end(*this);
}

void TcpLink::give_up(int error) {
  if (established_ || over_) return;
  tell_error(socket_, manner_, error);
  abort();
}

void TcpLink::on_segment(const tcp_hdr& header, ByteSpan options, bool empty) {
  sender_.on_segment(*connection_, header, options, empty, links_.now());
  links_.alarms().touch(*this);
}

void TcpLink::on_segment_sent(SequenceRange range) {
  sender_.on_sent(*connection_, range, links_.now());
  links_.alarms().touch(*this);
}

TimePoint TcpLink::deadline() const {
  return std::min(connection_ != nullptr ? sender_.deadline() : kNever, line_.deadline());
}

void TcpLink::wake(TimePoint now) {
  line_.look_after(now);
  if (connection_ != nullptr && sender_.deadline() <= now) sender_.wake(*connection_, now);
}

void TcpLink::on_socket(std::uint32_t events) {
  if (over_) return;
  links_.refresh();
  constexpr std::uint32_t kMoreBehind = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  hung_up_ = hung_up_ || (events & (EPOLLHUP | EPOLLERR)) != 0;
  if ((events & (EPOLLIN | kMoreBehind)) != 0) readable_ = true;
  more_behind_ = more_behind_ || (events & kMoreBehind) != 0;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  if (!established_) {
    if (hung_up_) abort();
    return;
  }
  if (waits_for_handing() && !hear_handing()) return;
  // It was reset or closed after its end, which no read tells any more.
  if (hung_up_ && socket_ended_ && !end_told_) return abort();
  pass_on();
  take();
}

// Both directions are over: lwIP ends the connection by itself. Or it was reset, and nothing is
// left of what came before.
void TcpLink::look_whether_over() {
  if (fin_sent_ && tunnel_ended_) let_go();
  if (over_ || !end_told_ || (!fin_sent_ && connection_ != nullptr)) return;
  over_ = true;
  links_.end(*this);
}

void TcpLink::let_go() {
  if (connection_ == nullptr) return;
  sender_.hand_back(*connection_);
  detach(std::exchange(connection_, nullptr));
}

// Resets the connection; the relay sees that its end was closed before both directions have ended.
void TcpLink::abort() {
  if (tcp_pcb* const connection = std::exchange(connection_, nullptr)) {
    detach(connection);
    tcp_abort(connection);
    aborted_ = true;
  }
  if (std::exchange(over_, true)) return;
  links_.end(*this);
}

}  // namespace wring::stack
