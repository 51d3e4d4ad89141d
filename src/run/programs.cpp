// Starts programs by posix_spawn().
#include "run/programs.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "base/unique_fd.h"

namespace wring::run {
namespace {

// A file in memory, so that no program can make us wait by not reading.
Result<UniqueFd> file_with(std::string_view text) {
  UniqueFd file(memfd_create("wring-input", MFD_CLOEXEC));
  if (!file) return system_failure("cannot make a file in memory", errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) return system_failure("cannot write to a file in memory", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (lseek(file.get(), 0, SEEK_SET) < 0) return system_failure("cannot rewind a file", errno);
  return file;
}

// What differs for the new process: no signal is blocked or ignored, and stdin is `input`.
class SpawnSettings {
 public:
  explicit SpawnSettings(int input) {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] int spawn(pid_t& pid, char* const* words) const {
    return posix_spawnp(&pid, words[0], &actions_, &attributes_, words, environ);
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

std::string with_interface(std::string command, const std::string& interface) {
  for (std::size_t at = 0; (at = command.find("%i", at)) != command.npos; at += interface.size())
    command.replace(at, 2, interface);
  return command;
}

}  // namespace

Result<int> run_program(const std::vector<std::string>& words, std::string_view input) {
  const auto file = file_with(input);
  if (!file) return tl::unexpected(file.error());
  std::vector<std::string> kept = words;
  std::vector<char*> pointers;
  pointers.reserve(kept.size() + 1);
  for (std::string& word : kept)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = SpawnSettings(file->get()).spawn(pid, pointers.data()); error != 0) {
    return system_failure("cannot start " + words.front(), error);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return system_failure("cannot wait for " + words.front(), errno);
  }
  constexpr int kBySignal = 128;
  return WIFSIGNALED(status) ? kBySignal + WTERMSIG(status) : WEXITSTATUS(status);
}

void reap_orphans(pid_t kept) {
  siginfo_t ended{};
  while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0 &&
         ended.si_pid != kept) {
    waitpid(ended.si_pid, nullptr, 0);
    ended = {};
  }
}

std::string find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder;
    file.append("/").append(name);
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

Result<std::string> find_metrics_server() {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return system_failure("cannot read /proc/self/exe", error.value(), "mount /proc");
  const std::string path = own.parent_path() / "wring-metrics";
  if (access(path.c_str(), X_OK) == 0) return path;
  return failure("metrics need " + path +
                 ", which is not there; install the package wring-metrics");
}

Result<void> run_hook(const std::string& command, const std::string& interface) {
  const std::string shell = find_program("bash").empty() ? "sh" : "bash";
  const std::string line = with_interface(command, interface);
  const auto status = run_program({shell, "-c", line});
  if (!status) return tl::unexpected(status.error());
  if (*status == 0) return {};
  return failure("it ended with status " + std::to_string(*status) + ": " + line);
}

}  // namespace wring::run
