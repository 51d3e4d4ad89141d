// Compares addresses and ports.
#include "proxy/listener_places.h"

#include <algorithm>
#include <string>

namespace wring::proxy {
namespace {

using ListenerKind = Listener::Kind;

bool is_one_of(const Listener& one, ListenerKind kind) {
  return one.kind == kind;
}

bool takes_datagrams(const Listener& one) {
  return is_one_of(one, ListenerKind::kUdpClient) || is_one_of(one, ListenerKind::kUdpServer);
}

bool is_inside(const Listener& one) {
  return is_one_of(one, ListenerKind::kTcpServer) || is_one_of(one, ListenerKind::kUdpServer);
}

void reset(ListenerCounters& counters) {
  for (auto* const each : {&counters.opened, &counters.from_client, &counters.to_client,
                           &counters.broken, &counters.dropped}) {
    each->store(0, std::memory_order_relaxed);
  }
  for (auto& each : counters.refused)
    each.store(0, std::memory_order_relaxed);
}

}  // namespace

bool wait_at_same_place(const Listener& a, const Listener& b) {
  if (takes_datagrams(a) != takes_datagrams(b) || is_inside(a) != is_inside(b)) return false;
  if (is_one_of(a, ListenerKind::kGateway) != is_one_of(b, ListenerKind::kGateway)) return false;
  if (is_one_of(a, ListenerKind::kStdio) != is_one_of(b, ListenerKind::kStdio)) return false;
  return is_inside(a) ? a.listen_port == b.listen_port : a.bind.text == b.bind.text;
}

const Listener* same_in(const std::vector<Listener>& before, const Listener& one) {
  const auto found = std::ranges::find_if(
      before, [&](const Listener& each) { return wait_at_same_place(each, one); });
  return found == before.end() ? nullptr : &*found;
}

Result<void> assign_places(std::vector<Listener>& after, const std::vector<Listener>& before,
                           Shared& shared) {
  std::array<bool, kMaxListeners> taken{};
  for (const Listener& each : before)
    taken[each.place] = true;
  std::size_t next = 0;
  for (Listener& each : after) {
    if (const Listener* const same = same_in(before, each)) {
      each.place = same->place;
      continue;
    }
    while (next < kMaxListeners && (taken[next] || shared.listeners[next].open != 0))
      ++next;
    if (next == kMaxListeners) {
      return failure("more than " + std::to_string(kMaxListeners) +
                     " listeners, with those whose connections are still open");
    }
    each.place = next++;
    reset(shared.listeners[each.place]);
  }
  return {};
}

}  // namespace wring::proxy
