// Sends back what comes, on each connection to ADDRESS and PORT, until the other end is done.
//
//   connection_echo ADDRESS PORT
//
// Says "ready" when it listens.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/unique_fd.h"

namespace {

using namespace wring;

constexpr int kBacklog = 4096;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kReadSize = 65536;

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "connection_echo: " << why << "\n";
  std::exit(1);
}

UniqueFd listen_at(const char* address, const char* port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &at.sin_addr) != 1) fail("the address is none");
  UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made || bind(made.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      listen(made.get(), kBacklog) != 0) {
    fail("cannot listen");
  }
  return made;
}

void watch(const UniqueFd& epoll, int socket) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, socket, &event) != 0) fail("cannot watch a socket");
}

// What is sent blocks, as it does where nobody reads; no client of the benchmark is like that.
void send_back(int socket) {
  static std::array<char, kReadSize> bytes;
  const ssize_t got = recv(socket, bytes.data(), bytes.size(), 0);
  if (got > 0 && send(socket, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got) {
    return;
  }
  close(socket);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("connection_echo ADDRESS PORT");
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const UniqueFd listener = listen_at(argv[1], argv[2]);
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  watch(epoll, listener.get());
  std::cout << "ready" << std::endl;
  for (;;) {
    std::array<epoll_event, kBatch> ready;
    const int count = epoll_wait(epoll.get(), ready.data(), kBatch, -1);
    for (int i = 0; i < count; ++i) {
      const int socket = ready[static_cast<std::size_t>(i)].data.fd;
      if (socket != listener.get()) {
        send_back(socket);
        continue;
      }
      UniqueFd taken(accept4(socket, nullptr, nullptr, SOCK_CLOEXEC));
      if (taken) watch(epoll, taken.release());
    }
  }
}
