// Both ends of each measurement, over the loopback interface.
#include "measure/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "measure/bulk.h"
#include "measure/joined_hosts.h"
#include "measure/round_trips.h"
#include "measure/small_packets.h"
#include "measure/sockets.h"
#include "measure/wire.h"

namespace wring::measure {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{50};

// A port that is free now.
Endpoint free_place() {
  Endpoint place;
  place.remote.v4.sin_family = AF_INET;
  place.remote.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return place;
}

std::unique_ptr<Server> serve() {
  auto server = Server::start(free_place());
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

TEST(Server, counts_the_bytes_of_all_streams) {
  const auto server = serve();
  for (const unsigned streams : {1U, 4U}) {
    auto sender = BulkSender::open(server->at(), streams);
    ASSERT_TRUE(sender) << sender.error().message;
    const auto carried = sender->run(kShort);
    ASSERT_TRUE(carried) << carried.error().message;
    EXPECT_GT(carried->bytes, 0);
    EXPECT_GE(carried->seconds, 0.05);
  }
}

TEST(Server, answers_echoes) {
  const auto server = serve();
  const auto echo = RoundTrips::open(server->at());
  ASSERT_TRUE(echo) << echo.error().message;
  const auto median = echo->median(kShort);
  ASSERT_TRUE(median) << median.error().message;
  EXPECT_GT(median->count(), 0);
}

TEST(RoundTrips, go_on_until_the_first_echo_comes_back) {
  const UniqueFd far(socket(AF_INET, SOCK_DGRAM, 0));
  const Endpoint place = free_place();
  ASSERT_EQ(bind(far.get(), &place.remote.any, place.remote_size()), 0);
  bound_waits(far.get(), kPatience);
  Endpoint at = place;
  socklen_t size = sizeof at.remote;
  ASSERT_EQ(getsockname(far.get(), &at.remote.any, &size), 0);
  // The first one is lost.
  std::jthread answering([&] {
    Bytes<kDatagramSize> datagram{};
    sockaddr_in from{};
    for (const bool lost : {true, false}) {
      socklen_t from_size = sizeof from;
      auto* const name = reinterpret_cast<sockaddr*>(&from);
      ASSERT_GT(recvfrom(far.get(), datagram.data(), datagram.size(), 0, name, &from_size), 0);
      if (!lost) sendto(far.get(), datagram.data(), datagram.size(), 0, name, from_size);
    }
  });
  const auto median = RoundTrips::open(at)->median(kShort);
  ASSERT_TRUE(median) << median.error().message;
  EXPECT_GT(median->count(), 0);
}

TEST(BulkSender, sends_on_while_it_is_asked_to) {
  const auto server = serve();
  auto sender = BulkSender::open(server->at(), 1);
  ASSERT_TRUE(sender) << sender.error().message;
  std::atomic<int> asked = 0;
  const auto carried = sender->run(Duration(), [&] { return ++asked < 100; });
  ASSERT_TRUE(carried) << carried.error().message;
  EXPECT_EQ(asked, 100);
}

TEST(Server, counts_small_packets) {
  const auto server = serve();
  const auto rate = small_packets(server->at(), kShort);
  ASSERT_TRUE(rate) << rate.error().message;
  EXPECT_GT(*rate, 0);
}

TEST(Server, answers_a_question_about_a_run_that_it_does_not_know_with_none) {
  const auto server = serve();
  const UniqueFd socket = open_socket(server->at(), SOCK_DGRAM);
  ASSERT_EQ(connect(socket.get(), &server->at().remote.any, server->at().remote_size()), 0);
  bound_waits(socket.get(), kPatience);
  DatagramHeader question;
  question.kind = static_cast<std::uint8_t>(DatagramKind::kQuestion);
  question.run = 7;
  ASSERT_EQ(send(socket.get(), &question, sizeof question, 0), sizeof question);
  Count answer;
  ASSERT_EQ(recv(socket.get(), &answer, sizeof answer, 0), sizeof answer);
  EXPECT_EQ(answer.run, 7U);
  EXPECT_EQ(answer.count, 0U);
  static_assert(sizeof(Count) <= sizeof(DatagramHeader), "no answer is larger than its question");
}

TEST(Server, an_answer_is_answered_by_nobody) {
  const auto server = serve();
  const UniqueFd socket = open_socket(server->at(), SOCK_DGRAM);
  ASSERT_EQ(connect(socket.get(), &server->at().remote.any, server->at().remote_size()), 0);
  bound_waits(socket.get(), kPatience);
  DatagramHeader sent;
  sent.kind = static_cast<std::uint8_t>(DatagramKind::kEcho);
  sent.number = 1;
  DatagramHeader answer;
  ASSERT_EQ(send(socket.get(), &sent, sizeof sent, 0), sizeof sent);
  ASSERT_EQ(recv(socket.get(), &answer, sizeof answer, 0), sizeof answer);
  EXPECT_EQ(answer.kind, static_cast<std::uint8_t>(DatagramKind::kReply));
  // As by another server. The next echo is answered first.
  ASSERT_EQ(send(socket.get(), &answer, sizeof answer, 0), sizeof answer);
  sent.number = 2;
  ASSERT_EQ(send(socket.get(), &sent, sizeof sent, 0), sizeof sent);
  ASSERT_EQ(recv(socket.get(), &answer, sizeof answer, 0), sizeof answer);
  EXPECT_EQ(answer.number, 2U);
}

TEST(Server, says_which_place_is_taken) {
  const auto server = serve();
  const auto second = Server::start(server->at());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(to_string(server->at())), std::string::npos);
}

TEST(Server, one_that_is_gone_is_an_error_of_the_client) {
  const Endpoint gone = serve()->at();
  const auto sender = BulkSender::open(gone, 1);
  ASSERT_FALSE(sender);
  EXPECT_NE(sender.error().message.find("wring bench --serve"), std::string::npos);
}

TEST(JoinedHosts, have_addresses_of_their_own) {
  EXPECT_EQ(to_string(endpoint_at(JoinedHosts::address(0), 7)), "192.0.2.1:7");
  EXPECT_EQ(to_string(endpoint_at(JoinedHosts::address(1), 7)), "192.0.2.2:7");
}

}  // namespace
}  // namespace wring::measure
