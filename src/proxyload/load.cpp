// Asks the system for what the pure reader needs.
#include "proxyload/load.h"

#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/whole_file.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kMaxFileSize = 64U << 20;

std::optional<std::string> variable_of(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> port_of_service(std::string_view name) {
  std::array<char, 4096> room{};
  servent entry{};
  servent* found = nullptr;
  if (getservbyname_r(std::string(name).c_str(), nullptr, &entry, room.data(), room.size(),
                      &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

Sources sources_noting(std::vector<std::string>& paths) {
  Sources sources;
  sources.variable = variable_of;
  sources.service = port_of_service;
  sources.file = [&paths](const std::string& path) {
    paths.push_back(path);
    return read_whole_file(path, kMaxFileSize);
  };
  sources.readable = [&paths](const std::string& path) -> Result<void> {
    paths.push_back(path);
    if (::access(path.c_str(), R_OK) == 0) return {};
    return system_failure("cannot read " + path, errno);
  };
  return sources;
}

// As wg-quick, which warns of the first, and as `wring check`.
void check_permissions(Reading& reading) {
  for (SourceFile& file : reading.files) {
    struct stat info {};
    const std::string& path = file.path;
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if ((info.st_mode & S_IROTH) != 0 && file.holds_secret) {
      file.diagnostics.add(config::Severity::kWarning, {}, 1,
                           {"readable", "every user of this machine can read the keys in this file",
                            "run chmod o-rwx " + shown_path(path)});
    }
    if ((info.st_mode & S_IWOTH) != 0) {
      file.diagnostics.add(config::Severity::kWarning, {}, 1,
                           {"writable", "every user of this machine can write this file",
                            "run chmod o-w " + shown_path(path)});
    }
  }
}

}  // namespace

Result<Loaded> load_config(const std::string& path) {
  auto text = read_whole_file(path, kMaxFileSize);
  if (!text) return tl::unexpected(text.error());
  std::vector<std::string> paths{path};
  Reading reading = read_config(std::move(*text), path, sources_noting(paths));
  check_permissions(reading);
  return Loaded{std::move(reading), std::move(paths)};
}

std::string default_config_path() {
  const char* const home = std::getenv("HOME");
  const std::string candidates[] = {
      "/etc/wireproxy/wireproxy.conf",
      std::string(home == nullptr ? "" : home) + "/.config/wireproxy.conf"};
  std::error_code ignored;
  for (const std::string& path : candidates)
    if (std::filesystem::exists(path, ignored)) return path;
  return {};
}

}  // namespace wring::proxy
