// More clients at once than are served.
#include "proxy/info_server.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "proxy/addresses.h"
#include "tests/support/sockets_for_tests.h"

namespace wring::proxy {
namespace {

UniqueFd stream() {
  return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

TEST(InfoServer, AFurtherClientWaitsUntilThereIsRoom) {
  auto loop = *EventLoop::create();
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Endpoint any = test::v4_endpoint("127.0.0.1", 0);
  ASSERT_EQ(bind(listener.get(), &any.remote.any, any.remote_size()), 0);
  ASSERT_EQ(listen(listener.get(), 64), 0);
  const Endpoint at = local_address(listener);
  InfoServer server(loop, std::move(listener), [](std::string_view path, std::string_view) {
    return InfoAnswer{HttpStatus::kOk, "text/plain", std::string(path)};
  });
  ASSERT_TRUE(server.start());

  std::vector<UniqueFd> clients(33);
  for (UniqueFd& client : clients) {
    client = stream();
    ASSERT_EQ(connect(client.get(), &at.remote.any, at.remote_size()), 0);
  }
  const UniqueFd& last = clients.back();
  const std::string request = "GET /readyz HTTP/1.1\r\n\r\n";
  ASSERT_EQ(send(last.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  // All that is ready, until nothing is any more.
  for (int i = 0; i < 100; ++i)
    loop.run_once(TimePoint{});
  std::array<char, 1000> bytes;
  ASSERT_EQ(recv(last.get(), bytes.data(), bytes.size(), MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);

  clients.front().reset();
  for (int i = 0; i < 10; ++i)
    loop.run_once(SystemClock().now() + std::chrono::milliseconds(100));
  const ssize_t got = recv(last.get(), bytes.data(), bytes.size(), 0);
  ASSERT_GT(got, 0);
  EXPECT_TRUE(std::string_view(bytes.data(), static_cast<std::size_t>(got)).ends_with("/readyz"));
}

}  // namespace
}  // namespace wring::proxy
