// A flow for each pair of peer and target.
#include "proxy/gateway_datagrams.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "proxy/addresses.h"
#include "proxy/datagram_io.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kMaxDatagram = 65535;
constexpr int kDatagramsPerTurn = 64;

std::string both(const Endpoint& peer, const Endpoint& target) {
  std::string key;
  for (const Endpoint* const each : {&peer, &target}) {
    const EndpointBytes bytes = cookie_bytes(*each);
    key.append(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.size);
  }
  return key;
}

}  // namespace

GatewayDatagrams::GatewayDatagrams(Services& services, ListenerCounters& counters, UniqueFd four,
                                   UniqueFd six, MayPass may_pass)
    : services_(services),
      counters_(counters),
      four_(std::move(four)),
      six_(std::move(six)),
      may_pass_(std::move(may_pass)) {}

GatewayDatagrams::~GatewayDatagrams() {
  *alive_ = false;
  services_.loop.cancel(timer_);
  services_.loop.forget(four_.get());
  if (six_) services_.loop.forget(six_.get());
  while (!flows_.empty())
    remove(std::string(flows_.begin()->first));
}

bool GatewayDatagrams::start() {
  look();
  for (const UniqueFd* const socket : {&four_, &six_}) {
    if (!*socket) continue;
    const auto react = [this, socket](std::uint32_t) { receive(*socket); };
    if (!services_.loop.watch(socket->get(), react)) return false;
  }
  return true;
}

void GatewayDatagrams::receive(const UniqueFd& socket) {
  thread_local std::vector<char> buffer(kMaxDatagram);
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    Endpoint from;
    Endpoint to;
    const ssize_t got = receive_with_target(socket.get(), buffer, from, to);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) continue;
    take(from, to, {buffer.data(), static_cast<std::size_t>(got)});
  }
  services_.loop.later([this, &socket, alive = alive_] {
    if (*alive) receive(socket);
  });
}

void GatewayDatagrams::take(const Endpoint& from, const Endpoint& to, std::string_view payload) {
  if (!from.is_set() || !to.is_set()) return drop();
  const std::string key = both(from, to);
  auto found = flows_.find(key);
  if (found == flows_.end()) {
    if (!may_pass_(from, to)) return counters_.count(Refusal::kNotAllowed);
    if (flows_.size() >= kMaxFlows) remove_idle(kQuiet);
    if (flows_.size() >= kMaxFlows || !services_.places.take()) {
      return counters_.count(Refusal::kFull);
    }
    found = flows_.emplace(key, Flow{from, to, nullptr, UniqueFd(), services_.loop.now()}).first;
    counters_.opened.fetch_add(1, std::memory_order_relaxed);
    counters_.open.fetch_add(1, std::memory_order_relaxed);
    if (!open(key, found->second)) {
      counters_.count(Refusal::kUnreachable);
      return remove(key);
    }
  }
  Flow& flow = found->second;
  flow.last = services_.loop.now();
  if (!flow.outside->send({}, {}, payload)) return drop();
  counters_.from_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

bool GatewayDatagrams::open(const std::string& key, Flow& flow) {
  flow.inside = socket_of_another(flow.target);
  UniqueFd made = services_.outside.side.socket(remote_address(flow.target).version, SOCK_DGRAM);
  if (!flow.inside || !made ||
      connect(made.get(), &flow.target.remote.any, flow.target.remote_size()) != 0) {
    return false;
  }
  flow.outside = std::make_unique<Datagrams>(
      services_.loop, std::move(made),
      [this, key](const Endpoint&, std::string_view payload) { answer(key, payload); });
  return flow.outside->start();
}

void GatewayDatagrams::answer(const std::string& key, std::string_view payload) {
  const auto found = flows_.find(key);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  flow.last = services_.loop.now();
  if (sendto(flow.inside.get(), payload.data(), payload.size(), MSG_NOSIGNAL, &flow.peer.remote.any,
             flow.peer.remote_size()) < 0) {
    return drop();
  }
  counters_.to_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

void GatewayDatagrams::remove(const std::string& key) {
  const auto found = flows_.find(key);
  if (found == flows_.end()) return;
  services_.loop.bury(std::shared_ptr<Datagrams>(std::move(found->second.outside)));
  flows_.erase(found);
  services_.places.give_back();
  counters_.open.fetch_sub(1, std::memory_order_relaxed);
}

void GatewayDatagrams::remove_idle(Duration limit) {
  std::vector<std::string> idle;
  for (const auto& [key, flow] : flows_) {
    if (services_.loop.now() - flow.last >= limit) idle.push_back(key);
  }
  for (const std::string& key : idle)
    remove(key);
}

void GatewayDatagrams::look() {
  remove_idle(limit_);
  timer_ = services_.loop.at(services_.loop.now() + kLook, [this] { look(); });
}

}  // namespace wring::proxy
