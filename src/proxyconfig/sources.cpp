// Joins paths, and keeps keys out of messages about them.
#include "proxyconfig/sources.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace wring::proxy {

std::optional<std::string> path_beside(const std::string& path, const std::string& naming,
                                       const FindVariable& variable) {
  if (path.starts_with("%d/")) {
    const auto folder = variable("CREDENTIALS_DIRECTORY");
    if (!folder) return std::nullopt;
    return *folder + path.substr(2);
  }
  const std::size_t slash = naming.rfind('/');
  if (path.starts_with('/') || slash == naming.npos) return path;
  return naming.substr(0, slash + 1) + path;
}

// A key ends with '='. Some have a '/' in them, so that the parts of a path are looked at alone.
std::string shown_path(const std::string& path) {
  std::string parts = path;
  std::ranges::replace(parts, '/', ' ');
  const bool key = path.ends_with('=') || config::may_hold_key(parts);
  return key ? "this file" : path;
}

config::Complaint unreadable(const std::string& path, const Error& error, std::string cure) {
  const std::string shown = shown_path(path);
  return {"no-file", shown == path ? error.message : shown + " cannot be read", std::move(cure)};
}

}  // namespace wring::proxy
