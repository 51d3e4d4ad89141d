// Reads one head, checks who asks, and writes the head for the server.
#include "protocols/http_proxy.h"

#include <sodium.h>

#include <array>
#include <optional>
#include <string_view>

namespace wring::proxy {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::string response(HttpStatus status, std::string_view why) {
  const std::string body = "wring-proxy: " + std::string(why) + "\r\n";
  const std::string_view ask =
      status == HttpStatus::kAuthenticate ? "Proxy-Authenticate: Basic realm=\"Proxy\"\r\n" : "";
  return status_line(status) + std::string(ask) +
         "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

Protocol::Step close_with(HttpStatus status, std::string_view why, Refusal refusal) {
  Protocol::Step step;
  step.wish = Protocol::Wish::kClose;
  step.reply = response(status, why);
  step.refusal = refusal;
  return step;
}

Protocol::Step wrong(std::string_view why) {
  return close_with(HttpStatus::kBadRequest, why, Refusal::kProtocol);
}

// "name:password" of "Basic bmFtZTpwYXNzd29yZA==".
std::optional<std::string> decode_basic(std::string_view value) {
  constexpr std::string_view kScheme = "Basic ";
  if (!same_word(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  value.remove_prefix(kScheme.size());
  std::string text(value.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(text.data()), text.size(), value.data(),
                        value.size(), " ", &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != value.data() + value.size()) {
    return std::nullopt;
  }
  text.resize(size);
  return text;
}

// Those of the proxy's own connections: RFC 9110, 7.6.1. Expect stays, because the server answers.
bool is_for_the_proxy(const HttpField& field, std::string_view connection) {
  constexpr std::array<std::string_view, 6> kAlways{
      "Connection", "Proxy-Connection", "Proxy-Authorization", "Keep-Alive", "TE", "Upgrade"};
  for (const std::string_view name : kAlways) {
    if (same_word(field.name, name)) return true;
  }
  const bool frames = same_word(field.name, "Content-Length") ||
                      same_word(field.name, "Transfer-Encoding") || same_word(field.name, "Host");
  return !frames && list_has(connection, field.name);
}

struct Absolute {
  config::HostPort at;
  std::string_view authority;
  std::string path;
};

std::optional<Absolute> read_absolute(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (!same_word(target.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  target.remove_prefix(kScheme.size());
  const std::size_t end = target.find_first_of("/?#");
  const auto at = read_authority(target.substr(0, end), kHttpPort);
  if (!at) return std::nullopt;
  std::string path = end == target.npos ? "/" : std::string(target.substr(end));
  if (path[0] != '/') path.insert(0, "/");
  return Absolute{*at, target.substr(0, end), std::move(path)};
}

// All that its fields Connection list.
std::string connection_of(const HttpHead& head) {
  std::string connection;
  for (const HttpField& field : head.fields) {
    if (same_word(field.name, "Connection")) connection += std::string(field.value) + ",";
  }
  return connection;
}

// The only other protocol that is passed on. A server may decline one, h2c for example, and keep
// the connection; the client's next request, for another server, would go to this one.
bool asks_for_websocket(const HttpHead& head, std::string_view connection) {
  const auto upgrade = head.field("Upgrade");
  return upgrade && same_word(*upgrade, "websocket") && list_has(connection, "Upgrade");
}

std::string head_for_server(const HttpHead& head, const Absolute& to) {
  const std::string connection = connection_of(head);
  std::string text = std::string(head.method) + " " + to.path + " HTTP/1.1\r\nHost: ";
  text += std::string(to.authority) + "\r\n";
  for (const HttpField& field : head.fields) {
    if (is_for_the_proxy(field, connection) || same_word(field.name, "Host")) continue;
    text += std::string(field.name) + ": " + std::string(field.value) + "\r\n";
  }
  if (asks_for_websocket(head, connection)) {
    return text + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  }
  return text + "Connection: close\r\n\r\n";
}

// Cuts `input` to the bytes of the body, and sets how much of the body is still to come. False: the
// body is malformed.
bool limit_to(const HttpBody& body, std::string& input, Protocol::Step& step) {
  if (!body.chunked) {
    if (input.size() > body.size) input.resize(static_cast<std::size_t>(body.size));
    step.limit = body.size - input.size();
    return true;
  }
  ChunkedBody chunks;
  const auto size = chunks.take(input);
  if (!size) return false;
  input.resize(*size);
  if (chunks.has_ended()) {
    step.limit = 0;
  } else {
    step.body = chunks;
  }
  return true;
}

}  // namespace

Protocol::Step HttpProxy::take(std::string& input) {
  const auto head = read_http_head(input);
  if (!head) return close_with(head.error(), "the request is not HTTP/1.1", Refusal::kProtocol);
  if (!*head) {
    if (input.size() < kMaxInput) return {};
    return close_with(HttpStatus::kHeadTooLarge, "the head of the request is too long",
                      Refusal::kProtocol);
  }
  if (!may_pass(**head)) {
    Step step = close_with(HttpStatus::kAuthenticate, "give a user name and a password",
                           Refusal::kCredentials);
    step.guessed = (*head)->field("Proxy-Authorization").has_value();
    return step;
  }
  is_connect_ = (*head)->method == "CONNECT";
  return is_connect_ ? connect(**head, input) : request(**head, input);
}

bool HttpProxy::may_pass(const HttpHead& head) const {
  if (!check_) return true;
  const auto field = head.field("Proxy-Authorization");
  if (!field) return false;
  const auto text = decode_basic(*field);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return false;
  return check_(std::string_view(*text).substr(0, colon),
                std::string_view(*text).substr(colon + 1));
}

Protocol::Step HttpProxy::connect(const HttpHead& head, std::string& input) {
  const auto target = read_authority(head.target, kHttpsPort);
  if (!target) return wrong("CONNECT wants HOST:PORT");
  input.erase(0, head.size);
  Step step;
  step.wish = Wish::kConnect;
  step.target = *target;
  return step;
}

Protocol::Step HttpProxy::request(const HttpHead& head, std::string& input) {
  auto to = read_absolute(head.target);
  const auto host = head.field("Host");
  if (!to && head.target.starts_with('/') && host) {
    if (const auto at = read_authority(*host, kHttpPort)) {
      to = Absolute{*at, *host, std::string(head.target)};
    }
  }
  if (!to) return wrong("the target is no http://HOST/; for https use CONNECT");
  const auto body = body_of(head);
  if (!body) return wrong("the length of the body is not clear");
  Step step;
  step.wish = Wish::kConnect;
  step.target = to->at;
  const bool open_ended = asks_for_websocket(head, connection_of(head));
  std::string head_out = head_for_server(head, *to);
  input.erase(0, head.size);
  if (!open_ended && !limit_to(*body, input, step))
    return wrong("the chunks of the body are wrong");
  input.insert(0, head_out);
  return step;
}

std::string HttpProxy::granted(const Endpoint&) {
  return is_connect_ ? "HTTP/1.1 200 Connection established\r\n\r\n" : "";
}

std::string HttpProxy::refused(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNotAllowed:
      return response(HttpStatus::kForbidden, "not for you");
    case Refusal::kFull:
      return response(HttpStatus::kUnavailable, "no room for another connection");
    case Refusal::kTooSlow:
      return response(HttpStatus::kRequestTimeout, "the request did not come in time");
    case Refusal::kCredentials:
      return response(HttpStatus::kAuthenticate, "give a user name and a password");
    case Refusal::kName:
      return response(HttpStatus::kBadGateway, "the name of the host was not found");
    case Refusal::kUnreachable:
      return response(HttpStatus::kBadGateway,
                      "no way to the host: the tunnel is down, or has none");
    case Refusal::kRefused:
      return response(HttpStatus::kBadGateway, "the host refused the connection");
    case Refusal::kTimeOut:
      return response(HttpStatus::kGatewayTimeout, "the host did not answer");
    case Refusal::kUnsupported:
      return response(HttpStatus::kNotImplemented, "not supported");
    case Refusal::kProtocol:
      return response(HttpStatus::kBadRequest, "the request is not HTTP/1.1");
  }
  return response(HttpStatus::kBadGateway, "refused");
}

}  // namespace wring::proxy
