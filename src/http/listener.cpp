// Opens the listening socket.
#include "http/listener.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "ip/endpoint_parse.h"

namespace wring::http {
namespace {

constexpr int kBacklog = 64;

const char* advice_on(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program has that port; choose another one";
    case EADDRNOTAVAIL:
      return "no interface has that address; see `ip address`";
    case EACCES:
      return "ports below 1024 are for root";
    default:
      return "";
  }
}

}  // namespace

Result<UniqueFd> listen_at(const std::string& place) {
  const auto endpoint = parse_endpoint(place, if_nametoindex);
  if (!endpoint) {
    return failure("\"" + place +
                   "\" is no address with a port; write 127.0.0.1:9586, or [::]:9586 for all");
  }
  UniqueFd made(socket(endpoint->remote.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       IPPROTO_TCP));
  if (!made) return system_failure("cannot make a socket", errno);
  const int on = 1;
  const int off = 0;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (endpoint->is_v6()) setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(made.get(), &endpoint->remote.any, endpoint->remote_size()) != 0 ||
      listen(made.get(), kBacklog) != 0) {
    const int error = errno;
    return system_failure("cannot listen on " + place, error, advice_on(error));
  }
  return made;
}

}  // namespace wring::http
