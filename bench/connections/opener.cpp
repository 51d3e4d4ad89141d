// Opens and closes connections through a proxy, a byte there and back on each.
//
//   connection_opener PORT TARGET SECONDS AT_ONCE
//
// Speaks SOCKS 5 at PORT of 127.0.0.1 and asks for port 7 of TARGET; with "-" for TARGET it speaks
// no SOCKS. Prints how many connections there were, and fails at the first that went wrong.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/unique_fd.h"

namespace {

using namespace wring;
using Clock = std::chrono::steady_clock;

constexpr char kByte = 'x';
// An answer that takes longer than this is not coming.
constexpr int kPatienceMs = 5000;
// Sockets that the kernel reports in one call.
constexpr std::size_t kBatch = 32;

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "connection_opener: " << why << "\n";
  std::exit(1);
}

// RFC 1928: no password, CONNECT to an IPv4 address. All is sent at once, with the byte behind it.
class Exchange {
 public:
  explicit Exchange(const std::string& target) {
    in_addr address{};
    if (target != "-") {
      if (inet_pton(AF_INET, target.c_str(), &address) != 1) fail("the target is no address");
      request_ = {5, 1, 0, 5, 1, 0, 1};
      request_.append(reinterpret_cast<const char*>(&address), sizeof address);
      request_ += {0, 7};
      answer_size_ = 2 + 10;
    }
    request_ += kByte;
    answer_size_ += 1;
  }

  [[nodiscard]] const std::string& request() const { return request_; }
  [[nodiscard]] int answer_size() const { return static_cast<int>(answer_size_); }
  [[nodiscard]] bool is_right(const std::string& answer) const {
    constexpr std::size_t kReply = 3;
    return answer.size() == answer_size_ && answer.back() == kByte &&
           (answer_size_ == 1 || answer[kReply] == 0);
  }

 private:
  std::string request_;
  std::size_t answer_size_ = 0;
};

class Opener {
 public:
  Opener(std::uint16_t port, const Exchange& exchange)
      : exchange_(exchange), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(port);
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  // To the local port, so that connecting takes no time that could be used.
  void open() {
    UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made || connect(made.get(), reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
      fail("cannot connect");
    }
    // Nothing is to be done before the whole answer is there.
    const int all = exchange_.answer_size();
    setsockopt(made.get(), SOL_SOCKET, SO_RCVLOWAT, &all, sizeof all);
    const std::string& request = exchange_.request();
    if (send(made.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("cannot send");
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = made.get()}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, made.get(), &event) != 0) fail("cannot watch");
    static_cast<void>(made.release());  // epoll's tag has it now
    ++open_;
  }

  // Waits for answers and ends their connections. There is one at least.
  void close_answered() {
    std::array<epoll_event, kBatch> ready;
    const int count = epoll_wait(epoll_.get(), ready.data(), kBatch, kPatienceMs);
    if (count <= 0) fail("no answer comes");
    for (int i = 0; i < count; ++i) {
      const UniqueFd answered(ready[static_cast<std::size_t>(i)].data.fd);
      std::string answer(static_cast<std::size_t>(exchange_.answer_size()), '\0');
      const ssize_t got = recv(answered.get(), answer.data(), answer.size(), 0);
      answer.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
      if (!exchange_.is_right(answer)) fail("an answer is wrong");
      ++closed_;
      --open_;
    }
  }

  [[nodiscard]] std::size_t open_now() const { return open_; }
  [[nodiscard]] std::size_t closed() const { return closed_; }

 private:
  const Exchange& exchange_;
  const UniqueFd epoll_;
  sockaddr_in to_{};
  std::size_t open_ = 0;
  std::size_t closed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) fail("connection_opener PORT TARGET SECONDS AT_ONCE");
  const Exchange exchange(argv[2]);
  Opener opener(static_cast<std::uint16_t>(std::atoi(argv[1])), exchange);
  const std::size_t at_once = std::strtoul(argv[4], nullptr, 10);
  const auto end = Clock::now() + std::chrono::seconds(std::atoi(argv[3]));
  for (bool ended = false; !ended || opener.open_now() > 0;) {
    while (!ended && opener.open_now() < at_once)
      opener.open();
    opener.close_answered();
    ended = Clock::now() >= end;
  }
  std::cout << opener.closed() << "\n";
}
