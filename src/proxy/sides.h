// Sockets at the two ends of the tunnel. A socket stays in the network namespace of the thread that
// made it, whichever thread uses it.
#pragma once

#include <sys/socket.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"
#include "ip/ip_address.h"
#include "stack/control.h"

namespace wring::proxy {

// A socket for ICMP's echoes, whose checksum is made but that of IPv4 of all kinds but kPing.
struct Echoes {
  enum class Kind : std::uint8_t {
    kPing,       // the kernel has an identifier for it, and tells no other's replies
    kRaw,        // of IPv4, replies have IP's header
    kWithHeads,  // see datagram_io.h
  };
  UniqueFd socket;
  Kind kind = Kind::kPing;
};

// Makes sockets that neither block nor survive an exec, and that send at once what they are given.
// Empty if none can be had, with errno.
class Side {
 public:
  Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  virtual ~Side() = default;
  // SOCK_STREAM or SOCK_DGRAM.
  [[nodiscard]] virtual UniqueFd socket(IpVersion version, int type) = 0;
  // Whether it passes on bytes by itself.
  [[nodiscard]] virtual bool takes_clients() const { return false; }
  struct Manner {
    bool bytes_follow = false;  // some are sent as soon as it is connected
    bool untold = false;        // by somebody who looks only whether bytes come
    bool for_client = false;    // it waits for hand_over(), if the side takes clients
  };
  // What follows is for sockets of this side. As connect(2): false with EINPROGRESS if outcome()
  // tells later.
  [[nodiscard]] virtual bool connect(int socket, const Endpoint& to, Manner manner);
  // Of a connection that outcome() has told of: from here on its bytes go between `client`, a
  // socket of TCP that the caller keeps but does not use, and the target, `first` before all
  // others. Readiness of `socket` says that passed() is to be asked; who closes it ends the
  // connection. False: the caller passes on the bytes, the first ones, too.
  [[nodiscard]] virtual bool hand_over(int socket, int client, std::string_view first);
  // None: nothing has to be said. To be asked until then.
  [[nodiscard]] virtual std::optional<stack::Report> passed(int socket);
  // What has become of a connection, upon these events of epoll. None: nothing yet. Else 0 or an
  // errno.
  [[nodiscard]] virtual std::optional<int> outcome(int socket, std::uint32_t events);
  // Where a connection begins or ends, of one that outcome() or accept() has told of. To be asked
  // soon. Not set: it is not known.
  [[nodiscard]] virtual Endpoint own_address(int socket);
  [[nodiscard]] virtual Endpoint other_address(int socket);
  // By which a connection's end is told from its reset; see stack/end_mark.h. To be asked soon.
  // Empty: the socket itself tells them apart.
  [[nodiscard]] virtual UniqueFd end_mark(int socket);
  // What packets to that address come from. The address itself: there is no telling.
  [[nodiscard]] virtual IpAddress source_towards(const IpAddress& target);
  // A port at every address of this side, which listens if it is of SOCK_STREAM. 0: a free one.
  [[nodiscard]] virtual Result<UniqueFd> open_port(int type, std::uint16_t port);
  [[nodiscard]] virtual std::uint16_t number_of(int port);
  // A connection that came to such a port, and where from. Empty with errno.
  [[nodiscard]] virtual UniqueFd accept(int port, Endpoint& from);
  // Empty: there is no right to it.
  [[nodiscard]] virtual Echoes echoes(IpVersion version);
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
