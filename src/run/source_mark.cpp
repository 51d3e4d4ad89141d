// Writes the setting, or sees whether a strict check is on.
#include "run/source_mark.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace wring::run {
namespace {

int read_number(const std::filesystem::path& path) {
  int number = 0;
  std::ifstream(path) >> number;
  return number;
}

// Where the check is strict: by the setting of the interface, or by that of all.
std::string strict_interface(const std::string& folder) {
  constexpr int kStrict = 1;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename() == "default") continue;
    if (read_number(entry->path() / "rp_filter") == kStrict) return entry->path().filename();
  }
  return {};
}

}  // namespace

std::string use_marks_in_source_checks(const std::string& folder) {
  const std::string setting = folder + "/all/src_valid_mark";
  if (read_number(setting) == 1) return {};
  std::ofstream(setting) << 1 << std::flush;
  if (read_number(setting) == 1) return {};
  const std::string strict = strict_interface(folder);
  if (strict.empty()) return {};
  return "net.ipv4.conf.all.src_valid_mark cannot be set, and net.ipv4.conf." + strict +
         ".rp_filter is 1, so answers to this tunnel may be dropped; set the first to 1 from "
         "outside (podman and docker: --sysctl net.ipv4.conf.all.src_valid_mark=1)";
}

}  // namespace wring::run
