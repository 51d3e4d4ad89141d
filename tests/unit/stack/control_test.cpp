// Messages between relay and stack: what is written is read, and nothing else is.
#include "stack/control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

#include "stack/end_mark.h"

namespace wring::stack {
namespace {

Place place(const char* address, std::uint16_t port) {
  return {*IpAddress::parse(address), port};
}

TEST(Control, a_request_is_read_as_it_was_written) {
  for (const Request& request :
       {Request{Request::Kind::kConnect, {}, place("192.0.2.1", 443)},
        Request{Request::Kind::kConnect, Request::Manner::kQuiet, place("2001:db8::1", 53)},
        Request{Request::Kind::kConnect, Request::Manner::kHandedOver, place("192.0.2.1", 1)},
        Request{Request::Kind::kListen, {}, place("0.0.0.0", 7000)},
        Request{Request::Kind::kEcho, {}, place("::", 0)}}) {
    EXPECT_EQ(decode_request(encode(request)), request);
  }
}

TEST(Control, a_head_is_read_as_it_was_written) {
  for (const DatagramHead& head :
       {DatagramHead{place("192.0.2.1", 53), false}, DatagramHead{place("2001:db8::1", 1), true},
        DatagramHead{std::nullopt, false}}) {
    EXPECT_EQ(decode_datagram_head(encode(head)), head);
  }
}

TEST(Control, a_report_is_read_as_it_was_written) {
  for (const Report& report :
       {Report{1, std::uint64_t{1} << 40U, false, true}, Report{0, 0, true, false}})
    EXPECT_EQ(decode_report(encode(report)), report);
}

TEST(Control, what_is_no_message_is_none) {
  auto request = encode(Request{});
  EXPECT_FALSE(decode_request(ByteSpan(request).first(kRequestSize - 1)));
  request[0] = 4;  // a kind that there is not
  EXPECT_FALSE(decode_request(request));
  request[0] = 0;
  request[1] = 3;  // a manner that there is not
  EXPECT_FALSE(decode_request(request));
  auto report = encode(Report{});
  EXPECT_FALSE(decode_report(ByteSpan(report).first(kReportSize - 1)));
  report[kReportSize - 1] = 4;  // an end that there is not
  EXPECT_FALSE(decode_report(report));
  auto head = encode(DatagramHead{place("192.0.2.1", 53), false});
  EXPECT_FALSE(decode_datagram_head(ByteSpan(head).first(kDatagramHeadSize - 1)));
  head[0] = 5;  // no version of IP
  EXPECT_FALSE(decode_datagram_head(head));
}

TEST(Control, a_descriptor_goes_along) {
  auto [one, other] = make_pair(SOCK_SEQPACKET);
  auto [kept, given] = make_pair(SOCK_STREAM);
  const auto message = encode(Request{Request::Kind::kConnect, {}, place("192.0.2.1", 80)});
  ASSERT_TRUE(send_with(one.get(), message, given.get()));
  given.reset();
  Bytes<kRequestSize> bytes{};
  const Received received = receive_with(other.get(), bytes);
  ASSERT_EQ(received.size, static_cast<ssize_t>(kRequestSize));
  EXPECT_EQ(bytes, message);
  ASSERT_TRUE(received.descriptor);
  EXPECT_EQ(send(received.descriptor.get(), "x", 1, MSG_NOSIGNAL), 1);
  char got = 0;
  EXPECT_EQ(recv(kept.get(), &got, 1, 0), 1);
  EXPECT_EQ(got, 'x');
}

TEST(Control, two_descriptors_go_along_and_keep_their_places) {
  auto [one, other] = make_pair(SOCK_SEQPACKET);
  auto [kept, given] = make_pair(SOCK_STREAM);
  const auto [ours, theirs] = make_end_marks();
  const auto message = encode(DatagramHead{place("192.0.2.1", 80)});
  ASSERT_TRUE(send_with(one.get(), message, given.get(), theirs.get()));
  Bytes<kDatagramHeadSize> bytes{};
  const Received received = receive_with(other.get(), bytes);
  EXPECT_EQ(bytes, message);
  ASSERT_TRUE(received.descriptor && received.second);
  EXPECT_EQ(send(received.descriptor.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_FALSE(end_is_marked(received.second.get()));
  mark_end(ours.get());
  EXPECT_TRUE(end_is_marked(received.second.get()));
  // It stays so, and says nothing of the other direction.
  EXPECT_TRUE(end_is_marked(received.second.get()));
  EXPECT_FALSE(end_is_marked(ours.get()));
}

TEST(EndMark, it_outlives_who_has_set_it) {
  auto [ours, theirs] = make_end_marks();
  mark_end(ours.get());
  ours.reset();
  EXPECT_TRUE(end_is_marked(theirs.get()));
  mark_end(theirs.get());  // nobody hears it
  auto [one, other] = make_end_marks();
  one.reset();
  EXPECT_FALSE(end_is_marked(other.get()));
}

}  // namespace
}  // namespace wring::stack
