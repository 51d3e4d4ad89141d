// The listen port and fwmark of the device, and the sockets that have them while the interface is
// up.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/udp_sockets.h"

namespace wring {

// Control thread only.
class UdpBinding {
 public:
  // `distribute` gives sockets to every worker, or null to take them away.
  using Distribute = std::function<void(const std::shared_ptr<const UdpSockets>&)>;

  // `offload`: datagrams may come joined.
  UdpBinding(unsigned workers, bool offload, Distribute distribute)
      : workers_(workers), offload_(offload), distribute_(std::move(distribute)) {}

  // Opens and distributes the sockets; nothing happens if they are open.
  [[nodiscard]] Result<void> open();
  void close();
  // Null while closed.
  [[nodiscard]] const UdpSockets* sockets() const { return sockets_.get(); }

  // One line if the open sockets have less room than wanted; once only, because nothing but a
  // restart changes that.
  [[nodiscard]] std::optional<std::string> take_shortage();

  // Changes the port, at once if the sockets are open. A port that is taken is an error
  // (EADDRINUSE) and changes nothing; it is noticed while they are closed, too.
  [[nodiscard]] Result<void> set_port(std::uint16_t port);
  // What was asked for, or what was picked for 0 when the sockets were opened.
  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] Result<void> set_fwmark(std::uint32_t fwmark);
  [[nodiscard]] std::uint32_t fwmark() const { return fwmark_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<UdpSockets>> open_sockets(std::uint16_t port);
  void use(std::shared_ptr<const UdpSockets> sockets);

  unsigned workers_;
  bool offload_;
  Distribute distribute_;
  std::uint16_t port_ = 0;
  std::uint32_t fwmark_ = 0;
  bool shortage_taken_ = false;
  std::shared_ptr<const UdpSockets> sockets_;
  std::future<void> gone_;         // ready once nobody holds sockets_ any more
  std::future<void> former_gone_;  // the same of those before
};

}  // namespace wring
