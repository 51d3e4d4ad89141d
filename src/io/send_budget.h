// How much more a socket takes without refusing.
#pragma once

#include <cstddef>

namespace wring {

// What a UDP socket holds that the network has not taken yet, and how much of it the pump lets
// come together, in bytes of the kernel's memory.
struct SocketFill {
  std::size_t queued = 0;
  std::size_t limit = 0;
};

// io_uring executes the sends of a batch without stopping at one that fails. If one found the
// socket full (EAGAIN), those behind it could still pass, and a flow would be reordered. So each
// datagram asks here first. The budget is the room that the socket had when it was last asked, less
// an upper bound for each datagram since. What has been sent only ever frees room, so the socket is
// asked again only when the budget is used up: about every thousand full packets.
//
// The limit is five eighths of the socket's buffer. The rest is left for what the control thread
// sends on the same socket, so that handshakes and keepalives find room beside any traffic. It is
// more than half, because poll() reports a socket as writable when less than half is in use.
class SendBudget {
 public:
  SendBudget() = default;
  // The socket stays the caller's.
  explicit SendBudget(int fd);

  // Spends what a datagram of `payload` bytes may take. If `segment_size` is not 0, the kernel
  // makes datagrams of that size of it. False: it is not sure to fit.
  [[nodiscard]] bool take(std::size_t payload, std::size_t segment_size = 0) {
    const std::size_t charge = charge_for(payload, segment_size);
    if (charge > left_) return take_oversized();
    left_ -= charge;
    return true;
  }
  // Asks the socket. All that was taken so far must have been sent.
  SocketFill refresh();

 private:
  // The kernel charges the memory of a buffer, which is the next power of two above the datagram
  // with its headers, and the bookkeeping. It charges each datagram of a joined send, if the
  // interface cannot segment by itself.
  static std::size_t charge_for(std::size_t payload, std::size_t segment_size) {
    const std::size_t datagrams = segment_size == 0 ? 1 : payload / segment_size + 1;
    return 2 * payload + 1536 * datagrams;
  }
  bool take_oversized();

  int fd_ = -1;
  std::size_t buffer_ = 0;
  std::size_t left_ = 0;
  std::size_t left_when_asked_ = 0;
};

}  // namespace wring
