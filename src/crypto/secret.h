// Bytes that nobody else may learn: they cannot be copied by accident, printed, or left behind.
#pragma once

#include <sodium.h>

#include "base/bytes.h"

namespace wring {

// N secret bytes, all zero at first. `Tag` makes each kind of secret a type of its own. A copy
// needs an explicit clone(). A secret that is destroyed or moved from is overwritten with zeros.
// Comparisons take the same time for any bytes. There is no formatter and no stream operator, on
// purpose.
template <std::size_t N, typename Tag>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const Bytes<N>& bytes) : bytes_(bytes) {}
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  [[nodiscard]] Secret clone() const { return Secret(bytes_); }
  [[nodiscard]] const Bytes<N>& reveal() const { return bytes_; }
  // To compute the secret in place, so that no copy of it stays on the stack.
  [[nodiscard]] MutByteSpan writable() { return bytes_; }
  [[nodiscard]] bool is_zero() const { return sodium_is_zero(bytes_.data(), N) == 1; }
  void wipe() { sodium_memzero(bytes_.data(), N); }

  friend bool operator==(const Secret& a, const Secret& b) {
    return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), N) == 0;
  }

 private:
  Bytes<N> bytes_{};
};

}  // namespace wring
