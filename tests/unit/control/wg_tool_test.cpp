// The real `wg` talks to the server, in front of a device that only remembers. `wg` takes an
// interface for one of ours when /var/run/wireguard/NAME.sock answers; the interface itself it does
// not need.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "control/uapi_server.h"
#include "tests/support/fake_device.h"
#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

using test::FakeDevice;
using testing::HasSubstr;

// Base64 of 32 bytes of 0x11, of 32 bytes of 0x22, and of a private key in clamped form.
const std::string kPeer1 = "ERERERERERERERERERERERERERERERERERERERERERE=";
const std::string kPeer2 = "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=";
const std::string kPrivate = "QEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

struct Outcome {
  int status = -1;
  std::string output;  // both streams
};

class WgToolTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root may make /var/run/wireguard";
    if (wg("--version").status != 0)
      GTEST_SKIP() << "wg is missing: apt-get install wireguard-tools";
    auto socket = UapiSocket::open(interface);
    ASSERT_TRUE(socket) << socket.error().message;
    server = UapiServer::start(loop, device, std::move(*socket)).value();
  }
  void TearDown() override {
    server.reset();
    rmdir(kUapiFolder);  // goes if it was made here and nobody else is in it
  }

  // Runs `wg` with these arguments while the server serves it.
  Outcome wg(const std::string& arguments) {
    std::string command = "exec wg " + arguments;
    std::string shell = "sh";
    std::string flag = "-c";
    char* argv[] = {shell.data(), flag.data(), command.data(), nullptr};
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd out(ends[0]);
    UniqueFd in(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, in.get(), STDERR_FILENO);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawnp(&pid, "sh", &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    in.reset();

    Outcome outcome;
    bool ended = false;
    EXPECT_TRUE(loop.add(out.get(), EPOLLIN, [&](std::uint32_t) {
      char part[4096];
      const ssize_t got = read(out.get(), part, sizeof part);
      if (got > 0) outcome.output.append(part, static_cast<std::size_t>(got));
      ended = got <= 0;
    }));
    const TimePoint deadline = SystemClock().now() + std::chrono::seconds(20);
    while (!ended && SystemClock().now() < deadline)
      loop.run_once(deadline);
    loop.remove(out.get());
    if (!ended) {
      ADD_FAILURE() << "wg " << arguments << " does not come to an end";
      kill(pid, SIGKILL);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
  }
  void expect_success(const std::string& arguments) {
    const Outcome outcome = wg(arguments);
    EXPECT_EQ(outcome.status, 0) << arguments << ": " << outcome.output;
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder.path() + "/" + name) << text;
    return folder.path() + "/" + name;
  }

  std::string interface = "wrc" + std::to_string(getpid());
  test::TemporaryFolder folder;
  FakeDevice device;
  EventLoop loop = EventLoop::create().value();
  std::unique_ptr<UapiServer> server;
};

TEST_F(WgToolTest, set_then_dump_gives_back_every_value) {  // P36, P38, P40
  const std::string key = file("private", kPrivate);
  const std::string psk = file("psk", kPeer2);
  expect_success("set " + interface + " listen-port 51820 fwmark 0x1000 private-key " + key +
                 " peer " + kPeer1 + " preshared-key " + psk +
                 " endpoint [2001:db8::1]:7 persistent-keepalive 25 allowed-ips "
                 "10.0.0.0/8,fd00::/64 peer " +
                 kPeer2);
  PeerDescription* peer = device.find(test::public_key(0x11));
  ASSERT_NE(peer, nullptr);
  peer->last_handshake = WallTime(std::chrono::seconds(1'700'000'000));
  peer->rx_bytes = 1234;
  peer->tx_bytes = 5678;

  const Outcome dump = wg("show " + interface + " dump");
  EXPECT_EQ(dump.status, 0);
  EXPECT_THAT(dump.output, HasSubstr("\t51820\t0x1000\n" + kPeer1 + "\t" + kPeer2 +
                                     "\t[2001:db8::1]:7\t10.0.0.0/8,fd00::/64\t1700000000\t1234\t"
                                     "5678\t25\n" +
                                     kPeer2 + "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"));
  EXPECT_THAT(dump.output, HasSubstr(kPrivate));
}

TEST_F(WgToolTest, an_unconfigured_interface_is_shown) {  // P38
  const Outcome dump = wg("show " + interface + " dump");
  EXPECT_EQ(dump.status, 0);
  EXPECT_EQ(dump.output, "(none)\t(none)\t0\toff\n");
  EXPECT_THAT(wg("show interfaces").output, HasSubstr(interface));
  EXPECT_EQ(wg("show " + interface).output, "interface: " + interface + "\n");
}

TEST_F(WgToolTest, setconf_showconf_addconf_and_syncconf_work) {  // P36, P39
  const std::string one = "[Interface]\nListenPort = 7\nFwMark = 0x2\nPrivateKey = " + kPrivate +
                          "\n\n[Peer]\nPublicKey = " + kPeer1 +
                          "\nAllowedIPs = 10.0.0.0/8\nEndpoint = 192.0.2.1:9\n"
                          "PersistentKeepalive = 15\n";
  const std::string other = "[Peer]\nPublicKey = " + kPeer2 + "\nAllowedIPs = 192.168.0.0/16\n";
  expect_success("setconf " + interface + " " + file("one", one));
  const Outcome shown = wg("showconf " + interface);
  EXPECT_EQ(shown.status, 0);
  for (const std::string line : {"ListenPort = 7\n", "FwMark = 0x2\n", "AllowedIPs = 10.0.0.0/8\n",
                                 "Endpoint = 192.0.2.1:9\n", "PersistentKeepalive = 15\n"}) {
    EXPECT_THAT(shown.output, HasSubstr(line));
  }
  EXPECT_THAT(shown.output, HasSubstr("PublicKey = " + kPeer1));

  expect_success("addconf " + interface + " " + file("other", other));
  EXPECT_EQ(wg("show " + interface + " peers").output, kPeer1 + "\n" + kPeer2 + "\n");

  // syncconf takes away only what the file has not, and leaves the counters of what stays.
  device.find(test::public_key(0x11))->rx_bytes = 99;
  expect_success("syncconf " + interface + " " + file("one", one));
  EXPECT_EQ(wg("show " + interface + " transfer").output, kPeer1 + "\t99\t0\n");

  // What showconf wrote is a configuration again; setconf replaces all peers.
  expect_success("addconf " + interface + " " + file("other", other));
  expect_success("setconf " + interface + " " + file("shown", shown.output));
  EXPECT_EQ(wg("showconf " + interface).output, shown.output);
}

TEST_F(WgToolTest, counters_of_what_was_dropped_do_not_disturb_it) {
  const std::string config =
      file("one", "[Interface]\nListenPort = 7\n\n[Peer]\nPublicKey = " + kPeer1 +
                      "\nAllowedIPs = 10.0.0.0/8\n");
  expect_success("setconf " + interface + " " + config);
  const std::vector<std::string> questions = {"show ", "showconf "};
  std::vector<std::string> before;
  for (const std::string& question : questions)
    before.push_back(wg(question + interface).output);
  const std::string dump = wg("show " + interface + " dump").output;
  device.device.dropped.fill(18446744073709551615U);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Outcome outcome = wg(questions[i] + interface);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, before[i]);
  }
  EXPECT_EQ(wg("show " + interface + " dump").output, dump);
  expect_success("syncconf " + interface + " " + config);
  EXPECT_EQ(wg("show " + interface + " dump").output, dump);
}

TEST_F(WgToolTest, a_peer_is_edited_and_removed) {  // P39
  expect_success("set " + interface + " peer " + kPeer1 + " allowed-ips 10.0.0.0/8");
  expect_success("set " + interface + " peer " + kPeer1 + " endpoint 192.0.2.1:1");
  EXPECT_EQ(wg("show " + interface + " allowed-ips").output, kPeer1 + "\t10.0.0.0/8\n");
  EXPECT_EQ(wg("show " + interface + " endpoints").output, kPeer1 + "\t192.0.2.1:1\n");
  expect_success("set " + interface + " peer " + kPeer1 + " allowed-ips 10.1.0.0/16");
  EXPECT_EQ(wg("show " + interface + " allowed-ips").output, kPeer1 + "\t10.1.0.0/16\n");
  expect_success("set " + interface + " peer " + kPeer1 + " remove peer " + kPeer2 + " remove");
  EXPECT_EQ(wg("show " + interface + " peers").output, "");
}

TEST_F(WgToolTest, a_taken_port_is_reported_in_words) {  // P37
  device.taken_port = 53;
  const Outcome outcome = wg("set " + interface + " listen-port 53");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, HasSubstr("Address already in use"));
}

TEST_F(WgToolTest, ten_thousand_peers_are_set_and_shown) {
  std::string conf;
  for (int i = 0; i < 10'000; ++i) {
    // 43 characters of base64 that stand for 32 bytes; the last one has its low two bits clear.
    std::string key = std::to_string(100'000 + i) + std::string(37, 'B');
    conf += "[Peer]\nPublicKey = " + key.substr(0, 42) + "A=\nAllowedIPs = 10." +
            std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
            std::to_string(i % 256) + "/32\n";
  }
  expect_success("setconf " + interface + " " + file("many", conf));
  EXPECT_EQ(device.peers.size(), 10'000U);
  const Outcome shown = wg("show " + interface + " peers");
  EXPECT_EQ(shown.status, 0);
  EXPECT_EQ(std::ranges::count(shown.output, '\n'), 10'000);
}

}  // namespace
}  // namespace wring
