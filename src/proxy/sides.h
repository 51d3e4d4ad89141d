// Sockets at the two ends of the tunnel. A socket stays in the network namespace of the thread that
// made it, whichever thread uses it.
#pragma once

#include <sys/socket.h>

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "ip/ip_address.h"

namespace wring::proxy {

// Makes sockets that neither block nor survive an exec. Empty if none can be had, with errno.
class Side {
 public:
  Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  virtual ~Side() = default;
  // SOCK_STREAM or SOCK_DGRAM.
  [[nodiscard]] virtual UniqueFd socket(IpVersion version, int type) = 0;
};

// In the namespace of the thread that asks.
class HereSide final : public Side {
 public:
  [[nodiscard]] UniqueFd socket(IpVersion version, int type) override;
};

// In the namespace of the thread that serves. A few sockets are always made in advance, so that
// nobody waits for that thread.
class OtherSide final : public Side {
 public:
  // Any thread.
  [[nodiscard]] UniqueFd socket(IpVersion version, int type) override;
  // Makes sockets until stop(). Its own thread.
  void serve();
  void stop();

 private:
  using Kind = std::pair<IpVersion, int>;
  static constexpr std::size_t kInAdvance = 16;

  std::mutex mutex_;
  std::condition_variable asked_;
  std::condition_variable made_;
  std::map<Kind, std::vector<UniqueFd>> ready_;
  int error_ = 0;  // of the last that could not be made; 0: none since
  bool stopped_ = false;
};

}  // namespace wring::proxy
