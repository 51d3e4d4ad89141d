// Addresses, routes and the MTU of the interface inside, set from outside by netlink.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/endpoint.h"
#include "netlink/rtnetlink.h"
#include "run/plan.h"

namespace wring::exec {

// Main thread.
class InnerNetwork {
 public:
  // `inside` was made in the namespace of the interface. Sets the loopback interface up.
  static Result<InnerNetwork> open(RtSocket inside, const std::string& interface);

  // For the MTU, if the plan leaves it open: where the peers are, from outside. If the interface is
  // up already, its MTU follows.
  [[nodiscard]] Result<void> use_endpoints(std::vector<Endpoint> endpoints);
  // Takes addresses, routes, and the step that sets the interface up. Stops at the first that
  // fails.
  [[nodiscard]] Result<void> apply(const std::vector<run::Step>& steps);
  // Makes of what was applied what these steps say: new addresses and routes come first, then old
  // ones go. Returns whether there was anything to change. After an Error, another call goes on
  // where this one stopped.
  [[nodiscard]] Result<bool> become(const std::vector<run::Step>& steps);

 private:
  InnerNetwork(RtSocket inside, RtSocket outside, std::string interface, unsigned index)
      : inside_(std::move(inside)),
        outside_(std::move(outside)),
        interface_(std::move(interface)),
        index_(index) {}
  Result<void> carry_out(const run::AddAddress& step);
  Result<void> carry_out(const run::SetUp& step);
  Result<void> carry_out(const run::AddRoute& step);
  [[nodiscard]] std::uint32_t mtu_of_ways();
  [[nodiscard]] Result<void> add(const std::vector<config::InterfaceAddress>& addresses,
                                 const std::vector<run::AddRoute>& routes);
  [[nodiscard]] Result<void> remove(const std::vector<config::InterfaceAddress>& addresses,
                                    const std::vector<run::AddRoute>& routes);

  RtSocket inside_;
  RtSocket outside_;
  std::string interface_;
  unsigned index_;
  std::vector<run::Step> steps_;  // those that were applied
  std::vector<Endpoint> endpoints_;
  std::uint32_t followed_mtu_ = 0;  // 0: it is not up, or the MTU is the file's
};

}  // namespace wring::exec
