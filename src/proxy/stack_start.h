// The process of the TCP/IP stack, and the choice between it and the kernel's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/tunnel_config.h"
#include "exec/inner_interface.h"
#include "proxyload/options.h"

namespace wring::proxy {

// lwIP in a process of its own, which ends with this one.
class StackProcess {
 public:
  // The calling process has one thread. Returns when it serves. `speaks`: what goes wrong with it
  // later may go to stderr. `forget` is called in it before all else: it wipes what is no business
  // of a stack.
  static Result<StackProcess> start(const config::TunnelConfig& tunnel, bool speaks,
                                    const std::function<void()>& forget);
  StackProcess() = default;  // none: is_running() is false
  StackProcess(StackProcess&& other) noexcept { *this = std::move(other); }
  StackProcess& operator=(StackProcess&& other) noexcept;
  ~StackProcess() { stop(); }

  [[nodiscard]] bool is_running() const { return pid_ != 0; }
  // For the relay: see StackSide. To be taken once.
  [[nodiscard]] UniqueFd take_requests() { return std::move(requests_); }
  // For the engine. To be taken once.
  [[nodiscard]] exec::InnerInterface take_interface() { return std::move(interface_); }

 private:
  void stop();

  pid_t pid_ = 0;
  UniqueFd requests_;
  exec::InnerInterface interface_;
};

// Which stack it is to be.
struct StackChoice {
  bool lwip = false;
  std::string why;  // for people, where there was a choice
};
// For kAuto it tries, in a child process, what the kernel's stack takes. The calling process has
// one thread.
[[nodiscard]] StackChoice choose_stack(StackKind wanted);

}  // namespace wring::proxy
