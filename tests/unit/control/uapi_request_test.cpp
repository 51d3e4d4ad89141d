#include "control/uapi_request.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/fake_device.h"

namespace wring {
namespace {

using Operation = UapiRequest::Operation;

// All requests in a stream that arrives in two parts.
std::vector<UapiRequest> read(const std::string& stream, std::size_t cut = std::string::npos) {
  RequestReader reader;
  std::vector<UapiRequest> requests;
  const std::string first = stream.substr(0, cut);
  const std::string second = cut == std::string::npos ? "" : stream.substr(cut);
  for (std::string_view part : {std::string_view(first), std::string_view(second)}) {
    while (!part.empty()) {
      if (auto request = reader.feed(part)) requests.push_back(std::move(*request));
    }
  }
  return requests;
}

TEST(UapiRequest, pipelined_requests_are_the_same_wherever_the_stream_is_cut) {  // P36
  const std::string stream =
      "get=1\n\nset=1\nlisten_port=7\npublic_key=" + test::hex_key("11") +
      "\nallowed_ip=10.0.0.0/8\n\nset=1\nfwmark=x\nlisten_port=9\n\nget=1\n\nset=1\nfwmark=3\n\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const std::vector<UapiRequest> requests = read(stream, cut);
    ASSERT_EQ(requests.size(), 5U) << cut;
    EXPECT_EQ(requests[0].operation, Operation::kGet);
    EXPECT_EQ(requests[0].error, 0);
    EXPECT_EQ(requests[1].operation, Operation::kSet);
    EXPECT_EQ(requests[1].error, 0);
    EXPECT_EQ(requests[1].change.listen_port, 7);
    ASSERT_EQ(requests[1].change.peers.size(), 1U);
    EXPECT_EQ(requests[1].change.peers[0].allowed_ips.size(), 1U);
    EXPECT_EQ(requests[2].error, EINVAL);
    EXPECT_FALSE(requests[2].change.listen_port);
    EXPECT_EQ(requests[3].operation, Operation::kGet);
    EXPECT_EQ(requests[4].change.fwmark, 3U);
    EXPECT_FALSE(requests[4].change.listen_port);
  }
}

TEST(UapiRequest, a_request_without_its_blank_line_is_not_complete) {
  EXPECT_TRUE(read("set=1\nlisten_port=7\n").empty());
  EXPECT_TRUE(read("get=1").empty());
}

TEST(UapiRequest, a_malformed_request_is_read_to_its_end) {  // P37
  for (const std::string bad :
       {"set=2\n\n", "hello\nlisten_port=1\n\n", "set=1\nlisten_port\n\n"}) {
    const std::vector<UapiRequest> requests = read(bad + "get=1\n\n");
    ASSERT_EQ(requests.size(), 2U) << bad;
    EXPECT_EQ(requests[0].operation, Operation::kSet) << bad;
    EXPECT_EQ(requests[0].error, EPROTO) << bad;
    EXPECT_EQ(requests[1].error, 0) << bad;
  }
}

TEST(UapiRequest, a_get_takes_no_further_lines) {
  EXPECT_EQ(read("get=1\nlisten_port=1\n\n").at(0).error, EINVAL);
  EXPECT_EQ(read("get=1\nx\n\n").at(0).error, EPROTO);
  EXPECT_EQ(read("get=2\n\n").at(0).error, EPROTO);
  EXPECT_EQ(read("get=2\n\n").at(0).operation, Operation::kGet);
}

TEST(UapiRequest, blank_lines_between_requests_are_skipped) {
  EXPECT_EQ(read("\n\n\nget=1\n\n\n\nget=1\n\n").size(), 2U);
}

TEST(UapiRequest, a_line_of_more_than_512_bytes_is_EPROTO_and_the_stream_goes_on) {
  const std::string longest(512 - std::string("endpoint=").size(), '1');
  const std::string head = "set=1\npublic_key=" + test::hex_key("11") + "\n";
  EXPECT_EQ(read(head + "endpoint=" + longest + "\n\n").at(0).error, EINVAL);
  const auto requests = read(head + "endpoint=" + longest + "1\n\nget=1\n\n", 400);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].error, EPROTO);
  EXPECT_EQ(requests[1].error, 0);
  EXPECT_EQ(read(std::string(100000, 'x') + "\n\n").at(0).error, EPROTO);
}

// Feeds `count` peers with ten prefixes each, a preshared key and an endpoint in one request.
UapiRequest read_big_request(std::size_t count) {
  RequestReader reader;
  std::string peer = "public_key=" + test::hex_key("11") +
                     "\npreshared_key=" + test::hex_key("22") +
                     "\nendpoint=[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:51820\n"
                     "persistent_keepalive_interval=25\nreplace_allowed_ips=true\n";
  for (int i = 0; i < 10; ++i)
    peer += "allowed_ip=2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128\n";
  std::string_view head = "set=1\n";
  EXPECT_FALSE(reader.feed(head));
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view text = peer;
    EXPECT_FALSE(reader.feed(text));
  }
  std::string_view end = "\n";
  return reader.feed(end).value();
}

TEST(UapiRequest, a_set_may_have_100000_peers_with_ten_prefixes_each) {
  const UapiRequest request = read_big_request(100'000);
  EXPECT_EQ(request.error, 0);
  EXPECT_EQ(request.change.peers.size(), 100'000U);
}

TEST(UapiRequest, a_set_past_the_limit_is_E2BIG) {
  EXPECT_EQ(read_big_request(200'000).error, E2BIG);
}

}  // namespace
}  // namespace wring
