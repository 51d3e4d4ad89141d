// Watches folders, and compares what stat() says of the files.
#include "run/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <set>
#include <system_error>

namespace wring::run {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO |
                                  IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                                  IN_MOVE_SELF | IN_ONLYDIR;
// As many as the kernel follows.
constexpr int kMaxLinks = 40;

std::deque<fs::path> parts_of(const fs::path& path) {
  return {path.begin(), path.end()};
}

}  // namespace

std::vector<fs::path> folders_on_the_way(const fs::path& file) {
  std::error_code error;
  std::deque<fs::path> left = parts_of(fs::absolute(file, error));
  fs::path here = "/";
  std::set<fs::path> folders;
  int links = 0;
  while (!left.empty()) {
    const fs::path next = here / left.front();
    left.pop_front();
    const fs::file_status status = fs::symlink_status(next, error);
    if (left.empty() || fs::is_symlink(status) || !fs::exists(status)) folders.insert(here);
    if (!fs::exists(status)) break;
    if (!fs::is_symlink(status)) {
      here = next;
      continue;
    }
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kMaxLinks) break;
    if (target.is_absolute()) here = "/";
    const auto parts = parts_of(target);
    left.insert(left.begin(), parts.begin(), parts.end());
  }
  return {folders.begin(), folders.end()};
}

Result<FileWatch> FileWatch::create() {
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify) {
    return system_failure("cannot watch files", errno,
                          "raise fs.inotify.max_user_instances, or leave --watch out");
  }
  return FileWatch(std::move(inotify));
}

FileWatch::Stamp FileWatch::stamp_of(const std::string& file) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size,
          info.st_ctim.tv_sec * kNanoseconds + info.st_ctim.tv_nsec};
}

void FileWatch::remember() {
  for (auto& [file, stamp] : files_)
    stamp = stamp_of(file);
}

Result<void> FileWatch::watch(const std::vector<std::string>& files) {
  const std::set<std::string> wanted(files.begin(), files.end());
  std::erase_if(files_, [&](const auto& known) { return !wanted.contains(known.first); });
  for (const std::string& file : wanted) {
    if (!files_.contains(file)) files_.emplace(file, stamp_of(file));
  }
  return watch_folders();
}

Result<void> FileWatch::watch_folders() {
  Result<void> so_far;
  std::map<int, fs::path> folders;
  for (const auto& [file, stamp] : files_) {
    for (const fs::path& folder : folders_on_the_way(file)) {
      const int number = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
      if (number >= 0) {
        folders.emplace(number, folder);
      } else if (so_far && errno != ENOENT) {
        so_far = system_failure("cannot watch " + folder.string() + " for changes", errno,
                                errno == ENOSPC ? "raise fs.inotify.max_user_watches" : "");
      }
    }
  }
  for (const auto& [number, folder] : folders_) {
    if (!folders.contains(number)) inotify_rm_watch(inotify_.get(), number);
  }
  folders_ = std::move(folders);
  return so_far;
}

void FileWatch::take(TimePoint now) {
  alignas(inotify_event) std::array<char, 4096> events;
  bool any = false;
  while (::read(inotify_.get(), events.data(), events.size()) > 0)
    any = true;
  if (!any) return;
  if (due_ == kNever) latest_ = now + kPatience;
  due_ = std::min(now + kQuiet, latest_);
}

bool FileWatch::has_changed() {
  due_ = kNever;
  static_cast<void>(watch_folders());
  return any_differs();
}

bool FileWatch::changed_meanwhile(TimePoint now) {
  if (!any_differs()) return false;
  latest_ = now + kPatience;
  due_ = now + kQuiet;
  return true;
}

bool FileWatch::any_differs() const {
  return std::ranges::any_of(
      files_, [](const auto& known) { return known.second != stamp_of(known.first); });
}

}  // namespace wring::run
