// Statuses of HTTP that we answer with: RFC 9110, 15.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wring::proxy {

enum class HttpStatus : std::uint16_t {
  kOk = 200,
  kBadRequest = 400,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kAuthenticate = 407,
  kRequestTimeout = 408,
  kHeadTooLarge = 431,
  kNotImplemented = 501,
  kBadGateway = 502,
  kUnavailable = 503,
  kGatewayTimeout = 504,
  kVersion = 505
};

[[nodiscard]] std::string_view phrase_of(HttpStatus status);
// "HTTP/1.1 502 Bad Gateway" and a line's end.
[[nodiscard]] std::string status_line(HttpStatus status);

}  // namespace wring::proxy
