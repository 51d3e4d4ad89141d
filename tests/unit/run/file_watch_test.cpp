// Which changes of files are noticed.
#include "run/file_watch.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <fstream>
#include <utility>

#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::Contains;
using testing::Not;

class FileWatchTest : public testing::Test {
 protected:
  fs::path operator/(const char* name) const { return folder_.path() + "/" + name; }
  static void write(const fs::path& path, const char* text) { std::ofstream(path) << text; }
  // Whether the change is seen, once the watch has heard of it.
  bool sees_change() {
    pollfd ready{watch_.fd(), POLLIN, 0};
    if (poll(&ready, 1, 0) == 0) return false;
    watch_.take(now_);
    EXPECT_EQ(watch_.due(), now_ + milliseconds(100));
    const bool changed = watch_.has_changed();
    EXPECT_EQ(watch_.due(), kNever);
    watch_.remember();
    return changed;
  }

  test::TemporaryFolder folder_;
  FileWatch watch_ = std::move(*FileWatch::create());
  TimePoint now_{std::chrono::seconds(1000)};
};

TEST_F(FileWatchTest, sees_a_file_that_is_written_replaced_removed_or_made) {
  const fs::path file = *this / "wg0.conf";
  write(file, "one");
  ASSERT_TRUE(watch_.watch({file}));
  EXPECT_FALSE(sees_change());
  write(file, "two");
  EXPECT_TRUE(sees_change());
  write(*this / "wg0.conf.new", "three");
  EXPECT_FALSE(sees_change());
  fs::rename(*this / "wg0.conf.new", file);
  EXPECT_TRUE(sees_change());
  fs::remove(file);
  EXPECT_TRUE(sees_change());
  write(file, "four");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, sees_links_on_the_way_that_lead_elsewhere) {
  for (const char* const version : {"1", "2", "3"}) {
    fs::create_directory(*this / version);
    write(*this / version / "wg0.conf", "the same");
  }
  fs::create_symlink("1", *this / "..data");
  fs::create_symlink("..data/wg0.conf", *this / "wg0.conf");
  ASSERT_TRUE(watch_.watch({*this / "wg0.conf"}));
  for (const char* const version : {"2", "3"}) {
    fs::create_symlink(version, *this / "fresh");
    fs::rename(*this / "fresh", *this / "..data");
    EXPECT_TRUE(sees_change());
  }
  // The folder that it leads to now is watched as well.
  write(*this / "3" / "wg0.conf", "another");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, sees_a_folder_that_comes_late) {
  const fs::path file = *this / "late" / "wg0.conf";
  ASSERT_TRUE(watch_.watch({file}));
  fs::create_directory(*this / "late");
  EXPECT_FALSE(sees_change());
  write(file, "here");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, waits_until_it_is_quiet_but_not_for_ever) {
  const fs::path file = *this / "wg0.conf";
  ASSERT_TRUE(watch_.watch({file}));
  const TimePoint start = now_;
  for (int i = 0; i < 50; ++i) {
    write(file, "more");
    watch_.take(now_);
    now_ += milliseconds(50);
  }
  EXPECT_EQ(watch_.due(), start + milliseconds(1000));
}

TEST_F(FileWatchTest, waits_for_who_writes_in_place) {
  const fs::path file = *this / "wg0.conf";
  write(file, "one");
  ASSERT_TRUE(watch_.watch({file}));
  std::ofstream writer(file);
  EXPECT_TRUE(sees_change());
  writer << "first half" << std::flush;
  EXPECT_TRUE(sees_change());
  // The reading begins here.
  EXPECT_FALSE(watch_.changed_meanwhile(now_));
  EXPECT_EQ(watch_.due(), kNever);
  writer << "second half" << std::flush;
  EXPECT_TRUE(watch_.changed_meanwhile(now_));
  EXPECT_EQ(watch_.due(), now_ + milliseconds(100));
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, forgets_files_that_are_not_watched_any_more) {
  fs::create_directory(*this / "a");
  fs::create_directory(*this / "b");
  ASSERT_TRUE(watch_.watch({*this / "a" / "key"}));
  ASSERT_TRUE(watch_.watch({*this / "b" / "key"}));
  // The end of the first watch is an event as well.
  static_cast<void>(sees_change());
  write(*this / "a" / "key", "x");
  EXPECT_FALSE(sees_change());
  write(*this / "b" / "key", "x");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, a_loop_of_links_ends) {
  fs::create_symlink("b", *this / "a");
  fs::create_symlink("a", *this / "b");
  EXPECT_THAT(folders_on_the_way(*this / "a"), Contains(fs::path(folder_.path())));
  EXPECT_THAT(folders_on_the_way("/nowhere/file"), Not(Contains(fs::path("/nowhere"))));
}

}  // namespace
}  // namespace wring::run
