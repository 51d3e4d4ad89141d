// Opens, replaces and closes the UDP sockets of the device.
#include "daemon/udp_binding.h"

#include <fmt/core.h>

#include <chrono>
#include <cstddef>

#include "noise/messages.h"

namespace wring {
namespace {

// A worker lets go of its sockets within one turn of its loop, and never waits in it. So this limit
// is reached only on a machine that is short of processor time.
constexpr std::chrono::seconds kMaxLettingGo{1};

// The same sockets, with a notice when nobody holds them any more.
std::shared_ptr<const UdpSockets> watched(std::shared_ptr<const UdpSockets> sockets,
                                          const std::shared_ptr<std::promise<void>>& gone) {
  const UdpSockets* const raw = sockets.get();
  return {raw, [sockets = std::move(sockets), gone](const UdpSockets*) mutable {
            sockets.reset();
            gone->set_value();
          }};
}

}  // namespace

Result<void> UdpBinding::open() {
  if (sockets_) return {};
  auto opened = open_sockets(port_);
  if (!opened) return tl::unexpected(opened.error());
  use(std::move(*opened));
  return {};
}

Result<std::shared_ptr<UdpSockets>> UdpBinding::open_sockets(std::uint16_t port) {
  // A port is held until the last worker has let go of the former sockets, which matters if the
  // port is changed twice in a row or the interface goes down and up.
  if (former_gone_.valid()) former_gone_.wait_for(kMaxLettingGo);
  // By the receiver's index, which is in the same place in each kind of message that has one.
  return UdpSockets::open(port, fwmark_, {workers_, offsetof(DataHeader, receiver)}, offload_);
}

void UdpBinding::close() {
  if (sockets_) use(nullptr);
}

std::optional<std::string> UdpBinding::take_shortage() {
  if (!sockets_ || shortage_taken_) return std::nullopt;
  std::string sizes;
  std::string limits;
  const auto compare = [&](const SocketRoom& room, const char* direction, const char* limit) {
    if (room.got >= room.wanted) return;
    sizes += fmt::format("{}{} bytes instead of {} for what {}", sizes.empty() ? "" : " and ",
                         room.got, room.wanted, direction);
    limits += fmt::format("{}{}={}", limits.empty() ? "" : " ", limit, room.wanted);
  };
  compare(sockets_->receive_room(), "comes in", "net.core.rmem_max");
  compare(sockets_->send_room(), "goes out", "net.core.wmem_max");
  if (sizes.empty()) return std::nullopt;
  shortage_taken_ = true;
  return fmt::format(
      "the UDP sockets have {}, so that more is lost when traffic comes in bursts; on the host, "
      "run "
      "`sysctl -w {}`",
      sizes, limits);
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
  if (sockets_) former_gone_ = std::move(gone_);
  sockets_.reset();
  if (sockets) {
    const auto gone = std::make_shared<std::promise<void>>();
    gone_ = gone->get_future();
    sockets_ = watched(std::move(sockets), gone);
    port_ = sockets_->port();
  }
  distribute_(sockets_);
}

}  // namespace wring
