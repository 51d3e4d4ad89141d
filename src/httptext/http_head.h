// The head of a request of HTTP/1: RFC 9112. Strict where two readers could understand it
// differently. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/tunnel_config.h"
#include "httptext/http_status.h"

namespace wring::proxy {

struct HttpField {
  std::string_view name;
  std::string_view value;
};

// Points into the text that it was read from.
struct HttpHead {
  std::string_view method;
  std::string_view target;
  std::vector<HttpField> fields;
  std::size_t size = 0;  // with the empty line

  // The value of the first field of that name, in any case; nothing if there is none.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

inline constexpr std::size_t kMaxHttpFields = 128;

// Nothing if it is cut short: more is needed. The Error is the status that it is answered with.
[[nodiscard]] tl::expected<std::optional<HttpHead>, HttpStatus> read_http_head(
    std::string_view text);

// How much follows the head.
struct HttpBody {
  bool chunked = false;  // else:
  std::uint64_t size = 0;
};
[[nodiscard]] tl::expected<HttpBody, HttpStatus> body_of(const HttpHead& head);

// "host:port", "[::1]:port", "host". Nothing if it is none.
[[nodiscard]] std::optional<config::HostPort> read_authority(std::string_view text,
                                                             std::uint16_t default_port);

// Without regard to case.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);
// Whether a list with commas has the word.
[[nodiscard]] bool list_has(std::string_view list, std::string_view word);

}  // namespace wring::proxy
