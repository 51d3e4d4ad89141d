// Loopback endpoints and plain sockets to talk to.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::test {

inline Endpoint v4_endpoint(const char* address, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.remote.v4.sin_family = AF_INET;
  endpoint.remote.v4.sin_port = htons(port);
  inet_pton(AF_INET, address, &endpoint.remote.v4.sin_addr);
  return endpoint;
}

inline Endpoint v6_endpoint(const char* address, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.remote.v6.sin6_family = AF_INET6;
  endpoint.remote.v6.sin6_port = htons(port);
  inet_pton(AF_INET6, address, &endpoint.remote.v6.sin6_addr);
  return endpoint;
}

// A UDP socket of the test's own.
class PlainSocket {
 public:
  explicit PlainSocket(int family) : fd_(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const int room = 8 << 20;
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool bind_to(const Endpoint& local) const {
    return bind(fd_.get(), &local.remote.any, local.remote_size()) == 0;
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    return ntohs(name.sin6_port);
  }
  bool send(ByteSpan payload, const Endpoint& to) const {
    return sendto(fd_.get(), payload.data(), payload.size(), 0, &to.remote.any, to.remote_size()) ==
           static_cast<ssize_t>(payload.size());
  }
  // The next datagram, if one comes within two seconds.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> receive() const {
    pollfd ready{fd_.get(), POLLIN, 0};
    if (poll(&ready, 1, 2000) != 1) return std::nullopt;
    std::vector<std::uint8_t> bytes(65536);
    const ssize_t size = recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }

 private:
  UniqueFd fd_;
};

}  // namespace wring::test
