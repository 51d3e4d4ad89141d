// Each test runs in a child, because there is no way back from the rules.
#include "process/file_rules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

constexpr int kNoLandlock = 77;

template <typename Check>
int restricted(const std::string& folder, Check check) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(restrict_files({folder, {}, false}) ? check() : kNoLandlock);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class FileRules : public testing::Test {
 protected:
  void SetUp() override {
    mkdir(inside_.c_str(), 0700);
    for (const std::string& file : {in_folder_, beside_})
      std::ofstream(file) << "text";
    if (restricted("", [] { return 0; }) == kNoLandlock) GTEST_SKIP() << "needs Landlock";
  }

  test::TemporaryFolder folder_;
  const std::string inside_ = (folder_.path() + "/inside");
  const std::string in_folder_ = inside_ + "/file";
  const std::string beside_ = (folder_.path() + "/beside");
};

TEST_F(FileRules, files_of_one_folder_may_be_deleted_and_no_others) {
  EXPECT_EQ(restricted(inside_,
                       [&] {
                         if (unlink(beside_.c_str()) == 0 || errno != EACCES) return 1;
                         return unlink(in_folder_.c_str()) == 0 ? 0 : 2;
                       }),
            0);
  EXPECT_EQ(access(beside_.c_str(), F_OK), 0);
  EXPECT_NE(access(in_folder_.c_str(), F_OK), 0);
}

TEST_F(FileRules, without_a_folder_none_may) {
  EXPECT_EQ(restricted("", [&] { return unlink(in_folder_.c_str()) == 0 ? 1 : 0; }), 0);
  EXPECT_EQ(access(in_folder_.c_str(), F_OK), 0);
}

TEST_F(FileRules, a_folder_that_is_not_there_does_not_lift_the_other_rules) {
  EXPECT_EQ(restricted("/no/such/folder", [&] { return unlink(in_folder_.c_str()) == 0 ? 1 : 0; }),
            0);
}

TEST_F(FileRules, nothing_is_read_written_or_made) {
  EXPECT_EQ(restricted(inside_,
                       [&] {
                         if (open(in_folder_.c_str(), O_RDONLY) >= 0) return 1;
                         if (open(in_folder_.c_str(), O_WRONLY) >= 0) return 2;
                         if (open((inside_ + "/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0)
                           return 3;
                         if (mkdir((inside_ + "/folder").c_str(), 0700) == 0) return 4;
                         return rename(in_folder_.c_str(), beside_.c_str()) == 0 ? 5 : 0;
                       }),
            0);
}

}  // namespace
}  // namespace wring
