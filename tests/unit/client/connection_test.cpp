#include "client/connection.h"

#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/event_loop.h"
#include "control/uapi_server.h"
#include "tests/support/fake_device.h"
#include "tests/support/temporary_folder.h"

namespace wring::client {
namespace {

using test::FakeDevice;
using test::public_key;
using testing::AllOf;
using testing::HasSubstr;

// An engine's control socket wg0, served by a thread.
class Served {
 public:
  explicit Served(FakeDevice& device)
      : loop_(EventLoop::create().value()),
        server_(UapiServer::start(loop_, device, UapiSocket::open("wg0", folder_.path()).value())
                    .value()),
        stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    EXPECT_TRUE(loop_.add(stop_.get(), 1, [this](std::uint32_t) { stopped_ = true; }));
    thread_ = std::thread([this] {
      while (!stopped_)
        loop_.run_once(kNever);
    });
  }
  ~Served() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
  EventLoop loop_;
  std::unique_ptr<UapiServer> server_;
  UniqueFd stop_;
  bool stopped_ = false;
  std::thread thread_;
};

// A stream whose other end is in the hands of the test.
struct Scripted {
  UniqueFd engine;
  Connection connection;

  static Scripted make(std::chrono::milliseconds patience = kPatience) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {UniqueFd(ends[0]), Connection::adopt(UniqueFd(ends[1]), "wg0", patience).value()};
  }
  void say(std::string_view text) const {
    EXPECT_EQ(::send(engine.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
};

TEST(ConnectionTest, a_change_is_made_and_seen_over_one_connection) {
  FakeDevice device;
  const Served served(device);
  auto connection = Connection::open("wg0", served.folder());
  ASSERT_TRUE(connection) << connection.error().message;
  ConfigChange change;
  change.listen_port = 7;
  change.peers.emplace_back().public_key = public_key(1);
  ASSERT_TRUE(connection->set(change));
  const auto state = connection->get();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->name, "wg0");
  EXPECT_EQ(state->device.listen_port, 7);
  ASSERT_EQ(state->peers.size(), 1U);
  EXPECT_EQ(state->peers[0].public_key, public_key(1));
}

TEST(ConnectionTest, many_peers_are_set_and_read) {
  constexpr std::uint32_t kPeers = 20'000;
  FakeDevice device;
  const Served served(device);
  ConfigChange change;
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    PublicKey key;
    store(MutByteSpan(key.bytes), i);
    change.peers.emplace_back().public_key = key;
  }
  ASSERT_TRUE(Connection::open("wg0", served.folder())->set(change));
  const auto state = Connection::open("wg0", served.folder())->get();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->peers.size(), kPeers);
}

TEST(ConnectionTest, a_refusal_says_why_and_what_to_do) {
  FakeDevice device;
  device.taken_port = 7;
  const Served served(device);
  ConfigChange change;
  change.listen_port = 7;
  const auto set = Connection::open("wg0", served.folder())->set(change);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, EADDRINUSE);
  EXPECT_THAT(set.error().message, AllOf(HasSubstr("wg0 refused"), HasSubstr("another")));
}

TEST(ConnectionTest, an_interface_that_is_not_there_is_an_error_that_lists_the_others) {
  FakeDevice device;
  const Served served(device);
  const auto missing = Connection::open("wg7", served.folder());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENODEV);
  EXPECT_THAT(missing.error().message, AllOf(HasSubstr("wg7"), HasSubstr("there are: wg0")));
  const auto none = Connection::open("wg7", served.folder() + "/none");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("nor any other"));
  const auto foreign = Connection::open("lo", served.folder());
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("no WireGuard in userspace made it"));
}

TEST(ConnectionTest, the_socket_of_a_dead_engine_is_named) {
  const test::TemporaryFolder folder;
  {
    const auto dead = UapiSocket::open("wg0", folder.path());
    ASSERT_TRUE(dead);
    std::filesystem::create_hard_link(folder.path() + "/wg0.sock", folder.path() + "/kept");
  }
  std::filesystem::rename(folder.path() + "/kept", folder.path() + "/wg0.sock");
  const auto refused = Connection::open("wg0", folder.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("has ended"), HasSubstr(folder.path() + "/wg0.sock")));
}

TEST(ConnectionTest, a_silent_engine_is_not_waited_for) {
  auto scripted = Scripted::make(std::chrono::milliseconds(20));
  const auto state = scripted.connection.get();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ETIMEDOUT);
  EXPECT_THAT(state.error().message, HasSubstr("does not answer"));
}

TEST(ConnectionTest, an_engine_that_does_not_read_is_not_waited_for) {
  auto scripted = Scripted::make(std::chrono::milliseconds(20));
  ConfigChange change;
  for (int i = 0; i < 20'000; ++i)
    change.peers.emplace_back();
  const auto set = scripted.connection.set(change);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ETIMEDOUT);
}

TEST(ConnectionTest, an_engine_that_ends_amid_its_reply_is_an_error) {
  auto scripted = Scripted::make();
  scripted.say("listen_port=1\nerrno=0\n");
  scripted.engine.reset();
  const auto state = scripted.connection.get();
  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().message, HasSubstr("hung up"));
}

TEST(ConnectionTest, a_refusal_before_the_end_of_the_request_is_read) {
  auto scripted = Scripted::make();
  scripted.say("errno=-7\n\n");
  shutdown(scripted.engine.get(), SHUT_RD);
  ConfigChange change;
  for (int i = 0; i < 20'000; ++i)
    change.peers.emplace_back();
  const auto set = scripted.connection.set(change);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, E2BIG);
}

TEST(ConnectionTest, an_endless_line_is_refused) {
  auto scripted = Scripted::make();
  std::thread engine([&] {
    const std::string text(1U << 20, 'x');
    ::send(scripted.engine.get(), text.data(), text.size(), MSG_NOSIGNAL);
  });
  const auto state = scripted.connection.get();
  shutdown(scripted.engine.get(), SHUT_RDWR);
  engine.join();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, EPROTO);
}

}  // namespace
}  // namespace wring::client
