// Answers requests by libmicrohttpd, whose sockets are on our loop.
//
// Every connection is for one request, and lives for some seconds at most. A request that needs an
// answer of the engines is put aside until the collector has it.
#include "http/server.h"

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "http/page_streams.h"

namespace wring::http {
namespace {

using metrics::Collector;
using metrics::Snapshot;

// Of a page that is sent at once, in bytes.
constexpr std::size_t kPiece = 64U << 10;
// For the head of a request, and for what is on its way out. In bytes.
constexpr std::size_t kConnectionMemory = 128U << 10;
constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kExposition = "text/plain; version=0.0.4; charset=utf-8";

struct FreeResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using Response = std::unique_ptr<MHD_Response, FreeResponse>;

struct FreeDaemon {
  void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
};

MHD_Result answer(MHD_Connection* connection, unsigned status, Response response,
                  const char* type) {
  MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONNECTION, "close");
  if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_RETRY_AFTER, "1");
  } else if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  return MHD_queue_response(connection, status, response.get());
}

MHD_Result answer(MHD_Connection* connection, unsigned status, std::string_view text) {
  // It is copied, whatever the parameter's type says.
  Response response(MHD_create_response_from_buffer(text.size(), const_cast<char*>(text.data()),
                                                    MHD_RESPMEM_MUST_COPY));
  return answer(connection, status, std::move(response), kPlain);
}

std::string readiness(const Snapshot& snapshot, bool& is_ready) {
  std::string text = snapshot.problem.empty() ? "" : snapshot.problem + "\n";
  for (const metrics::InterfaceRow& row : snapshot.interfaces)
    text += row.answers ? row.name + " answers\n" : row.problem + "\n";
  is_ready = snapshot.problem.empty() && !snapshot.interfaces.empty() &&
             std::ranges::all_of(snapshot.interfaces, &metrics::InterfaceRow::answers);
  return text.empty() ? "no interface is served\n" : text;
}

}  // namespace

struct Server::State {
  struct Client {
    int fd = -1;
    TimePoint since{};
    bool has_begun = false;    // its request has been looked at once
    bool waits = false;        // for the collector
    bool is_given_up = false;  // it was hung up on
  };

  State(EventLoop& on, metrics::Collector& asked, const Wakeup& wakeup, metrics::Style names,
        const Limits& bounds)
      : loop(on),
        collector(asked),
        collected(wakeup),
        style(names),
        limits(bounds),
        pages(bounds.pages, bounds.snapshots) {}

  MHD_Result handle(MHD_Connection* connection, std::string_view path, std::string_view method);
  MHD_Result serve_page(MHD_Connection* connection, const std::shared_ptr<const Snapshot>& seen);
  void note(MHD_Connection* connection, bool has_come);
  void resume_all();

  EventLoop& loop;
  metrics::Collector& collector;
  const Wakeup& collected;
  const metrics::Style style;
  const Limits limits;
  SystemClock clock;
  PageStreams pages;
  std::map<MHD_Connection*, Client> clients;
  int epoll = -1;
  std::unique_ptr<MHD_Daemon, FreeDaemon> daemon;  // first to go: it calls the others
};

MHD_Result Server::State::handle(MHD_Connection* connection, std::string_view path,
                                 std::string_view method) {
  Client& client = clients[connection];
  client.waits = false;
  if (method != "GET" && method != "HEAD") {
    return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is served here\n");
  }
  if (path == "/healthz") return answer(connection, MHD_HTTP_OK, "ok\n");
  const bool is_page = path == "/metrics";
  if (!is_page && path != "/readyz") {
    return answer(connection, path == "/" ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND,
                  "there are /metrics, /healthz and /readyz\n");
  }
  const auto seen =
      collector.ask(is_page ? Collector::Kind::kWhole : Collector::Kind::kBrief, client.since);
  if (!seen) {
    client.waits = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
  }
  if (is_page) return serve_page(connection, seen);
  bool is_ready = false;
  const std::string text = readiness(*seen, is_ready);
  return answer(connection, is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

MHD_Result Server::State::serve_page(MHD_Connection* connection,
                                     const std::shared_ptr<const Snapshot>& seen) {
  if (!seen->problem.empty()) {
    return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, seen->problem + "\n");
  }
  auto stream = pages.begin(seen, style);
  if (!stream) return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "too many ask at once\n");
  Response response(MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, kPiece,
      [](void* page, std::uint64_t, char* to, std::size_t room) {
        const ssize_t size = static_cast<PageStream*>(page)->read(to, room);
        if (size == PageStream::kCutOff) return ssize_t{MHD_CONTENT_READER_END_WITH_ERROR};
        return size == PageStream::kEnd ? ssize_t{MHD_CONTENT_READER_END_OF_STREAM} : size;
      },
      stream.release(), [](void* page) { delete static_cast<PageStream*>(page); }));
  return answer(connection, MHD_HTTP_OK, std::move(response), kExposition);
}

void Server::State::note(MHD_Connection* connection, bool has_come) {
  if (!has_come) {
    clients.erase(connection);
    return;
  }
  const MHD_ConnectionInfo* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  clients[connection] = {.fd = info != nullptr ? info->connect_fd : -1, .since = clock.now()};
}

void Server::State::resume_all() {
  for (auto& [connection, client] : clients) {
    if (!client.waits) continue;
    client.waits = false;
    MHD_resume_connection(connection);
  }
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  state_->loop.remove(state_->epoll);
  state_->loop.remove(state_->collected.fd());
  state_->resume_all();  // no connection may be put aside at the end
}

Result<std::unique_ptr<Server>> Server::start(EventLoop& loop, UniqueFd listener,
                                              metrics::Collector& collector,
                                              const Wakeup& collected, metrics::Style style,
                                              const Limits& limits) {
  auto state = std::make_unique<State>(loop, collector, collected, style, limits);
  State* const raw = state.get();
  const auto on_request = [](void* self, MHD_Connection* connection, const char* path,
                             const char* method, const char*, const char*, std::size_t* size,
                             void**) -> MHD_Result {
    auto* const server = static_cast<State*>(self);
    // A body, which nobody needs.
    if (std::exchange(*size, 0) != 0) return MHD_YES;
    // The first call comes before all of the request was read.
    State::Client& client = server->clients[connection];
    if (!client.has_begun) {
      client.has_begun = true;
      return MHD_YES;
    }
    return server->handle(connection, path, method);
  };
  const auto on_connection = [](void* self, MHD_Connection* connection, void**,
                                MHD_ConnectionNotificationCode what) {
    static_cast<State*>(self)->note(connection, what == MHD_CONNECTION_NOTIFY_STARTED);
  };
  raw->daemon.reset(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, +on_request, raw,
      MHD_OPTION_LISTEN_SOCKET, listener.get(), MHD_OPTION_CONNECTION_LIMIT, limits.clients,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits.clients_of_one_address,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory, MHD_OPTION_CONNECTION_TIMEOUT,
      static_cast<unsigned>(limits.patience.count()), MHD_OPTION_NOTIFY_CONNECTION,
      static_cast<MHD_NotifyConnectionCallback>(+on_connection), raw, MHD_OPTION_END));
  if (!raw->daemon) return failure("cannot start the server for HTTP");
  static_cast<void>(listener.release());  // the daemon closes it
  const MHD_DaemonInfo* const info =
      MHD_get_daemon_info(raw->daemon.get(), MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr || info->epoll_fd < 0) return failure("cannot watch the server for HTTP");
  raw->epoll = info->epoll_fd;
  auto watched = loop.add(raw->epoll, EPOLLIN, [](std::uint32_t) {});
  if (watched) {
    watched = loop.add(collected.fd(), EPOLLIN, [raw](std::uint32_t) {
      raw->collected.clear();
      raw->resume_all();
    });
  }
  if (!watched) return tl::unexpected(watched.error());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

TimePoint Server::deadline() const {
  TimePoint due = kNever;
  for (const auto& [connection, client] : state_->clients) {
    if (!client.is_given_up) due = std::min(due, client.since + state_->limits.patience);
  }
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (MHD_get_timeout(state_->daemon.get(), &milliseconds) == MHD_YES) {
    due = std::min(due, state_->clock.now() + std::chrono::milliseconds(milliseconds));
  }
  return due;
}

void Server::work() {
  const TimePoint now = state_->clock.now();
  for (auto& [connection, client] : state_->clients) {
    if (client.is_given_up || now < client.since + state_->limits.patience) continue;
    client.is_given_up = true;
    shutdown(client.fd, SHUT_RDWR);
  }
  MHD_run(state_->daemon.get());
}

}  // namespace wring::http
