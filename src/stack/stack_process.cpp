// One loop: packets, requests, sockets and timers.
#include "stack/stack_process.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "process/confinement.h"
#include "process/core_dumps.h"
#include "stack/control.h"
#include "stack/interface.h"
#include "stack/links.h"
#include "stack/unreachables.h"

namespace wring::stack {
namespace {

class Stack {
 public:
  Stack(EventLoop& loop, StackTask task)
      : loop_(loop),
        requests_(std::move(task.requests)),
        interface_(task.addresses, task.mtu, std::move(task.packets)),
        links_(loop, clock_) {}
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  Result<void> watch() {
    auto added = loop_.add(interface_.fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                           [this](std::uint32_t events) {
                             links_.refresh();
                             if ((events & EPOLLOUT) != 0) interface_.on_writable();
                             more_ = more_ || (events & ~std::uint32_t{EPOLLOUT}) != 0;
                           });
    if (!added) return added;
    return loop_.add(requests_.get(), EPOLLIN | EPOLLRDHUP, [this](std::uint32_t) {
      links_.refresh();
      take_requests();
    });
  }

  void run() {
    while (!over_ && !interface_.closed())
      turn();
  }

 private:
  static constexpr int kRequestsPerTurn = 64;

  void turn() {
    loop_.run_once(more_ ? TimePoint{} : std::min(interface_.next(), links_.alarms().next()));
    links_.refresh();
    if (more_) more_ = interface_.take_packets();
    links_.refresh();
    links_.alarms().ring(links_.now());
    interface_.look_after(links_.now());
    interface_.flush();
    links_.alarms().set();
    links_.bury();
  }

  void take_requests() {
    for (int i = 0; i < kRequestsPerTurn; ++i) {
      std::array<std::uint8_t, kRequestSize> bytes{};
      Received received = receive_with(requests_.get(), bytes);
      if (received.size < 0) return;
      if (received.size == 0) {
        over_ = true;
        return;
      }
      const auto request =
          decode_request(ByteSpan(bytes).first(static_cast<std::size_t>(received.size)));
      if (request && received.descriptor) links_.take(*request, std::move(received.descriptor));
    }
  }

  EventLoop& loop_;
  SystemClock clock_;
  UniqueFd requests_;
  Interface interface_;
  Unreachables unreachables_;
  Links links_;
  bool more_ = true;
  bool over_ = false;
};

}  // namespace

Result<void> run_stack(StackTask task) {
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  forbid_core_dumps();
  if (auto confined = confine_stack(); !confined) return confined;
  const std::function<void()> on_ready = std::move(task.on_ready);
  Stack stack(*loop, std::move(task));
  if (auto watched = stack.watch(); !watched) return watched;
  on_ready();
  stack.run();
  return {};
}

}  // namespace wring::stack
