// Where a body in chunks ends: RFC 9112, 7.1. Strict where two readers could understand it
// differently. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wring::proxy {

class ChunkedBody {
 public:
  // Of a line with the size of a chunk, and of all fields behind the last chunk.
  static constexpr std::size_t kMaxLine = 4096;
  static constexpr std::size_t kMaxTrailers = std::size_t{16} << 10;

  // How many of these bytes, from the front, are the body's: all of them, unless it ends within
  // them. Nothing: they are no such body, and this is of no use any more.
  [[nodiscard]] std::optional<std::size_t> take(std::string_view bytes);
  // Bytes of a chunk that come next, so that nobody has to look at them.
  [[nodiscard]] std::uint64_t data_left() const { return data_left_; }
  // So many of them went by. At most data_left().
  void skip(std::uint64_t bytes) { data_left_ -= bytes; }
  [[nodiscard]] bool has_ended() const { return state_ == State::kOver; }

 private:
  enum class State : std::uint8_t {
    kSize,       // its digits
    kExtension,  // what may follow them
    kSizeEnd,    // the line feed
    kDataEnd,    // the carriage return behind the data, then:
    kDataEnd2,
    kTrailer,  // the begin of a field or of the empty line
    kField,
    kFieldEnd,
    kLastEnd,
    kOver,
  };

  // False: it may not stand there.
  [[nodiscard]] bool take(char byte);
  [[nodiscard]] bool take_size(char byte);
  [[nodiscard]] bool take_text(char byte, State at_end);
  [[nodiscard]] bool take_end(char byte, char wanted, State next);
  void begin_data();

  State state_ = State::kSize;
  std::uint64_t data_left_ = 0;
  std::uint64_t size_ = 0;  // of the chunk, as far as it was read
  std::uint32_t line_ = 0;  // bytes of the line, or of all fields
  std::uint32_t digits_ = 0;
};

}  // namespace wring::proxy
