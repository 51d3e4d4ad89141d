// What the side reports, until it hangs up.
#include "proxy/handed_over.h"

#include <sys/epoll.h>

#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

// In one turn, so that a side that goes mad holds up nobody. Of one that has hung up, all.
constexpr int kMostReports = 16;

}  // namespace

HandedOver::HandedOver(Loop& loop, Side& side, ListenerCounters& counters, Ends ends, Ended ended)
    : side_(side),
      counters_(counters),
      ends_(std::move(ends)),
      ended_(std::move(ended)),
      idle_(loop, [this] { end(); }) {}

void HandedOver::start() {
  idle_.start();
  const bool watched = ends_.target.watch([this](std::uint32_t events) { on_target(events); });
  if (!watched) end();
}

void HandedOver::on_target(std::uint32_t events) {
  if (!ended_) return;
  const bool last = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  for (int i = 0; (last || i < kMostReports) && !(client_ended_ && target_ended_); ++i) {
    const auto passed = side_.passed(ends_.target.get());
    if (!passed) break;
    counters_.from_client.fetch_add(passed->from_client, std::memory_order_relaxed);
    counters_.to_client.fetch_add(passed->to_client, std::memory_order_relaxed);
    client_ended_ = passed->client_ended;
    target_ended_ = passed->target_ended;
    idle_.note_byte();
    if (client_ended_ || target_ended_) idle_.note_end();
  }
  if (last) end();
}

void HandedOver::end() {
  const Ended ended = std::exchange(ended_, nullptr);
  if (!ended) return;
  if (!client_ended_ || !target_ended_) counters_.broken.fetch_add(1, std::memory_order_relaxed);
  if (!target_ended_) reset_at_close(ends_.client.descriptor());
  const Watched closed = std::move(ends_.target);
  std::optional<Watched> parting;
  if (target_ended_ && !client_ended_) parting = std::move(ends_.client);
  ended(std::move(parting));
}

}  // namespace wring::proxy
