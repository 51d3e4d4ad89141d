// The tables in tests/configs: what is found in each file, and that a good one is printed and read
// back as the same.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "config/printer.h"
#include "config_text.h"

namespace wring::config {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// File by file the lines of expected.txt that begin with its name.
std::map<std::string, std::vector<std::string>> expected(const fs::path& folder) {
  std::map<std::string, std::vector<std::string>> table;
  std::istringstream lines(text_of(folder / "expected.txt"));
  for (std::string line; std::getline(lines, line);) {
    table[line.substr(0, line.find(':'))].push_back(line);
  }
  return table;
}

std::vector<fs::path> files(const fs::path& folder) {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".conf") all.push_back(entry.path());
  }
  return all;
}

// As `wring check` finds it.
Parsed checked(const fs::path& path) {
  Parsed result = parse(text_of(path), path.filename().string());
  if (!result.diagnostics.has_errors()) lint(result.config, result.diagnostics);
  return result;
}

std::vector<std::string> messages(const Diagnostics& diagnostics, bool errors_only) {
  std::vector<std::string> all;
  for (const Diagnostic& one : diagnostics.all()) {
    if (errors_only && one.severity != Severity::kError) continue;
    all.push_back(to_string(one, diagnostics.file()));
  }
  return all;
}

TEST(Tables, each_bad_file_has_the_errors_of_the_table) {
  const fs::path folder = fs::path(WRING_CONFIGS) / "bad";
  const auto table = expected(folder);
  EXPECT_GE(table.size(), 60U);
  EXPECT_EQ(files(folder).size(), table.size());
  for (const auto& [name, lines] : table) {
    EXPECT_EQ(messages(checked(folder / name).diagnostics, true), lines);
  }
}

TEST(Tables, each_good_file_has_the_warnings_and_notes_of_the_table) {
  const fs::path folder = fs::path(WRING_CONFIGS) / "good";
  auto table = expected(folder);
  EXPECT_GE(files(folder).size(), 26U);
  for (const fs::path& path : files(folder)) {
    EXPECT_EQ(messages(checked(path).diagnostics, false), table[path.filename().string()]);
  }
  EXPECT_EQ(files(folder).size(), table.size());  // none of the table is missing
}

TEST(Tables, each_good_file_is_printed_and_read_back_as_the_same) {
  for (const fs::path& path : files(fs::path(WRING_CONFIGS) / "good")) {
    const std::string once = print(parse(text_of(path), "f").config);
    const auto again = parse(once, "f");
    EXPECT_FALSE(again.diagnostics.has_errors()) << path;
    EXPECT_EQ(print(again.config), once) << path;
  }
}

}  // namespace
}  // namespace wring::config
