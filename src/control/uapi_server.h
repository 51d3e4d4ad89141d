// Serves the control protocol to many clients at once, on the control thread's loop.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "control/uapi_connection.h"
#include "control/uapi_socket.h"
#include "device/configurable.h"

namespace wring {

// At this many connections a new one costs the one that was silent for longest its place.
inline constexpr std::size_t kMaxUapiClients = 64;

// Not thread-safe: lives on the thread that runs the loop. Loop and device outlive it. It may be
// destroyed within a callback of the loop, but not while it asks something of the device.
class UapiServer {
 public:
  static Result<std::unique_ptr<UapiServer>> start(EventLoop& loop, Configurable& device,
                                                   UapiSocket socket);
  ~UapiServer();
  UapiServer(const UapiServer&) = delete;
  UapiServer& operator=(const UapiServer&) = delete;

  // Called once, when the socket's file was deleted or replaced: the process is asked to end (P35).
  // The callback may destroy the server.
  void on_removed(std::function<void()> callback) { on_removed_ = std::move(callback); }
  // Of the socket's file; empty if it has none.
  [[nodiscard]] std::string folder() const { return socket_.folder(); }
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }

 private:
  using Clients = std::list<UapiConnection>;  // the one that was silent for longest comes first

  UapiServer(EventLoop& loop, Configurable& device, UapiSocket socket);
  [[nodiscard]] Result<void> listen();
  void accept_clients();
  void add_client(UniqueFd fd);
  void serve(Clients::iterator client);
  void drop(Clients::iterator client);
  void check_file();

  EventLoop& loop_;
  Configurable& device_;
  UapiSocket socket_;
  // Given up for a moment when the process has no descriptor left, to take a client and turn it
  // away: otherwise it would stay in the backlog and keep the loop spinning.
  UniqueFd spare_;
  Clients clients_;
  std::function<void()> on_removed_;
};

}  // namespace wring
