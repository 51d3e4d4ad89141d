// A thread for each port, and two for each connection: they block, and end with the process.
#include "exec/published_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <thread>
#include <utility>

#include "base/decimal.h"
#include "ip/endpoint.h"

namespace wring::exec {
namespace {

constexpr int kBacklog = 128;
constexpr std::size_t kBufferSize = 64U << 10;

using Places = std::counting_semaphore<kMaxConnections>;

std::optional<std::uint16_t> read_port(std::string_view text) {
  const auto port = parse_decimal<std::uint16_t>(text);
  return port && *port != 0 ? std::optional(*port) : std::nullopt;
}

// Empty if nothing listens there.
UniqueFd connect_inside(std::uint16_t port) {
  for (const char* const loopback : {"127.0.0.1", "::1"}) {
    const Endpoint to = endpoint_at(*IpAddress::parse(loopback), port);
    UniqueFd made(socket(to.remote.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made && connect(made.get(), &to.remote.any, to.remote_size()) == 0) return made;
  }
  return {};
}

// Until one end has no more, or the other takes no more. Tells the other end.
void pass_on(int from, int to) {
  const auto buffer = std::make_unique<std::array<char, kBufferSize>>();
  for (;;) {
    const ssize_t got = recv(from, buffer->data(), buffer->size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    ssize_t sent = 0;
    while (sent < got) {
      const ssize_t more =
          send(to, buffer->data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (more < 0 && errno != EINTR) break;
      if (more > 0) sent += more;
    }
    if (sent < got) {
      shutdown(from, SHUT_RD);
      break;
    }
  }
  shutdown(to, SHUT_WR);
}

void serve(const UniqueFd& client, std::uint16_t port) {
  const UniqueFd service = connect_inside(port);
  if (!service) return;
  std::thread back([&] { pass_on(service.get(), client.get()); });
  pass_on(client.get(), service.get());
  back.join();
}

void accept_for_ever(const PublishedPort& port, const std::shared_ptr<Places>& places) {
  constexpr std::chrono::milliseconds kPause{100};
  for (;;) {
    places->acquire();
    UniqueFd client(accept4(port.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client) {
      std::thread([places, number = port.inside, taken = std::move(client)] {
        serve(taken, number);
        places->release();
      }).detach();
      continue;
    }
    places->release();
    // No descriptor is left, perhaps. Of what else may happen, nothing lasts.
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<PortMapping> parse_port_mapping(std::string_view text) {
  const auto wrong = [&] {
    return failure("\"" + std::string(text) +
                   "\" is no HOST:INSIDE; write 8080:80, or ADDRESS:8080:80");
  };
  const std::size_t last = text.rfind(':');
  if (last == text.npos) return wrong();
  const auto inside = read_port(text.substr(last + 1));
  text.remove_suffix(text.size() - last);
  const std::size_t before = text.rfind(':');
  const auto outside = read_port(text.substr(before == text.npos ? 0 : before + 1));
  std::string_view host = before == text.npos ? "127.0.0.1" : text.substr(0, before);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!inside || !outside || !address) return wrong();
  return PortMapping{*address, *outside, *inside};
}

Result<PublishedPort> listen_outside(const PortMapping& mapping) {
  const Endpoint at = endpoint_at(mapping.address, mapping.outside);
  UniqueFd made(socket(at.remote.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (made && setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(made.get(), &at.remote.any, at.remote_size()) == 0 &&
      listen(made.get(), kBacklog) == 0) {
    return PublishedPort{std::move(made), mapping.inside};
  }
  const int error = errno;
  const char* advice = "";
  if (error == EADDRINUSE) advice = "another program has that port; choose another";
  if (error == EACCES) advice = "ports below 1024 take root; choose a greater one";
  return system_failure("cannot listen on port " + std::to_string(mapping.outside) + " of " +
                            to_string(mapping.address),
                        error, advice);
}

void serve_in_threads(std::vector<PublishedPort> ports) {
  const auto places = std::make_shared<Places>(kMaxConnections);
  for (PublishedPort& port : ports) {
    std::thread([places, taken = std::move(port)] { accept_for_ever(taken, places); }).detach();
  }
}

}  // namespace wring::exec
