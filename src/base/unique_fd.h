// Owns one file descriptor and closes it once.
#pragma once

#include <unistd.h>

#include <utility>

namespace wring {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    // clang's analyzer takes the second of a pair for one that was never made.
    if (fd_ >= 0) ::close(fd_);  // NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult)
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace wring
