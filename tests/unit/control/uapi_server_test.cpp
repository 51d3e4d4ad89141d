#include "control/uapi_server.h"

#include <gtest/gtest.h>

#include <string>

#include "uapi_rig.h"

namespace wring {
namespace {

using test::UapiServerTest;
using Client = test::UapiClient;

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

TEST_F(UapiServerTest, deleting_the_socket_is_told_once) {  // P35
  int told = 0;
  server->on_removed([&](const char* why) {
    EXPECT_STREQ(why, "the control socket was deleted");
    ++told;
    server.reset();
  });
  run(5);
  EXPECT_EQ(told, 0);
  unlink(path.c_str());
  run(5);
  EXPECT_EQ(told, 1);
}

TEST_F(UapiServerTest, the_client_of_a_stream_that_was_handed_in_is_served_and_its_end_is_told) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd client(ends[0]);
  auto adopted = UapiSocket::adopt(UniqueFd(ends[1]));
  ASSERT_TRUE(adopted) << adopted.error().message;
  server = UapiServer::start(loop, device, std::move(*adopted)).value();
  int told = 0;
  server->on_removed([&](const char*) {
    ++told;
    server.reset();
  });
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(send(client.get(), "get=1\n\n", 7, 0), 7);
    run(3);
    char answer[64] = {};
    EXPECT_GT(recv(client.get(), answer, sizeof answer - 1, MSG_DONTWAIT), 0);
    EXPECT_TRUE(std::string(answer).ends_with("errno=0\n\n")) << answer;
  }
  EXPECT_EQ(told, 0);
  client.reset();
  run(3);
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
