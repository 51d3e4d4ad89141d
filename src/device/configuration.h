// The one place that applies a configuration to a device, and describes the device for `wg show`.
// Nothing here knows how a request is written down.
#pragma once

#include <functional>
#include <utility>

#include "base/clock.h"
#include "device/configurable.h"
#include "device/device.h"
#include "device/engine_counts.h"
#include "device/engine_description.h"
#include "device/listen_settings.h"

namespace wring {

// Control thread only. All that is passed in outlives it.
class Configuration final : public Configurable {
 public:
  Configuration(Device& device, SharedState& shared, ListenSettings& sockets, const Clock& clock)
      : device_(device), shared_(shared), sockets_(sockets), clock_(clock) {}

  // What describe_device() says of the engine. To be filled in at the start.
  [[nodiscard]] EngineDescription& engine() { return engine_; }

  // Called before the device is described, to bring counters up to date, with those that the device
  // does not keep itself.
  void before_describing(std::function<void(EngineCounts&)> call) {
    before_describing_ = std::move(call);
  }

  [[nodiscard]] int configure(ConfigChange&& change) override;
  [[nodiscard]] DeviceDescription describe_device() const override;
  [[nodiscard]] bool describe_peers(PeerCursor& cursor, std::size_t max,
                                    std::vector<PeerDescription>& out) const override;

 private:
  void apply(PeerChange&& change);
  [[nodiscard]] PeerDescription describe(const DevicePeer& peer) const;

  Device& device_;
  SharedState& shared_;
  ListenSettings& sockets_;
  const Clock& clock_;
  EngineDescription engine_;
  std::function<void(EngineCounts&)> before_describing_;
};

}  // namespace wring
