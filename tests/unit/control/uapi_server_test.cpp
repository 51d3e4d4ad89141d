#include "control/uapi_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "fake_device.h"
#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

using std::chrono::milliseconds;
using test::FakeDevice;
using test::TemporaryFolder;

TimePoint now() {
  return SystemClock().now();
}

// A client in the same thread as the server; it never blocks.
class Client {
 public:
  explicit Client(const std::string& path)
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
  void run_until(Client& client, int replies) {
    for (int i = 0; i < 100'000 && client.replies() < replies && !client.closed(); ++i) {
      loop.run_once(now() + milliseconds(1));
      client.receive();
    }
  }
  std::string ask(const std::string& request) {
    Client client(path);
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

TEST_F(UapiServerTest, answers_get_and_set) {  // P36
  EXPECT_EQ(ask("set=1\nlisten_port=7\n\n"), "errno=0\n\n");
  EXPECT_EQ(ask("get=1\n\n"), "listen_port=7\nerrno=0\n\n");
}

TEST_F(UapiServerTest, errno_of_a_set_is_negative_and_of_a_get_is_not) {  // P37
  device.taken_port = 53;
  EXPECT_EQ(ask("set=1\nlisten_port=53\n\n"), "errno=-98\n\n");
  EXPECT_EQ(ask("set=1\nlisten_port=x\n\n"), "errno=-22\n\n");
  EXPECT_EQ(ask("set=1\nlisten_port\n\n"), "errno=-71\n\n");
  EXPECT_EQ(ask("get=1\nlisten_port=1\n\n"), "errno=22\n\n");
}

TEST_F(UapiServerTest, a_bad_request_changes_nothing) {  // P37
  const std::string good = "set=1\nlisten_port=7\nreplace_peers=true\npublic_key=";
  ask(good + test::hex_key("11") + "\n\n");
  const std::string before = ask("get=1\n\n");
  const int calls = device.configure_calls;
  ask("set=1\nlisten_port=8\nreplace_peers=true\npublic_key=" + test::hex_key("22") +
      "\nallowed_ip=10.0.0.0/99\n\n");
  EXPECT_EQ(ask("get=1\n\n"), before);
  EXPECT_EQ(device.configure_calls, calls);
}

TEST_F(UapiServerTest, a_request_that_was_cut_short_changes_nothing) {
  {
    Client client(path);
    client.send("set=1\nlisten_port=8\n");
    run(5);
  }
  run(5);
  EXPECT_EQ(device.configure_calls, 0);
  EXPECT_EQ(server->client_count(), 0U);
}

TEST_F(UapiServerTest, pipelined_requests_are_answered_in_order_on_one_connection) {  // P36
  Client client(path);
  std::string requests;
  for (int i = 1; i <= 50; ++i) {
    requests += "set=1\nlisten_port=" + std::to_string(i) + "\n\nget=1\n\n";
  }
  client.send(requests);
  client.stop_sending();
  run_until(client, 100);
  std::string expected;
  for (int i = 1; i <= 50; ++i) {
    expected += "errno=0\n\nlisten_port=" + std::to_string(i) + "\nerrno=0\n\n";
  }
  EXPECT_EQ(client.text(), expected);
}

TEST_F(UapiServerTest, silent_and_half_spoken_clients_hold_nobody_up) {
  Client silent(path);
  Client half(path);
  half.send("set=1\nlisten_");
  run(5);
  EXPECT_EQ(ask("get=1\n\n"), "errno=0\n\n");
  half.send("port=9\n\n");
  run_until(half, 1);
  EXPECT_EQ(half.text(), "errno=0\n\n");
  EXPECT_EQ(device.device.listen_port, 9);
}

TEST_F(UapiServerTest, a_client_that_does_not_read_costs_one_buffer_and_still_gets_everything) {
  for (int i = 0; i < 100'000; ++i) {
    PublicKey key;
    store(key.bytes, i);
    device.add_peer(key);
  }
  Client slow(path);
  slow.send("get=1\n\n");
  run(1000);
  // Only what fits into the buffers on the way was made: far from 30 MB.
  const std::size_t made = device.peers_described;
  EXPECT_LT(made, 5000U);
  run(1000);
  EXPECT_EQ(device.peers_described, made);

  Client quick(path);
  quick.send("set=1\nfwmark=1\n\n");
  run_until(quick, 1);
  EXPECT_EQ(quick.text(), "errno=0\n\n");

  run_until(slow, 1);
  EXPECT_EQ(device.peers_described, 100'000U);
  EXPECT_TRUE(slow.text().ends_with("errno=0\n\n"));
}

TEST_F(UapiServerTest, a_client_that_only_asks_is_not_read_on) {
  device.add_peer(test::public_key(1));
  Client client(path);
  std::string many;
  for (int i = 0; i < 2000; ++i)
    many += "get=1\n\n";
  client.send(many);
  run(2000);
  const std::size_t answered = device.peers_described;
  EXPECT_LT(answered, 2000U);
  run_until(client, 2000);
  EXPECT_EQ(client.replies(), 2000);
}

TEST_F(UapiServerTest, a_client_that_goes_away_amid_a_reply_is_forgotten) {
  for (int i = 0; i < 20'000; ++i) {
    PublicKey key;
    store(key.bytes, i);
    device.add_peer(key);
  }
  {
    Client client(path);
    client.send("get=1\n\n");
    run(10);
  }
  run(10);
  EXPECT_EQ(server->client_count(), 0U);
  EXPECT_LT(device.peers_described, 20'000U);
}

TEST_F(UapiServerTest, a_65th_client_takes_the_place_of_the_one_idle_for_longest) {
  limit({.idle_after = milliseconds(0)});
  std::vector<Client> clients;
  clients.reserve(65);
  for (int i = 0; i < 64; ++i)
    clients.emplace_back(path);
  run(20);
  EXPECT_EQ(server->client_count(), 64U);
  clients[0].send("get=1\n\n");
  run_until(clients[0], 1);
  clients[1].send("set=1\nlisten_");
  run(20);
  clients.emplace_back(path);
  run(20);
  EXPECT_EQ(server->client_count(), 64U);
  for (Client& client : clients)
    client.receive();
  EXPECT_FALSE(clients[0].closed());
  EXPECT_FALSE(clients[1].closed());  // amid a request
  EXPECT_TRUE(clients[2].closed());
  EXPECT_FALSE(clients[3].closed());
  clients[64].send("get=1\n\n");
  run_until(clients[64], 1);
  EXPECT_EQ(clients[64].text(), "errno=0\n\n");
}

TEST_F(UapiServerTest, who_is_owed_an_answer_gets_it_whole_beside_any_number_of_others) {
  limit({.idle_after = milliseconds(0)});
  add_peers(3000);
  Client slow(path);
  slow.send("get=1\n\n");
  run(100);
  std::vector<Client> silent;
  silent.reserve(100);
  for (int i = 0; i < 100; ++i)
    silent.emplace_back(path);
  run(200);
  run_until(slow, 1);
  EXPECT_EQ(device.peers_described, 3000U);
  EXPECT_TRUE(slow.text().ends_with("errno=0\n\n"));
}

TEST_F(UapiServerTest, three_hundred_clients_at_once_are_all_answered) {
  limit({.look_every = milliseconds(1)});
  add_peers(300);  // more than the buffers on the way hold
  std::vector<Client> clients;
  clients.reserve(300);
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(path);
    clients.back().send(i % 2 == 0 ? "get=1\n\n" : "set=1\nfwmark=7\n\n");
  }
  int answered = 0;
  for (int round = 0; round < 100'000 && answered < 300; ++round) {
    loop.run_once(now() + milliseconds(1));
    EXPECT_LE(server->client_count(), 64U);
    answered = 0;
    for (Client& client : clients) {
      if (client.replies() == 0) client.receive();
      if (client.replies() == 1) client.stop_sending();  // It has what it wanted.
      answered += client.replies();
    }
  }
  EXPECT_EQ(answered, 300);
  for (const Client& client : clients)
    EXPECT_TRUE(client.text().ends_with("errno=0\n\n"));
}

TEST_F(UapiServerTest, newcomers_wait_until_a_client_that_is_owed_an_answer_ends) {
  limit({.clients = 1});
  add_peers(3000);
  Client slow(path);
  slow.send("get=1\n\n");
  run(100);
  Client newcomer(path);
  newcomer.send("set=1\nfwmark=1\n\n");
  run(100);
  EXPECT_EQ(device.configure_calls, 0);
  run_until(slow, 1);
  EXPECT_TRUE(slow.text().ends_with("errno=0\n\n"));
  slow.stop_sending();
  run_until(newcomer, 1);
  EXPECT_EQ(newcomer.text(), "errno=0\n\n");
}

TEST_F(UapiServerTest, a_stuck_client_goes_only_when_others_wait) {
  limit({.clients = 1,
         .idle_after = milliseconds(0),
         .stuck_after = milliseconds(50),
         .look_every = milliseconds(5)});
  Client half(path);
  half.send("set=1\nlisten_");
  const TimePoint end = now() + milliseconds(200);
  while (now() < end)
    loop.run_once(end);
  half.receive();
  EXPECT_FALSE(half.closed());
  Client newcomer(path);
  newcomer.send("set=1\nfwmark=1\n\n");
  run_until(newcomer, 1);
  EXPECT_EQ(newcomer.text(), "errno=0\n\n");
  half.receive();
  EXPECT_TRUE(half.closed());
}

// The loop must not spin meanwhile. What it does in 300 ms is counted by its rounds.
TEST_F(UapiServerTest, without_descriptors_a_client_waits_for_one_and_the_loop_rests) {
  limit({.look_every = milliseconds(50)});
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  Client client(path);
  client.send("get=1\n\n");
  // The next free descriptor is past the limit: nothing more can be opened.
  UniqueFd next(dup(0));
  rlimit none = old;
  none.rlim_cur = static_cast<rlim_t>(next.get());
  next.reset();
  EventLoop& only_loop = loop;  // UBSan's look at a virtual object would need a descriptor
  int rounds = 0;
  const TimePoint end = now() + milliseconds(300);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (; now() < end && rounds < 1000; ++rounds)
    only_loop.run_once(end);
  setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_LT(rounds, 50);
  EXPECT_EQ(server->client_count(), 0U);
  client.receive();
  EXPECT_FALSE(client.closed());
  run_until(client, 1);
  EXPECT_EQ(client.text(), "errno=0\n\n");
}

TEST_F(UapiServerTest, without_descriptors_the_client_idle_for_longest_gives_way) {
  limit({.idle_after = milliseconds(0)});
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  Client idle(path);
  run(5);
  Client client(path);
  client.send("get=1\n\n");
  UniqueFd next(dup(0));
  rlimit none = old;
  none.rlim_cur = static_cast<rlim_t>(next.get());
  next.reset();
  EventLoop& only_loop = loop;
  const TimePoint past = now();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 5; ++i)
    only_loop.run_once(past);
  setrlimit(RLIMIT_NOFILE, &old);
  idle.receive();
  EXPECT_TRUE(idle.closed());
  run_until(client, 1);
  EXPECT_EQ(client.text(), "errno=0\n\n");
}

TEST_F(UapiServerTest, deleting_the_socket_is_told_once) {  // P35
  int told = 0;
  server->on_removed([&] {
    ++told;
    server.reset();
  });
  run(5);
  EXPECT_EQ(told, 0);
  unlink(path.c_str());
  run(5);
  EXPECT_EQ(told, 1);
}

TEST_F(UapiServerTest, random_bytes_are_answered_by_errors_and_nothing_else) {
  Client client(path);
  std::string junk;
  std::uint32_t state = 1;
  for (int i = 0; i < 60'000; ++i) {
    state = state * 1664525 + 1013904223;
    junk += static_cast<char>(state >> 24);
  }
  client.send(junk + "\n\nget=1\n\n");
  for (int i = 0; i < 200; ++i) {
    run(1);
    client.receive();
  }
  EXPECT_EQ(device.configure_calls, 0);
  EXPECT_TRUE(client.text().ends_with("errno=0\n\n"));
}

}  // namespace
}  // namespace wring
