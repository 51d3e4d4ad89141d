// Reads a head, writes an answer, and closes.
#include "proxy/info_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "httptext/http_head.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kMaxHead = 8192;

std::string page(const InfoAnswer& answer, bool with_body) {
  return status_line(answer.status) + "Content-Type: " + answer.type +
         "\r\nContent-Length: " + std::to_string(answer.body.size()) +
         "\r\nConnection: close\r\n\r\n" + (with_body ? answer.body : "");
}

InfoAnswer plain(HttpStatus status) {
  return {status, "text/plain", std::string(phrase_of(status)) + "\n"};
}

}  // namespace

InfoServer::~InfoServer() {
  for (const auto& [fd, client] : clients_)
    loop_.remove(fd);
  loop_.remove(listener_.get());
}

Result<void> InfoServer::start() {
  return loop_.add(listener_.get(), EPOLLIN, [this](std::uint32_t) { take(); });
}

void InfoServer::take() {
  UniqueFd taken(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!taken) return;
  const int fd = taken.get();
  if (!loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { on_event(fd); })) return;
  clients_.emplace(fd, Client{std::move(taken), {}, {}, clock_.now() + kLimit});
  if (clients_.size() == kMaxClients) loop_.modify(listener_.get(), 0);
}

void InfoServer::on_event(int fd) {
  const auto found = clients_.find(fd);
  if (found == clients_.end()) return;
  Client& client = found->second;
  const bool goes_on = client.out.empty() ? read(client) : true;
  if (!goes_on || (!client.out.empty() && !write(client))) remove(fd);
}

bool InfoServer::read(Client& client) const {
  std::array<char, 2048> bytes;
  const ssize_t got = recv(client.socket.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.in.append(bytes.data(), static_cast<std::size_t>(got));
  const auto head = read_http_head(client.in);
  if (!head || client.in.size() > kMaxHead) {
    client.out = page(plain(HttpStatus::kBadRequest), true);
  } else if (*head) {
    const bool is_head = (*head)->method == "HEAD";
    if (!is_head && (*head)->method != "GET") {
      client.out = page(plain(HttpStatus::kMethodNotAllowed), true);
      return true;
    }
    const std::string_view path = (*head)->target.substr(0, (*head)->target.find('?'));
    client.out =
        page(answer_(path, (*head)->field("Accept").value_or(std::string_view())), !is_head);
  }
  return true;
}

bool InfoServer::write(Client& client) {
  const ssize_t sent =
      send(client.socket.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
  if (sent > 0) client.out.erase(0, static_cast<std::size_t>(sent));
  if (client.out.empty()) return false;
  loop_.modify(client.socket.get(), EPOLLOUT);
  return true;
}

void InfoServer::remove(int fd) {
  loop_.remove(fd);
  clients_.erase(fd);
  if (clients_.size() == kMaxClients - 1) loop_.modify(listener_.get(), EPOLLIN);
}

TimePoint InfoServer::next() const {
  TimePoint first = kNever;
  for (const auto& [fd, client] : clients_)
    first = std::min(first, client.until);
  return first;
}

void InfoServer::look_after(TimePoint now) {
  std::vector<int> late;
  for (const auto& [fd, client] : clients_) {
    if (client.until <= now) late.push_back(fd);
  }
  for (const int fd : late)
    remove(fd);
}

}  // namespace wring::proxy
