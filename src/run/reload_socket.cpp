// One packet asks, one packet answers: '1' or '0' for done or not, then the text.
#include "run/reload_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "client/interfaces.h"

namespace wring::run {
namespace {

constexpr std::string_view kQuestion = "reload";
constexpr std::size_t kMaxAnswer = 64U << 10;
// A reload waits for names for a few seconds, and for programs that know about DNS.
constexpr timeval kPatience{30, 0};

const sockaddr* raw(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<UniqueFd> make_socket(int flags) {
  UniqueFd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
  if (!made) return system_failure("cannot make a socket", errno);
  return made;
}

}  // namespace

struct ReloadSocket::State {
  State(UniqueFd socket, sockaddr_un where, EventLoop& events, std::function<void()> call)
      : listener(std::move(socket)), address(where), loop(events), asked(std::move(call)) {}

  void accept();
  void read(int client);

  UniqueFd listener;
  sockaddr_un address;
  EventLoop& loop;
  std::function<void()> asked;
  std::map<int, UniqueFd> connected;  // by descriptor
  std::vector<UniqueFd> waiting;      // have asked
};

void ReloadSocket::State::accept() {
  UniqueFd client(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client || connected.size() + waiting.size() >= kMaxClients) return;
  const int number = client.get();
  if (!loop.add(number, EPOLLIN, [this, number](std::uint32_t) { read(number); })) return;
  connected.emplace(number, std::move(client));
}

void ReloadSocket::State::read(int client) {
  char question[kQuestion.size() + 1];
  const ssize_t got = recv(client, question, sizeof question, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  loop.remove(client);
  auto kept = connected.extract(client);
  if (got < 0 || std::string_view(question, static_cast<std::size_t>(got)) != kQuestion) return;
  waiting.push_back(std::move(kept.mapped()));
  asked();
}

ReloadSocket::ReloadSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReloadSocket::ReloadSocket(ReloadSocket&&) noexcept = default;

Result<ReloadSocket> ReloadSocket::open(const std::string& interface, EventLoop& loop,
                                        std::function<void()> asked, const std::string& folder) {
  const auto address = client::control_address(interface, folder);
  if (!address) return tl::unexpected(address.error());
  auto socket = make_socket(SOCK_NONBLOCK);
  if (!socket) return tl::unexpected(socket.error());
  static_cast<void>(unlink(address->sun_path));
  const mode_t mask = umask(S_IRWXG | S_IRWXO);
  const int bound = bind(socket->get(), raw(*address), sizeof *address);
  umask(mask);
  if (bound != 0 || listen(socket->get(), static_cast<int>(kMaxClients)) != 0) {
    return system_failure("cannot listen on " + std::string(address->sun_path), errno);
  }
  auto state = std::make_unique<State>(std::move(*socket), *address, loop, std::move(asked));
  auto watched = loop.add(state->listener.get(), EPOLLIN,
                          [raw = state.get()](std::uint32_t) { raw->accept(); });
  if (!watched) return tl::unexpected(watched.error());
  return ReloadSocket(std::move(state));
}

ReloadSocket::~ReloadSocket() {
  if (!state_) return;
  for (const auto& [number, client] : state_->connected)
    state_->loop.remove(number);
  state_->loop.remove(state_->listener.get());
  static_cast<void>(unlink(state_->address.sun_path));
}

std::vector<UniqueFd> ReloadSocket::take() {
  return std::exchange(state_->waiting, {});
}

void ReloadSocket::answer(const std::vector<UniqueFd>& clients, const ReloadAnswer& answer) {
  const std::string packet = (answer.done ? '1' : '0') + answer.text.substr(0, kMaxAnswer - 1);
  for (const UniqueFd& client : clients)
    static_cast<void>(::send(client.get(), packet.data(), packet.size(), MSG_NOSIGNAL));
}

Result<ReloadAnswer> ask_for_reload(const std::string& interface, const std::string& folder) {
  const auto address = client::control_address(interface, folder);
  if (!address) return tl::unexpected(address.error());
  const auto socket = make_socket(0);
  if (!socket) return tl::unexpected(socket.error());
  setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (connect(socket->get(), raw(*address), sizeof *address) != 0) {
    if (errno == EACCES || errno == EPERM) {
      return system_failure("cannot ask the wring run of " + interface, errno, "run as root");
    }
    return failure("no `wring run` has " + interface +
                       "; start one with `wring run`, or use `wring syncconf` for an engine that "
                       "runs without one",
                   ENODEV);
  }
  std::string packet(kMaxAnswer, '\0');
  ssize_t got = ::send(socket->get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
  if (got > 0) got = recv(socket->get(), packet.data(), packet.size(), 0);
  if (got < 0 && errno == EAGAIN) {
    return failure("the wring run of " + interface + " does not answer; see what it says", EAGAIN);
  }
  if (got <= 0) return failure("the wring run of " + interface + " ended, or is too busy");
  packet.resize(static_cast<std::size_t>(got));
  return ReloadAnswer{packet.front() == '1', packet.substr(1)};
}

}  // namespace wring::run
