// Looks a routing table up in iproute2's files: lines of a number and a name.
#include "run/routing_tables.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/decimal.h"

namespace wring::run {
namespace {

std::optional<std::uint32_t> find_in(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string number;
    std::string found;
    if (words >> number >> found && found == name) return parse_decimal<std::uint32_t>(number);
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint32_t> number_of_table(const std::string& name, const std::string& folder) {
  if (const auto number = find_in(folder + "/rt_tables", name)) return *number;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder + "/rt_tables.d", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".conf") continue;
    if (const auto number = find_in(entry->path(), name)) return *number;
  }
  if (name == "main") return 254U;
  if (name == "local") return 255U;
  if (name == "default") return 253U;
  return failure("there is no routing table " + name + "; write its number, or name it in " +
                 folder + "/rt_tables");
}

}  // namespace wring::run
