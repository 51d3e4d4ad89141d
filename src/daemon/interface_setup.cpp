// Makes the TUN and sets what makes it fast and silent.
#include "daemon/interface_setup.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "peer/protocol_constants.h"
#include "steering/flow_steering.h"

namespace wring {
namespace {

// The kernel closes the rings of a killed process a little after its end, and its TUN with them. A
// start right after that must not find the name taken.
constexpr std::chrono::milliseconds kNamePause{20};
constexpr int kNamePauses = 25;

// From so many workers on (steering/steering.h). Of two, the one that a peer's answers come to may
// seal for it, too: the other core is busy with what sends and delivers, and a flow whose two
// directions share a worker costs less (docs/decisions/0012-many-cores.md).
constexpr std::size_t kWorkersToSpreadOver = 3;

// One peer's flows leave by all workers. Where that cannot be, they leave by the one that their
// answers come to, as the kernel has it.
void spread_flows(const TunDevice& tun) {
  if (tun.queues().size() < kWorkersToSpreadOver) return;
  const auto steered = steer_flows_by_hash(tun.queues().front().get());
  if (!steered) spdlog::debug("{}: {}", tun.name(), steered.error().message);
}

}  // namespace

Result<TunDevice> create_interface(const std::string& name, unsigned queues, bool offload) {
  auto tun = TunDevice::create(name, queues, kDefaultMtu, offload);
  for (int i = 0; i < kNamePauses && !tun && tun.error().code == EBUSY; ++i) {
    std::this_thread::sleep_for(kNamePause);
    tun = TunDevice::create(name, queues, kDefaultMtu, offload);
  }
  return tun;
}

void tune(const TunDevice& tun) {
  for (const auto& done : {tun.lengthen_queue(), tun.keep_silent()}) {
    if (!done) spdlog::warn("{}: {}", tun.name(), done.error().message);
  }
  // A container often has a /proc/sys that it may not write to. The host answers for it there.
  if (!tun.turn_redirects_off_for_all()) {
    spdlog::debug("{}: IPv4 redirects stay on for all interfaces", tun.name());
  }
  spread_flows(tun);
}

}  // namespace wring
