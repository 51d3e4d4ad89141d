// Makes the listening socket, takes its name over from a dead process, and looks after its file.
#include "control/uapi_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <thread>

#include "base/unix_address.h"

namespace wring {
namespace {

// Newcomers wait there while all places are taken. The kernel lowers it to net.core.somaxconn.
constexpr int kBacklog = 4096;
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kSocketMode = 0600;
constexpr std::chrono::milliseconds kStalePause{100};

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

const char* advice_on(int error) {
  if (error != EROFS) return "run as root";
  return "mount a tmpfs on /run (in a container: --tmpfs /run), or hand in a socket as WG_UAPI_FD";
}

// Makes the folder, or sets the mode of the one that is there, and locks it: of two processes that
// start for one name, the second is to see what the first has made.
Result<UniqueFd> lock_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    const int error = errno;
    return system_failure("cannot make the folder " + folder, error, advice_on(error));
  }
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return system_failure("cannot open the folder " + folder, errno, "run as root");
  if (fchmod(fd.get(), kFolderMode) != 0) {
    const int error = errno;
    return system_failure("cannot close the folder " + folder + " to others", error,
                          advice_on(error));
  }
  while (flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_failure("cannot lock the folder " + folder, errno);
  }
  return fd;
}

// Makes `path` free: succeeds if nothing is there, or a socket that nobody answers on.
//
// `wg` deletes a socket that refuses it, by name. One that was refused by the stale socket just now
// must have done so before ours takes the name.
Result<void> make_free(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return system_failure("cannot look at " + path, errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return failure(path + " is in the way and is no socket; remove it", EEXIST);
  }
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return system_failure("cannot make a socket", errno);
  if (connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN) {
    return failure(path + " is served by a running process; stop it or choose another interface",
                   EADDRINUSE);
  }
  if (errno != ECONNREFUSED && errno != ENOENT) {
    return system_failure("cannot tell whether " + path + " is in use", errno);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_failure("cannot remove the stale " + path, errno, "run as root");
  }
  std::this_thread::sleep_for(kStalePause);
  return {};
}

// Makes a listening socket whose file nobody else can open at any moment: the file takes its mode
// from the descriptor, less the umask, whose effect the second chmod undoes.
Result<UniqueFd> listen_at(const std::string& path, const sockaddr_un& address) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_failure("cannot make a socket", errno);
  if (fchmod(fd.get(), kSocketMode) != 0 || bind(fd.get(), generic(address), sizeof address) != 0 ||
      chmod(path.c_str(), kSocketMode) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    return system_failure("cannot listen on " + path, error, advice_on(error));
  }
  return fd;
}

int socket_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool is_connected_stream(int fd) {
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  return socket_option(fd, SO_TYPE) == SOCK_STREAM &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

}  // namespace

Result<UapiSocket> UapiSocket::open(const std::string& interface, const std::string& folder) {
  if (interface.empty() || interface.find('/') != std::string::npos) {
    return failure("\"" + interface + "\" is no name for an interface", EINVAL);
  }
  const std::string path = folder + "/" + interface + ".sock";
  // The socket listens before it gets its name: `wg` deletes a socket that refuses it, and could do
  // so between bind and listen. The name shows in no listing of interfaces, as it does not end in
  // .sock.
  const std::string new_path = folder + "/." + interface + ".new";
  const auto address = unix_address(path);
  const auto new_address = unix_address(new_path);
  if (!address || !new_address) return failure("the path " + path + " is too long", ENAMETOOLONG);

  const auto lock = lock_folder(folder);
  if (!lock) return tl::unexpected(lock.error());
  if (auto free = make_free(path, *address); !free) return tl::unexpected(free.error());
  unlink(new_path.c_str());  // left by a process that was killed right here
  auto listener = listen_at(new_path, *new_address);
  if (!listener) return tl::unexpected(listener.error());
  if (rename(new_path.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(new_path.c_str());
    return system_failure("cannot make " + path, error);
  }
  UapiSocket made(std::move(*listener), path);
  if (auto watched = made.watch_file(); !watched) return tl::unexpected(watched.error());
  return made;
}

Result<UapiSocket> UapiSocket::adopt(UniqueFd socket) {
  const int fd = socket.get();
  const std::string what = "the control socket handed in as descriptor " + std::to_string(fd);
  const int domain = socket_option(fd, SO_DOMAIN);
  if (domain < 0) return system_failure("cannot use " + what, errno);
  const bool listens = socket_option(fd, SO_ACCEPTCONN) == 1;
  if (domain != AF_UNIX || (!listens && !is_connected_stream(fd))) {
    return failure(what + " is no listening UNIX socket, nor a connected one", EINVAL);
  }
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return system_failure("cannot use " + what, errno);
  }
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_failure("cannot use " + what, errno);
  }
  // An abstract or unnamed socket has no file, and a relative path means nothing here.
  const bool has_file =
      listens && size > offsetof(sockaddr_un, sun_path) && address.sun_path[0] == '/';
  UapiSocket adopted(std::move(socket), has_file ? std::string(address.sun_path) : std::string());
  adopted.is_stream_ = !listens;
  if (auto watched = adopted.watch_file(); !watched) return tl::unexpected(watched.error());
  return adopted;
}

UapiSocket::~UapiSocket() {
  if (listener_ && !path_.empty() && file_is_ours()) unlink(path_.c_str());
}

// Remembers which file is ours, so that the file of a successor is not taken for it. Deleting a
// file that is still open, or renaming another over it, changes its count of links: that is
// IN_ATTRIB.
Result<void> UapiSocket::watch_file() {
  struct stat info {};
  if (path_.empty()) return {};
  if (lstat(path_.c_str(), &info) != 0) return system_failure("cannot look at " + path_, errno);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  watch_.reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch_ || inotify_add_watch(watch_.get(), path_.c_str(),
                                   IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0) {
    const int error = errno;
    watch_problem_ =
        system_failure("cannot watch " + path_ + ", so its end is noticed some seconds late", error,
                       "raise fs.inotify.max_user_instances or max_user_watches")
            .value();
    watch_.reset();
  }
  // Deleted while the watch was being set, it would never be reported.
  if (!file_is_ours()) return failure(path_ + " was deleted at once; start again", ENOENT);
  return {};
}

bool UapiSocket::file_is_ours() const {
  struct stat info {};
  return lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
}

bool UapiSocket::file_is_gone() {
  // What happened does not matter, only what is there now.
  std::array<char, 4096> events;
  while (watch_ && read(watch_.get(), events.data(), events.size()) > 0) {
  }
  return !path_.empty() && !file_is_ours();
}

}  // namespace wring
