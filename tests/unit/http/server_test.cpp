#include "http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace wring::http {
namespace {

using namespace std::chrono_literals;

// A server on a port that the kernel chose, and clients on the same thread.
class HttpServer : public testing::Test {
 protected:
  void start(const Limits& limits = {}) {
    options_.interfaces = {"no-such-one"};
    collector_.emplace(options_, collected_, [] { return Result<void>(); });
    UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ASSERT_EQ(bind(listener.get(), generic(), size), 0);
    ASSERT_EQ(listen(listener.get(), 8), 0);
    ASSERT_EQ(getsockname(listener.get(), generic(), &size), 0);
    server_ = Server::start(loop_, std::move(listener), *collector_, collected_,
                            metrics::Style::kMindFlavor, limits)
                  .value();
  }
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  UniqueFd connect() {
    UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(made.get(), generic(), sizeof address_), 0);
    return made;
  }
  // Runs the server until it hangs up on the client, and returns what came.
  std::string await_end(const UniqueFd& client) {
    std::string text;
    char part[4096];
    const TimePoint limit = SystemClock().now() + 20s;
    while (SystemClock().now() < limit) {
      loop_.run_once(std::min(server_->deadline(), SystemClock().now() + 10ms));
      server_->work();
      const ssize_t got = recv(client.get(), part, sizeof part, MSG_DONTWAIT);
      if (got > 0) text.append(part, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return text;
    }
    ADD_FAILURE() << "it does not hang up: " << text;
    return text;
  }
  std::string ask(const std::string& text) {
    const UniqueFd client = connect();
    EXPECT_EQ(send(client.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return await_end(client);
  }

  sockaddr_in address_{};
  metrics::Options options_;
  Wakeup collected_ = Wakeup::create().value();
  EventLoop loop_ = EventLoop::create().value();
  std::optional<metrics::Collector> collector_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpServer, a_page_waits_for_the_collector_and_ends_the_connection) {
  start();
  const std::string reply = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 ")) << reply;
  EXPECT_NE(reply.find("text/plain; version=0.0.4"), reply.npos);
  EXPECT_NE(reply.find("wring_up{interface=\"no-such-one\"} 0\n"), reply.npos);
}

TEST_F(HttpServer, other_methods_bodies_and_paths_are_answered) {
  start();
  EXPECT_TRUE(ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
                  .starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(ask("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
                  .starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(ask("HEAD /healthz HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 503 "));
}

TEST_F(HttpServer, who_never_ends_a_request_is_hung_up_on) {
  start({.patience = 1s});
  const UniqueFd client = connect();
  ASSERT_EQ(send(client.get(), "GET /me", 7, 0), 7);
  EXPECT_EQ(await_end(client), "");
}

TEST_F(HttpServer, what_is_no_http_is_hung_up_on) {
  start({.patience = 1s});
  ask(std::string("\0\xff\r\n\r\n", 6));
  EXPECT_TRUE(ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServer, it_can_be_ended_while_requests_wait) {
  start();
  const UniqueFd client = connect();
  const std::string text = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  send(client.get(), text.data(), text.size(), 0);
  loop_.run_once(SystemClock().now() + 100ms);
  server_->work();
  server_.reset();
  char byte = 0;
  EXPECT_LE(recv(client.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace wring::http
