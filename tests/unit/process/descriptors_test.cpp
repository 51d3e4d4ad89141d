#include "process/descriptors.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/child_process.h"

namespace wring {
namespace {

using testing::HasSubstr;

bool same_file(int a, int b) {
  struct stat of_a {};
  struct stat of_b {};
  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
         of_a.st_dev == of_b.st_dev;
}

bool is_dev_null(int fd) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  return same_file(fd, null.get());
}

TEST(Descriptors, a_closed_standard_stream_becomes_dev_null) {
  EXPECT_EQ(test::in_child([] {
              close(STDIN_FILENO);
              close(STDERR_FILENO);
              if (!open_missing_standard_streams()) return 1;
              return is_dev_null(STDIN_FILENO) && is_dev_null(STDERR_FILENO) ? 0 : 2;
            }),
            0);
}

TEST(Descriptors, an_open_standard_stream_stays) {
  EXPECT_EQ(test::in_child([] {
              int pair[2];
              if (pipe(pair) != 0 || dup2(pair[1], STDOUT_FILENO) < 0) return 1;
              if (!open_missing_standard_streams()) return 2;
              return same_file(pair[1], STDOUT_FILENO) ? 0 : 3;
            }),
            0);
}

TEST(Descriptors, one_that_was_handed_in_as_a_standard_stream_gets_another_number) {
  EXPECT_EQ(test::in_child([] {
              int pair[2];
              if (pipe(pair) != 0 || dup2(pair[0], STDIN_FILENO) < 0) return 1;
              const auto taken = take_handed_in(STDIN_FILENO, "WG_TUN_FD");
              if (!taken || taken->get() <= STDERR_FILENO) return 2;
              if ((fcntl(taken->get(), F_GETFD) & FD_CLOEXEC) == 0) return 3;
              return same_file(taken->get(), pair[0]) ? 0 : 4;
            }),
            0);
}

TEST(Descriptors, a_closed_one_that_is_handed_in_is_a_clear_error) {
  const auto taken = take_handed_in(1000, "WG_UAPI_FD");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, EBADF);
  EXPECT_EQ(taken.error().message,
            "cannot use WG_UAPI_FD=1000: Bad file descriptor; unset it, or hand in an open "
            "descriptor");
}

}  // namespace
}  // namespace wring
