// The handshake and the ciphers ask the system nothing, so that a simulation can replay them bit
// for bit: this test reads their sources.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
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
bool allowed(const std::string& header) {
  static const std::set<std::string> kHeaders{
      "<algorithm>", "<array>",          "<blake2.h>",       "<cassert>",     "<chrono>",
      "<compare>",   "<cstddef>",        "<cstdint>",        "<functional>",  "<initializer_list>",
      "<optional>",  "<sodium.h>",       "<span>",           "<string_view>", "<tuple>",
      "<utility>",   "\"base/bytes.h\"", "\"base/clock.h\"", "\"base/rng.h\""};
  return kHeaders.contains(header) || header.starts_with("\"noise/");
}

TEST(Noise, is_pure) {
  const std::regex include(R"(^\s*#\s*include\s*([<"][^>"]*[>"]))");
  const std::regex variable(R"(^\s*static\s+(?!constexpr|_)[^()]*[;={])");
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(WRING_NOISE_SOURCES)) {
    const std::string extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    ++files;
    std::ifstream in(entry.path());
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      const std::string where = entry.path().filename().string() + ":" + std::to_string(++number);
      for (const std::string_view word : kForbidden) {
        EXPECT_EQ(line.find(word), std::string::npos) << where << " has " << word;
      }
      EXPECT_FALSE(std::regex_search(line, variable)) << where << " keeps state: " << line;
      std::smatch match;
      if (std::regex_search(line, match, include)) {
        EXPECT_TRUE(allowed(match[1])) << where << " includes " << match[1];
      }
    }
  }
  EXPECT_GE(files, 20);
}

}  // namespace
