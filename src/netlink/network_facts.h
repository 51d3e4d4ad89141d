// What the kernel says about addresses, links and routes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/endpoint.h"
#include "ip/ip_address.h"
#include "netlink/rtnetlink.h"

namespace wring {

// The way out to an address.
struct Way {
  unsigned interface = 0;
  unsigned mtu = 0;  // bytes: that of the route if it has one, else that of the interface
};

// An address of an interface, host bits and all.
struct OwnAddress {
  IpAddress address;
  std::uint8_t length = 0;

  friend bool operator==(const OwnAddress&, const OwnAddress&) = default;
};

// The number of the interface of that name. ENODEV: there is none.
[[nodiscard]] Result<unsigned> index_of(RtSocket& socket, const std::string& name);

// An Error is that of the netlink socket. `interface` is the interface's number.
[[nodiscard]] Result<std::vector<OwnAddress>> addresses_of(RtSocket& socket, unsigned interface);
// Those of the main table that lead out by the interface.
[[nodiscard]] Result<std::vector<IpPrefix>> routes_of(RtSocket& socket, unsigned interface);
// In bytes. Nothing if the interface is gone.
[[nodiscard]] std::optional<unsigned> mtu_of(RtSocket& socket, unsigned interface);
// Whether packets pass: the interface is up, and what it hangs on is, too. Behind `set_up()` the
// kernel makes a veth pair ready by a thread of its own, and drops packets until then.
[[nodiscard]] bool is_running(RtSocket& socket, unsigned interface);
// Whether there is no route of either version in the table.
[[nodiscard]] Result<bool> is_empty_table(RtSocket& socket, std::uint32_t table);
// Where a datagram with this mark (0: none) goes. Nothing if there is no route, or the interface is
// gone.
[[nodiscard]] std::optional<Way> way_to(RtSocket& socket, const Endpoint& endpoint,
                                        std::uint32_t fwmark);
// The first IPv4 default route of the main table.
[[nodiscard]] std::optional<Way> default_way(RtSocket& socket);

}  // namespace wring
