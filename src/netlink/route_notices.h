// Notices when something changes on which the way of a datagram depends.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// Hears of routes, next hops, rules, addresses and links, of IPv4 and IPv6, in the network
// namespace of the thread that opens it. It tells that something changed, not what. Control thread.
class RouteNotices {
 public:
  // An error where netlink sockets are forbidden.
  static Result<RouteNotices> open();

  // Readable when there are notices.
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Throws away the notices that are there; true if there were any. Never blocks, and ends even if
  // notices come all the time.
  bool take();

 private:
  explicit RouteNotices(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

}  // namespace wring
