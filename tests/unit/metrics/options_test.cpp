#include "metrics/options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace wring::metrics {
namespace {

TEST(MetricsOptions, the_words_of_options_are_read_as_these_options) {
  Options options;
  options.listen = "[::1]:99";
  options.interfaces = {"wg0", "-x"};
  options.peers = "active";
  options.style = "both";
  options.names = {"a.conf", "b.conf"};
  options.no_seccomp = true;
  std::vector<std::string> words = words_of(options);
  std::reverse(words.begin(), words.end());  // as CLI11 wants it
  CLI::App app;
  Options read;
  describe(app, read);
  app.parse(words);
  EXPECT_EQ(read.listen, options.listen);
  EXPECT_EQ(read.interfaces, options.interfaces);
  EXPECT_EQ(read.peer_choice(), PeerChoice::kActive);
  EXPECT_EQ(read.series_style(), Style::kBoth);
  EXPECT_EQ(read.names, options.names);
  EXPECT_TRUE(read.no_seccomp);
}

}  // namespace
}  // namespace wring::metrics
