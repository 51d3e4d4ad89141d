// Many clients at once: who gets in, who waits, and who has to go.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "uapi_server_rig.h"

namespace wring {
namespace {

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

}  // namespace
}  // namespace wring
