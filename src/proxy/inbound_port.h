// SOCKS 5's BIND: a port at the other end, for one connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <tl/expected.hpp>

#include "config/tunnel_config.h"
#include "proxy/counters.h"
#include "proxy/dial.h"

namespace wring::proxy {

class InboundPort {
 public:
  // How long it waits.
  static constexpr std::chrono::seconds kLimit{120};
  using Done = std::function<void(tl::expected<UniqueFd, Refusal>)>;

  // Listens on a free port. Takes a connection from the target's address alone, if that is an
  // address and not zero. `done` is called once, later.
  static tl::expected<std::unique_ptr<InboundPort>, Refusal> open(Reach& reach,
                                                                  const config::HostPort& target,
                                                                  Done done);
  InboundPort(const InboundPort&) = delete;
  InboundPort& operator=(const InboundPort&) = delete;
  ~InboundPort();

  // Where it can be reached: the address that the other end's packets to the target come from.
  [[nodiscard]] const Endpoint& address() const { return address_; }

 private:
  // After which it is tried again where no descriptor was left.
  static constexpr std::chrono::milliseconds kPause{100};

  InboundPort(Reach& reach, UniqueFd listener, Done done)
      : reach_(reach), listener_(std::move(listener)), done_(std::move(done)) {}
  void take();
  void take_later();
  void close();

  Reach& reach_;
  UniqueFd listener_;
  Done done_;
  std::optional<IpAddress> from_;
  Endpoint address_;
  Loop::TimerId timer_ = Loop::kNoTimer;
  Loop::TimerId again_ = Loop::kNoTimer;
};

}  // namespace wring::proxy
