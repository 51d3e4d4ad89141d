// bind() and listen(), at addresses, paths, and what was handed in.
#include "proxy/outside_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/unix_address.h"
#include "client/name_lookup.h"
#include "ip/endpoint.h"

namespace wring::proxy {
namespace {

constexpr int kBacklog = 1024;

tl::unexpected<Error> cannot_listen(const std::string& where, int error) {
  const char* advice = "";
  if (error == EADDRINUSE) advice = "another program has that port; choose another";
  if (error == EACCES) advice = "ports below 1024 take root; choose a greater one";
  if (error == EADDRNOTAVAIL) advice = "it is no address of this host";
  return system_failure("cannot listen on " + where, error, advice);
}

Result<UniqueFd> bind_to(const Endpoint& at, int type, const std::string& where, bool both) {
  UniqueFd made(socket(at.remote.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return cannot_listen(where, errno);
  constexpr int kOn = 1;
  constexpr int kOff = 0;
  if (type == SOCK_STREAM) setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  if (both) setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &kOff, sizeof kOff);
  if (bind(made.get(), &at.remote.any, at.remote_size()) != 0 ||
      (type == SOCK_STREAM && listen(made.get(), kBacklog) != 0)) {
    return cannot_listen(where, errno);
  }
  return made;
}

// Every address, of both versions where there is IPv6.
Result<UniqueFd> bind_to_all(std::uint16_t port, int type, const std::string& where) {
  IpAddress any;
  any.version = IpVersion::kV6;
  auto both = bind_to(endpoint_at(any, port), type, where, true);
  if (both || both.error().code == EADDRINUSE || both.error().code == EACCES) return both;
  return bind_to(endpoint_at(IpAddress{}, port), type, where, false);
}

Result<UniqueFd> open_internet(const BindAddress& at, int type) {
  if (at.host.empty()) return bind_to_all(at.port, type, at.text);
  const auto found = client::look_up_all(at.host, at.port);
  if (!found) return failure("cannot listen on " + at.text + ": " + found.error().message);
  // As Go has it: of several addresses, the first of IPv4.
  for (const Endpoint& each : *found) {
    if (each.is_v4()) return bind_to(each, type, at.text, false);
  }
  return bind_to(found->front(), type, at.text, false);
}

Result<UniqueFd> open_path(const BindAddress& at, SocketFiles& files) {
  const auto address = unix_address(at.path);
  if (!address) return failure("the path " + at.path + " is too long", ENAMETOOLONG);
  struct stat present {};
  // One that nobody serves was left by one of us that was killed.
  if (lstat(at.path.c_str(), &present) == 0 && S_ISSOCK(present.st_mode)) {
    const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const there = reinterpret_cast<const sockaddr*>(&*address);
    if (connect(probe.get(), there, sizeof *address) != 0 && errno == ECONNREFUSED) {
      unlink(at.path.c_str());
    }
  }
  UniqueFd made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Nobody can connect before the mode is right.
  const mode_t before = umask(0777);
  const bool bound =
      made && bind(made.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0;
  const int error = errno;
  umask(before);
  if (!bound && error == EADDRINUSE) {
    return system_failure("cannot listen on " + at.path, error,
                          "the file is there, or another program listens there; choose another");
  }
  if (!bound) return cannot_listen(at.path, error);
  files.add(at.path);
  if (chmod(at.path.c_str(), at.mode) != 0 || listen(made.get(), kBacklog) != 0) {
    return cannot_listen(at.path, errno);
  }
  return made;
}

Result<UniqueFd> open_datagrams(const BindAddress& at, const HandedIn& handed_in) {
  switch (at.kind) {
    case BindAddress::Kind::kUnix:
      return failure("datagrams come to ADDRESS:PORT, not to " + at.text);
    case BindAddress::Kind::kHandedIn:
      return handed_in.socket(at.name, SOCK_DGRAM);
    case BindAddress::Kind::kInternet:
      break;
  }
  return open_internet(at, SOCK_DGRAM);
}

}  // namespace

bool is_outside(const Listener& listener) {
  return listener.kind != Listener::Kind::kTcpServer &&
         listener.kind != Listener::Kind::kUdpServer && listener.kind != Listener::Kind::kGateway &&
         listener.kind != Listener::Kind::kStdio;
}

SocketFiles::~SocketFiles() {
  for (const File& file : files_)
    unlink_if_ours(file);
}

void SocketFiles::unlink_if_ours(const File& file) {
  struct stat present {};
  if (lstat(file.path.c_str(), &present) == 0 && S_ISSOCK(present.st_mode) &&
      present.st_dev == file.device && present.st_ino == file.number) {
    unlink(file.path.c_str());
  }
}

void SocketFiles::take_over(SocketFiles& others) {
  for (File& file : std::exchange(others.files_, {}))
    files_.push_back(std::move(file));
}

void SocketFiles::remove(const std::string& path) {
  for (const File& file : files_) {
    if (file.path == path) unlink_if_ours(file);
  }
  std::erase_if(files_, [&](const File& file) { return file.path == path; });
}

void SocketFiles::add(const std::string& path) {
  struct stat made {};
  if (lstat(path.c_str(), &made) == 0) files_.push_back({path, made.st_dev, made.st_ino});
}

Result<UniqueFd> open_stream(const BindAddress& at, const HandedIn& handed_in, SocketFiles& files) {
  switch (at.kind) {
    case BindAddress::Kind::kUnix:
      return open_path(at, files);
    case BindAddress::Kind::kHandedIn:
      return handed_in.socket(at.name, SOCK_STREAM);
    case BindAddress::Kind::kInternet:
      break;
  }
  return open_internet(at, SOCK_STREAM);
}

Result<std::vector<UniqueFd>> open_outside(const std::vector<Listener>& listeners,
                                           const HandedIn& handed_in, SocketFiles& files) {
  std::vector<UniqueFd> sockets;
  for (const Listener& listener : listeners) {
    sockets.emplace_back();
    if (!is_outside(listener)) continue;
    auto opened = listener.kind == Listener::Kind::kUdpClient
                      ? open_datagrams(listener.bind, handed_in)
                      : open_stream(listener.bind, handed_in, files);
    if (!opened) {
      return failure("[" + std::string(section_of(listener.kind)) + "]: " + opened.error().message,
                     opened.error().code);
    }
    sockets.back() = std::move(*opened);
  }
  return sockets;
}

Result<UniqueFd> open_inside(int type, std::uint16_t port) {
  return bind_to_all(port, type, "port " + std::to_string(port) + " in the tunnel");
}

}  // namespace wring::proxy
