// One socket towards the client, one for each version of IP towards targets.
#include "proxy/association.h"

#include <sys/socket.h>

#include <utility>

#include "proxy/addresses.h"
#include "proxy/datagram_io.h"

namespace wring::proxy {

tl::expected<std::unique_ptr<Association>, Refusal> Association::create(Services& services,
                                                                        ListenerCounters& counters,
                                                                        const Endpoint& local,
                                                                        const Endpoint& client,
                                                                        std::uint16_t port) {
  // A client of a UNIX socket has no address from which datagrams could be expected.
  if (!local.is_set() || !client.is_set()) return tl::unexpected(Refusal::kUnsupported);
  std::unique_ptr<Association> made(new Association(services, counters, client, port));
  if (!made->open(local)) return tl::unexpected(Refusal::kFull);
  return made;
}

Association::Association(Services& services, ListenerCounters& counters, const Endpoint& client,
                         std::uint16_t port)
    : services_(services),
      counters_(counters),
      client_(endpoint_at(remote_address(client), port)),
      port_is_known_(port != 0),
      room_(kMaxWaitingBytes, &services.waiting) {}

bool Association::open(const Endpoint& local) {
  const IpAddress address = remote_address(local);
  UniqueFd socket = services_.outside.side.socket(address.version, SOCK_DGRAM);
  Endpoint at = endpoint_at(address, 0);
  if (at.is_v6()) at.remote.v6.sin6_scope_id = local.remote.v6.sin6_scope_id;
  if (!socket || bind(socket.get(), &at.remote.any, at.remote_size()) != 0) return false;
  outside_ = std::make_unique<Datagrams>(
      services_.loop, std::move(socket),
      [this](const Endpoint& from, std::string_view bytes) { take_from_client(from, bytes); });
  return outside_->start();
}

Endpoint Association::address() const {
  return local_address(outside_->socket());
}

void Association::take_from_client(const Endpoint& from, std::string_view bytes) {
  const bool is_client = remote_address(from) == remote_address(client_) &&
                         (!port_is_known_ || port_of(from) == port_of(client_));
  const auto datagram = is_client ? read_socks_datagram(bytes) : std::nullopt;
  if (!datagram) return drop();
  client_ = from;
  port_is_known_ = true;
  if (const auto address = literal_address(datagram->to.host)) {
    return send_to_target(endpoint_at(*address, datagram->to.port), datagram->payload);
  }
  const auto known = names_.find(datagram->to.host);
  if (known != names_.end()) {
    return send_to_target(endpoint_at(known->second, datagram->to.port), datagram->payload);
  }
  look_up(datagram->to, datagram->payload);
}

void Association::look_up(const config::HostPort& to, std::string_view payload) {
  if (asked_.size() >= kMaxNames) return drop();
  auto datagram = WaitingDatagram::keep(room_, payload);
  if (!datagram) return drop();
  const std::uint64_t id = next_asked_++;
  asked_.emplace(id, Asked{to, std::move(*datagram)});
  Reach& tunnel = services_.tunnel;
  tunnel.resolver->ask(to.host, tunnel.families,
                       [this, alive = alive_, id](const std::vector<IpAddress>& addresses) {
                         if (*alive) take_answer(id, addresses);
                       });
}

void Association::take_answer(std::uint64_t id, const std::vector<IpAddress>& addresses) {
  const auto found = asked_.extract(id);
  if (addresses.empty()) return drop();
  const Asked& asked = found.mapped();
  if (names_.insert_or_assign(asked.to.host, addresses.front()).second) {
    names_in_turn_.push_back(asked.to.host);
  }
  if (names_.size() > kMaxNames) {
    names_.erase(names_in_turn_.front());
    names_in_turn_.pop_front();
  }
  send_to_target(endpoint_at(addresses.front(), asked.to.port), asked.datagram.payload());
}

Datagrams* Association::socket_for(IpVersion version) {
  std::unique_ptr<Datagrams>& socket = inside_[version];
  if (socket) return socket.get();
  UniqueFd made = services_.tunnel.side.socket(version, SOCK_DGRAM);
  if (!made) return nullptr;
  auto opened = std::make_unique<Datagrams>(
      services_.loop, std::move(made),
      [this](const Endpoint& from, std::string_view payload) { take_from_target(from, payload); });
  IpAddress any;
  any.version = version;
  const Endpoint at = endpoint_at(any, 0);
  const int number = opened->socket().get();
  // A stack has bound it already.
  const bool bound = has_heads(number) || bind(number, &at.remote.any, at.remote_size()) == 0;
  if (!bound || !opened->start()) return nullptr;
  socket = std::move(opened);
  return socket.get();
}

void Association::send_to_target(const Endpoint& to, std::string_view payload) {
  Datagrams* const socket = socket_for(remote_address(to).version);
  if (socket == nullptr || !socket->send(to, {}, payload)) return drop();
  counters_.from_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

void Association::take_from_target(const Endpoint& from, std::string_view payload) {
  if (!outside_->send(client_, socks_datagram_head(from), payload)) return drop();
  counters_.to_client.fetch_add(payload.size(), std::memory_order_relaxed);
}

}  // namespace wring::proxy
