// Names become addresses, by c-ares: through the tunnel, or outside as the host's files say.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/ip_address.h"
#include "proxy/loop.h"
#include "proxy/sides.h"

namespace wring::proxy {

// Which addresses are wanted, and which of both come first.
enum class Families : std::uint8_t { kIpv6First, kIpv4First, kIpv4, kIpv6 };

// Asks anew each time, because addresses change. One thread.
class Resolver {
 public:
  // Empty: there is none. Those of both versions take turns.
  using Answer = std::function<void(std::vector<IpAddress> addresses)>;

  // In place of /etc/resolv.conf: it is read anew when its version has changed.
  struct HostFile {
    std::string path;
    const std::atomic<std::uint64_t>& version;
  };

  // Its sockets are made at that side. Without servers, those of /etc/resolv.conf are asked, or of
  // `file`, and /etc/hosts is looked at first. Loop, side and version outlive it.
  static Result<std::unique_ptr<Resolver>> create(Loop& loop, Side& side,
                                                  std::vector<IpAddress> servers,
                                                  std::optional<HostFile> file = {});
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // From now on. Those that were asked before may still answer. The Error: all is as before.
  [[nodiscard]] Result<void> use_servers(std::vector<IpAddress> servers);

  // The answer may come before this returns.
  void ask(const std::string& host, Families families, Answer answer);

 private:
  class Channel;

  Resolver(Loop& loop, Side& side, std::vector<IpAddress> servers, std::optional<HostFile> file);
  [[nodiscard]] Result<void> open();
  void drop_former();

  Loop& loop_;
  Side& side_;
  std::vector<IpAddress> servers_;
  std::optional<HostFile> file_;
  std::uint64_t version_ = 0;  // of the file, as it was read
  std::unique_ptr<Channel> channel_;
  std::vector<std::unique_ptr<Channel>> former_;  // that somebody waits for
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Those of both versions in turn; each version stays in its order. Pure.
[[nodiscard]] std::vector<IpAddress> in_turn(const std::vector<IpAddress>& addresses,
                                             Families families);

}  // namespace wring::proxy
