// The copy of a file that is replaced.
#include "proxy/host_names.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace wring::proxy {
namespace {

std::string text_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

TEST(HostNames, TheCopyFollowsAFileThatIsReplacedOrWritten) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path() + "/resolv.conf";
  std::ofstream(file) << "nameserver 192.0.2.1 # the first\n";
  std::atomic<std::uint64_t> version = 0;
  auto names = *HostNames::create(file, version);
  EXPECT_EQ(version, 1U);
  EXPECT_EQ(text_of(names.path()), "nameserver 192.0.2.1 # the first\n");
  auto loop = *EventLoop::create();
  ASSERT_TRUE(names.follow(loop));
  EXPECT_EQ(version, 1U);

  const auto await_version = [&](std::uint64_t wanted) {
    while (version < wanted) {
      loop.run_once(names.next());
      names.look_after(SystemClock().now());
    }
  };
  std::ofstream(file + ".new") << "nameserver 192.0.2.2\n";
  ASSERT_EQ(std::rename((file + ".new").c_str(), file.c_str()), 0);
  await_version(2);
  EXPECT_EQ(text_of(names.path()), "nameserver 192.0.2.2\n");
  std::ofstream(file) << "nameserver 192.0.2.3\n";
  await_version(3);
  EXPECT_EQ(text_of(names.path()), "nameserver 192.0.2.3\n");
}

}  // namespace
}  // namespace wring::proxy
