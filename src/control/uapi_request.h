// Cuts a byte stream into the requests of the control protocol. Pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "control/uapi_parser.h"
#include "device/configurable.h"

namespace wring {

// The longest line of the protocol has some 90 characters; a request with a longer line than this
// is refused as malformed (EPROTO).
inline constexpr std::size_t kMaxUapiLineSize = 512;
// 100,000 peers with a preshared key, an endpoint and ten prefixes each take 90 MB, newlines not
// counted. A larger request is refused (E2BIG) and read to its end, so that the connection stays
// usable.
inline constexpr std::size_t kMaxUapiRequestSize = 128U << 20;

struct UapiRequest {
  enum class Operation { kGet, kSet };
  // A request that is neither is answered as a set would be.
  Operation operation = Operation::kSet;
  int error = 0;        // a positive errno that the request is to be answered with, as it stands
  ConfigChange change;  // of a set without an error
};

class RequestReader {
 public:
  ~RequestReader() { sodium_memzero(line_.data(), line_.size()); }

  // Takes bytes until a request is complete, and returns it; nothing when the bytes ran out before
  // that. `input` is advanced past what was taken. Where the stream is cut makes no difference.
  [[nodiscard]] std::optional<UapiRequest> feed(std::string_view& input);
  // True if a part of a request was fed, and its end was not.
  [[nodiscard]] bool is_amid_request() const { return request_.has_value() || line_size_ != 0; }

 private:
  void take_line(std::string_view line);
  void begin(std::string_view line);
  void fail(int error);
  [[nodiscard]] UapiRequest finish();

  // A line that came in part; longer ones are cut off and have failed.
  std::array<char, kMaxUapiLineSize> line_{};
  std::size_t line_size_ = 0;
  // Nothing between requests, where blank lines are skipped.
  std::optional<UapiRequest> request_;
  std::size_t request_size_ = 0;
  SetParser parser_;
};

}  // namespace wring
