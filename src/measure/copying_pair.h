// Two interfaces whose packets a program copies from one to the other: no cipher, no datagrams.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "measure/joined_hosts.h"
#include "tun/tun_device.h"

namespace wring::measure {

class CopyingPair {
 public:
  // Makes an interface in each host, and a thread for each direction.
  static Result<std::unique_ptr<CopyingPair>> start(const JoinedHosts& hosts);
  ~CopyingPair();
  CopyingPair(const CopyingPair&) = delete;
  CopyingPair& operator=(const CopyingPair&) = delete;

  // Of the host, on its interface.
  [[nodiscard]] static std::string address(unsigned host);
  // Used by both threads so far.
  [[nodiscard]] Duration cpu_time() const;

 private:
  CopyingPair() = default;
  void copy(unsigned from);

  std::vector<TunDevice> devices_;
  std::atomic<bool> ends_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace wring::measure
