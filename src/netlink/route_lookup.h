// Asks the kernel which way a datagram of ours takes, without sending it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"
#include "netlink/route_message.h"

namespace wring {

// In the network namespace of the thread that opens it. Each question costs two system calls and
// is answered before the call returns: the kernel works a question off while it is sent. Control
// thread.
class RouteLookup {
 public:
  // An error where netlink sockets are forbidden.
  static Result<RouteLookup> open();

  // Whether a UDP datagram from the endpoint's source, port `port`, mark `fwmark` (0: none), to the
  // endpoint would leave by the interface of the source. False as well if the source is no address
  // of the host, whatever net.ipv4.ip_nonlocal_bind says. Nothing if there is no route, or no
  // answer. The endpoint has a source.
  [[nodiscard]] std::optional<bool> leaves_as_heard(const Endpoint& endpoint, std::uint16_t port,
                                                    std::uint32_t fwmark);
  // The route of a UDP datagram from that port with that mark to the endpoint, for which the kernel
  // chooses the source. Nothing if there is none, or no answer.
  [[nodiscard]] std::optional<Route> way_without_source(const Endpoint& endpoint,
                                                        std::uint16_t port, std::uint32_t fwmark);

 private:
  struct Answer {
    int error = 0;  // errno; 0: there is a route
    Route route;
  };

  explicit RouteLookup(UniqueFd socket) : socket_(std::move(socket)) {}
  // Whether the source is an address of this host.
  std::optional<bool> is_ours(const Endpoint& endpoint);
  std::optional<Answer> ask(const RouteQuestion& question);
  std::optional<Answer> receive();

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace wring
