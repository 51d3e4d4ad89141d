// A program of ours that serves as long as this process.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::run {

// It gets SIGTERM when this process dies, however that happens. Start it from the main thread,
// before there are others.
class Child {
 public:
  // A descriptor, and the variable by which the program is told of it: "WG_TUN_FD".
  struct HandedIn {
    const char* variable;
    int fd;
  };
  // Starts `program` with these words, in a process group of its own. What it says is on stderr.
  static Result<Child> start(const std::string& program, const std::vector<std::string>& words,
                             const std::vector<HandedIn>& handed_in);

  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), watch_(std::move(other.watch_)) {}
  Child& operator=(Child&&) = delete;
  // Ends it as stop() does.
  ~Child() { stop(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable once it has ended.
  [[nodiscard]] int fd() const { return watch_.get(); }
  // Has it end, and waits for that.
  void stop();

 private:
  Child(pid_t pid, UniqueFd watch) : pid_(pid), watch_(std::move(watch)) {}

  pid_t pid_;
  UniqueFd watch_;  // a pidfd
};

}  // namespace wring::run
