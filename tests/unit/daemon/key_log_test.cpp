#include "daemon/key_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/aead.h"

namespace wring {
namespace {

using testing::HasSubstr;

PrivateKey private_key(std::uint8_t fill) {
  Bytes<32> bytes;
  bytes.fill(fill);
  PrivateKey key(bytes);
  clamp(key);
  return key;
}

class KeyLogTest : public testing::Test {
 protected:
  KeyLogTest() {
    EXPECT_TRUE(prepare_crypto());
    std::string name = "/tmp/wring-keylog-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/keys";
  }
  ~KeyLogTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }
  [[nodiscard]] unsigned mode() const {
    struct stat status {};
    EXPECT_EQ(stat(path_.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  static std::string refusal(const std::string& path) {
    const auto opened = KeyLog::open(path);
    EXPECT_FALSE(opened);
    return opened ? "" : opened.error().message;
  }

  std::string folder_;
  std::string path_;
  LocalIdentity local_{private_key(0x41)};
  PublicKey remote_{Bytes<32>{1, 2, 3}};
};

TEST_F(KeyLogTest, has_the_lines_that_wireshark_reads) {
  auto log = KeyLog::open(path_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(log->add(local_, remote_, private_key(0x42), PresharedKey()), 0);
  EXPECT_EQ(log->add(local_, remote_, private_key(0x43), PresharedKey(Bytes<32>{7})), 0);
  const std::string first =
      "LOCAL_STATIC_PRIVATE_KEY = QEFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n"
      "REMOTE_STATIC_PUBLIC_KEY = AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  EXPECT_EQ(text(),
            first + "LOCAL_EPHEMERAL_PRIVATE_KEY = QEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n" +
                first +
                "LOCAL_EPHEMERAL_PRIVATE_KEY = QENDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M=\n"
                "PRESHARED_KEY = BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
}

TEST_F(KeyLogTest, is_for_its_owner_alone_under_any_umask) {
  const mode_t before = umask(0);
  EXPECT_TRUE(KeyLog::open(path_));
  umask(before);
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(KeyLogTest, appends_to_a_file_that_is_there_and_closes_it_to_others) {
  std::ofstream(path_) << "before\n";
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  auto log = KeyLog::open(path_);
  ASSERT_TRUE(log);
  EXPECT_EQ(mode(), 0600U);
  EXPECT_EQ(log->add(local_, remote_, private_key(0x42), PresharedKey()), 0);
  EXPECT_TRUE(text().starts_with("before\nLOCAL_STATIC"));
}

TEST_F(KeyLogTest, follows_no_symbolic_link) {
  std::ofstream(folder_ + "/target") << "";
  ASSERT_EQ(symlink("target", path_.c_str()), 0);
  EXPECT_THAT(refusal(path_), HasSubstr("symbolic link"));
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/target"), 0U);
}

TEST_F(KeyLogTest, is_no_file_with_a_second_name) {  // A hard link may lie in another's folder.
  const std::string other = folder_ + "/other";
  std::ofstream(other) << "not ours to write to\n";
  ASSERT_EQ(chmod(other.c_str(), 0644), 0);
  ASSERT_EQ(link(other.c_str(), path_.c_str()), 0);
  EXPECT_THAT(refusal(path_), HasSubstr("hard link"));
  EXPECT_EQ(text(), "not ours to write to\n");
  EXPECT_EQ(mode(), 0644U);
}

TEST_F(KeyLogTest, is_no_pipe_no_folder_and_not_made_in_a_folder_that_is_not_there) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(refusal(path_), HasSubstr(path_));  // Without waiting for a reader.
  const UniqueFd reader(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_THAT(refusal(path_), HasSubstr("no plain file"));
  EXPECT_THAT(refusal(folder_), HasSubstr("Is a directory"));
  EXPECT_THAT(refusal(folder_ + "/absent/keys"), HasSubstr("No such file or directory"));
}

TEST_F(KeyLogTest, belongs_to_us) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  std::ofstream(path_) << "";
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(refusal(path_), HasSubstr("another user"));
}

TEST_F(KeyLogTest, a_full_disk_is_told) {
  ASSERT_TRUE(KeyLog::open(path_));
  const rlimit none{0, RLIM_INFINITY};
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  auto log = KeyLog::open(path_);
  setrlimit(RLIMIT_FSIZE, &none);
  EXPECT_EQ(log->add(local_, remote_, private_key(0x42), PresharedKey()), EFBIG);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);
}

}  // namespace
}  // namespace wring
