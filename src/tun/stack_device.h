// A TCP/IP stack in another process, in place of an interface: packets come and go over one end of
// a pair of sockets (WG_STACK_FD), each behind a VnetHeader as a TUN has it.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "tun/tun_device.h"

namespace wring {

// Owns the socket. Control thread only, except that the one worker drives it.
class StackDevice {
 public:
  // Takes over a connected socket of AF_UNIX and SOCK_SEQPACKET. `name` is what the tunnel is
  // called without an interface. The error says what is wrong with the socket.
  static Result<StackDevice> adopt(UniqueFd socket, const std::string& name);

  [[nodiscard]] const std::string& name() const { return name_; }
  // One, non-blocking. What finds it full is lost and reported, as with a TUN.
  [[nodiscard]] std::span<const UniqueFd> queues() const { return {&socket_, 1}; }
  [[nodiscard]] TunOffloads offloads() const {
    return {.vnet_header = true, .udp_segmentation = false};
  }
  // False once the stack has closed its end.
  [[nodiscard]] bool still_exists() const;

 private:
  StackDevice(UniqueFd socket, std::string name)
      : socket_(std::move(socket)), name_(std::move(name)) {}

  UniqueFd socket_;
  std::string name_;
};

}  // namespace wring
