#include "control/uapi_server.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace wring {
namespace {

// Clients taken in one round; the rest waits in the backlog for the next one.
constexpr int kAcceptsPerRound = 16;

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE;
}

UniqueFd spare_descriptor() {
  return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

Result<std::unique_ptr<UapiServer>> UapiServer::start(EventLoop& loop, Configurable& device,
                                                      UapiSocket socket) {
  std::unique_ptr<UapiServer> server(new UapiServer(loop, device, std::move(socket)));
  if (auto listening = server->listen(); !listening) return tl::unexpected(listening.error());
  return server;
}

UapiServer::UapiServer(EventLoop& loop, Configurable& device, UapiSocket socket)
    : loop_(loop), device_(device), socket_(std::move(socket)), spare_(spare_descriptor()) {}

UapiServer::~UapiServer() {
  while (!clients_.empty())
    drop(clients_.begin());
  loop_.remove(socket_.watch_fd());
  loop_.remove(socket_.fd());
}

Result<void> UapiServer::listen() {
  if (socket_.watch_fd() >= 0) {
    auto watched = loop_.add(socket_.watch_fd(), EPOLLIN, [this](std::uint32_t) { check_file(); });
    if (!watched) return watched;
  }
  return loop_.add(socket_.fd(), EPOLLIN, [this](std::uint32_t) { accept_clients(); });
}

void UapiServer::accept_clients() {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    UniqueFd fd(accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      add_client(std::move(fd));
    } else if (out_of_descriptors(errno)) {
      spare_.reset();
      UniqueFd(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
      spare_ = spare_descriptor();
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void UapiServer::add_client(UniqueFd fd) {
  if (clients_.size() == kMaxUapiClients) drop(clients_.begin());
  clients_.emplace_back(std::move(fd), device_);
  const auto client = std::prev(clients_.end());
  const auto watched =
      loop_.add(client->fd(), EPOLLIN, [this, client](std::uint32_t) { serve(client); });
  // The kernel's limit of watches is reached: the client sees its connection closed.
  if (!watched) clients_.pop_back();
}

void UapiServer::serve(Clients::iterator client) {
  const std::uint32_t wanted = client->wanted_events();
  if (!client->serve()) return drop(client);
  if (client->wanted_events() != wanted) loop_.modify(client->fd(), client->wanted_events());
  clients_.splice(clients_.end(), clients_, client);
}

void UapiServer::drop(Clients::iterator client) {
  loop_.remove(client->fd());
  clients_.erase(client);
}

void UapiServer::check_file() {
  if (!socket_.file_is_gone()) return;
  loop_.remove(socket_.watch_fd());
  if (const auto callback = std::exchange(on_removed_, nullptr)) callback();
}

}  // namespace wring
