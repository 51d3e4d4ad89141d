// Notices that files are not what they were: written to, replaced, or behind a symbolic link that
// leads elsewhere now.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::run {

// The folders in which a change may give the path another file: its own, and that of each symbolic
// link on the way. Where a part of the way is missing, the last folder that is there.
[[nodiscard]] std::vector<std::filesystem::path> folders_on_the_way(
    const std::filesystem::path& file);

// By inotify on folders, as editors and Kubernetes replace files. Main thread.
class FileWatch {
 public:
  // After a change, files are left alone until nothing has changed for kQuiet, because the
  // writer may not have finished; at most for kPatience.
  static constexpr std::chrono::milliseconds kQuiet{100};
  static constexpr std::chrono::milliseconds kPatience{1000};

  static Result<FileWatch> create();

  // Readable when take() has something to do.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  // Remembers the files as they are now. Call it before they are read.
  void remember();
  // Watches these and no others. Those that are new to it are remembered as they are. The Error is
  // that of the first folder that cannot be watched; the others are.
  Result<void> watch(const std::vector<std::string>& files);
  // Reads what the kernel reports.
  void take(TimePoint now);
  // When has_changed() should be asked; kNever: nothing has happened.
  [[nodiscard]] TimePoint due() const { return due_; }
  // Whether a file is not the one that was remembered.
  [[nodiscard]] bool has_changed();
  // The same, after they were read. If so, half of a file may have been read: due() is set anew.
  [[nodiscard]] bool changed_meanwhile(TimePoint now);

 private:
  // What changes with a file: another one, or another content.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;  // 0: there is no such file

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static Stamp stamp_of(const std::string& file);

  explicit FileWatch(UniqueFd inotify) : inotify_(std::move(inotify)) {}
  Result<void> watch_folders();
  [[nodiscard]] bool any_differs() const;

  UniqueFd inotify_;
  std::map<std::string, Stamp> files_;
  std::map<int, std::filesystem::path> folders_;  // by their numbers
  TimePoint due_ = kNever;
  TimePoint latest_ = kNever;  // due_ is put off no longer
};

}  // namespace wring::run
