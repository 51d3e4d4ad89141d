// A server of HTTP for those who watch: /readyz and /metrics.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "httptext/http_status.h"

namespace wring::proxy {

struct InfoAnswer {
  HttpStatus status = HttpStatus::kOk;
  std::string type;
  std::string body;
};

// One request a connection. On a loop that outlives it.
class InfoServer {
 public:
  // Further clients wait.
  static constexpr std::size_t kMaxClients = 32;
  // From the first byte to the last.
  static constexpr std::chrono::seconds kLimit{10};

  // `accept` is the value of that field; empty: there is none.
  using Answer = std::function<InfoAnswer(std::string_view path, std::string_view accept)>;

  // `listener` does not block.
  InfoServer(EventLoop& loop, UniqueFd listener, Answer answer)
      : loop_(loop), listener_(std::move(listener)), answer_(std::move(answer)) {}
  InfoServer(const InfoServer&) = delete;
  InfoServer& operator=(const InfoServer&) = delete;
  ~InfoServer();

  [[nodiscard]] Result<void> start();
  // When look_after() has something to do.
  [[nodiscard]] TimePoint next() const;
  // Hangs up on clients that take too long.
  void look_after(TimePoint now);

 private:
  struct Client {
    UniqueFd socket;
    std::string in;
    std::string out;
    TimePoint until;
  };

  void take();
  void on_event(int fd);
  [[nodiscard]] bool read(Client& client) const;
  [[nodiscard]] bool write(Client& client);
  void remove(int fd);

  EventLoop& loop_;
  UniqueFd listener_;
  Answer answer_;
  SystemClock clock_;
  std::map<int, Client> clients_;
};

}  // namespace wring::proxy
