#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace wring {
namespace {

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST(UniqueFd, closes_when_it_goes) {
  int fd = -1;
  {
    const Pipe pipe = make_pipe();
    fd = pipe.read.get();
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, moves_the_descriptor_and_leaves_none_behind) {
  Pipe pipe = make_pipe();
  const int fd = pipe.read.get();
  UniqueFd moved = std::move(pipe.read);
  EXPECT_EQ(moved.get(), fd);
  EXPECT_FALSE(pipe.read);  // NOLINT(bugprone-use-after-move): what is left is the claim
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, assignment_closes_the_old_one) {
  Pipe pipe = make_pipe();
  const int old = pipe.read.get();
  const int other = pipe.write.get();
  pipe.read = std::move(pipe.write);
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(pipe.read.get(), other);
}

TEST(UniqueFd, release_hands_the_descriptor_out) {
  int fd = -1;
  {
    Pipe pipe = make_pipe();
    fd = pipe.read.release();
    EXPECT_FALSE(pipe.read);
  }
  EXPECT_TRUE(is_open(fd));
  UniqueFd(fd).reset();
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, holds_none_by_default) {
  EXPECT_FALSE(UniqueFd());
}

}  // namespace
}  // namespace wring
