// Keeps a batch of sends from running into a full socket buffer halfway.
#pragma once

#include <chrono>
#include <cstddef>

namespace wring {

// Sends of one batch are executed by the kernel without asking back. Were one refused for want of
// buffer space (EAGAIN), the ones behind it might still pass, and a flow be reordered. So each
// datagram asks here first. The space that the socket had when it was last asked is spent datagram
// by datagram; as what was sent only ever frees space, the socket is asked again only once that is
// used up: about every thousand full packets. Handshake messages that the control thread sends on
// the same socket are too few to matter; should a send be refused after all, it is lost and
// reported.
class SendBudget {
 public:
  SendBudget() = default;
  // The socket stays the caller's.
  explicit SendBudget(int fd);

  // Spends what a datagram of `payload` bytes may take, or the datagrams of `segment_size` bytes
  // that the kernel makes of it, if that is not 0. False: it is not sure to fit.
  [[nodiscard]] bool take(std::size_t payload, std::size_t segment_size = 0);
  // Asks the socket for its free space; all that was taken so far must have been sent.
  void refresh();
  // Waits until there is space (half of the buffer), then asks; for as long as `patience` lasts, of
  // which the time that it took is subtracted.
  void wait_for_room(std::chrono::milliseconds& patience);

 private:
  int fd_ = -1;
  std::size_t buffer_ = 0;
  std::size_t left_ = 0;
};

}  // namespace wring
