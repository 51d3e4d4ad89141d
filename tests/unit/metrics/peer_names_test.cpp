#include "metrics/peer_names.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "crypto/key_text.h"
#include "tests/support/temporary_folder.h"

namespace wring::metrics {
namespace {

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

class MetricsNames : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& rest = "") {
    const std::string fresh = path_ + ".new";
    std::ofstream(fresh) << "[Peer]\n# friendly_name = " << name
                         << "\nPublicKey = " << KeyText(key_of(1).bytes).view() << "\n"
                         << rest;
    std::filesystem::rename(fresh, path_);
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/wg0.conf";
  NameFile names_{path_};
};

TEST_F(MetricsNames, a_file_that_is_not_there_names_nobody) {
  names_.refresh();
  EXPECT_EQ(names_.name_of(key_of(1)), "");
}

TEST_F(MetricsNames, follow_the_file) {
  write("Ann");
  names_.refresh();
  EXPECT_EQ(names_.name_of(key_of(1)), "Ann");
  EXPECT_EQ(names_.name_of(key_of(2)), "");
  write("Eve");
  EXPECT_EQ(names_.name_of(key_of(1)), "Ann");
  names_.refresh();
  EXPECT_EQ(names_.name_of(key_of(1)), "Eve");
  std::filesystem::remove(path_);
  names_.refresh();
  EXPECT_EQ(names_.name_of(key_of(1)), "");
}

TEST_F(MetricsNames, are_read_from_a_file_with_mistakes) {
  write("Ann", "Nonsense = 5\n");
  names_.refresh();
  EXPECT_EQ(names_.name_of(key_of(1)), "Ann");
}

}  // namespace
}  // namespace wring::metrics
