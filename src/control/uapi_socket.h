// The listening socket of the control protocol and its place in the file system (P35).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

inline constexpr const char* kUapiFolder = "/var/run/wireguard";

// Removes its file on destruction, if the file is still its own. A process that forks and goes on
// in the child leaves the parent by _exit.
class UapiSocket {
 public:
  // Makes FOLDER/INTERFACE.sock and listens on it. The folder is made, or set, to mode 0700; the
  // socket has mode 0600 from its first moment, and appears under its name only once it answers. A
  // file left by a process that is gone is taken over; a live one is an Error (EADDRINUSE).
  static Result<UapiSocket> open(const std::string& interface,
                                 const std::string& folder = kUapiFolder);
  // Takes a UNIX socket that was handed in (WG_UAPI_FD): one that listens, or a stream that is
  // connected to the only client there will be. Fails with ENOTSOCK or EINVAL if the descriptor is
  // something else.
  static Result<UapiSocket> adopt(UniqueFd socket);

  UapiSocket(UapiSocket&&) = default;
  UapiSocket& operator=(UapiSocket&&) = delete;
  ~UapiSocket();

  // Non-blocking; -1 once take_stream() had something to give.
  [[nodiscard]] int fd() const { return listener_.get(); }
  // The connected stream, if that was handed in; else nothing.
  [[nodiscard]] UniqueFd take_stream() { return is_stream_ ? std::move(listener_) : UniqueFd(); }
  // Readable when something happened to the file: call file_is_gone() then. It is -1 for an adopted
  // socket without a file, and where the kernel refused to watch the file.
  [[nodiscard]] int watch_fd() const { return watch_.get(); }
  // True if there is a file and the kernel does not watch it: call file_is_gone() now and then.
  [[nodiscard]] bool is_unwatched() const { return !path_.empty() && !watch_; }
  // Why it is not watched, and what to do. Only a deleted file is noticed later, so this is no
  // failure.
  [[nodiscard]] const std::optional<Error>& watch_problem() const { return watch_problem_; }
  // True once the file was deleted or replaced, which asks the process to end.
  [[nodiscard]] bool file_is_gone();
  // The folder of the socket's file, which holds nothing else of ours; empty if it has no file.
  [[nodiscard]] std::string folder() const { return path_.substr(0, path_.rfind('/') + 1); }

 private:
  UapiSocket(UniqueFd listener, std::string path)
      : listener_(std::move(listener)), path_(std::move(path)) {}
  [[nodiscard]] Result<void> watch_file();
  [[nodiscard]] bool file_is_ours() const;

  UniqueFd listener_;
  UniqueFd watch_;
  std::optional<Error> watch_problem_;
  std::string path_;  // empty: no file to look after
  bool is_stream_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace wring
