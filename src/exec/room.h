// An inside with a name: others of the same user may enter it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "exec/namespaces.h"

namespace wring::exec {

// Where sockets of named insides are: wring in the runtime folder, else /tmp/wring-UID.
[[nodiscard]] std::string room_folder(const char* runtime_folder);

// The socket FOLDER/NAME.sock, whose clients get the namespaces. It is removed at the end, and then
// those that entered get SIGHUP. Main thread.
class Room {
 public:
  // Makes the folder, which nobody else may look into. EADDRINUSE: the name is taken.
  static Result<Room> open(const std::string& folder, const std::string& name);

  Room(Room&& other) noexcept
      : listener_(std::move(other.listener_)),
        folder_(std::move(other.folder_)),
        path_(std::move(other.path_)),
        visitors_(std::move(other.visitors_)) {}
  Room& operator=(Room&&) = delete;
  ~Room();

  [[nodiscard]] const std::string& path() const { return path_; }
  // Readable when somebody wants to enter.
  [[nodiscard]] int fd() const { return listener_.get(); }
  void let_in(const Namespaces& namespaces);

 private:
  Room(UniqueFd listener, std::string folder, std::string path)
      : listener_(std::move(listener)), folder_(std::move(folder)), path_(std::move(path)) {}

  UniqueFd listener_;
  std::string folder_;
  std::string path_;
  std::vector<UniqueFd>
      visitors_;  // pidfds; those of processes that ended go with the next visitor
};

// Removes the socket's file, and its folder if that is empty.
void remove_room(const std::string& path);

// Puts the calling process into the inside of that name, where it has all capabilities then. It
// stays in its folder, if that is there, too. One thread. ENOENT: there is none.
[[nodiscard]] Result<void> enter_room(const std::string& folder, const std::string& name);

}  // namespace wring::exec
