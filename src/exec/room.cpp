// Hands namespaces out as descriptors, to processes of the same user.
#include "exec/room.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/unix_address.h"
#include "exec/channel.h"

namespace wring::exec {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSpaces = 3;
constexpr int kVisitorsWaiting = 16;

std::string path_in(const std::string& folder, const std::string& name) {
  return folder + "/" + name + ".sock";
}

UniqueFd make_socket() {
  return UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

// 0, or the errno of connect().
int connect_to(const UniqueFd& socket, const sockaddr_un& address) {
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return connect(socket.get(), generic, sizeof address) == 0 ? 0 : errno;
}

// A folder of ours that nobody else may look into, in a place where others may have made it.
// Returned locked: of two that start for one name, the second sees what the first has made.
Result<UniqueFd> own_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return system_failure("cannot make the folder " + folder, errno);
  }
  UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!opened || fstat(opened.get(), &info) != 0) {
    return system_failure("cannot open the folder " + folder, errno);
  }
  if (info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return failure("others may write to the folder " + folder + "; remove it", EPERM);
  }
  while (flock(opened.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_failure("cannot lock the folder " + folder, errno);
  }
  return opened;
}

// The process at the other end, if it is of our user.
std::optional<pid_t> peer_of(const UniqueFd& socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who.uid == geteuid() ? std::optional(who.pid) : std::nullopt;
}

// It waits for an answer, so it lives.
UniqueFd visitor_at(const UniqueFd& client) {
  const auto peer = peer_of(client);
  return UniqueFd(peer ? static_cast<int>(syscall(SYS_pidfd_open, *peer, 0)) : -1);
}

bool has_ended(const UniqueFd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return poll(&ended, 1, 0) > 0;
}

Result<void> go(const UniqueFd& space, int kind, const char* what) {
  if (setns(space.get(), kind) == 0) return {};
  return system_failure(std::string("cannot enter the ") + what + " namespace", errno);
}

}  // namespace

std::string room_folder(const char* runtime_folder) {
  if (runtime_folder != nullptr && *runtime_folder == '/') {
    return std::string(runtime_folder) + "/wring";
  }
  return "/tmp/wring-" + std::to_string(geteuid());
}

Result<Room> Room::open(const std::string& folder, const std::string& name) {
  const std::string path = path_in(folder, name);
  const auto address = unix_address(path);
  if (!address) return failure("the path " + path + " is too long", ENAMETOOLONG);
  const auto locked = own_folder(folder);
  if (!locked) return tl::unexpected(locked.error());
  if (const int error = connect_to(make_socket(), *address); error == 0) {
    return failure("another wring exec has the name " + name + "; choose another, or enter it by " +
                       "`wring enter " + name + "`",
                   EADDRINUSE);
  }
  unlink(path.c_str());  // left by one that was killed
  UniqueFd listener = make_socket();
  const auto* const generic = reinterpret_cast<const sockaddr*>(&*address);
  if (!listener || bind(listener.get(), generic, sizeof *address) != 0 ||
      listen(listener.get(), kVisitorsWaiting) != 0) {
    return system_failure("cannot listen on " + path, errno);
  }
  return Room(std::move(listener), folder, path);
}

Room::~Room() {
  if (!listener_) return;
  remove_room(path_);
  for (const UniqueFd& visitor : visitors_)
    syscall(SYS_pidfd_send_signal, visitor.get(), SIGHUP, nullptr, 0);
}

void Room::let_in(const Namespaces& namespaces) {
  UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) return;
  std::erase_if(visitors_, has_ended);
  UniqueFd visitor = visitor_at(client);
  if (!visitor) return;
  Message message;
  for (const UniqueFd* const space : {&namespaces.user, &namespaces.network, &namespaces.mount})
    message.descriptors.emplace_back(fcntl(space->get(), F_DUPFD_CLOEXEC, 0));
  if (Channel::adopt(std::move(client)).send(message)) visitors_.push_back(std::move(visitor));
}

void remove_room(const std::string& path) {
  unlink(path.c_str());
  std::error_code not_empty;
  fs::remove(fs::path(path).parent_path(), not_empty);
}

Result<void> enter_room(const std::string& folder, const std::string& name) {
  const auto address = unix_address(path_in(folder, name));
  UniqueFd socket = make_socket();
  const int error = address ? connect_to(socket, *address) : ENAMETOOLONG;
  if (error == ENOENT || error == ECONNREFUSED) {
    return failure("no wring exec of this user has the name " + name, ENOENT);
  }
  if (error != 0) return system_failure("cannot reach " + name, error);
  // In /tmp, another user may have made the folder.
  if (!peer_of(socket))
    return failure("the wring exec of the name " + name + " is another user's", EPERM);
  const auto message = Channel::adopt(std::move(socket)).receive();
  if (!message) return tl::unexpected(message.error());
  const auto& spaces = message->descriptors;
  if (spaces.size() != kSpaces) return failure(name + " lets nobody in", EPERM);
  std::error_code failed;
  const fs::path here = fs::current_path(failed);
  if (auto gone = go(spaces[0], CLONE_NEWUSER, "user"); !gone) return gone;
  if (auto gone = go(spaces[1], CLONE_NEWNET, "network"); !gone) return gone;
  if (auto gone = go(spaces[2], CLONE_NEWNS, "mount"); !gone) return gone;
  fs::current_path(here, failed);  // else we are in the root folder
  return {};
}

}  // namespace wring::exec
