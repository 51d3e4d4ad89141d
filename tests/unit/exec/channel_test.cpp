// Messages between inside and outside.
#include "exec/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

namespace wring::exec {
namespace {

TEST(Channel, keeps_messages_and_their_descriptors_together) {
  auto ends = Channel::pair().value();
  Message first;
  first.kind = Message::Kind::kFailed;
  first.number = EPERM;
  first.text = "no";
  first.descriptors.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  first.descriptors.emplace_back(open("/", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(ends.first.send(first));
  Message second;
  second.kind = Message::Kind::kSignal;
  second.number = 15;
  ASSERT_TRUE(ends.first.send(second));

  const auto got = ends.second.receive();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->kind, Message::Kind::kFailed);
  EXPECT_EQ(got->number, EPERM);
  EXPECT_EQ(got->text, "no");
  ASSERT_EQ(got->descriptors.size(), 2U);
  struct stat info {};
  ASSERT_EQ(fstat(got->descriptors[1].get(), &info), 0);
  EXPECT_TRUE(S_ISDIR(info.st_mode));
  EXPECT_NE(fcntl(got->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(ends.second.receive()->number, 15);
  EXPECT_EQ(ends.second.receive_now().value(), std::nullopt);
}

TEST(Channel, tells_that_the_other_end_is_gone) {
  auto ends = Channel::pair().value();
  ends.second.close();
  EXPECT_EQ(ends.first.receive().error().code, ENOTCONN);
  EXPECT_EQ(ends.first.receive_now().error().code, ENOTCONN);
  EXPECT_EQ(ends.first.send({}).error().code, ENOTCONN);
}

// A signal may be on its way to a keeper whose command has just ended.
TEST(Channel, the_last_word_is_heard_though_it_did_not_read_all) {
  auto ends = Channel::pair().value();
  Message signal;
  signal.kind = Message::Kind::kSignal;
  ASSERT_TRUE(ends.first.send(signal));
  Message ended;
  ended.kind = Message::Kind::kEnded;
  ended.number = 130;
  ASSERT_TRUE(ends.second.send(ended));
  ends.second.close();
  const auto last = ends.first.receive_now();
  ASSERT_TRUE(last && *last) << last.error().message;
  EXPECT_EQ((*last)->number, 130);
  EXPECT_EQ(ends.first.receive_now().error().code, ENOTCONN);
}

}  // namespace
}  // namespace wring::exec
