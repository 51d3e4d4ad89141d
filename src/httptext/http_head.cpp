// Lines, fields and their rules.
#include "httptext/http_head.h"

#include <algorithm>

#include "base/decimal.h"

namespace wring::proxy {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

char lower(char each) {
  return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char each) {
    const char small = lower(each);
    return (small >= 'a' && small <= 'z') || (each >= '0' && each <= '9') ||
           kOthers.find(each) != kOthers.npos;
  });
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char each) {
    return (static_cast<unsigned char>(each) < ' ' && each != '\t') || each == '\x7f';
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kLineEnd.size());
  return line;
}

// "GET http://example.com/ HTTP/1.1"
std::optional<HttpStatus> read_request_line(std::string_view line, HttpHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return HttpStatus::kBadRequest;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head.method) || head.target.empty() || head.target.find(' ') != line.npos ||
      has_controls(head.target)) {
    return HttpStatus::kBadRequest;
  }
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  return version.starts_with("HTTP/") ? HttpStatus::kVersion : HttpStatus::kBadRequest;
}

}  // namespace

std::optional<std::string_view> HttpHead::field(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields, [&](const HttpField& each) { return same_word(each.name, name); });
  return found == fields.end() ? std::nullopt : std::optional(found->value);
}

tl::expected<std::optional<HttpHead>, HttpStatus> read_http_head(std::string_view text) {
  // What cannot become a request is refused before all of it has come.
  if (!text.empty() && !is_token(text.substr(0, 1))) return tl::unexpected(HttpStatus::kBadRequest);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return std::nullopt;
  HttpHead head;
  head.size = end + 2 * kLineEnd.size();
  std::string_view lines = text.substr(0, end + kLineEnd.size());
  if (const auto wrong = read_request_line(take_line(lines), head)) return tl::unexpected(*wrong);
  while (!lines.empty()) {
    const std::string_view line = take_line(lines);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return tl::unexpected(HttpStatus::kBadRequest);
    const HttpField field{line.substr(0, colon), trimmed(line.substr(colon + 1))};
    if (!is_token(field.name) || has_controls(field.value))
      return tl::unexpected(HttpStatus::kBadRequest);
    if (head.fields.size() == kMaxHttpFields) return tl::unexpected(HttpStatus::kHeadTooLarge);
    head.fields.push_back(field);
  }
  return head;
}

// Two lengths, or a length and chunks, are how requests are smuggled.
tl::expected<HttpBody, HttpStatus> body_of(const HttpHead& head) {
  HttpBody body;
  std::optional<std::string_view> length;
  for (const HttpField& field : head.fields) {
    if (same_word(field.name, "Transfer-Encoding")) {
      if (body.chunked || !same_word(field.value, "chunked"))
        return tl::unexpected(HttpStatus::kBadRequest);
      body.chunked = true;
    } else if (same_word(field.name, "Content-Length")) {
      if (length) return tl::unexpected(HttpStatus::kBadRequest);
      length = field.value;
    }
  }
  if (!length) return body;
  const auto size = parse_decimal<std::uint64_t>(*length);
  if (body.chunked || !size) return tl::unexpected(HttpStatus::kBadRequest);
  body.size = *size;
  return body;
}

std::optional<config::HostPort> read_authority(std::string_view text, std::uint16_t default_port) {
  config::HostPort found;
  found.port = default_port;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    found.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text[0] != ':') return std::nullopt;
    has_port = !text.empty();
    if (has_port) port = text.substr(1);
    const auto address = IpAddress::parse(found.host);
    if (!address || address->is_v4()) return std::nullopt;
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != text.npos;
    if (has_port) port = text.substr(colon + 1);
    found.host = text.substr(0, colon);
  }
  if (found.host.empty() || found.host.find_first_of("@/?#\\\"") != found.host.npos) {
    return std::nullopt;
  }
  if (!has_port) return found;
  const auto number = parse_decimal<std::uint16_t>(port);
  if (!number || *number == 0) return std::nullopt;
  found.port = *number;
  return found;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (same_word(trimmed(list.substr(0, comma)), word)) return true;
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace wring::proxy
