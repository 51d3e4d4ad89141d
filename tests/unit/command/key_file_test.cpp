#include "command/key_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "crypto/key_text.h"
#include "tests/support/temporary_folder.h"

namespace wring::command {
namespace {

using testing::HasSubstr;

const std::string kText = "QEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

class KeyFileTest : public testing::Test {
 protected:
  // The key that a file with this content holds, as text, or the message of the error.
  std::string from_file(const std::string& content) {
    const std::string path = folder.path() + "/key";
    std::ofstream(path, std::ios::binary) << content;
    Bytes<32> key;
    key.fill(1);
    const auto read = read_key_file(path, key);
    return read ? std::string(KeyText(key).view()) : read.error().message;
  }

  test::TemporaryFolder folder;
};

TEST_F(KeyFileTest, a_key_may_be_followed_by_white_space_of_any_length) {
  EXPECT_EQ(from_file(kText), kText);
  EXPECT_EQ(from_file(kText + "\n"), kText);
  EXPECT_EQ(from_file(kText + " \t\r\n\v\f" + std::string(1, '\0')), kText);
  EXPECT_EQ(from_file(kText + std::string(100000, '\n')), kText);
}

TEST_F(KeyFileTest, what_follows_a_key_is_refused) {
  EXPECT_THAT(from_file(kText + kText), HasSubstr("more than a key"));
  EXPECT_THAT(from_file(kText + std::string(1000, ' ') + "x"), HasSubstr("more than a key"));
}

TEST_F(KeyFileTest, what_is_no_key_is_refused) {
  for (const std::string& text :
       {std::string("x"), kText.substr(1), kText.substr(0, 43), " " + kText.substr(0, 43),
        // The last character stands for bits that a key does not have.
        kText.substr(0, 42) + "J=", kText.substr(0, 43) + "A", "-" + kText.substr(1)})
    EXPECT_THAT(from_file(text), HasSubstr("holds no key")) << text;
}

TEST_F(KeyFileTest, an_empty_file_is_no_key_at_all) {
  EXPECT_EQ(from_file(""), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  Bytes<32> key{};
  const UniqueFd empty(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(read_key(empty.get(), "stdin", key));
}

TEST_F(KeyFileTest, a_key_comes_through_a_pipe_in_pieces) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  Bytes<32> key{};
  ASSERT_EQ(write(input.get(), kText.data(), 20), 20);
  ASSERT_EQ(write(input.get(), kText.data() + 20, 24), 24);
  ASSERT_EQ(write(input.get(), "\n", 1), 1);
  input.reset();
  ASSERT_TRUE(read_key(output.get(), "stdin", key));
  EXPECT_EQ(KeyText(key).view(), kText);
}

TEST_F(KeyFileTest, a_missing_file_is_named) {
  Bytes<32> key{};
  const auto read = read_key_file(folder.path() + "/none", key);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr(folder.path() + "/none"));
  EXPECT_EQ(read.error().code, ENOENT);
}

}  // namespace
}  // namespace wring::command
