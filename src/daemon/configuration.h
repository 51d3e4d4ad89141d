// Applies what `wg` asks to the device and its sockets, and describes them for `wg show`.
#pragma once

#include "base/clock.h"
#include "daemon/udp_binding.h"
#include "device/configurable.h"
#include "device/device.h"

namespace wring {

// Control thread only.
class Configuration final : public Configurable {
 public:
  Configuration(Device& device, SharedState& shared, UdpBinding& binding, const Clock& clock)
      : device_(device), shared_(shared), binding_(binding), clock_(clock) {}

  [[nodiscard]] int configure(ConfigChange&& change) override;
  [[nodiscard]] DeviceDescription describe_device() const override;
  [[nodiscard]] bool describe_peers(PeerCursor& cursor, std::size_t max,
                                    std::vector<PeerDescription>& out) const override;

 private:
  void apply(PeerChange&& change);
  [[nodiscard]] PeerDescription describe(const Peer& peer) const;
  [[nodiscard]] Instant now() const { return {clock_.now(), clock_.wall_now()}; }

  Device& device_;
  SharedState& shared_;
  UdpBinding& binding_;
  const Clock& clock_;
};

}  // namespace wring
