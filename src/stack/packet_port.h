// The stack's end of the pair of sockets to the engine: each message is a packet behind a
// VnetHeader.
#pragma once

#include <functional>
#include <vector>

#include "base/unique_fd.h"
#include "stack/output_batch.h"

struct pbuf;

namespace wring::stack {

// One thread.
class PacketPort {
 public:
  // The socket is of type SOCK_SEQPACKET and does not block.
  explicit PacketPort(UniqueFd socket) : socket_(std::move(socket)) {}
  PacketPort(const PacketPort&) = delete;
  PacketPort& operator=(const PacketPort&) = delete;
  ~PacketPort();

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Queues a packet, of which it keeps what it needs. False: there is no room before the socket can
  // be written to.
  [[nodiscard]] bool queue(pbuf* packet);
  // Sends what is queued, as far as the socket takes it.
  void flush();
  // The socket takes more. True if the queue was full before.
  bool on_writable();

 private:
  UniqueFd socket_;
  OutputBatch batch_;
  std::vector<pbuf*> kept_;  // until all of the batch is sent
  bool blocked_ = false;     // the socket takes no more
  bool refused_ = false;     // queue() said no
};

}  // namespace wring::stack
