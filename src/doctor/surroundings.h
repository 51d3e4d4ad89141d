// Whether anything at all comes back from a host, beside the port of its tunnel.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "doctor/probe_socket.h"
#include "ip/endpoint.h"

namespace wring::doctor {

struct Surroundings {
  // The host says that nothing listens at other ports, so datagrams get there and answers back.
  bool closed_ports_answer = false;
  bool answers_ping = false;
  // What came back about a datagram to the port itself, which no engine answers.
  std::optional<IcmpReport> at_port;
};

// Sends a datagram of one byte to the port and to three others, those of traceroute, and a ping.
// Takes as long as `patience` at most.
[[nodiscard]] Surroundings look_around(const Endpoint& endpoint, std::uint32_t fwmark,
                                       Duration patience);

}  // namespace wring::doctor
