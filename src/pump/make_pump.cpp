// Makes a pump on io_uring where the system lets us, else on epoll.
#include "pump/make_pump.h"

#include <utility>

#include "pump/epoll_pump.h"
#include "pump/uring_pump.h"

namespace wring {

Result<MadePump> make_pump(PumpKind kind, const std::optional<TunQueue>& tun, unsigned worker_index,
                           OutputErrors& errors) {
  const TunQueue queue = tun.value_or(TunQueue{});
  MadePump made;
  if (kind != PumpKind::kEpoll) {
    auto pump = UringPump::create(queue, worker_index, errors);
    if (pump) {
      made.pump = std::move(*pump);
      return made;
    }
    if (kind == PumpKind::kUring) return tl::unexpected(pump.error());
    made.uring_refused = pump.error();
  }
  auto pump = EpollPump::create(queue, worker_index, errors);
  if (!pump) return tl::unexpected(pump.error());
  made.pump = std::move(*pump);
  return made;
}

}  // namespace wring
