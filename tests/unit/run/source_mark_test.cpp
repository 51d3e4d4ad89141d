// The setting that strict source checks need, in a folder of the test's own.
#include "run/source_mark.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

class SourceMarkTest : public testing::Test {
 protected:
  void write(const std::string& name, int number) {
    const std::filesystem::path path = folder_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << number << "\n";
  }
  // A folder in the place of the setting cannot be written, not even by root.
  void make_unwritable() {
    std::filesystem::create_directories(folder_.path() + "/all/src_valid_mark");
  }
  std::string use() { return use_marks_in_source_checks(folder_.path()); }

  test::TemporaryFolder folder_;
};

TEST_F(SourceMarkTest, is_switched_on) {
  write("all/src_valid_mark", 0);
  EXPECT_EQ(use(), "");
  int number = 0;
  std::ifstream(folder_.path() + "/all/src_valid_mark") >> number;
  EXPECT_EQ(number, 1);
}

TEST_F(SourceMarkTest, does_not_matter_where_no_check_is_strict) {
  make_unwritable();
  write("all/rp_filter", 0);
  write("eth0/rp_filter", 2);
  write("default/rp_filter", 1);
  EXPECT_EQ(use(), "");
}

TEST_F(SourceMarkTest, that_is_missed_where_a_check_is_strict) {
  make_unwritable();
  write("eth0/rp_filter", 1);
  EXPECT_NE(use().find("net.ipv4.conf.eth0.rp_filter is 1"), std::string::npos);
}

}  // namespace
}  // namespace wring::run
