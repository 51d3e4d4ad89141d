// The phrases of RFC 9110.
#include "httptext/http_status.h"

namespace wring::proxy {

std::string_view phrase_of(HttpStatus status) {
  switch (status) {
    case HttpStatus::kOk:
      return "OK";
    case HttpStatus::kBadRequest:
      return "Bad Request";
    case HttpStatus::kForbidden:
      return "Forbidden";
    case HttpStatus::kNotFound:
      return "Not Found";
    case HttpStatus::kMethodNotAllowed:
      return "Method Not Allowed";
    case HttpStatus::kAuthenticate:
      return "Proxy Authentication Required";
    case HttpStatus::kRequestTimeout:
      return "Request Timeout";
    case HttpStatus::kHeadTooLarge:
      return "Request Header Fields Too Large";
    case HttpStatus::kNotImplemented:
      return "Not Implemented";
    case HttpStatus::kBadGateway:
      return "Bad Gateway";
    case HttpStatus::kUnavailable:
      return "Service Unavailable";
    case HttpStatus::kGatewayTimeout:
      return "Gateway Timeout";
    case HttpStatus::kVersion:
      return "HTTP Version Not Supported";
  }
  return "";
}

std::string status_line(HttpStatus status) {
  return "HTTP/1.1 " + std::to_string(static_cast<int>(status)) + " " +
         std::string(phrase_of(status)) + "\r\n";
}

}  // namespace wring::proxy
