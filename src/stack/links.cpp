// Makes a link for each request.
#include "stack/links.h"

#include <arch/cc.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "stack/datagram_link.h"
#include "stack/echo_link.h"
#include "stack/listener_link.h"
#include "stack/tcp_link.h"

namespace wring::stack {

Links::Links(EventLoop& loop, const Clock& clock)
    : loop_(loop),
      clock_(clock),
      now_(clock.now()),
      ports_(mark_ports_of_lwip,
             static_cast<std::uint16_t>(wring_lwip_random() | LocalPorts::kFirst)) {}

void Links::take(const Request& request, UniqueFd end) {
  switch (request.kind) {
    case Request::Kind::kConnect:
      return connect(request, std::move(end));
    case Request::Kind::kListen:
      if (auto made = ListenerLink::open(*this, request.place, std::move(end))) {
        keep(std::move(made), false);
      }
      return;
    case Request::Kind::kDatagrams:
      if (auto made = DatagramLink::open(*this, request.place, std::move(end))) {
        keep(std::move(made), false);
      }
      return;
    case Request::Kind::kEcho:
      if (auto made = EchoLink::open(*this, request.place.address.version, std::move(end))) {
        keep(std::move(made), false);
      }
      return;
  }
}

void Links::connect(const Request& request, UniqueFd end) {
  int error = ENOBUFS;
  if (has_room()) {
    auto made = TcpLink::connect(*this, request, end, error);
    if (made) {
      keep(std::move(made), true);
      return;
    }
  }
  tell_error(end, request.manner, error);
}

bool Links::keep(std::unique_ptr<Link> link, bool is_connection) {
  const std::size_t others = links_.size() - connections_;
  if (is_connection ? !has_room() : others >= kMostOthers) return false;
  const Link* const name = link.get();
  links_.emplace(name, Kept{std::move(link), is_connection});
  if (is_connection) ++connections_;
  return true;
}

void Links::end(const Link& link) {
  const auto found = links_.find(&link);
  if (found == links_.end()) return;
  if (found->second.is_connection) --connections_;
  buried_.push_back(std::move(found->second.link));
  links_.erase(found);
}

}  // namespace wring::stack
