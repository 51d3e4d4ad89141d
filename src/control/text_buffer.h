// A buffer for text that may hold keys, on its way through a socket.
#pragma once

#include <sodium/utils.h>

#include <cassert>
#include <charconv>
#include <concepts>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace wring {

// Has a fixed amount of room, because growing would leave copies behind. Text that was consumed is
// overwritten with zeros. The room before the pending text is free again once all of it was
// consumed.
class TextBuffer {
 public:
  explicit TextBuffer(std::size_t capacity)
      : bytes_(std::make_unique<char[]>(capacity)), capacity_(capacity) {}
  ~TextBuffer() { consume(end_ - begin_); }
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::string_view pending() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t size) {
    assert(size <= end_ - begin_);
    sodium_memzero(bytes_.get() + begin_, size);
    begin_ += size;
    if (empty()) begin_ = end_ = 0;
  }

  [[nodiscard]] std::size_t room() const { return capacity_ - end_; }
  // Up to `room()` bytes may be written here. produced() says how many were.
  [[nodiscard]] char* tail() { return bytes_.get() + end_; }
  void produced(std::size_t size) {
    assert(size <= room());
    end_ += size;
  }

  // The caller makes sure that there is room for each of these.
  void append(std::string_view text) {
    assert(text.size() <= room());
    std::memcpy(tail(), text.data(), text.size());
    produced(text.size());
  }
  void append_number(std::integral auto number) {
    produced(static_cast<std::size_t>(std::to_chars(tail(), tail() + room(), number).ptr - tail()));
  }
  void append_hex(ByteSpan bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
      tail()[0] = kDigits[byte >> 4];
      tail()[1] = kDigits[byte & 15];
      produced(2);
    }
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace wring
