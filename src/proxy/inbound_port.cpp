// Listens, and takes the one connection that is waited for.
#include "proxy/inbound_port.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

bool is_zero(const IpAddress& address) {
  return std::ranges::all_of(address.span(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

tl::expected<std::unique_ptr<InboundPort>, Refusal> InboundPort::open(
    Reach& reach, const config::HostPort& target, Done done) {
  const auto named = literal_address(target.host);
  // Without a target there is no telling; IPv4 is what such clients mean.
  const IpAddress towards = named.value_or(IpAddress{});
  auto listener = reach.side.open_port(SOCK_STREAM, 0);
  if (!listener) return tl::unexpected(Refusal::kFull);
  IpAddress any;
  any.version = towards.version;
  const std::uint16_t number = reach.side.number_of(listener->get());
  std::unique_ptr<InboundPort> port(new InboundPort(reach, std::move(*listener), std::move(done)));
  if (named && !is_zero(*named)) port->from_ = named;
  const IpAddress own = is_zero(towards) ? any : reach.side.source_towards(towards);
  port->address_ = endpoint_at(own, number);
  InboundPort& self = *port;
  if (!reach.loop.watch(self.listener_.get(), [&self](std::uint32_t) { self.take(); })) {
    return tl::unexpected(Refusal::kFull);
  }
  self.timer_ = reach.loop.at(reach.loop.now() + kLimit, [&self] {
    self.close();
    if (const Done late = std::exchange(self.done_, nullptr)) {
      late(tl::unexpected(Refusal::kTimeOut));
    }
  });
  return port;
}

InboundPort::~InboundPort() {
  close();
}

// It was for one connection: others are refused from now on.
void InboundPort::close() {
  reach_.loop.cancel(timer_);
  reach_.loop.cancel(again_);
  if (!listener_) return;
  reach_.loop.forget(listener_.get());
  listener_.reset();
}

// No descriptor is left, and nothing tells when there is one.
void InboundPort::take_later() {
  reach_.loop.cancel(again_);
  again_ = reach_.loop.at(reach_.loop.now() + kPause, [this] { take(); });
}

void InboundPort::take() {
  while (done_) {
    Endpoint who;
    UniqueFd taken = reach_.side.accept(listener_.get(), who);
    if (!taken && (errno == ECONNABORTED || errno == EINTR)) continue;
    if (!taken) return errno == EAGAIN ? void() : take_later();
    if (from_ && (!who.is_set() || remote_address(who) != *from_)) {
      static_cast<void>(reach_.side.end_mark(taken.get()));
      continue;
    }
    close();
    std::exchange(done_, nullptr)(std::move(taken));
  }
}

}  // namespace wring::proxy
