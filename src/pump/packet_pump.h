// What a worker sees of the outside: batches of packets in, batches out. Driven by io_uring or by
// epoll; make_pump() chooses.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "io/send_budget.h"
#include "ip/packets.h"

namespace wring {

class UdpSockets;

// Told of output that the kernel refused, and of input. Called by the thread that runs the pump,
// within wait(). The first two may queue output in answer, which is handed out before wait() goes
// on; `error` is the errno.
class OutputErrors {
 public:
  OutputErrors() = default;
  OutputErrors(const OutputErrors&) = delete;
  OutputErrors& operator=(const OutputErrors&) = delete;
  virtual ~OutputErrors() = default;
  // The datagram is lost. Its endpoint and payload are still valid.
  virtual void on_send_error(const OutgoingDatagram& datagram, int error) = 0;
  // The packet is lost. `parts` are those that were given to write_packet(), and they are still
  // valid. They are empty if io_uring reports the failure too late, as it may if many writes of
  // one batch fail.
  virtual void on_write_error(std::span<const iovec> parts, int error) = 0;
  // A packet socket had a packet that its VnetHeader cannot describe. The packet is lost.
  virtual void on_unreadable_packet() = 0;
};

// The inner side of a worker: it takes the packets that come out of the tunnel. Today that is a
// TUN. A pump has one; another way in, such as a TCP/IP stack in this process, is a class of its
// own. See docs/decisions/0021-inner-and-outer-side.md.
class InnerPort {
 public:
  InnerPort() = default;
  InnerPort(const InnerPort&) = delete;
  InnerPort& operator=(const InnerPort&) = delete;
  virtual ~InnerPort() = default;

  // Queues a packet, gathered from at most IOV_MAX (1024) parts. Where the TUN passes a VnetHeader,
  // the caller puts it into the first of them. Bytes and iovecs stay unchanged until the next
  // PacketPump::wait() has returned. Called by the worker's thread.
  virtual void write_packet(std::span<const iovec> parts) = 0;
};

// The outer side of a worker: it takes datagrams for the network.
class OuterPort {
 public:
  OuterPort() = default;
  OuterPort(const OuterPort&) = delete;
  OuterPort& operator=(const OuterPort&) = delete;
  virtual ~OuterPort() = default;

  // Queues a datagram, or as many as its segment_size makes of it. Errors concern all of them
  // together. A family without a socket is an error (EAFNOSUPPORT). Bytes and endpoint stay
  // unchanged until a PacketPump::wait() has returned without Input::unsent: only then has the
  // kernel copied them, or OutputErrors been told. They may lie in the packets of an Input, which
  // the pump keeps for as long, but not in its datagrams if the socket can be full. Called by the
  // worker's thread.
  virtual void send(const OutgoingDatagram& datagram) = 0;
  // What the socket of a family holds, once all that was queued has been handed out. At most two
  // system calls. Called by the worker's thread.
  [[nodiscard]] virtual SocketFill fill(bool v4) = 0;
  // From the next wait() on, datagrams come and go by these sockets. Null: none, the interface is
  // down. The former ones are let go of once no request of the pump holds them. Thread-safe.
  virtual void set_sockets(std::shared_ptr<const UdpSockets> sockets) = 0;
};

// Both sides of one worker, and the one wait for both. Owned and run by one thread.
class PacketPump : public InnerPort, public OuterPort {
 public:
  // One batch of input. The bytes belong to the pump, may be changed in place, and are valid until
  // the next call of wait() has returned.
  struct Input {
    std::span<TunPacket> packets;
    std::span<ReceivedDatagram> datagrams;
    bool tun_gone = false;  // the TUN was deleted: nothing more will come from it
    // Datagrams of earlier calls of send() still wait for room in their socket. Then there are no
    // packets.
    bool unsent = false;
  };

  // Hands out what was queued, in that order, so that a flow keeps its order. Then blocks until
  // there is input or wake() was called. Never waits for anything else: datagrams for which their
  // socket has no room are kept. Until they have left, wait() takes no packets from the TUN, but it
  // returns datagrams that come in. They are given up, and reported with EAGAIN, only if the socket
  // drains nothing for 100 ms.
  virtual Input wait() = 0;
  // Makes a wait() under way or the next one return. Thread-safe, never blocks.
  virtual void wake() = 0;
};

}  // namespace wring
