// The handshake and the ciphers ask the system nothing, so that a simulation can replay them bit
// for bit: this test reads their sources.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

namespace {

constexpr std::array<std::string_view, 23> kForbidden{
    "::now(",      "wall_now",  "SystemClock",  "SystemRng", "<thread>",      "<mutex>",
    "<atomic>",    "<iostream", "<fstream",     "<cstdio>",  "<random>",      "<unistd",
    "<sys/",       "<fcntl",    "<ctime>",      "<time.h>",  "clock_gettime", "getrandom",
    "randombytes", "getenv",    "thread_local", "extern ",   "spdlog"};

// What may be included: nothing that could reach a descriptor, a thread or a clock's reading.
bool may_be_included(std::string_view header) {
  static const std::set<std::string_view> kHeaders{"<algorithm>",      "<array>",
                                                   "<blake2.h>",       "<cassert>",
                                                   "<chrono>",         "<compare>",
                                                   "<cstddef>",        "<cstdint>",
                                                   "<functional>",     "<initializer_list>",
                                                   "<immintrin.h>",    "<intel-ipsec-mb.h>",
                                                   "<memory>",         "<optional>",
                                                   "<sodium.h>",       "<span>",
                                                   "<string_view>",    "<tuple>",
                                                   "<utility>",        "<vector>",
                                                   "\"base/bytes.h\"", "\"base/clock.h\"",
                                                   "\"base/rng.h\""};
  return kHeaders.contains(header) || header.starts_with("\"noise/") ||
         header.starts_with("\"crypto/");
}

// A variable that outlives its function.
bool keeps_state(std::string_view line) {
  const std::size_t start = line.find_first_not_of(' ');
  if (start == std::string_view::npos || !line.substr(start).starts_with("static ")) return false;
  return line.find("constexpr") == std::string_view::npos &&
         line.find('(') == std::string_view::npos;
}

void expect_pure(std::string_view line, const std::string& where) {
  constexpr std::string_view kInclude = "#include ";
  for (const std::string_view word : kForbidden) {
    EXPECT_EQ(line.find(word), std::string::npos) << where << " has " << word;
  }
  EXPECT_FALSE(keeps_state(line)) << where << " keeps state: " << line;
  if (line.starts_with(kInclude)) {
    EXPECT_TRUE(may_be_included(line.substr(kInclude.size()))) << where << " has " << line;
  }
}

class Purity : public testing::TestWithParam<const char*> {};

TEST_P(Purity, is_kept) {
  int files = 0;
  const auto folder = std::filesystem::path(WRING_SOURCES) / GetParam();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    ++files;
    std::ifstream in(entry.path());
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      expect_pure(line, entry.path().filename().string() + ":" + std::to_string(++number));
    }
  }
  EXPECT_GE(files, 10);
}

INSTANTIATE_TEST_SUITE_P(Folders, Purity, testing::Values("crypto", "noise"));

}  // namespace
