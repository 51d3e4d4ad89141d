#include "pump/make_pump.h"

#include <utility>

#include "pump/epoll_pump.h"
#include "pump/uring_pump.h"

namespace wring {

Result<MadePump> make_pump(PumpKind kind, int tun_fd, unsigned worker_index, OutputErrors& errors,
                           bool vnet_header) {
  MadePump made;
  if (kind != PumpKind::kEpoll) {
    auto pump = UringPump::create(tun_fd, worker_index, errors, {.vnet_header = vnet_header});
    if (pump) {
      made.pump = std::move(*pump);
      return made;
    }
    if (kind == PumpKind::kUring) return tl::unexpected(pump.error());
    made.uring_refused = pump.error();
  }
  auto pump = EpollPump::create(tun_fd, worker_index, errors, vnet_header);
  if (!pump) return tl::unexpected(pump.error());
  made.pump = std::move(*pump);
  return made;
}

}  // namespace wring
