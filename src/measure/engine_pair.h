// A tunnel between the two hosts, with an engine in each.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/keys.h"
#include "measure/joined_hosts.h"
#include "run/engine.h"

namespace wring::measure {

class EnginePair {
 public:
  static constexpr std::uint16_t kPort = 51820;

  // Returns when both are set up. They end with the object, or when this process is killed.
  static Result<EnginePair> start(const JoinedHosts& hosts);

  // Of the host, inside the tunnel.
  [[nodiscard]] static std::string address(unsigned host);
  // Used by both engines so far.
  [[nodiscard]] Duration cpu_time() const;
  // Makes these keys peers of the engine of host 1.
  [[nodiscard]] Result<void> add_callers(const std::vector<PublicKey>& callers) const;
  [[nodiscard]] const PublicKey& public_key(unsigned host) const { return keys_[host]; }

 private:
  explicit EnginePair(std::array<PublicKey, 2> keys) : keys_(keys) {}

  std::array<PublicKey, 2> keys_;
  std::vector<run::Engine> engines_;
};

}  // namespace wring::measure
