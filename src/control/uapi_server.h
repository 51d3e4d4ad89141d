// Serves the control protocol to many clients at once, on the control thread's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "control/uapi_connection.h"
#include "control/uapi_events.h"
#include "control/uapi_socket.h"
#include "device/configurable.h"

namespace wring {

// How many clients are served at once, and how long one may do nothing. See UapiServer.
struct UapiLimits {
  std::size_t clients = 64;
  // How many of them may wait for events. They keep their places.
  std::size_t listeners = 16;
  // A client counts as idle once it owes nothing, is owed nothing, and was silent for this long.
  std::chrono::milliseconds idle_after{1000};
  // A client counts as stuck once it is amid a request or a reply and moved no byte for this long.
  std::chrono::milliseconds stuck_after{5000};
  // While newcomers wait, the server looks this often for clients that are idle or stuck.
  std::chrono::milliseconds look_every{1000};
};

// Not thread-safe: lives on the thread that runs the loop. Loop and device outlive it. It may be
// destroyed within a callback of the loop, but not while it asks something of the device.
//
// A client that sent a request gets the whole answer. When all places are taken, or the process has
// no descriptor left, the client that was idle for longest loses its place. If none is idle,
// newcomers wait in the listener's backlog: the loop does not watch the listener meanwhile. Only
// then is a stuck client dropped, so that it cannot keep the others out for ever.
class UapiServer {
 public:
  static Result<std::unique_ptr<UapiServer>> start(EventLoop& loop, Configurable& device,
                                                   UapiSocket socket,
                                                   const UapiLimits& limits = {});
  ~UapiServer();
  UapiServer(const UapiServer&) = delete;
  UapiServer& operator=(const UapiServer&) = delete;

  // Called once, with the reason, when the socket's file was deleted or replaced, or the only
  // client of a stream that was handed in went away: the process is asked to end (P35). The
  // callback may destroy the server.
  void on_removed(std::function<void(const char* why)> callback) {
    on_removed_ = std::move(callback);
  }
  // Of the socket's file; empty if it has none.
  [[nodiscard]] std::string folder() const { return socket_.folder(); }
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }

  // Tells all clients that have asked for events. Not within a callback of such a client.
  void report(const ReportedEvent& event);
  [[nodiscard]] bool has_listeners() const { return listener_count() != 0; }

 private:
  struct Client {
    Client(UniqueFd fd, Configurable& device, std::function<bool()> may_listen, TimePoint now)
        : connection(std::move(fd), device, std::move(may_listen)), moved(now) {}

    UapiConnection connection;
    TimePoint moved;         // when a byte was last received from it or sent to it
    bool suspected = false;  // it was found stuck once since
  };
  using Clients = std::list<Client>;  // the one that moved last is at the end

  UapiServer(EventLoop& loop, Configurable& device, UapiSocket socket, UniqueFd timer,
             const UapiLimits& limits);
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] std::size_t listener_count() const;
  void accept_clients();
  void add_client(UniqueFd fd);
  void serve(Clients::iterator client);
  void drop(Clients::iterator client);
  [[nodiscard]] bool drop_an_idle_client();
  void drop_stuck_clients();
  void pause();
  void resume();
  void set_timer();
  void on_timer();
  void check_file();

  EventLoop& loop_;
  Configurable& device_;
  UapiSocket socket_;
  UniqueFd timer_;
  const UapiLimits limits_;
  SystemClock clock_;
  Clients clients_;
  bool paused_ = false;      // the listener is not watched: newcomers wait
  bool one_client_ = false;  // it came with a stream that was handed in
  std::function<void(const char* why)> on_removed_;
};

}  // namespace wring
