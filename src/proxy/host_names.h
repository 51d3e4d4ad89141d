// A copy of /etc/resolv.conf for the relay, which may open no file that is put in its place.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "run/file_watch.h"

namespace wring::proxy {

// In the process outside. The copy is in memory, and children made by fork() read it by path().
class HostNames {
 public:
  static constexpr const char* kFile = "/etc/resolv.conf";

  // Adds to `version` each time the copy has changed. It outlives this.
  static Result<HostNames> create(std::string file, std::atomic<std::uint64_t>& version);

  // For a process that has its descriptor.
  [[nodiscard]] std::string path() const;
  // Keeps the copy as the file is. The loop outlives this, and this stays where it is. The Error
  // says why changes will not be seen.
  [[nodiscard]] Result<void> follow(EventLoop& loop);
  // When look_after() has something to do.
  [[nodiscard]] TimePoint next() const { return watch_.due(); }
  void look_after(TimePoint now);

 private:
  HostNames(std::string file, std::atomic<std::uint64_t>& version, UniqueFd copy,
            run::FileWatch watch);
  void read();

  std::string file_;
  std::atomic<std::uint64_t>& version_;
  UniqueFd copy_;
  std::string text_;  // of the copy
  run::FileWatch watch_;
};

}  // namespace wring::proxy
