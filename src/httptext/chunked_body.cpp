// A state for each place between the data.
#include "httptext/chunked_body.h"

#include <algorithm>

namespace wring::proxy {
namespace {

// 60 bits: no sum of them overflows.
constexpr std::uint32_t kMaxDigits = 15;

std::optional<unsigned> digit(char byte) {
  if (byte >= '0' && byte <= '9') return static_cast<unsigned>(byte - '0');
  if (byte >= 'a' && byte <= 'f') return static_cast<unsigned>(byte - 'a' + 10);
  if (byte >= 'A' && byte <= 'F') return static_cast<unsigned>(byte - 'A' + 10);
  return std::nullopt;
}

bool is_control(char byte) {
  return (static_cast<unsigned char>(byte) < ' ' && byte != '\t') || byte == '\x7f';
}

}  // namespace

std::optional<std::size_t> ChunkedBody::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !has_ended()) {
    if (data_left_ != 0) {
      const auto data = std::min<std::uint64_t>(data_left_, bytes.size() - taken);
      data_left_ -= data;
      taken += static_cast<std::size_t>(data);
      continue;
    }
    if (!take(bytes[taken])) return std::nullopt;
    ++taken;
  }
  return taken;
}

bool ChunkedBody::take(char byte) {
  switch (state_) {
    case State::kSize:
      return take_size(byte);
    case State::kExtension:
      return ++line_ <= kMaxLine && take_text(byte, State::kSizeEnd);
    case State::kSizeEnd:
      if (byte != '\n') return false;
      begin_data();
      return true;
    case State::kDataEnd:
      return take_end(byte, '\r', State::kDataEnd2);
    case State::kDataEnd2:
      return take_end(byte, '\n', State::kSize);
    case State::kTrailer:
      if (byte == '\r') return take_end(byte, '\r', State::kLastEnd);
      state_ = State::kField;
      [[fallthrough]];
    case State::kField:
      return ++line_ <= kMaxTrailers && take_text(byte, State::kFieldEnd);
    case State::kFieldEnd:
      return take_end(byte, '\n', State::kTrailer);
    case State::kLastEnd:
      return take_end(byte, '\n', State::kOver);
    case State::kOver:
      break;
  }
  return false;
}

bool ChunkedBody::take_size(char byte) {
  if (const auto value = digit(byte)) {
    size_ = size_ * 16 + *value;
    return ++digits_ <= kMaxDigits;
  }
  if (digits_ == 0) return false;
  line_ = digits_;
  if (byte == '\r') return take_end(byte, '\r', State::kSizeEnd);
  state_ = State::kExtension;
  return byte == ';' || byte == ' ' || byte == '\t';
}

bool ChunkedBody::take_text(char byte, State at_end) {
  if (byte == '\r') state_ = at_end;
  return byte == '\r' || !is_control(byte);
}

bool ChunkedBody::take_end(char byte, char wanted, State next) {
  state_ = next;
  return byte == wanted;
}

void ChunkedBody::begin_data() {
  data_left_ = size_;
  state_ = size_ == 0 ? State::kTrailer : State::kDataEnd;
  size_ = line_ = digits_ = 0;
}

}  // namespace wring::proxy
