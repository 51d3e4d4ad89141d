// Binds files of a tmpfs over files, and an empty tmpfs over folders.
#include "exec/covers.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "exec/refusals.h"
#include "ip/ip_address.h"

namespace wring::exec {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kTmpfsFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr const char* kTmpfsOptions = "mode=0755,size=1m";
// The tmpfs is there for a moment. Any of them does.
constexpr std::array kStages{"/tmp", "/var/tmp", "/run", "/dev/shm", "/mnt", "/home", "/etc"};

tl::unexpected<Error> refused(int error) {
  return tl::unexpected(explain(Step::kMountChange, error, look_around()));
}

std::string path_of(const UniqueFd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

// What is there under this path, links followed; empty if nothing is.
UniqueFd find(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
}

bool is_folder(const UniqueFd& fd) {
  struct stat info {};
  return fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode);
}

// The path in a bus's address, "unix:path=/run/bus,guid=..."; several are separated by ';'.
void add_paths_of(const char* bus, std::vector<std::string>& files) {
  constexpr std::string_view kKey = "unix:path=";
  std::istringstream addresses(bus != nullptr ? bus : "");
  for (std::string address; std::getline(addresses, address, ';');) {
    if (!address.starts_with(kKey)) continue;
    files.push_back(address.substr(kKey.size(), address.find(',') - kKey.size()));
  }
}

// A tmpfs under a folder, for as long as files are bound from it.
class Stage {
 public:
  Result<void> open() {
    for (const char* const folder : kStages) {
      std::error_code ignored;
      if (!fs::is_directory(folder, ignored)) continue;
      if (mount("tmpfs", folder, "tmpfs", kTmpfsFlags, kTmpfsOptions) != 0) return refused(errno);
      folder_ = folder;
      return {};
    }
    return failure("there is no folder /tmp to mount on; make one");
  }
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    if (!folder_.empty()) umount2(folder_.c_str(), MNT_DETACH);
  }
  // Makes a file with the text and binds it over the target. Returns it, open.
  Result<UniqueFd> put(const std::string& name, std::string_view text, const UniqueFd& target) {
    const std::string path = folder_ + "/" + name;
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file || ::write(file.get(), text.data(), text.size()) < 0) {
      return system_failure("cannot write " + path, errno);
    }
    if (mount(path.c_str(), path_of(target).c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return refused(errno);
    }
    return file;
  }

 private:
  std::string folder_;
};

// Two names of one folder, /run and /var/run for example, are one.
Result<std::set<fs::path>> cover_folders(const std::vector<std::string>& folders) {
  std::set<fs::path> covered;
  for (const std::string& folder : folders) {
    std::error_code missing;
    const fs::path real = fs::canonical(folder, missing);
    if (missing || !fs::is_directory(real, missing) || !covered.insert(real).second) continue;
    if (mount("tmpfs", real.c_str(), "tmpfs", kTmpfsFlags, kTmpfsOptions) != 0) {
      return refused(errno);
    }
  }
  return covered;
}

// It often leads into a folder that was just covered: then it is made anew there.
UniqueFd find_resolv_conf(const fs::path& real, const std::set<fs::path>& covered) {
  if (!covered.contains(real.parent_path())) return find(real);
  return UniqueFd(::open(real.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

std::string text_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string resolv_conf(const run::SetDns& dns) {
  std::string text = "# made by wring exec\n";
  for (const IpAddress& server : dns.servers)
    text.append("nameserver ").append(to_string(server)).append("\n");
  if (dns.search.empty()) return text;
  text += "search";
  for (const std::string& domain : dns.search)
    text.append(" ").append(domain);
  return text + "\n";
}

std::string nsswitch_conf(const std::string& present) {
  std::string text;
  std::istringstream lines(present);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start != line.npos && line.compare(start, 6, "hosts:") == 0) continue;
    text.append(line).append("\n");
  }
  return text + "hosts: files dns\n";
}

SocketPaths socket_paths(uid_t user, const char* runtime_folder, const char* session_bus,
                         const char* system_bus) {
  SocketPaths paths;
  for (const char* const run : {"/run", "/var/run"}) {
    for (const char* const name : {"nscd", "systemd/resolve", "dbus", "avahi-daemon"})
      paths.folders.push_back(std::string(run) + "/" + name);
  }
  // Who has no variable, behind sudo or in cron for example, may still know the usual place.
  std::vector<std::string> runtime_folders{"/run/user/" + std::to_string(user)};
  if (runtime_folder != nullptr && runtime_folder != runtime_folders[0]) {
    runtime_folders.emplace_back(runtime_folder);
  }
  for (const std::string& folder : runtime_folders) {
    for (const char* const name : {"/bus", "/systemd/private"})
      paths.files.push_back(folder + name);
  }
  add_paths_of(session_bus, paths.files);
  add_paths_of(system_bus, paths.files);
  return paths;
}

Result<UniqueFd> cover(const SocketPaths& paths) {
  std::error_code missing;
  const fs::path resolv_path = fs::canonical("/etc/resolv.conf", missing);
  const auto covered = cover_folders(paths.folders);
  if (!covered) return tl::unexpected(covered.error());
  const UniqueFd resolv = missing ? UniqueFd() : find_resolv_conf(resolv_path, *covered);
  const UniqueFd nsswitch = find("/etc/nsswitch.conf");
  const std::string services = nsswitch_conf(text_of("/etc/nsswitch.conf"));
  std::vector<UniqueFd> sockets;
  for (const std::string& path : paths.files) {
    if (UniqueFd socket = find(path); socket && !is_folder(socket)) {
      sockets.push_back(std::move(socket));
    }
  }
  Stage stage;
  if (auto opened = stage.open(); !opened) return tl::unexpected(opened.error());
  for (const UniqueFd& socket : sockets) {
    if (auto put = stage.put("nothing", "", socket); !put) return tl::unexpected(put.error());
  }
  // Without the file the C library looks in /etc/hosts and asks by DNS, which is what ours says.
  if (nsswitch) {
    if (auto put = stage.put("nsswitch.conf", services, nsswitch); !put) {
      return tl::unexpected(put.error());
    }
  }
  if (!resolv) return UniqueFd();
  return stage.put("resolv.conf", "", resolv);
}

}  // namespace wring::exec
