// A connection of TCP with both ends in the test.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace wring::proxy {

struct Connection {
  UniqueFd relays;  // does not block
  UniqueFd others;
};

// What `others` has not read fills the buffers soon.
inline Connection connection() {
  constexpr int kLittle = 4096;
  constexpr int kMuch = 200'000;
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  Connection made{{}, UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  setsockopt(made.others.get(), SOL_SOCKET, SO_RCVBUF, &kLittle, sizeof kLittle);
  EXPECT_EQ(bind(listener.get(), any, sizeof address), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), any, &size), 0);
  EXPECT_EQ(connect(made.others.get(), any, sizeof address), 0);
  made.relays.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  setsockopt(made.relays.get(), SOL_SOCKET, SO_SNDBUF, &kMuch, sizeof kMuch);
  return made;
}

}  // namespace wring::proxy
