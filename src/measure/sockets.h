// Sockets with bounded waits, for both ends of a measurement.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::measure {

// A wait that is longer means that the other end is gone.
inline constexpr std::chrono::seconds kPatience{10};

// Reads and writes of the socket fail with EAGAIN after this time.
inline void bound_waits(int fd, Duration limit) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
  const timeval time{us / 1'000'000, us % 1'000'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

inline UniqueFd open_socket(const Endpoint& to, int type) {
  return UniqueFd(::socket(to.remote.any.sa_family, type | SOCK_CLOEXEC, 0));
}

// Room for bursts, past the system's limit where we may.
inline void enlarge_buffer(int fd) {
  constexpr int kSize = 8 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSize, sizeof kSize) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSize, sizeof kSize);
  }
}

}  // namespace wring::measure
