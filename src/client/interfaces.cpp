// Finds the control sockets that somebody answers on.
#include "client/interfaces.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/unique_fd.h"
#include "base/unix_address.h"

namespace wring::client {
namespace {

// A full backlog is an answer, too.
bool answers(const sockaddr_un& address) {
  struct stat info {};
  if (lstat(address.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

}  // namespace

Result<sockaddr_un> control_address(const std::string& interface, const std::string& folder) {
  if (interface.empty() || interface.find('/') != interface.npos) {
    return failure("\"" + interface + "\" is no name for an interface", EINVAL);
  }
  const auto address = unix_address(folder + "/" + interface + ".sock");
  if (!address) return failure("\"" + interface + "\" is too long for an interface", EINVAL);
  return *address;
}

Result<std::vector<std::string>> list_interfaces(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".sock") continue;
    const std::string name = entry->path().stem();
    const auto address = control_address(name, folder);
    if (address && answers(*address)) names.push_back(name);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return system_failure("cannot look into " + folder, error.value(),
                          error == std::errc::permission_denied ? "run as root" : "");
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace wring::client
