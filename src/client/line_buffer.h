// Cuts a stream that may hold keys into lines.
#pragma once

#include <sodium/utils.h>

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

namespace wring::client {

// Of fixed size, because growing would leave copies behind. Overwritten at the end.
class LineBuffer {
 public:
  LineBuffer() = default;
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;
  ~LineBuffer() { sodium_memzero(bytes_.data(), bytes_.size()); }

  // The next whole line, without its newline; valid until the buffer is used again.
  [[nodiscard]] std::optional<std::string_view> next() {
    const std::string_view pending(bytes_.data() + begin_, end_ - begin_);
    const std::size_t newline = pending.find('\n');
    if (newline == pending.npos) return std::nullopt;
    begin_ += newline + 1;
    return pending.substr(0, newline);
  }
  // Where more of the stream may be written: room() bytes. No room means that a line is longer than
  // the buffer. Moves what is pending to the front, so call it when next() has nothing.
  [[nodiscard]] char* tail() {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return bytes_.data() + end_;
  }
  [[nodiscard]] std::size_t room() const { return bytes_.size() - end_; }
  void produced(std::size_t size) { end_ += size; }

 private:
  std::array<char, 64U << 10> bytes_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace wring::client
