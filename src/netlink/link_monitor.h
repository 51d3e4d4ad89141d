// Notices when the interface is set up or down, changes its MTU, is deleted, or moves to another
// network namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "netlink/namespace_id.h"

struct mnl_socket;
struct nlmsghdr;

namespace wring {

struct LinkState {
  bool exists = false;
  bool up = false;   // IFF_UP: what `ip link set up` and `down` change
  unsigned mtu = 0;  // bytes

  friend bool operator==(const LinkState&, const LinkState&) = default;
};

// Listens on one netlink socket to all network namespaces that have a number in ours, and follows
// the interface from one to the next. Opening it takes CAP_NET_BROADCAST, if other namespaces are
// to be heard. Later CAP_NET_ADMIN is enough. Control thread.
class LinkMonitor {
 public:
  // `tun_fd` is any queue of the interface. It stays the caller's and must outlive the monitor.
  static Result<LinkMonitor> open(int tun_fd);
  // Watches the interface `name` in the network namespace of `netlink`, a socket of NETLINK_ROUTE
  // that was made there, or without one in our own. It takes no privilege, and it does not follow
  // the interface: one that leaves the namespace counts as deleted.
  static Result<LinkMonitor> open_there(UniqueFd netlink, const std::string& name);

  // Of no interface of the kernel's: it is up, and stays as it is.
  static LinkMonitor of_stack(unsigned mtu);

  // The state that was seen last. open() sees the first one.
  [[nodiscard]] const LinkState& state() const { return state_; }
  // The interface's number in our own network namespace; 0 while it is in another one. It changes
  // only together with the state, because a move sets the interface down.
  [[nodiscard]] unsigned own_ifindex() const {
    return namespace_ == kOwnNamespace && !elsewhere_ ? static_cast<unsigned>(ifindex_) : 0;
  }
  // Readable when there are messages for poll(). The descriptor does not change when the interface
  // moves. -1: there will be none.
  [[nodiscard]] int fd() const;
  // Reads the messages. Returns the state if it has changed since the last call. Never blocks. On
  // an error the interface could not be followed into its new namespace (for example EPERM).
  Result<std::optional<LinkState>> poll();

 private:
  struct CloseSocket {
    void operator()(mnl_socket* socket) const;
  };
  enum class Heard { kNothing, kState, kLeft, kOverrun };

  explicit LinkMonitor(int tun_fd) : tun_fd_(tun_fd) {}

  Result<void> listen();
  Result<void> listen_there(UniqueFd netlink);
  Result<void> follow();
  Result<void> look();
  [[nodiscard]] Result<std::string> present_name() const;
  Result<void> request_state();
  Result<Heard> drain();
  Heard take(const nlmsghdr& message, int from_namespace);

  int tun_fd_;              // -1: the interface is not followed
  std::string name_;        // of one that is not followed
  bool elsewhere_ = false;  // it is not followed, and not in our namespace
  std::unique_ptr<mnl_socket, CloseSocket> socket_;
  int namespace_ = kOwnNamespace;
  int ifindex_ = 0;
  std::uint32_t question_ = 0;  // the number of the last question
  LinkState state_;
};

}  // namespace wring
