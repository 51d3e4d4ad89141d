// Cuts a byte stream into the requests of the control protocol. Pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "control/uapi_format.h"
#include "control/uapi_parser.h"
#include "device/configurable.h"

namespace wring {

// In bytes. The longest line of the protocol has some 90. A request with a line longer than this is
// refused as malformed (EPROTO).
inline constexpr std::size_t kMaxUapiLineSize = 512;
// 100,000 peers with a preshared key, an endpoint and ten prefixes each take 90 MB, newlines not
// counted. A larger request is refused (E2BIG) and read to its end, so that the connection stays
// usable.
inline constexpr std::size_t kMaxUapiRequestSize = 128U << 20;

struct UapiRequest {
  enum class Operation { kGet, kSet, kEvents };
  // A request that is neither is answered as a set.
  Operation operation = Operation::kSet;
  GetDetail detail = GetDetail::kAll;  // of a get
  int error = 0;        // the positive errno of the answer, if nothing is to be done; else 0
  ConfigChange change;  // of a set without an error
};

class RequestReader {
 public:
  ~RequestReader() { sodium_memzero(line_.data(), line_.size()); }

  // Takes bytes until a request is complete, and returns it. Returns nothing if the bytes ran out
  // before. Advances `input` past the bytes that it took. It does not matter where the stream is
  // cut.
  [[nodiscard]] std::optional<UapiRequest> feed(std::string_view& input);
  // True if a part of a request was fed, and its end was not.
  [[nodiscard]] bool is_amid_request() const { return request_.has_value() || line_size_ != 0; }

 private:
  void take_line(std::string_view line);
  void begin(std::string_view line);
  void fail(int error);
  [[nodiscard]] UapiRequest finish();

  // The part of a line that has come. A longer line is cut off and has failed.
  std::array<char, kMaxUapiLineSize> line_{};
  std::size_t line_size_ = 0;
  // Nothing between requests. Blank lines are skipped there.
  std::optional<UapiRequest> request_;
  std::size_t request_size_ = 0;
  SetParser parser_;
};

}  // namespace wring
