// Accepts clients, serves each a little at a time, and decides who waits when there are too many.
#include "control/uapi_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace wring {
namespace {

// Clients taken in one round. The rest waits in the backlog for the next one.
constexpr int kAcceptsPerRound = 16;
// How often the socket's file is looked at where the kernel does not report its end.
constexpr std::chrono::seconds kLookForFile{3};

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE;
}

}  // namespace

Result<std::unique_ptr<UapiServer>> UapiServer::start(EventLoop& loop, Configurable& device,
                                                      UapiSocket socket, const UapiLimits& limits) {
  UniqueFd timer(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return system_failure("cannot make a timer descriptor", errno);
  std::unique_ptr<UapiServer> server(
      new UapiServer(loop, device, std::move(socket), std::move(timer), limits));
  if (auto listening = server->listen(); !listening) return tl::unexpected(listening.error());
  return server;
}

UapiServer::UapiServer(EventLoop& loop, Configurable& device, UapiSocket socket, UniqueFd timer,
                       const UapiLimits& limits)
    : loop_(loop),
      device_(device),
      socket_(std::move(socket)),
      timer_(std::move(timer)),
      limits_(limits) {
  assert(limits.clients != 0);
}

UapiServer::~UapiServer() {
  while (!clients_.empty()) {
    loop_.remove(clients_.front().connection.fd());
    clients_.pop_front();
  }
  loop_.remove(socket_.watch_fd());
  loop_.remove(timer_.get());
  loop_.remove(socket_.fd());
}

Result<void> UapiServer::listen() {
  if (socket_.watch_fd() >= 0) {
    auto watched = loop_.add(socket_.watch_fd(), EPOLLIN, [this](std::uint32_t) { check_file(); });
    if (!watched) return watched;
  }
  auto timed = loop_.add(timer_.get(), EPOLLIN, [this](std::uint32_t) { on_timer(); });
  if (!timed) return timed;
  set_timer();
  if (UniqueFd stream = socket_.take_stream()) {
    one_client_ = true;
    add_client(std::move(stream));
    if (clients_.empty()) return failure("cannot watch the connection that was handed in");
    return {};
  }
  return loop_.add(socket_.fd(), EPOLLIN, [this](std::uint32_t) { accept_clients(); });
}

void UapiServer::accept_clients() {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    if (clients_.size() >= limits_.clients) {
      // In a later round: only now is it certain that somebody waits.
      if (i != 0) return;
      if (!drop_an_idle_client()) return pause();
    }
    UniqueFd fd(accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      add_client(std::move(fd));
    } else if (out_of_descriptors(errno)) {
      if (!drop_an_idle_client()) return pause();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void UapiServer::add_client(UniqueFd fd) {
  const auto may_listen = [this] { return listener_count() < limits_.listeners; };
  clients_.emplace_back(std::move(fd), device_, may_listen, clock_.now());
  const auto client = std::prev(clients_.end());
  const auto watched =
      loop_.add(client->connection.fd(), EPOLLIN, [this, client](std::uint32_t) { serve(client); });
  // The kernel's limit of watches is reached: the client sees its connection closed.
  if (!watched) clients_.pop_back();
}

void UapiServer::serve(Clients::iterator client) {
  UapiConnection& connection = client->connection;
  const std::uint32_t wanted = connection.wanted_events();
  const std::uint64_t moved = connection.bytes_moved();
  if (!connection.serve()) return drop(client);
  if (connection.wanted_events() != wanted) {
    loop_.modify(connection.fd(), connection.wanted_events());
  }
  if (connection.bytes_moved() == moved) return;
  client->moved = clock_.now();
  client->suspected = false;
  clients_.splice(clients_.end(), clients_, client);
}

std::size_t UapiServer::listener_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      clients_, [](const Client& client) { return client.connection.listens(); }));
}

void UapiServer::report(const ReportedEvent& event) {
  TextBuffer text(kMaxUapiEventSize);
  for (Client& client : clients_) {
    if (!client.connection.listens()) continue;
    if (text.empty()) append_event(text, event);
    const std::uint32_t wanted = client.connection.wanted_events();
    client.connection.report(text.pending());
    if (client.connection.wanted_events() == wanted) continue;
    loop_.modify(client.connection.fd(), client.connection.wanted_events());
  }
}

void UapiServer::drop(Clients::iterator client) {
  loop_.remove(client->connection.fd());
  clients_.erase(client);
  if (paused_) resume();
  if (!one_client_) return;
  if (const auto callback = std::exchange(on_removed_, nullptr)) {
    callback("what started it hung up");
  }
}

// False if no client is idle.
bool UapiServer::drop_an_idle_client() {
  const TimePoint now = clock_.now();
  const auto idle = std::ranges::find_if(clients_, [&](const Client& client) {
    return now - client.moved >= limits_.idle_after && client.connection.is_idle();
  });
  if (idle == clients_.end()) return false;
  loop_.remove(idle->connection.fd());
  clients_.erase(idle);
  return true;
}

// The first look only suspects a client. So if this thread was held up itself, each client gets its
// turn before the second look.
void UapiServer::drop_stuck_clients() {
  const TimePoint now = clock_.now();
  auto client = clients_.begin();
  while (client != clients_.end() && now - client->moved >= limits_.stuck_after) {
    const auto next = std::next(client);
    if (client->connection.awaits_events()) {
      // It is quiet because nothing has happened.
    } else if (client->suspected) {
      drop(client);
    } else {
      client->suspected = true;
    }
    client = next;
  }
}

void UapiServer::pause() {
  if (paused_) return;
  paused_ = true;
  loop_.modify(socket_.fd(), 0);
  set_timer();
}

void UapiServer::resume() {
  assert(paused_);
  paused_ = false;
  loop_.modify(socket_.fd(), EPOLLIN);
  set_timer();
}

// It runs only while newcomers wait, or while the kernel does not watch the file for us.
void UapiServer::set_timer() {
  std::chrono::nanoseconds wait{0};  // none
  if (paused_) {
    wait = limits_.look_every;
  } else if (socket_.is_unwatched()) {
    wait = kLookForFile;
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec every{.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()};
  const itimerspec when{.it_interval = every, .it_value = every};
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void UapiServer::on_timer() {
  std::uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = read(timer_.get(), &times, sizeof times);
  // Whether there is a place, or a descriptor, shows when the next client is taken.
  if (paused_) drop_stuck_clients();
  if (paused_) resume();
  check_file();
}

void UapiServer::check_file() {
  if (!socket_.file_is_gone()) return;
  loop_.remove(socket_.watch_fd());
  if (const auto callback = std::exchange(on_removed_, nullptr)) {
    callback("the control socket was deleted");
  }
}

}  // namespace wring
