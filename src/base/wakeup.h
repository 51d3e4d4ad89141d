// How a worker wakes the control thread: an eventfd on the control thread's loop.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

class Wakeup {
 public:
  static Result<Wakeup> create();
  // Readable after notify(), until clear(). Control thread.
  [[nodiscard]] int fd() const { return fd_.get(); }
  void clear() const;
  // Any thread; never blocks.
  void notify() const;

 private:
  explicit Wakeup(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace wring
