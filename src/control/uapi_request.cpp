// Joins bytes to lines, and lines to requests.
#include "control/uapi_request.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wring {

std::optional<UapiRequest> RequestReader::feed(std::string_view& input) {
  while (!input.empty()) {
    const std::size_t newline = input.find('\n');
    const bool ended = newline != std::string_view::npos;
    const std::string_view part = input.substr(0, newline);
    input.remove_prefix(part.size() + (ended ? 1 : 0));
    request_size_ += part.size();

    const std::size_t kept = std::min(part.size(), line_.size() - line_size_);
    std::memcpy(line_.data() + line_size_, part.data(), kept);
    line_size_ += kept;
    if (kept < part.size()) fail(EPROTO);
    if (!ended) break;

    const bool blank = line_size_ == 0;
    if (!blank) take_line({line_.data(), line_size_});
    sodium_memzero(line_.data(), line_size_);
    line_size_ = 0;
    if (blank && request_) return finish();
    if (!request_) request_size_ = 0;
  }
  return std::nullopt;
}

void RequestReader::take_line(std::string_view line) {
  if (!request_) {
    begin(line);
  } else if (request_size_ > kMaxUapiRequestSize) {
    fail(E2BIG);
  } else if (request_->operation != UapiRequest::Operation::kSet) {
    fail(line.find('=') == std::string_view::npos ? EPROTO : EINVAL);
  } else if (request_->error == 0) {
    parser_.feed(line);
    if (parser_.error() != 0) fail(parser_.error());
  }
}

void RequestReader::begin(std::string_view line) {
  request_.emplace();
  if (line.starts_with("get=")) request_->operation = UapiRequest::Operation::kGet;
  if (line == "events=1") {
    request_->operation = UapiRequest::Operation::kEvents;
  } else if (line == "get=public") {
    request_->detail = GetDetail::kPublic;
  } else if (line == "get=device") {
    request_->detail = GetDetail::kDevice;
  } else if (line != "get=1" && line != "set=1") {
    fail(EPROTO);
  }
}

// Reports the first error. Forgets the lines that were read, because nobody needs them any more.
void RequestReader::fail(int error) {
  if (!request_) request_.emplace();
  if (request_->error != 0) return;
  request_->error = error;
  parser_ = SetParser();
}

UapiRequest RequestReader::finish() {
  request_->change = parser_.take();
  parser_ = SetParser();
  request_size_ = 0;
  return *std::exchange(request_, std::nullopt);
}

}  // namespace wring
