// Reads configurations and the files of keys that they name.
#include "command/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"
#include "base/whole_file.h"
#include "config/excerpt.h"
#include "config/lint.h"
#include "config/parser.h"
#include "config/references.h"
#include "config/words.h"

namespace wring::command {
namespace {

constexpr std::size_t kMaxKeyFileSize = 4096;

bool has_reference(const config::TunnelConfig& config) {
  return !config.unresolved.empty() || config.interface.private_key_file ||
         std::any_of(config.peers.begin(), config.peers.end(),
                     [](const auto& peer) { return peer.preshared_key_file.has_value(); });
}

bool has_key(const config::TunnelConfig& config) {
  return config.interface.private_key ||
         std::any_of(config.peers.begin(), config.peers.end(),
                     [](const auto& peer) { return peer.preshared_key.has_value(); });
}

Result<ConfigFile> read_config_file(const std::string& path) {
  ConfigFile file;
  file.name = path == "-" ? "stdin" : path;
  UniqueFd opened;
  if (path != "-") {
    opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!opened) return system_failure("cannot open " + path, errno);
  }
  const int fd = path == "-" ? STDIN_FILENO : opened.get();
  struct stat info {};
  if (path != "-" && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    file.others_read = (info.st_mode & S_IROTH) != 0;
    file.others_write = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  }
  auto text = read_whole(fd, file.name, kMaxConfigSize);
  if (!text) return tl::unexpected(text.error());
  file.text = std::move(*text);
  return file;
}

// The environment of this process, and files by paths that count from the configuration's folder.
// Notes each file that is asked for.
config::Sources sources_for(const std::string& path, std::vector<std::string>& files) {
  config::Sources sources;
  sources.variable = [](std::string_view name) -> std::optional<std::string> {
    const char* const value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  std::filesystem::path folder;
  if (path != "-") folder = std::filesystem::path(path).parent_path();
  sources.file = [folder, &files](const std::string& name) -> Result<std::string> {
    const std::string whole = (folder / name).string();
    files.push_back(whole);
    return read_whole_file(whole, kMaxKeyFileSize);
  };
  return sources;
}

void check_permissions(const ConfigFile& file, const config::TunnelConfig& config,
                       config::Diagnostics& diagnostics) {
  if (file.others_read && has_key(config)) {
    diagnostics.add(config::Severity::kWarning, {}, 1,
                    {"readable", "every user of this machine can read the keys in this file",
                     "run chmod o-rwx " + file.name});
  }
  if (file.others_write && has_reference(config)) {
    diagnostics.add(config::Severity::kError, {}, 1,
                    {"writable",
                     "others can write this file, so it may not take values from the environment "
                     "or from other files",
                     "run chmod go-w " + file.name});
  }
}

}  // namespace

std::string path_of_config(const std::string& name) {
  constexpr std::size_t kMaxInterfaceName = 15;
  const bool is_interface = !name.empty() && name.size() <= kMaxInterfaceName && name != "-" &&
                            std::all_of(name.begin(), name.end(), [](char c) {
                              return config::is_letter(c) || config::is_digit(c) ||
                                     std::string_view("_=+.-").find(c) != std::string_view::npos;
                            });
  const std::string path = "/etc/wireguard/" + name + ".conf";
  std::error_code ignored;
  return is_interface && std::filesystem::exists(path, ignored) ? path : name;
}

Result<LoadedConfig> load_config(const std::string& name, const LoadOptions& options) {
  const std::string path = options.is_path ? name : path_of_config(name);
  auto file = read_config_file(path);
  if (!file) return tl::unexpected(file.error());
  auto [config, diagnostics] = config::parse(file->text, file->name, options.dialect);
  check_permissions(*file, config, diagnostics);
  std::vector<std::string> files;
  if (path != "-") files.push_back(path);
  if (!diagnostics.has_errors()) {
    resolve(config, sources_for(path, files), diagnostics, options.missing);
  }
  if (options.lint && !diagnostics.has_errors()) lint(config, diagnostics);
  return LoadedConfig{std::move(*file), std::move(config), std::move(diagnostics),
                      std::move(files)};
}

std::string problems_of(const LoadedConfig& loaded) {
  std::string text;
  for (const config::Diagnostic& one : loaded.diagnostics.all()) {
    if (one.severity == config::Severity::kNote) continue;
    text += to_string(one, loaded.diagnostics.file()) + "\n" + excerpt(loaded.file.text, one);
  }
  return text;
}

void print_problems(const LoadedConfig& loaded) {
  std::cerr << problems_of(loaded);
}

}  // namespace wring::command
