// One datagram for each state, to the socket that NOTIFY_SOCKET names.
#include "run/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/decimal.h"
#include "base/unique_fd.h"
#include "base/unix_address.h"

namespace wring::run {
namespace {

using std::chrono::microseconds;

// Its value, which is gone from the environment afterwards.
std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value != nullptr ? value : "";
  unsetenv(name);
  return taken;
}

}  // namespace

ServiceManager ServiceManager::from_environment(std::function<void(const std::string&)> complain) {
  ServiceManager manager;
  manager.complain_ = std::move(complain);
  manager.address_ = take_variable("NOTIFY_SOCKET");
  const std::string pid = take_variable("WATCHDOG_PID");
  const auto period = parse_decimal<std::uint64_t>(take_variable("WATCHDOG_USEC"));
  const bool is_for_us = pid.empty() || pid == std::to_string(getpid());
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 50U;  // 35 years: it still counts in ns
  if (period && *period > 0 && is_for_us) {
    manager.patience_ = microseconds(static_cast<std::int64_t>(std::min(*period, kLongest)));
  }
  return manager;
}

void ServiceManager::is_ready(std::string_view status) {
  std::string line(status);
  std::ranges::replace(line, '\n', ' ');  // behind a line's end comes another assignment
  tell("READY=1\nSTATUS=" + line);
}

void ServiceManager::is_reloading() {
  // CLOCK_MONOTONIC, by which Type=notify-reload knows this reload from one before.
  const auto since =
      std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since.count()));
}

void ServiceManager::is_stopping() {
  tell("STOPPING=1");
}

void ServiceManager::is_well() {
  tell("WATCHDOG=1");
}

void ServiceManager::tell(const std::string& text) {
  const auto sent = address_.empty() ? Result<void>() : send(text);
  if (sent || !complain_) return;
  std::exchange(complain_, nullptr)(sent.error().message);
}

Result<void> ServiceManager::send(const std::string& text) const {
  auto address = unix_address(address_);
  const bool is_abstract = address_.front() == '@';
  if (!address || (!is_abstract && address_.front() != '/')) {
    return failure("NOTIFY_SOCKET=" + address_ +
                   ": not the address of a service manager; unset it, or start this by systemd");
  }
  if (is_abstract) address->sun_path[0] = '\0';
  // The address ends with the name: in an abstract one a 0 would count.
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_failure("cannot make a socket for the service manager", errno);
  if (sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&*address), size) < 0) {
    return system_failure("cannot tell the service manager at " + address_, errno,
                          "unset NOTIFY_SOCKET if there is none");
  }
  return {};
}

}  // namespace wring::run
