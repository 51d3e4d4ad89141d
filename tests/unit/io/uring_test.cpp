#include "io/uring.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace wring {
namespace {

constexpr std::uint8_t kOnly[] = {IORING_OP_NOP};

// What the one request that is queued ends with.
int result_of(Uring& ring) {
  ring.submit_and_wait(1);
  int result = 0;
  ring.reap([&result](const io_uring_cqe& cqe) { result = cqe.res; });
  return result;
}

class UringTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Uring::open(8);
    if (!opened) GTEST_SKIP() << opened.error().message;
    ring_ = std::move(*opened);
    ring_->start(kOnly);
  }

  std::unique_ptr<Uring> ring_;
};

TEST_F(UringTest, what_it_was_started_for_is_done) {
  io_uring_prep_nop(ring_->entry());
  EXPECT_EQ(result_of(*ring_), 0);
}

TEST_F(UringTest, anything_else_is_refused) {
  io_uring_prep_openat(ring_->entry(), AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
  EXPECT_EQ(result_of(*ring_), -EACCES);
}

TEST_F(UringTest, a_request_with_other_flags_is_refused) {
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_nop(sqe);
  sqe->flags |= IOSQE_ASYNC;
  EXPECT_EQ(result_of(*ring_), -EACCES);
}

}  // namespace
}  // namespace wring
