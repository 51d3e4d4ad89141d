#include "client/discreet_client.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "control/uapi_socket.h"
#include "tests/support/temporary_folder.h"

namespace wring::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const std::string kKey(64, '7');
const std::string kAll =
    "private_key=" + kKey + "\npublic_key=" + kKey + "\npreshared_key=" + kKey + "\nerrno=0\n\n";
const std::string kPublic = "listen_port=7\nerrno=0\n\n";

// An engine's socket, whose answers the test makes out of the request's first line. "" hangs up.
class ScriptedEngine {
 public:
  using Script = std::function<std::string(const std::string& request)>;

  ScriptedEngine(const std::string& folder, Script script)
      : socket_(UapiSocket::open("wg0", folder).value()),
        script_(std::move(script)),
        thread_([this] { serve(); }) {}
  ~ScriptedEngine() { end(); }
  // All that it was asked for.
  std::vector<std::string> end() {
    shutdown(socket_.fd(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    return asked_;
  }

 private:
  void serve() {
    fcntl(socket_.fd(), F_SETFL, 0);
    while (true) {
      const UniqueFd client(accept(socket_.fd(), nullptr, nullptr));
      if (!client) return;
      std::string text;
      char part[256];
      while (!text.ends_with("\n\n")) {
        const ssize_t got = recv(client.get(), part, sizeof part, 0);
        if (got <= 0) break;
        text.append(part, static_cast<std::size_t>(got));
      }
      asked_.push_back(text.substr(0, text.find('\n')));
      const std::string reply = script_(asked_.back());
      ::send(client.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }

  UapiSocket socket_;
  Script script_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

TEST(DiscreetClientTest, an_engine_that_hangs_up_once_is_not_asked_for_its_keys) {
  const test::TemporaryFolder folder;
  int times = 0;
  ScriptedEngine engine(folder.path(), [&](const std::string& request) {
    return request == "get=1" ? kAll : ++times == 1 ? "" : kPublic;
  });
  DiscreetClient client(folder.path());
  const auto state = client.ask("wg0", GetDetail::kPublic, 5s);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->device.listen_port, 7);
  EXPECT_THAT(engine.end(), ElementsAre("get=public", "get=public"));
}

TEST(DiscreetClientTest, an_engine_that_answered_is_never_asked_for_its_keys) {
  const test::TemporaryFolder folder;
  int times = 0;
  ScriptedEngine engine(folder.path(), [&](const std::string& request) {
    return request == "get=1" ? kAll : ++times == 1 ? kPublic : "";
  });
  DiscreetClient client(folder.path());
  ASSERT_TRUE(client.ask("wg0", GetDetail::kPublic, 5s));
  const auto state = client.ask("wg0", GetDetail::kPublic, 5s);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, EPIPE);
  EXPECT_THAT(engine.end(), ElementsAre("get=public", "get=public", "get=public"));
}

TEST(DiscreetClientTest, what_an_engine_of_others_tells_has_no_secrets_left) {
  const test::TemporaryFolder folder;
  for (const std::string unknown : {"", "errno=-22\n\n", "errno=5\n\n"}) {
    ScriptedEngine engine(folder.path(), [&](const std::string& request) {
      return request == "get=1" ? kAll : unknown;
    });
    DiscreetClient client(folder.path());
    auto state = client.ask("wg0", GetDetail::kPublic, 5s);
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_TRUE(state->device.private_key.is_zero());
    EXPECT_FALSE(state->device.public_key.is_zero());
    ASSERT_EQ(state->peers.size(), 1U);
    EXPECT_TRUE(state->peers[0].preshared_key.is_zero());
    // What it does not know is not asked again.
    state = client.ask("wg0", GetDetail::kDevice, 5s);
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_TRUE(state->peers.empty());
    const auto asked = engine.end();
    EXPECT_EQ(asked.size(), unknown.empty() ? 4U : 3U);
    EXPECT_EQ(std::ranges::count(asked, "get=1"), 2);
  }
}

TEST(DiscreetClientTest, a_new_engine_is_got_to_know_anew) {
  const test::TemporaryFolder folder;
  DiscreetClient client(folder.path());
  {
    ScriptedEngine foreign(
        folder.path(), [&](const std::string& request) { return request == "get=1" ? kAll : ""; });
    ASSERT_TRUE(client.ask("wg0", GetDetail::kPublic, 5s));
  }
  EXPECT_EQ(client.ask("wg0", GetDetail::kPublic, 5s).error().code, ENODEV);
  ScriptedEngine ours(folder.path(), [&](const std::string&) { return kPublic; });
  ASSERT_TRUE(client.ask("wg0", GetDetail::kPublic, 5s));
  EXPECT_THAT(ours.end(), ElementsAre("get=public"));
}

}  // namespace
}  // namespace wring::client
