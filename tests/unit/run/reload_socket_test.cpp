// A question by the socket, and its answer.
#include "run/reload_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>
#include <utility>

#include "client/interfaces.h"
#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

class ReloadSocketTest : public testing::Test {
 protected:
  Result<ReloadSocket> open() {
    return ReloadSocket::open(
        "wg0", loop_, [this] { ++asked_; }, folder_.path());
  }
  // Serves one who asks in another thread.
  Result<ReloadAnswer> ask(ReloadSocket& socket, const ReloadAnswer& answer) {
    auto got = Result<ReloadAnswer>(ReloadAnswer{});
    std::thread client([&] { got = ask_for_reload("wg0", folder_.path()); });
    const int before = asked_;
    while (asked_ == before)
      loop_.run_once(kNever);
    const auto clients = socket.take();
    EXPECT_EQ(clients.size(), 1U);
    ReloadSocket::answer(clients, answer);
    client.join();
    return got;
  }

  test::TemporaryFolder folder_;
  EventLoop loop_ = std::move(*EventLoop::create());
  int asked_ = 0;
};

TEST_F(ReloadSocketTest, carries_the_answer_to_the_one_who_asked) {
  auto socket = open();
  ASSERT_TRUE(socket) << socket.error().message;
  struct stat info {};
  ASSERT_EQ(stat((folder_.path() + "/wg0.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  const auto done = ask(*socket, {true, "all is well\n"});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->done);
  EXPECT_EQ(done->text, "all is well\n");
  const auto refused = ask(*socket, {false, std::string(100'000, 'x')});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_FALSE(refused->done);
  EXPECT_EQ(refused->text, std::string(65'535, 'x'));
}

TEST_F(ReloadSocketTest, takes_nothing_but_the_question) {
  const auto socket = open();
  ASSERT_TRUE(socket);
  const auto address = client::control_address("wg0", folder_.path());
  for (const char* const text : {"", "reload!", "load"}) {
    const UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address),
              0);
    loop_.run_once(kNever);
    ASSERT_GE(::send(client.get(), text, std::string_view(text).size(), 0), 0);
    loop_.run_once(kNever);
    char byte = 0;
    EXPECT_EQ(recv(client.get(), &byte, 1, 0), 0) << text;
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(ReloadSocketTest, nobody_serves_before_and_after) {
  EXPECT_EQ(ask_for_reload("wg0", folder_.path()).error().code, ENODEV);
  { ASSERT_TRUE(open()); }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/wg0.sock"));
  EXPECT_EQ(ask_for_reload("wg0", folder_.path()).error().code, ENODEV);
  EXPECT_EQ(ask_for_reload("a/b", folder_.path()).error().code, EINVAL);
}

}  // namespace
}  // namespace wring::run
