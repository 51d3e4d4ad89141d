// accept(), and a protocol for each client.
#include "proxy/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "protocols/client_hello.h"
#include "protocols/forward.h"
#include "protocols/http_proxy.h"
#include "protocols/socks5.h"
#include "proxy/addresses.h"
#include "proxy/passwords.h"

namespace wring::proxy {
namespace {

// For all that it takes: they send at once what they are given, and one whose client died without a
// word is noticed after some minutes.
void prepare(const UniqueFd& socket) {
  constexpr int kOn = 1;
  constexpr int kIdleSeconds = 120;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
  setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
  // No byte is lost for being urgent (RFC 6093, 6).
  setsockopt(socket.get(), SOL_SOCKET, SO_OOBINLINE, &kOn, sizeof kOn);
  setsockopt(socket.get(), IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
}

}  // namespace

TcpListener::TcpListener(Services& services, ListenerCounters& counters, const Listener& listener,
                         Reach& reach, UniqueFd socket)
    : services_(services),
      counters_(counters),
      listener_(listener),
      reach_(reach),
      socket_(std::move(socket)) {}

TcpListener::~TcpListener() {
  *alive_ = false;
  services_.loop.cancel(timer_);
  if (socket_) services_.loop.forget(socket_.get());
}

bool TcpListener::start() {
  prepare(socket_);
  return services_.loop.watch(socket_.get(), [this](std::uint32_t) { take(); }).has_value();
}

void TcpListener::retire() {
  services_.loop.cancel(timer_);
  if (socket_) services_.loop.forget(socket_.get());
  socket_.reset();
}

void TcpListener::take() {
  for (int i = 0; i < kPerTurn; ++i) {
    Endpoint from;
    UniqueFd taken = acceptor_->accept(socket_.get(), from);
    if (taken) {
      if (!drained_) prepare(taken);
      UniqueFd end_mark = acceptor_->end_mark(taken.get());
      admit({std::move(taken), std::move(end_mark)}, from);
      continue;
    }
    drained_ = drained_ || errno == EAGAIN;
    if (errno == EAGAIN) return;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
    services_.loop.cancel(timer_);
    timer_ = services_.loop.at(services_.loop.now() + kPause, [this] { take(); });
    return;
  }
  services_.loop.later([this, alive = alive_] {
    if (*alive && socket_) take();
  });
}

void TcpListener::admit(Taken taken, const Endpoint& from) {
  if (may_pass_) return admit_by_gateway(std::move(taken), from);
  // Behind TLS, a client would have to shake hands to hear why it is refused.
  const bool in_clear = identity_ == nullptr;
  const bool allowed = is_allowed(from);
  if (!allowed && !in_clear) return counters_.count(Refusal::kNotAllowed);
  if (Places::Held place = services_.places.hold()) {
    if (!in_clear) return admit_with_tls(std::move(taken.socket), from, std::move(place));
    Client& client = add(std::move(taken), from, std::move(place), {});
    return allowed ? client.serve() : client.turn_away(Refusal::kNotAllowed);
  }
  counters_.count(Refusal::kFull);
  if (!in_clear) return;
  // One answer, without waiting whether it arrives.
  const std::string answer = protocol_for(from, {})->refused(Refusal::kFull);
  send(taken.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// To a peer it is the target that resets.
void TcpListener::admit_by_gateway(Taken taken, const Endpoint& from) {
  Places::Held place = services_.places.hold();
  const bool may_pass = place && may_pass_(from, local_address(taken.socket));
  if (!may_pass) {
    counters_.count(place ? Refusal::kNotAllowed : Refusal::kFull);
    return reset_at_close(taken.socket);
  }
  Client& client = add(std::move(taken), from, std::move(place), {});
  client.reset_if_refused();
  client.serve();
}

// The client is in clear at one end of a pair. It keeps its place until bridge and client are over.
void TcpListener::admit_with_tls(UniqueFd socket, const Endpoint& from, Places::Held place) {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return counters_.count(Refusal::kFull);
  }
  UniqueFd ours(ends[0]);
  const auto slot = std::make_shared<const TlsBridge*>(nullptr);
  auto bridge = std::make_shared<TlsBridge>(services_.loop, *identity_, std::move(socket),
                                            UniqueFd(ends[1]), [this, slot, place] {
                                              const auto found = bridges_.find(*slot);
                                              services_.loop.bury(std::move(found->second));
                                              bridges_.erase(found);
                                            });
  *slot = bridge.get();
  if (!bridge->start()) return counters_.count(Refusal::kFull);
  bridges_.emplace(bridge.get(), bridge);
  Client& client = add({std::move(ours), {}}, from, std::move(place), {});
  client.reset_by([weak = std::weak_ptr(bridge)] {
    if (const auto there = weak.lock()) there->break_off();
  });
  bridge->on_broken([weak = std::weak_ptr(clients_.at(&client))] {
    if (const auto there = weak.lock()) there->break_off();
  });
  client.serve();
}

void TcpListener::serve(UniqueFd socket, std::function<void()> ended) {
  Places::Held place = services_.places.hold();
  if (!place) return ended();
  add({std::move(socket), {}}, {}, std::move(place), std::move(ended)).serve();
}

Client& TcpListener::add(Taken taken, const Endpoint& from, Places::Held place,
                         std::function<void()> ended) {
  counters_.opened.fetch_add(1, std::memory_order_relaxed);
  counters_.open.fetch_add(1, std::memory_order_relaxed);
  const auto slot = std::make_shared<const Client*>(nullptr);
  const Endpoint to = may_pass_ ? local_address(taken.socket) : Endpoint();
  auto client =
      std::make_shared<Client>(services_, counters_,
                               Client::Start{std::move(taken.socket), from, protocol_for(from, to),
                                             reach_, std::move(taken.end_mark)},
                               [this, slot, place = std::move(place), ended = std::move(ended)] {
                                 remove(*slot);
                                 if (ended) ended();
                               });
  *slot = client.get();
  clients_.emplace(client.get(), client);
  return *client;
}

void TcpListener::remove(const Client* client) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  services_.loop.bury(std::move(found->second));
  clients_.erase(found);
  counters_.open.fetch_sub(1, std::memory_order_relaxed);
}

std::unique_ptr<Protocol> TcpListener::protocol_for(const Endpoint& from, const Endpoint& local) {
  CheckCredentials check;
  if (!listener_.credentials.empty()) {
    // Without an address, as at a path, a wrong one has to wait instead.
    const auto who = from.is_set() ? std::optional(remote_address(from)) : std::nullopt;
    check = [this, who](std::string_view username, std::string_view password) {
      const TimePoint now = services_.loop.now();
      if (who && !guesses_.may_try(*who, now)) return false;
      const bool right = are_right(listener_.credentials, username, password);
      if (who && !right) guesses_.count_wrong(*who, now);
      return right;
    };
  }
  switch (listener_.kind) {
    case Listener::Kind::kSocks5:
      return std::make_unique<Socks5>(std::move(check));
    case Listener::Kind::kHttp:
      return std::make_unique<HttpProxy>(std::move(check));
    case Listener::Kind::kSni:
      return std::make_unique<Sni>();
    case Listener::Kind::kGateway:
      return std::make_unique<Forward>(
          config::HostPort{to_string(remote_address(local)), port_of(local)});
    default:
      return std::make_unique<Forward>(listener_.target);
  }
}

bool TcpListener::is_allowed(const Endpoint& from) const {
  // A client of a UNIX socket or of a virtual machine has no address that could be allowed.
  if (listener_.allowed.empty() || !from.is_set()) return listener_.allowed.empty();
  return std::ranges::any_of(
      listener_.allowed, [&](const IpPrefix& net) { return net.contains(remote_address(from)); });
}

}  // namespace wring::proxy
