// Names become addresses, by c-ares: through the tunnel, or outside as the host's files say.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/ip_address.h"
#include "proxy/loop.h"
#include "proxy/sides.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace wring::proxy {

// Which addresses are wanted, and which of both come first.
enum class Families : std::uint8_t { kIpv6First, kIpv4First, kIpv4, kIpv6 };

// Asks anew each time, because addresses change. One thread.
class Resolver {
 public:
  // Empty: there is none. Those of both versions take turns.
  using Answer = std::function<void(std::vector<IpAddress> addresses)>;

  // Its sockets are made at that side. Without servers, those of /etc/resolv.conf are asked, and
  // /etc/hosts is looked at first. Loop and side outlive it.
  static Result<std::unique_ptr<Resolver>> create(Loop& loop, Side& side,
                                                  const std::vector<IpAddress>& servers);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // The answer may come before this returns.
  void ask(const std::string& host, Families families, Answer answer);

 private:
  struct Calls;  // what c-ares calls
  struct Asked;

  Resolver(Loop& loop, Side& side) : loop_(loop), side_(side) {}
  [[nodiscard]] Result<void> open(const std::vector<IpAddress>& servers);
  void on_interest(int socket, bool readable, bool writable);
  void set_timer();

  Loop& loop_;
  Side& side_;
  ares_channeldata* channel_ = nullptr;
  std::set<int> watched_;
  Loop::TimerId timer_ = Loop::kNoTimer;
};

// Those of both versions in turn; each version stays in its order. Pure.
[[nodiscard]] std::vector<IpAddress> in_turn(const std::vector<IpAddress>& addresses,
                                             Families families);

}  // namespace wring::proxy
