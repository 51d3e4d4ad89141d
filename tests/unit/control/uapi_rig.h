// A server of the control protocol on a loop of its own, and clients that never block.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "control/uapi_server.h"
#include "tests/support/fake_device.h"
#include "tests/support/temporary_folder.h"

namespace wring::test {

using std::chrono::milliseconds;

inline TimePoint now() {
  return SystemClock().now();
}

// A client in the same thread as the server; it never blocks.
class UapiClient {
 public:
  explicit UapiClient(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void stop_sending() { shutdown(fd_.get(), SHUT_WR); }
  // Takes what has come, up to `most` bytes.
  void receive(std::size_t most = 1 << 20) {
    std::string part(most, '\0');
    const ssize_t got = recv(fd_.get(), part.data(), part.size(), 0);
    if (got > 0) text_.append(part, 0, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno == ECONNRESET)) closed_ = true;
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] int replies() const {
    int count = 0;
    for (std::size_t at = 0; (at = text_.find("\n\n", at)) != std::string::npos; at += 2)
      ++count;
    return count;
  }

 private:
  UniqueFd fd_;
  std::string text_;
  bool closed_ = false;
};

class UapiServerTest : public testing::Test {
 protected:
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i)
      loop.run_once(now());
  }
  // Runs the server until the client has that many replies, or was disconnected.
  void run_until(UapiClient& client, int replies) {
    for (int i = 0; i < 100'000 && client.replies() < replies && !client.closed(); ++i) {
      loop.run_once(now() + milliseconds(1));
      client.receive();
    }
  }
  std::string ask(const std::string& request) {
    UapiClient client(path);
    client.send(request);
    run_until(client, 1);
    return client.text();
  }

  // Starts the server anew.
  void limit(const UapiLimits& limits) {
    server.reset();
    server = UapiServer::start(loop, device, UapiSocket::open("wg0", folder.path()).value(), limits)
                 .value();
  }
  void add_peers(int count) {
    for (int i = 0; i < count; ++i) {
      PublicKey key;
      store(key.bytes, i);
      device.add_peer(key);
    }
  }

  TemporaryFolder folder;
  std::string path = folder.path() + "/wg0.sock";
  FakeDevice device;
  EventLoop loop = EventLoop::create().value();
  std::unique_ptr<UapiServer> server =
      UapiServer::start(loop, device, UapiSocket::open("wg0", folder.path()).value()).value();
};

}  // namespace wring::test
