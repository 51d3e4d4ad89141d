// A flow for each client, with a socket of its own, so that answers find their way.
#include "proxy/udp_forward.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

std::string key_of(const Endpoint& client) {
  const EndpointBytes bytes = cookie_bytes(client);
  return {reinterpret_cast<const char*>(bytes.bytes.data()), bytes.size};
}

}  // namespace

UdpForward::UdpForward(Services& services, ListenerCounters& counters, const Listener& listener,
                       Reach& reach, UniqueFd socket)
    : services_(services),
      counters_(counters),
      listener_(listener),
      reach_(reach),
      front_(
          services.loop, std::move(socket),
          [this](const Endpoint& from, std::string_view bytes) { take_from_client(from, bytes); }),
      room_(kMaxWaitingBytes, &services.waiting) {}

UdpForward::~UdpForward() {
  *alive_ = false;
  services_.loop.cancel(timer_);
  while (!flows_.empty())
    remove(std::string(flows_.begin()->first));
}

bool UdpForward::start() {
  look();
  return front_.start();
}

void UdpForward::become(const Listener& listener) {
  listener_ = listener;
  services_.loop.cancel(timer_);
  look();
}

void UdpForward::take_from_client(const Endpoint& from, std::string_view payload) {
  const std::string key = key_of(from);
  const auto known = flows_.find(key);
  if (known != flows_.end()) return send_to_target(known->second, payload);
  const auto& allowed = listener_.allowed;
  const bool is_allowed = allowed.empty() || std::ranges::any_of(allowed, [&](const IpPrefix& net) {
                            return net.contains(remote_address(from));
                          });
  if (!is_allowed) return counters_.count(Refusal::kNotAllowed);
  if (flows_.size() >= kMaxFlows) make_room();
  if (flows_.size() >= kMaxFlows || !services_.places.take()) {
    return counters_.count(Refusal::kFull);
  }
  Flow& flow = flows_[key];
  flow.client = from;
  counters_.opened.fetch_add(1, std::memory_order_relaxed);
  counters_.open.fetch_add(1, std::memory_order_relaxed);
  send_to_target(flow, payload);
  look_up(key);
}

void UdpForward::look_up(const std::string& key) {
  const std::string& host = listener_.target.host;
  if (const auto address = literal_address(host)) return use(key, {*address});
  reach_.resolver->ask(host, reach_.families,
                       [this, alive = alive_, key](const std::vector<IpAddress>& addresses) {
                         if (*alive) use(key, addresses);
                       });
}

void UdpForward::use(const std::string& key, const std::vector<IpAddress>& addresses) {
  const auto found = flows_.find(key);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  if (addresses.empty()) {
    counters_.count(Refusal::kName);
    return remove(key);
  }
  const Endpoint to = endpoint_at(addresses.front(), listener_.target.port);
  UniqueFd made = reach_.side.socket(addresses.front().version, SOCK_DGRAM);
  if (!made || !reach_.side.connect(made.get(), to, {})) {
    counters_.count(Refusal::kUnreachable);
    return remove(key);
  }
  flow.socket = std::make_unique<Datagrams>(
      services_.loop, std::move(made),
      [this, key](const Endpoint&, std::string_view payload) { take_from_target(key, payload); });
  if (!flow.socket->start()) return remove(key);
  for (const WaitingDatagram& datagram : std::exchange(flow.waiting, {}))
    send_to_target(flow, datagram.payload());
}

void UdpForward::send_to_target(Flow& flow, std::string_view payload) {
  flow.last = services_.loop.now();
  if (!flow.socket) {
    if (flow.waiting.size() == kMaxWaiting) return drop();
    auto datagram = WaitingDatagram::keep(room_, payload);
    if (!datagram) return drop();
    flow.waiting.push_back(std::move(*datagram));
    return;
  }
  if (!flow.socket->send({}, {}, payload)) return drop();
  counters_.from_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

void UdpForward::take_from_target(const std::string& key, std::string_view payload) {
  const auto found = flows_.find(key);
  if (found == flows_.end()) return;
  found->second.last = services_.loop.now();
  if (!front_.send(found->second.client, {}, payload)) return drop();
  counters_.to_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

void UdpForward::remove(const std::string& key) {
  const auto found = flows_.find(key);
  if (found == flows_.end()) return;
  services_.loop.bury(std::shared_ptr<Datagrams>(std::move(found->second.socket)));
  flows_.erase(found);
  services_.places.give_back();
  counters_.open.fetch_sub(1, std::memory_order_relaxed);
}

void UdpForward::look() {
  if (listener_.inactivity.count() != 0) {
    remove_idle(listener_.inactivity);
  } else if (services_.places.are_few()) {
    remove_idle(kQuiet);
  }
  timer_ = services_.loop.at(services_.loop.now() + kLook, [this] { look(); });
}

// Flows that would never end give way to new ones once they are quiet.
void UdpForward::make_room() {
  const TimePoint now = services_.loop.now();
  if (now < next_room_) return;
  next_room_ = now + kLook;
  remove_idle(kQuiet);
}

void UdpForward::remove_idle(Duration limit) {
  const TimePoint now = services_.loop.now();
  std::vector<std::string> idle;
  for (const auto& [key, flow] : flows_) {
    if (now - flow.last >= limit) idle.push_back(key);
  }
  for (const std::string& key : idle)
    remove(key);
}

}  // namespace wring::proxy
