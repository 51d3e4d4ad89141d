// A UDP socket to one place, which hears what the network says about its datagrams.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"
#include "ip/ip_address.h"

namespace wring::doctor {

// An ICMP message about a datagram that was sent, or what this host's own kernel says in its place.
struct IcmpReport {
  int error = 0;                  // errno
  std::optional<IpAddress> from;  // none: this host
  std::uint32_t mtu = 0;          // bytes: what the next hop takes, where the error is EMSGSIZE
};

class ProbeSocket {
 public:
  using Datagram = std::vector<std::uint8_t>;
  using Heard = std::variant<Datagram, IcmpReport>;

  // `fwmark` 0 sets none, and neither does a user who may not. With `whole`, datagrams are never
  // divided, here or on the way.
  static Result<ProbeSocket> open(const Endpoint& to, std::uint32_t fwmark, bool whole = false);

  // 0, or the errno with which the kernel refused it.
  [[nodiscard]] int send(ByteSpan datagram) const;
  // What comes first; nothing if nothing has come by the deadline. Blocks.
  [[nodiscard]] std::optional<Heard> receive(TimePoint deadline) const;

 private:
  explicit ProbeSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] std::optional<IcmpReport> next_report() const;
  [[nodiscard]] std::optional<Datagram> next_datagram() const;

  UniqueFd fd_;
};

}  // namespace wring::doctor
