// Carries the steps of a plan out, changes what was made, and takes back what would outlast the
// interface.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/endpoint.h"
#include "netlink/rtnetlink.h"
#include "run/firewall.h"
#include "run/plan.h"
#include "run/record.h"
#include "run/save.h"

namespace wring::run {

// Takes back what the traces say, and goes on where a part fails. Returns a line for people for
// each part that did.
[[nodiscard]] std::vector<std::string> clear(RtSocket& socket, const std::string& interface,
                                             const Traces& traces);

// Addresses and routes go with the interface. Main thread.
class Network {
 public:
  using Say = std::function<void(const std::string& line)>;

  // The interface exists. `record` outlives this.
  static Result<Network> open(const std::string& interface, const Record& record, Say say);

  // For the MTU, if the plan leaves it open: where the peers are, and the mark of what goes there.
  // If the interface is up already, its MTU follows.
  [[nodiscard]] Result<void> use_endpoints(std::vector<Endpoint> endpoints, std::uint32_t fwmark);
  // Stops at the first step that fails.
  [[nodiscard]] Result<void> apply(const std::vector<Step>& steps);
  // Makes of all that was applied what these steps say. New parts come before old ones go, so that
  // packets have a way throughout; those in both are not touched. Tables of nftables are
  // written anew in any case, because somebody may have emptied them. Returns which parts were
  // changed. After an Error, another call goes on where this one stopped.
  [[nodiscard]] Result<std::vector<std::string>> become(const std::vector<Step>& steps);
  // Serves others as a gateway from now on.
  [[nodiscard]] Result<void> become_gateway(const Gateway& gateway);
  // As the kernel has it now.
  [[nodiscard]] Result<LinkState> link_state();
  void undo();

 private:
  struct Wanted;

  Network(RtSocket socket, std::string interface, unsigned index, const Record& record, Say say);
  Result<void> carry_out(const AddAddress& step);
  Result<void> carry_out(const SetUp& step);
  Result<void> carry_out(const AddRoute& step);
  Result<void> carry_out(const AddRule& step);
  Result<void> carry_out(const ProtectAddresses& step);
  Result<void> carry_out(const SetDns& step);
  [[nodiscard]] std::uint32_t mtu_of_ways();
  [[nodiscard]] Result<std::vector<IpPrefix>> routes_of_others();

  // The parts of become(). Each returns whether it changed something.
  [[nodiscard]] Result<bool> change_mtu(const Wanted& wanted);
  [[nodiscard]] Result<bool> add_addresses(const Wanted& wanted);
  [[nodiscard]] Result<bool> change_routes_and_rules(const Wanted& wanted);
  [[nodiscard]] Result<bool> delete_addresses(const Wanted& wanted);
  [[nodiscard]] Result<void> add_routes(const std::vector<AddRoute>& routes);
  [[nodiscard]] Result<bool> add_rules(const Wanted& wanted);
  [[nodiscard]] Result<void> delete_rules(const std::vector<RoutingRule>& rules);
  [[nodiscard]] Result<bool> protect(const Wanted& wanted);
  [[nodiscard]] Result<bool> change_dns(const Wanted& wanted);

  RtSocket socket_;
  std::string interface_;
  unsigned index_;
  const Record* record_;
  Say say_;
  Traces traces_;
  std::vector<config::InterfaceAddress> addresses_;
  std::vector<AddRoute> routes_;  // those that were made
  std::vector<ProtectAddresses> protections_;
  std::optional<SetDns> dns_;
  Gateway gateway_;
  std::vector<Endpoint> endpoints_;
  std::uint32_t fwmark_ = 0;
  std::optional<std::uint32_t> mtu_;  // what the interface has
  bool follows_ways_ = false;         // it is up, and the file has no MTU
};

}  // namespace wring::run
