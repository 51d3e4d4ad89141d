// lwIP's interfaces, between the packets of the engine and lwIP's connections.
#pragma once

#include <lwip/netif.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "ip/ip_address.h"
#include "stack/input_buffers.h"
#include "stack/packet_port.h"

namespace wring::stack {

// There is one in a process, because lwIP has one set of everything. One thread.
class Interface {
 public:
  // One of lwIP's has one address of IPv4, so there are as many as there are such addresses.
  static constexpr std::size_t kMostIpv4 = 16;
  static constexpr std::size_t kMostIpv6 = LWIP_IPV6_NUM_ADDRESSES;

  // `packets` is a socket as PacketPort has it. Addresses beyond the limits are left out.
  Interface(const std::vector<IpAddress>& addresses, unsigned mtu, UniqueFd packets);
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  ~Interface();

  [[nodiscard]] int fd() const { return port_.fd(); }
  // Takes packets in until there are none, or it has taken its share. True: there are more.
  [[nodiscard]] bool take_packets();
  // A packet, as if it had come. For fuzzing as well.
  void take(const VnetHeader& vnet, ByteSpan packet);
  void on_writable();
  // Sends what this turn has made. To be called at its end.
  void flush() { port_.flush(); }
  // The engine is gone.
  [[nodiscard]] bool closed() const { return closed_; }

  // lwIP's timers: when look_after() is due. kNever: nothing runs.
  [[nodiscard]] TimePoint next() const;
  void look_after(TimePoint now);

 private:
  static constexpr std::size_t kShare = 128;  // packets after which others have their turn

  void add(const ip_addr_t& address, unsigned mtu);
  void take(std::size_t index, std::size_t size);
  void input(pbuf* packet, bool checked);
  void input_copy(ByteSpan begin, ByteSpan rest, bool checked);
  static err_t output(netif* interface, pbuf* packet);

  PacketPort port_;
  InputBuffers buffers_;
  std::vector<std::unique_ptr<netif>> interfaces_;
  bool closed_ = false;
  TimePoint last_tick_{};
  unsigned ticks_ = 0;
};

}  // namespace wring::stack
