// Sends requests to an engine and reads its answers.
#include "client/connection.h"

#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "client/get_parser.h"
#include "client/interfaces.h"
#include "client/line_buffer.h"
#include "client/set_writer.h"
#include "control/text_buffer.h"

namespace wring::client {
namespace {

constexpr std::size_t kOutputSize = 64U << 10;

Result<void> limit_waiting(int stream, std::chrono::milliseconds patience) {
  const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(stream, SOL_SOCKET, option, &limit, sizeof limit) != 0) {
      return system_failure("cannot set a time-out", errno);
    }
  }
  return {};
}

// Nothing serves it. Says what there is.
tl::unexpected<Error> not_served(const std::string& interface, const std::string& folder) {
  std::string message = "nothing in " + folder + " serves an interface " + interface;
  if (if_nametoindex(interface.c_str()) != 0) {
    return failure(message + "; there is one, but no WireGuard in userspace made it", ENODEV);
  }
  const auto others = list_interfaces(folder);
  if (others && others->empty()) return failure(message + ", nor any other", ENODEV);
  if (others) {
    message += "; there are:";
    for (const std::string& other : *others)
      message += " " + other;
  }
  return failure(message, ENODEV);
}

tl::unexpected<Error> cannot_connect(const std::string& interface, const std::string& folder,
                                     int error) {
  const std::string path = folder + "/" + interface + ".sock";
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return not_served(interface, folder);
    case ECONNREFUSED:
      return failure("the engine of " + interface + " has ended and left " + path +
                         " behind; start it again, or delete that file",
                     ENODEV);
    case EACCES:
    case EPERM:
      return system_failure("cannot talk to " + interface, error, "run as root");
    case EAGAIN:
      return failure(interface + " is too busy to answer; try again", ETIMEDOUT);
    default:
      return system_failure("cannot talk to " + interface + " by " + path, error);
  }
}

const char* request_for(GetDetail detail) {
  switch (detail) {
    case GetDetail::kAll:
      return "get=1\n\n";
    case GetDetail::kPublic:
      return "get=public\n\n";
    case GetDetail::kDevice:
      return "get=device\n\n";
  }
  return "";
}

const char* advice_on_refusal(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program has that port; choose another listen-port";
    case EACCES:
      return "ports below 1024 take a capability that the engine gave up (--drop-all, --user)";
    case EPERM:
      return "a fwmark takes a capability that the engine gave up (--drop-all, --user)";
    default:
      return "";
  }
}

}  // namespace

Result<Connection> Connection::open(const std::string& interface, const std::string& folder,
                                    std::chrono::milliseconds patience) {
  const auto address = control_address(interface, folder);
  if (!address) return tl::unexpected(address.error());
  UniqueFd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!stream) return system_failure("cannot make a socket", errno);
  // It also limits connect(), which waits while many others do.
  if (auto limited = limit_waiting(stream.get(), patience); !limited) {
    return tl::unexpected(limited.error());
  }
  if (connect(stream.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return cannot_connect(interface, folder, errno);
  }
  return adopt(std::move(stream), interface, patience);
}

Result<Connection> Connection::adopt(UniqueFd stream, const std::string& interface,
                                     std::chrono::milliseconds patience) {
  if (auto limited = limit_waiting(stream.get(), patience); !limited) {
    return tl::unexpected(limited.error());
  }
  return Connection(std::move(stream), interface);
}

Result<InterfaceState> Connection::get(GetDetail detail) {
  if (auto sent = send(request_for(detail)); !sent) return tl::unexpected(sent.error());
  GetParser parser;
  auto received = receive([&](std::string_view line) { parser.feed(line); });
  if (!received) return tl::unexpected(received.error());
  auto state = parser.take();
  if (!state) return failure(interface_ + ": " + state.error().message, state.error().code);
  state->name = interface_;
  return state;
}

Result<void> Connection::get_lines(const std::function<void(std::string_view line)>& take) {
  if (auto sent = send("get=1\n\n"); !sent) return sent;
  return receive([&](std::string_view line) {
    if (!line.empty() && !line.starts_with("errno=")) take(line);
  });
}

Result<UniqueFd> Connection::ask_for_events() && {
  if (auto sent = send("events=1\n\n"); !sent) return tl::unexpected(sent.error());
  return std::move(stream_);
}

Result<void> Connection::set(const ConfigChange& change) {
  TextBuffer out(kOutputSize);
  auto written = write_set(change, out, [&] {
    auto sent = send(out.pending());
    out.consume(out.pending().size());
    return sent;
  });
  // An engine that refuses a request before its end may have answered, and closed.
  std::optional<int> number;
  auto received = receive([&](std::string_view line) {
    if (line.starts_with("errno=")) number = parse_errno(line.substr(6));
  });
  if (!received) return written ? received : written;
  if (!number) return failure(interface_ + ": its reply has no errno", EPROTO);
  if (*number == 0) return {};
  return system_failure(interface_ + " refused the change", *number, advice_on_refusal(*number));
}

Result<void> Connection::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(stream_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return lost(errno);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Connection::receive(const std::function<void(std::string_view)>& take) const {
  const auto buffer = std::make_unique<LineBuffer>();
  std::size_t total = 0;
  while (true) {
    while (const auto line = buffer->next()) {
      take(*line);
      if (line->empty()) return {};
    }
    char* const tail = buffer->tail();
    if (buffer->room() == 0) return failure(interface_ + ": its reply has an endless line", EPROTO);
    const ssize_t got = ::recv(stream_.get(), tail, buffer->room(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return lost(got == 0 ? EPIPE : errno);
    buffer->produced(static_cast<std::size_t>(got));
    total += static_cast<std::size_t>(got);
    if (total > kMaxReplySize) return failure(interface_ + ": its reply has no end", EPROTO);
  }
}

Result<InterfaceState> ask(const std::string& interface) {
  auto connection = Connection::open(interface);
  if (!connection) return tl::unexpected(connection.error());
  return connection->get();
}

tl::unexpected<Error> Connection::lost(int error) const {
  if (error == EAGAIN) {
    return failure(interface_ + " does not answer; its engine hangs or is stopped", ETIMEDOUT);
  }
  if (error == EPIPE || error == ECONNRESET) {
    return failure(interface_ + " hung up; its engine ended, or serves too many others", error);
  }
  return system_failure("cannot talk to " + interface_, error);
}

}  // namespace wring::client
