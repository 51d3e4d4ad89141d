#include "daemon/udp_binding.h"

#include <chrono>
#include <thread>

namespace wring {
namespace {

// A worker lets go of its sockets within one turn of its loop.
constexpr std::chrono::milliseconds kLetGoPause{1};
constexpr int kLetGoPauses = 1000;

}  // namespace

Result<void> UdpBinding::open() {
  if (sockets_) return {};
  auto opened = open_sockets(port_);
  if (!opened) return tl::unexpected(opened.error());
  use(std::move(*opened));
  return {};
}

Result<std::shared_ptr<UdpSockets>> UdpBinding::open_sockets(std::uint16_t port) {
  // Changed twice in a row: a port is held until the last worker has let go of the former sockets.
  for (int i = 0; i < kLetGoPauses && !former_.expired(); ++i) {
    std::this_thread::sleep_for(kLetGoPause);
  }
  return UdpSockets::open(port, fwmark_, workers_, offload_);
}

void UdpBinding::close() {
  if (sockets_) use(nullptr);
}

Result<void> UdpBinding::set_port(std::uint16_t port) {
  if (port == port_) return {};
  if (sockets_ || port != 0) {
    auto opened = open_sockets(port);
    if (!opened) return tl::unexpected(opened.error());
    if (sockets_) use(std::move(*opened));
  }
  if (!sockets_) port_ = port;
  return {};
}

Result<void> UdpBinding::set_fwmark(std::uint32_t fwmark) {
  if (sockets_) {
    if (auto set = sockets_->set_fwmark(fwmark); !set) return set;
  }
  fwmark_ = fwmark;
  return {};
}

void UdpBinding::use(std::shared_ptr<const UdpSockets> sockets) {
  former_ = sockets_;
  sockets_ = std::move(sockets);
  if (sockets_) port_ = sockets_->port();
  distribute_(sockets_);
}

}  // namespace wring
